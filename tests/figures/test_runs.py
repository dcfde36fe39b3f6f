"""The list of runs from the index: found, sorted, paged and counted as the rows themselves say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.figures.index import FiguresIndex, NewRun
from sequencer.figures.rows import RunRows
from sequencer.figures.runs import ORDERS, SORTS, Order, RunsChoice, all_runs, neighbours, runs, totals
from sequencer.figures.scope import Scope
from sequencer.store.base import Neighbours
from tests.figures.line import filled, line, truths

COUNT = 600
RUNS = {rows.run.id: rows for rows in line(COUNT, measurements=6)}


@pytest.fixture(scope="module")
def index() -> Iterator[FiguresIndex]:
    """With 600 runs of the line."""
    with FiguresIndex(None) as index:
        filled(index, RUNS.values())
        yield index


def _value(rows: RunRows, sort: str) -> object:
    run = rows.run
    if sort == "seconds":
        return None if run.stop_time is None else run.stop_time - run.start_time
    return getattr(run, {"case": "caused_dut_failure_id"}.get(sort, sort))


def _sorted(chosen: list[RunRows], sort: str, order: Order) -> list[str]:
    """By a stable sort for each key, the last one first; what has no value comes last."""
    newest = sorted(chosen, key=lambda rows: (rows.run.start_time, rows.run.id), reverse=True)
    known = [rows for rows in newest if _value(rows, sort) is not None]
    backwards = order == "descending"
    known.sort(key=lambda rows: _value(rows, sort), reverse=backwards)  # type: ignore[arg-type, return-value]
    return [rows.run.id for rows in [*known, *(rows for rows in newest if _value(rows, sort) is None)]]


def _has(rows: RunRows, text: str) -> bool:
    run = rows.run
    parts = [run.serial_number, run.part_number, run.batch, None if run.error_code is None else str(run.error_code)]
    titles = {case.name: case.title for case in rows.cases}
    failed = [name for failure in rows.failures for name in (failure.case, titles[failure.case])]
    return run.id == text or any(text.lower() in (part or "").lower() for part in [*parts, *failed])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_the_sorted_list(index: FiguresIndex, sort: str, order: Order) -> None:
    """By each column, in both directions, page by page: each run once, in the order of a plain sort."""
    found = [run.id for run in all_runs(index.ask, Scope(), sort=sort, order=order, at_once=97)]
    assert found == _sorted(list(RUNS.values()), sort, order)


CHOICES: dict[str, tuple[RunsChoice, Callable[[RunRows], bool]]] = {
    "part of a serial number": (RunsChoice(text="b00001"), lambda rows: _has(rows, "b00001")),
    "part of a part number": (RunsChoice(text="pcb-2"), lambda rows: rows.run.part_number == "PCB-2"),
    "batch": (RunsChoice(text="b10"), lambda rows: _has(rows, "b10")),
    "error code": (RunsChoice(text="42"), lambda rows: _has(rows, "42")),
    "title of a case that failed": (RunsChoice(text="LEVEL 1"), lambda rows: _has(rows, "Level 1")),
    "wildcards are letters": (RunsChoice(text="%"), lambda rows: False),
    "id of the run": (RunsChoice(text=next(iter(RUNS))), lambda rows: rows.run.id == next(iter(RUNS))),
    "serial number": (RunsChoice(serial_number="B0000012"), lambda rows: rows.run.serial_number == "B0000012"),
    "status": (RunsChoice(status="error"), lambda rows: rows.run.status == "error"),
    "case": (
        RunsChoice(case="main::current"),
        lambda rows: any(failure.case == "main::current" and failure.measurement is None for failure in rows.failures),
    ),
    "measurement": (
        RunsChoice(measurement="main::current::Current"),
        lambda rows: any(failure.measurement == "Current" for failure in rows.failures),
    ),
    "error code exactly": (RunsChoice(error_code=12), lambda rows: rows.run.error_code == 12),
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_found(index: FiguresIndex, name: str) -> None:
    """Each way to choose finds the runs that a plain look through all of them does, and counts them."""
    choice, matches = CHOICES[name]
    chosen = [rows for rows in RUNS.values() if matches(rows)]
    assert chosen or name == "wildcards are letters"
    assert [run.id for run in all_runs(index.ask, Scope(), choice)] == _sorted(chosen, "start_time", "descending")
    counted = totals(index.ask, Scope(), choice)
    assert counted.runs == len(chosen)
    assert counted.failed == sum(rows.run.status == "failed" for rows in chosen)
    assert counted.units == len({rows.run.serial_number for rows in chosen})


def test_a_choice_is_within_the_scope(index: FiguresIndex) -> None:
    """What is chosen by text is chosen among the runs of a stand and time only."""
    since = truths(COUNT).drifting_stand.since
    found = list(all_runs(index.ask, Scope(stand="Stand 3", since=since), RunsChoice(status="failed")))
    expected = [
        rows
        for rows in RUNS.values()
        if rows.run.stand == "Stand 3" and rows.run.start_time >= since and rows.run.status == "failed"
    ]
    assert [run.id for run in found] == _sorted(expected, "start_time", "descending") and expected
    assert all(run == _found(RUNS[run.id]) for run in found)


def _found(rows: RunRows) -> object:
    run = rows.run
    return (
        *(run.id, run.status, run.start_time, _value(rows, "seconds"), run.serial_number, run.part_number, run.batch),
        *(run.sequence, run.version, run.stand, run.slot, run.operator, run.caused_dut_failure_id, run.error_code),
        *(run.partial, run.simulated, run.aborted, run.untested, run.changed, run.imported),
    )


def test_runs_that_arrive_in_between_shift_nothing() -> None:
    """The second page follows the first one, whatever came on top of that meanwhile."""
    *early, late = line(30, measurements=3)
    with FiguresIndex(None) as index:
        filled(index, early)
        first = runs(index.ask, Scope(), limit=10)
        index.add("line", "", [NewRun(late.run.id, late)])
        second = runs(index.ask, Scope(), limit=10, cursor=first.next)
    assert [run.id for run in (*first.runs, *second.runs)] == [rows.run.id for rows in early[:-21:-1]]


def test_neighbours_are_those_of_the_list(index: FiguresIndex) -> None:
    """Of each run that matches, and of one that does not, the next newer and older ones that do."""
    choice, matches = CHOICES["status"]
    errors = _sorted([rows for rows in RUNS.values() if matches(rows)], "start_time", "descending")
    for newer, run, older in zip([None, *errors], errors, [*errors[1:], None], strict=False):
        assert neighbours(index.ask, run, Scope(), choice) == (newer, older)
    newest = _sorted(list(RUNS.values()), "start_time", "descending")[0]
    assert neighbours(index.ask, newest, Scope(), choice) == (None, errors[0])
    assert neighbours(index.ask, "nothing", Scope()) is None


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("sort", SORTS)
def test_neighbours_follow_the_order_of_the_list(index: FiguresIndex, sort: str, order: Order) -> None:
    """Whatever it is sorted by: the runs above and below each one, those without a value last."""
    listed = _sorted(list(RUNS.values()), sort, order)
    beside = {
        run: Neighbours(above, below)
        for above, run, below in zip([None, *listed], listed, [*listed[1:], None], strict=False)
    }
    for run in {*listed[:2], *listed[-2:], *listed[::40]}:
        assert neighbours(index.ask, run, Scope(), sort=sort, order=order) == beside[run]


@given(st.text())
def test_no_text_is_taken_for_a_cursor(index: FiguresIndex, cursor: str) -> None:
    """Whatever stands in an address, and the cursor of a list in another order."""
    for wrong in (cursor, runs(index.ask, Scope(), sort="batch", limit=1).next):
        with pytest.raises(ValueError, match="not a cursor"):
            runs(index.ask, Scope(), cursor=wrong)
