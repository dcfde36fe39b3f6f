"""Steps that follow a run are tried again later: of the stored report `after_run` grows, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sequencer.report.after_run import AfterRun, amended, amends, left_to_do
from sequencer.report.event import AFTER_RUN, AfterRunFinished, AfterRunStarted, FailureRecorded, Stamped
from sequencer.report.model import RunReport
from sequencer.store.base import Store, StoreConflict
from tests.store.counting import statistics

MakeReport = Callable[..., RunReport]


def _with(report: RunReport, *said: Any, start: float = 0.0) -> RunReport:
    after = AfterRun(report.get("after_run", ()))
    for seq, event in enumerate(said):
        after.apply(Stamped(seq, start + seq, event))
    return amended(report, after)


@pytest.fixture
def failed(report: MakeReport) -> RunReport:
    """A passed run after which the first and the third step failed."""
    return _with(
        report(),
        AfterRunStarted(1, 3),
        FailureRecorded(AFTER_RUN, "error", "no paper", after=1),
        AfterRunFinished(1, False),
        AfterRunStarted(2, 3),
        AfterRunFinished(2, True),
        AfterRunStarted(3, 3),
        FailureRecorded(AFTER_RUN, "error", "no line", after=3),
        AfterRunFinished(3, False),
    )


@pytest.fixture
def retried(failed: RunReport) -> RunReport:
    """The first step was done at the second try, the third one failed again."""
    return _with(
        failed,
        AfterRunStarted(1, 3),
        AfterRunFinished(1, True),
        AfterRunStarted(3, 3),
        FailureRecorded(AFTER_RUN, "error", "still no line", after=3),
        AfterRunFinished(3, False),
        start=100.0,
    )


def test_what_is_left_to_do_follows_from_the_tries(failed: RunReport, retried: RunReport) -> None:
    """A step that was done is done; the first failures stay, each with the time at which it was tried again."""
    assert left_to_do(failed) == [1, 3]
    assert left_to_do(retried) == [3]
    assert [(entry["number"], entry["message"], entry.get("retried")) for entry in retried["after_run"]] == [
        (1, "no paper", 100.0),
        (3, "no line", 102.0),
        (3, "still no line", None),
    ]
    assert {**retried, "after_run": []} == {**failed, "after_run": []}


def test_taking_the_same_tries_in_again_changes_nothing(failed: RunReport, retried: RunReport) -> None:
    """What a journal says twice, as after a crash behind the store, is no second failure."""
    again = _with(
        retried,
        AfterRunStarted(1, 3),
        AfterRunFinished(1, True),
        AfterRunStarted(3, 3),
        FailureRecorded(AFTER_RUN, "error", "still no line", after=3),
        AfterRunFinished(3, False),
        start=100.0,
    )
    assert again == retried


def test_what_failed_behind_a_step_that_was_done_is_not_tried_again(report: MakeReport) -> None:
    """A label was printed, and the printer did not close: another label would be one too many."""
    found = _with(
        report(),
        AfterRunStarted(1, 1),
        AfterRunFinished(1, True),
        FailureRecorded(AFTER_RUN, "error", "the driver 'printer' did not close", after=1),
    )
    assert found["after_run"][0]["done"] is True
    assert left_to_do(found) == []


def test_an_amendment_takes_the_place_of_the_report(store: Store, failed: RunReport, retried: RunReport) -> None:
    """It is there once, and lists and figures are as they were."""
    store.save(failed)
    before = store.find().runs, statistics(store)
    store.save(retried)
    store.save(retried)
    assert store.get(failed["id"]) == retried
    assert (store.find().runs, statistics(store)) == before


def test_an_older_report_does_not_take_an_amendment_back(store: Store, failed: RunReport, retried: RunReport) -> None:
    """One that waited somewhere comes late: it says less, and is safe."""
    store.save(failed)
    store.save(retried)
    store.save(failed)
    assert store.get(failed["id"]) == retried


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "failed"},
        {"serial": "another"},
        {"after_run": []},
        {"first": "changed"},
        {"retried": 7.0},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_amendment_changes_nothing_else(
    store: Store, failed: RunReport, retried: RunReport, changed: dict[str, Any]
) -> None:
    """No verdict, no fact, no earlier failure."""
    entries = [dict(entry) for entry in retried["after_run"]]
    if "serial" in changed:
        changed = {"dut": {**retried["dut"], "serial_number": changed["serial"]}}
    elif "first" in changed:
        changed = {"after_run": [{**entries[0], "message": changed["first"]}, *entries[1:]]}
    elif "retried" in changed:
        changed = {"after_run": [{**entries[0], **changed}, *entries[1:]]}
    elif changed == {"after_run": []}:
        changed = {"after_run": [*entries[1:]]}
    store.save(failed)
    store.save(retried)
    wrong: Any = {**retried, **changed}
    assert not amends(wrong, retried)
    with pytest.raises(StoreConflict):
        store.save(wrong)
    assert store.get(failed["id"]) == retried


def test_a_complete_report_still_replaces_an_aborted_one(store: Store, report: MakeReport) -> None:
    """Whatever followed the aborted one."""
    aborted = report(aborted=True, finished=False)
    late = _with(
        aborted, AfterRunStarted(1, 1), FailureRecorded(AFTER_RUN, "error", "no", after=1), AfterRunFinished(1, False)
    )
    complete = report(aborted["id"])
    store.save(aborted)
    store.save(late)
    store.save(complete)
    assert store.get(aborted["id"]) == complete
