"""Every figure against an independent computation, on random histories, in whatever order runs arrive."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sequencer.figures import cases as cases_of
from sequencer.figures import history as history_of
from sequencer.figures import index as index_of
from sequencer.figures.capability import capabilities
from sequencer.figures.cases import case_times
from sequencer.figures.catalogue import QUESTIONS, answer
from sequencer.figures.choices import choices
from sequencer.figures.durations import durations
from sequencer.figures.failures import CAUSES, failures, new_failures
from sequencer.figures.follow import follow, rebuild
from sequencer.figures.index import FiguresIndex
from sequencer.figures.overview import overview
from sequencer.figures.runs import all_runs
from sequencer.figures.scope import COLUMNS, SPANS, Scope
from sequencer.figures.times import times
from sequencer.figures.yields import YieldRow, yields
from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, Store
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.sqlite.store import SqliteStore
from tests.effort import examples
from tests.figures.history import MONDAY, Case, Feed, Measured, Run, report_of
from tests.figures.line import line, whole_report
from tests.figures.reference import Reference

SHIFTS = ("06:00", "14:00", "22:00")
STARTS = (0.0, 60.0, 60.0, 3_600.0, 20_000.0, 86_400.0, 86_400.5, 7 * 86_400.0, 40 * 86_400.0)
LIMITS: tuple[Any, ...] = (None, [4.8, 5.2], [4.0, 5.0])

values = st.floats(4, 6).map(lambda value: round(value, 3)) | st.just(5.0)
measured = st.builds(
    lambda name, value, unit, limits: (name, value, unit, limits),
    st.sampled_from(["Rail", "Ripple"]),
    values,
    st.sampled_from(["V", None]),
    st.sampled_from(LIMITS),
)


def _case(name: str, status: str, seconds: float, taken: Sequence[Measured], tried: bool) -> Case:
    if status == "skipped":
        return Case(name, 0.0, status)
    return Case(name, seconds, status, tuple(taken), (tuple(taken),) if tried else ())


def _cases(name: str) -> st.SearchStrategy[Case]:
    return st.builds(
        _case,
        st.just(name),
        st.sampled_from(["passed", "passed", "failed", "error", "stopped"]),
        st.sampled_from([0.0, 0.5, 1.25, 10.0]) | st.floats(9.9, 10.1),
        st.lists(measured, max_size=3),
        st.booleans(),
    )


runs = st.builds(
    Run,
    start=st.sampled_from(STARTS).map(lambda offset: MONDAY + offset),
    status=st.sampled_from(["passed", "passed", "failed", "error", "stopped", "skipped"]),
    serial_number=st.sampled_from(["SN1", "SN2", "SN3", None]),
    part_number=st.sampled_from(["PN1", "PN2", None]),
    sequence=st.sampled_from(["Board test", "Final test"]),
    version=st.sampled_from(["1.0", "1.1", None]),
    stand=st.sampled_from(["Stand 1", "Stand 2", None]),
    slot=st.sampled_from(["A", "B", None]),
    batch=st.sampled_from(["B1", None]),
    operator=st.sampled_from(["Ada", None]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    partial=st.sampled_from([False, False, False, True]),
    simulated=st.sampled_from([False, False, False, True]),
    debugged=st.sampled_from([False, False, False, True]),
    error_code=st.sampled_from([None, 7, 8]),
    cases=st.tuples(_cases("m::rail"), _cases("m::ripple")),
)
histories = st.lists(st.tuples(runs, st.sampled_from(["once", "once", "aborted", "replaced"])), min_size=1, max_size=12)
scopes = st.builds(
    lambda **about: {name: value for name, value in about.items() if value is not None},
    by=st.lists(st.sampled_from(sorted(COLUMNS)), max_size=2, unique=True).map(tuple),
    span=st.sampled_from([None, *SPANS]),
    stand=st.sampled_from([None, None, "Stand 1"]),
    part_number=st.sampled_from([None, None, "PN1"]),
    slot=st.sampled_from([None, None, "A"]),
    sequence=st.sampled_from([None, None, "Board test"]),
    batch=st.sampled_from([None, None, None, "B1"]),
    version=st.sampled_from([None, None, None, "1.1"]),
    operator=st.sampled_from([None, None, None, "Ada"]),
    since=st.sampled_from([None, MONDAY + 60.0, MONDAY + 86_400.0]),
    until=st.sampled_from([None, MONDAY + 86_400.5, MONDAY + 50 * 86_400.0]),
)


def reports_of(history: Sequence[tuple[Run, str]]) -> list[RunReport]:
    """In the order in which they are stored: of a run that is replaced first the aborted one."""
    found: list[RunReport] = []
    for number, (drawn, fate) in enumerate(history):
        run = drawn.named(number)
        if fate != "once":
            found.append(report_of(Run(**{**run.__dict__, "aborted": True, "status": "error", "cases": run.cases[:1]})))
        if fate != "aborted":
            found.append(report_of(run))
    return found


def plain(rows: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Rows in an order that does not matter, the same however they say that they are not split."""
    said = [{"by": {}, "span": None, **row} for row in rows]
    for row in said:
        row.pop("title", None)
    names = ("by", "span", "name", "sequence", "case", "measurement", "unit")
    return sorted(((repr([row.get(name) for name in names]), row) for row in said), key=lambda pair: pair[0])


