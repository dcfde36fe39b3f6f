"""What the report says of the failed tries of a step with ``retry``."""

from __future__ import annotations

from typing import Any

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.exports.csv_rows import to_csv
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.store import facts

PLACE = "s.yaml:3:5"


def measured(value: float, result: bool) -> events.MeasurementRecorded:
    reason = None if result else f"{value} V is below the lower limit of 4.8 V"
    return events.MeasurementRecorded("m::a", PLACE, "Rail", value, "numeric", "V", [4.8, 5.2], result, reason)


def report_of(*said: Event, status: Any = "passed") -> RunReport:
    plan = [{"id": "m", "name": "Main", "cases": [{"id": "a", "name": "A"}]}]
    first = [events.RunStarted("run-1", {"name": "S", "sha256": "ab"}, plan, "0", {}), events.CaseStarted("m::a")]
    last = [events.CaseFinished("m::a", status), events.RunFinished(status)]
    return fold([Stamped(seq, 100.0 + seq, event) for seq, event in enumerate([*first, *said, *last], 1)])


TRIED_AGAIN = (
    measured(5.0, True),
    measured(4.1, False),
    events.CheckEvaluated("m::a", PLACE, "volts > 4.8", False),
    events.TryFailed("m::a", PLACE, "Rail", 1, "Rail: too low", 1, 1),
    measured(4.9, True),
)


def test_a_failed_try_is_kept_and_marked() -> None:
    """The report has the failed try with its message, and marks what it measured and checked, and that alone."""
    attempt = report_of(*TRIED_AGAIN)["modules"][0]["cases"][0]["attempts"][0]
    assert [taken.get("superseded") for taken in attempt["measurements"]] == [None, True, None]
    assert attempt["checks"][0].get("superseded")
    assert [(tried["number"], tried["message"]) for tried in attempt["tries"]] == [(1, "Rail: too low")]


def test_a_passed_case_does_not_look_failed_in_version_1() -> None:
    """Version 1, which knows no tries, has the measurements that count; the others stay in the artifact."""
    case = lower(report_of(*TRIED_AGAIN))["modules"]["m"]["cases"]["a"]
    assert case["status"] == "passed"
    assert [taken["result"] for taken in case["measurements"]] == [True, True]
    assert [taken["value"] for taken in case["artifact"]["hardseq"]["superseded"]] == [4.1]


def test_a_failed_case_does_not_look_passed_in_version_1() -> None:
    """The last try counts, and with it its missed limit."""
    said = [measured(4.1, False), events.TryFailed("m::a", PLACE, "Rail", 1, "low", 1), measured(4.2, False)]
    report = report_of(*said, events.FailureRecorded("m::a", "failed", "Rail: too low", PLACE), status="failed")
    case = lower(report)["modules"]["m"]["cases"]["a"]
    assert (case["status"], case["assertion_msg"]) == ("failed", "Rail: too low")
    assert [taken["result"] for taken in case["measurements"]] == [False]


def test_statistics_leave_failed_tries_out() -> None:
    """The series of a measurement has the values that were judged in the end."""
    assert [taken.value for taken in facts.measurements(report_of(*TRIED_AGAIN))] == [5.0, 4.9]


def test_a_table_names_failed_tries() -> None:
    """In CSV the result of what a failed try measured is neither passed nor failed."""
    text = to_csv(report_of(*TRIED_AGAIN))
    assert "superseded" in text and ",failed," not in text
