"""What went wrong in the steps that follow a run, at first and when they were tried again.

Nothing of this is part of the verdict. The list in the report only ever grows: a failure whose step was tried again is
marked as ``retried``, and what failed then stands after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sequencer.report.cases import new_failure
from sequencer.report.event import AFTER_RUN, AfterRunFinished, AfterRunStarted, FailureRecorded, Stamped
from sequencer.report.model import AfterRunFailure, RunReport
from sequencer.vocabulary.reason import Reason, ReasonOrText

UNKNOWN = Reason("unknown")


class AfterRun:
    """The failures of the steps after a run, event by event; ``entries`` begin with those that are known already."""

    def __init__(self, known: Iterable[AfterRunFailure] = ()) -> None:
        self.entries: list[AfterRunFailure] = [entry.copy() for entry in known]
        self._retrying = bool(self.entries)
        self._running: AfterRunStarted | None = None
        self._done: set[int] = set()

    def apply(self, stamped: Stamped) -> None:
        """Takes an event in; any but those of the steps after the run changes nothing. Twice is as good as once."""
        event, time = stamped.event, stamped.time
        match event:
            case AfterRunStarted():
                self._running = event
                self._done.discard(event.number)
                for entry in self._open(event.number):
                    if entry["time"] < time:
                        entry["retried"] = time
            case AfterRunFinished():
                self._running = None
                if event.done:
                    self._done.add(event.number)
                elif not self._open(event.number):
                    self._add(FailureRecorded.because(AFTER_RUN, "error", UNKNOWN, after=event.number), time)
            case FailureRecorded(after=int()):
                self._add(event, time)

    def cut_off(self, time: float, reason: ReasonOrText) -> None:
        """The process is gone: the step that went on did not end, and those behind it were not reached."""
        running, self._running = self._running, None
        if running is None:
            return
        self._add(FailureRecorded.because(AFTER_RUN, "error", reason, after=running.number), time)
        left_out = Reason("left_out", reason=reason)
        # Of steps that are tried again, those that were not reached have their failure still.
        for number in () if self._retrying else range(running.number + 1, running.last + 1):
            self._add(FailureRecorded.because(AFTER_RUN, "error", left_out, after=number), time)

    def _open(self, number: int) -> list[AfterRunFailure]:
        return [entry for entry in self.entries if entry["number"] == number and is_open(entry)]

    def _add(self, event: FailureRecorded, time: float) -> None:
        assert event.after is not None
        entry = cast(AfterRunFailure, {"number": event.after, **new_failure(event, time)})
        if event.after in self._done:
            entry["done"] = True
        if all(_facts(known) != entry for known in self.entries):
            self.entries.append(entry)


def is_open(entry: AfterRunFailure) -> bool:
    """Whether the step is still to be carried out because of this failure."""
    return not entry.get("done") and "retried" not in entry


def standing(report: RunReport) -> list[AfterRunFailure]:
    """What failed after the run and was not tried again since then."""
    return [entry for entry in report.get("after_run", ()) if "retried" not in entry]


def left_to_do(report: RunReport) -> list[int]:
    """The numbers of the steps that failed or were not reached, and were not carried out since then."""
    return sorted({entry["number"] for entry in report.get("after_run", ()) if is_open(entry)})


def was_retried(report: RunReport) -> bool:
    """Whether steps of the run were tried again after its report was made."""
    return any("retried" in entry for entry in report.get("after_run", ()))


def amended(report: RunReport, after: AfterRun) -> RunReport:
    """The report with what is known of the steps after the run by now; everything else is as it was."""
    return {**report, "after_run": after.entries} if after.entries else report


def amends(report: RunReport, stored: RunReport) -> bool:
    """Whether ``report`` is the ``stored`` one with further tries of the steps after the run, and nothing else."""
    if {**report, "after_run": []} != {**stored, "after_run": []}:
        return False
    found, known = report.get("after_run", []), stored.get("after_run", [])
    pairs = list(zip(known, found, strict=False))
    return len(pairs) == len(known) and all(
        _facts(before) == _facts(now) and before.get("retried", now.get("retried")) == now.get("retried")
        for before, now in pairs
    )


def _facts(entry: AfterRunFailure) -> dict[str, object]:
    return {name: value for name, value in entry.items() if name != "retried"}