def assert_same(found: Sequence[dict[str, Any]], expected: Sequence[dict[str, Any]]) -> None:
    """Row by row; numbers but for how sums are rounded."""
    ours, theirs = plain(found), plain(expected)
    assert [key for key, _ in ours] == [key for key, _ in theirs]
    for (_, row), (_, other) in zip(ours, theirs, strict=True):
        assert row.keys() == other.keys()
        for name, value in row.items():
            if isinstance(value, float) and other[name] is not None:
                assert math.isclose(value, other[name], rel_tol=1e-6, abs_tol=1e-9), (name, row, other)
            else:
                assert value == other[name], (name, row, other)


def assert_agrees(index: FiguresIndex, reference: Reference, scope: dict[str, Any]) -> None:
    """Every question in this scope."""
    asked = Scope(**scope, shifts=SHIFTS)
    found = [row.document() for row in overview(index.ask, asked)]
    assert_same([row for row in found if row["runs"]], reference.yields(scope))
    assert [
        row.items() <= more.items()
        for row, more in zip(map(YieldRow.document, yields(index.ask, asked)), found, strict=True)
    ] == [True] * len(found)
    for cause in CAUSES:
        found = [row.document() for row in failures(index.ask, asked, cause)]
        assert_same(found, reference.failures(scope, cause))
    found = [row.document() for row in new_failures(index.ask, asked)]
    assert [{name: value for name, value in row.items() if name != "title"} for row in found] == reference.new_failures(
        scope
    )
    assert [tuple(row) for row in choices(index.ask, Scope())] == reference.choices()
    # Also of all runs in a time, which are added up from their days.
    done: list[dict[str, Any]] = []
    for whole in (scope, {name: scope[name] for name in ("sequence", "since", "until") if name in scope}, {}):
        if whole in done:
            continue
        done.append(whole)
        found = [row.document() for row in capabilities(index.ask, Scope(**whole, shifts=SHIFTS))]
        assert_same(found, reference.capabilities(whole))
        found = [row.document() for row in times(index.ask, Scope(**whole, shifts=SHIFTS))]
        assert_same(found, reference.times(whole))
        assert_cases_agree(index, reference, whole)
    for name in ("yield", "capability"):
        answered = answer(index.ask, QUESTIONS[name], asked, {})
        assert (answered.runs, answered.left_out) == reference.rests_on(scope)[QUESTIONS[name].rests_on]


def assert_cases_agree(index: FiguresIndex, reference: Reference, scope: dict[str, Any]) -> None:
    """Where the time of each case goes, and version by version, those that ran first in front."""
    counted: list[object] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cases_of, "durations", lambda *asked: counted.append(durations(*asked)) or counted[-1])
        found = [row.document() for row in case_times(index.ask, Scope(**scope, shifts=SHIFTS))]
    if not scope.keys() - {"sequence", "since", "until"}:
        assert counted and None not in counted  # the counts of each day are those of the cases
    expected = reference.case_times(scope)
    others = ("versions", "title", "retries", "retried", "asked", "waited", "measures")
    ours = [{name: value for name, value in row.items() if name not in others} for row in found]
    assert_same(ours, [row for row in expected if "version" not in row])
    whose = ("by", "span", "sequence", "case")
    of_versions = [
        {**{name: row[name] for name in whose if name in row}, "unit": place, **version}
        for row in found
        for place, version in enumerate(row["versions"])  # type: ignore[arg-type, var-annotated]
    ]
    expected = sorted(
        (row for row in expected if "version" in row), key=lambda row: (row["since"], row["version"] or "")
    )
    places: Counter[str] = Counter()
    for row in expected:
        whole = repr([row[name] for name in whose])
        row["unit"] = places[whole]
        places[whole] += 1
        del row["since"]
    assert_same(of_versions, expected)


pytestmark = pytest.mark.timeout(max(300, examples(300)))
# A history shrinks for minutes.
tried = settings(max_examples=examples(50), phases=(Phase.explicit, Phase.reuse, Phase.generate))


