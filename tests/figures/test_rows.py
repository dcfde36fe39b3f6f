"""What the index takes from a report that the figures of other files do not show."""

from __future__ import annotations

import pytest

from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures.rows import rows_of
from sequencer.limits.bounds import target
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.vocabulary.data import Data
from tests.figures.history import MONDAY, Case, Feed, Run, report_of

RAIL = "m::rail"


def test_where_the_time_of_a_case_went() -> None:
    """Attempts before the last one, answers and messages that held it up, and waits for other slots are told apart."""
    said: list[tuple[float, Event]] = [
        (0, events.CaseStarted(RAIL, 1)),
        (1, events.DialogAsked(RAIL, "d1", {})),  # type: ignore[typeddict-item]
        (4, events.DialogAnswered(RAIL, "d1", "no", seconds=3.0)),
        (6, events.CaseFinished(RAIL, "failed")),
        (7, events.CaseStarted(RAIL, 2)),
        (8, events.OperatorMessageShown(RAIL, "o1", "Turn the board", blocking=True)),
        (10, events.OperatorMessageShown(RAIL, "o1", None)),
        (10, events.OperatorMessageShown(RAIL, "o2", "Wait", blocking=False)),
        (14, events.WaitFinished(RAIL, "s:1:1", "call", ["meter"], 2.5)),
        (15, events.OperatorMessageShown(RAIL, "o2", None)),
        (15, events.CaseFinished(RAIL, "passed")),
    ]
    stream = [Stamped(1, MONDAY, _started())]
    stream += [Stamped(number, MONDAY + time, event) for number, (time, event) in enumerate(said, 2)]
    (case,) = rows_of(fold(stream, aborted=False)).cases
    assert (case.seconds, case.attempts) == (15.0, 2)
    assert (case.retried, case.asked, case.waited) == (7.0, 5.0, 2.5)


def test_a_plain_case_says_nothing_of_it() -> None:
    """Neither tried again nor held up: nothing, rather than nought in every row."""
    (case,) = rows_of(report_of(Run())).cases
    assert (case.retried, case.asked, case.waited) == (None, None, None)


@pytest.mark.parametrize(
    ("limits", "unit", "expected"),
    [
        ({"nominal": 5, "tolerance": "4%"}, "V", 5.0),
        ({"nominal": "500 mV", "tolerance": "4%"}, "V", 0.5),
        ([4, 6], "V", None),
        (None, None, None),
        ({"nominal": "five"}, None, None),
    ],
)
def test_the_target_of_limits(limits: Data, unit: str | None, expected: float | None) -> None:
    """It is the nominal value where limits say one, in the unit of the value; never an exception."""
    assert target(limits, unit) == expected


def test_the_target_is_in_the_index() -> None:
    """Beside both limits."""
    limits = {"nominal": 5, "tolerance": 1}
    case = Case(RAIL, measured=(("Rail", "5.1", "V", None),))
    report = report_of(Run(cases=(case,)))
    taken = report["modules"][0]["cases"][0]["attempts"][-1]["measurements"][0]
    taken.update(type="numeric", value=5.1, limits=limits)
    with FiguresIndex(None) as index:
        follow(index, Feed([report]))  # type: ignore[arg-type]
        assert index.ask("SELECT value, lower, upper, target FROM measurements") == [(5.1, 4.0, 6.0, 5.0)]


def _started() -> events.RunStarted:
    case = {"id": "rail", "name": "Rail", "group": "main", "description": None, "place": "s:1:1", "critical": False}
    module = {"id": "m", "name": "Main", "group": "main", "description": None, "cases": [{**case, "tags": []}]}
    sequence = {"name": "Board test", "version": "1", "description": None, "file": "s", "sha256": "0" * 64}
    return events.RunStarted(
        run="0198-run", sequence=sequence, modules=[module], hardseq="1", host={"timezone": "UTC"}, record={}
    )
