"""The tries of a step with ``retry``, and what they leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sequencer.report.event import CheckEvaluated, Event, FailureRecorded, MeasurementRecorded, TryFailed
from sequencer.vocabulary.dataclass import dataclass


@dataclass(slots=True)
class RecordedCounts:
    """How much was recorded so far; ``judged`` are the judgements that count, ``limited`` those by limits.

    ``in_vain``: there were others, of tries that count no more, or a loop that would have judged made no round.
    """

    measurements: int = 0
    checks: int = 0
    judged: int = 0
    limited: int = 0
    in_vain: bool = False

    def take(self, other: RecordedCounts) -> None:
        """Counts what was counted elsewhere."""
        self.measurements += other.measurements
        self.checks += other.checks
        self.judged += other.judged
        self.limited += other.limited
        self.in_vain = self.in_vain or other.in_vain

    def add(self, event: Event) -> None:
        """Counts an event."""
        if type(event) is MeasurementRecorded:
            self.measurements += 1
        elif type(event) is CheckEvaluated:
            self.checks += 1


class Tries:
    """Counts the tries of the one step inside; ``depth`` is how many steps are open around it.

    The step's failures set ``failure``, the first one of a try, instead of counting, unless this is the ``last`` try.
    ``again``: a try before this one failed.
    """

    def __init__(self, case: str, depth: int, times: int, tally: RecordedCounts) -> None:
        self.depth = depth
        self.last = times <= 1
        self.again = False
        self.failure: FailureRecorded | None = None
        self._case = case
        self._times = times
        self._tally = tally

    def __iter__(self) -> Iterator[tuple[int, TryFailed | None]]:
        """Each try's number, with what is to be told of the one before."""
        failed = None
        for number in range(1, self._times + 1):
            self.last = number == self._times
            self.again = number > 1
            self.failure = None
            before = replace(self._tally)
            yield number, failed
            if self.failure is None:
                break
            failed = self._told(number, self.failure, before)
            self._tally.in_vain = self._tally.in_vain or self._tally.judged > before.judged
            self._tally.judged, self._tally.limited = before.judged, before.limited
        self.last = True

    def _told(self, number: int, failure: FailureRecorded, before: RecordedCounts) -> TryFailed:
        measurements = self._tally.measurements - before.measurements
        checks = self._tally.checks - before.checks
        place, step = failure.place or "", failure.step or ""
        return TryFailed(self._case, place, step, number, failure.message, measurements, checks, failure.coded_reason)
