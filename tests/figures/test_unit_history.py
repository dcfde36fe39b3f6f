"""What became of a unit: its runs over processes and stands, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures.scope import Scope
from sequencer.figures.unit_history import MOST_MOVED, Change, UnitRun, unit_history
from tests.figures.history import MONDAY, Case, Feed, Run, report_of


@pytest.fixture
def index() -> Iterator[FiguresIndex]:
    """Empty."""
    with FiguresIndex(None) as index:
        yield index


def told(index: FiguresIndex, *runs: Run) -> list[UnitRun]:
    """The history of the unit of the first run."""
    follow(index, Feed([report_of(run.named(at)) for at, run in enumerate(runs)]))  # type: ignore[arg-type]
    return unit_history(index.ask, Scope(), str(runs[0].serial_number))


def test_what_changed_is_told(index: FiguresIndex) -> None:
    """Version, stand, slot and operator; other limits; what moved, first what came to be within its limits or out."""
    first = Run(
        status="failed",
        slot="A",
        operator="Ada",
        cases=(
            Case("m::rail", 1.0, "failed", (("Rail", 5.3, "V", [4.8, 5.2]),)),
            Case("m::led", measured=(("Current", 1.0, "A", [0.5, 1.5]), ("Same", 2.0, "A", [1, 3]))),
            Case("m::free", measured=(("Free", 10.0, None, None),)),
        ),
    )
    again = Run(
        start=MONDAY + 60,
        version="1.1",
        stand="Stand 2",
        slot="B",
        operator="Grace",
        cases=(
            Case("m::rail", 1.0, "passed", (("Rail", 5.1, "V", [4.7, 5.2]),)),
            Case("m::led", measured=(("Current", 1.3, "A", [0.5, 1.5]), ("Same", 2.1, "A", [1, 3]))),
            Case("m::free", measured=(("Free", 10.5, None, None),)),
        ),
    )
    before, after = told(index, first, again)
    assert (before.run.status, before.changes) == ("failed", ())
    assert after.changes == (
        Change("version", "1.0", "1.1"),
        Change("stand", "Stand 1", "Stand 2"),
        Change("slot", "A", "B"),
        Change("operator", "Ada", "Grace"),
        Change("limits", "4.8 … 5.2", "4.7 … 5.2", "m::rail", "Rail", "V"),
        Change("measurement", "5.3", "5.1", "m::rail", "Rail", "V", crossed=True),
        Change("measurement", "1", "1.3", "m::led", "Current", "A"),
    )


def test_runs_are_compared_with_those_of_their_sequence(index: FiguresIndex) -> None:
    """A process in between is no change; whatever became of a run, it is in the list, with what it says of itself."""
    runs = told(
        index,
        Run(stand="Stand 1"),
        Run(start=MONDAY + 10, sequence="Final test", stand="Stand 9", partial=True),
        Run(start=MONDAY + 20, stand="Stand 1", simulated=True, aborted=True, status="stopped"),
    )
    assert [(one.run.sequence, one.changes) for one in runs] == [
        ("Board test", ()),
        ("Final test", ()),
        ("Board test", ()),
    ]
    assert [(one.run.partial, one.run.simulated, one.run.aborted) for one in runs] == [
        (False, False, False),
        (True, False, False),
        (False, True, True),
    ]


def test_a_thousand_measurements_that_moved_are_not_all_told(index: FiguresIndex) -> None:
    """Those that moved most."""

    def measured(step: float) -> tuple[Case, ...]:
        return tuple(
            Case(f"m::c{at}", measured=((f"M{at}", 1.0 + step * at, "V", [0, 100]),)) for at in range(MOST_MOVED + 20)
        )

    _, after = told(index, Run(cases=measured(0)), Run(start=MONDAY + 5, cases=measured(2)))
    names = [change.measurement for change in after.changes]
    assert names == [f"M{at}" for at in range(MOST_MOVED + 19, 19, -1)]