@pytest.mark.slow
@given(
    histories,
    scopes,
    st.integers(3, 14),
    st.randoms(use_true_random=False),
    st.integers(1, 14),
    st.sampled_from([2, 5, 1_000]),
)
@tried
def test_every_figure_agrees_with_pandas(
    history: list[tuple[Run, str]], scope: dict[str, Any], batch: int, dice: Any, first: int, sorted_at_once: int
) -> None:
    """Aborted, partial, simulated, debugged, retested and replaced runs included, followed bit by bit; and once more in
    whatever order they arrive, a complete report before its aborted one included, and are sorted meanwhile."""
    reports = reports_of(history)
    reference = Reference(reports, SHIFTS)
    with tempfile.TemporaryDirectory() as folder, FiguresIndex(None) as index:
        store = SqliteStore(Path(folder, "runs.sqlite3"))
        for start in range(0, len(reports), batch):
            for report in reports[start : start + batch]:
                store.save(report)
            follow(index, store)
        assert_agrees(index, reference, scope)
        counted = history_of.statistics(index.ask, RunFilter())
        store.close()
        (row,) = yields(index.ask, Scope())
        assert (row.runs, row.passed, row.units) == (counted.judged, counted.passed, counted.units)
        assert row.first_passed == counted.first_passed
    dice.shuffle(reports)
    with FiguresIndex(None) as index, pytest.MonkeyPatch.context() as patched:
        patched.setattr(index_of, "SORTED_AT_ONCE", sorted_at_once)
        follow(index, Feed(reports[:first]))  # type: ignore[arg-type]
        follow(index, Feed(reports))  # type: ignore[arg-type]
        assert_agrees(index, reference, scope)


HISTORY = [
    (Run(start=MONDAY + number * 3_000.0, status=status, serial_number=f"SN{number // 2}", **about), fate)  # type: ignore[arg-type]
    for number, (status, about, fate) in enumerate(
        [
            ("failed", {"cases": (Case("m::rail", 2.0, "failed", (("Rail", 5.4, "V", [4.8, 5.2]),)),)}, "once"),
            ("passed", {"cases": (Case("m::rail", 1.0, "passed", (("Rail", 5.0, "V", [4.8, 5.2]),)),)}, "replaced"),
            ("error", {"stand": "Stand 2", "error_code": 7}, "aborted"),
            ("passed", {"partial": True}, "once"),
            ("passed", {"simulated": True, "slot": "A"}, "once"),
            ("passed", {"slot": "A", "batch": "B1", "operator": "Ada"}, "once"),
        ]
    )
]


@pytest.mark.slow
def test_the_figures_of_couchdb_are_the_same(open_couchdb: Callable[..., CouchStore]) -> None:
    """From its feed, read on from where the last reading ended."""
    reports = reports_of(HISTORY)
    store: Store = open_couchdb()
    with FiguresIndex(None) as index:
        for report in reports:
            store.save(report)
            follow(index, store)
        for scope in ({}, {"by": ("stand", "slot"), "span": "day"}):
            assert_agrees(index, Reference(reports, SHIFTS), scope)
        rebuild(index, store)
        assert_agrees(index, Reference(reports, SHIFTS), {"by": ("operator",)})


@pytest.mark.slow
def test_every_question_has_the_same_answer_from_both_stores(
    open_couchdb: Callable[..., CouchStore], tmp_path: Path
) -> None:
    """About one measurement, cases and units, too, and the list of runs; whatever order the stores tell them in."""
    made = list(line(60, measurements=4))
    reports = [whole_report(rows) for rows in made]
    one = made[-1].measurements[0]
    given = {"case": one.case, "measurement": one.name, "serial_number": str(made[-1].run.serial_number)}
    found: list[dict[str, list[Any]]] = []
    for store, order in ((SqliteStore(tmp_path / "runs.sqlite3"), 1), (open_couchdb(), -1)):
        for report in reports[::order]:
            store.save(report)
        with FiguresIndex(None) as index:
            follow(index, store)
            found.append(all_answers(index, given))
        store.close()
    of_sqlite, of_couchdb = found
    assert of_sqlite.keys() == of_couchdb.keys() >= {"histogram", "control", "scatter", "cases", "unit-history", "runs"}
    for name, rows in of_sqlite.items():
        assert rows or name == "new-failures"
        assert_same(of_couchdb[name], rows)


def all_answers(index: FiguresIndex, given: dict[str, str]) -> dict[str, list[Any]]:
    """The rows of each question of the catalogue, and of the list of runs."""
    asked = {
        name: {one.name: given[one.name] for one in question.parameters if one.name in given}
        for name, question in QUESTIONS.items()
    }
    rows: dict[str, list[Any]] = {
        name: answer(index.ask, QUESTIONS[name], Scope(), parameters).rows for name, parameters in asked.items()
    }
    return {**rows, "runs": [run.document() for run in all_runs(index.ask, Scope(), sort="serial_number")]}
