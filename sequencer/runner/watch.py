"""When a test process that does not listen has to be killed."""

from __future__ import annotations

import time

from sequencer.report.event import CaseFinished, CaseStarted, Event, RunFinished

HANGING_SECONDS = 10.0
"""Of a teardown in which nothing at all has happened for so long since a stop, another stop ends the step."""


class Watch:
    """Two clocks: the deadline that the process announced, and the time that a stopped case gets to end.

    Both allow ``grace`` seconds more, in which a driver may tidy up. ``seconds`` are those of the deadline.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._deadline: float | None = None
        self._stop: float | None = None
        self._stopped = (-1, 0.0)
        self.seconds: float | None = None

    def deadline(self, seconds: float | None) -> None:
        """The process must be done with something in ``seconds``; ``None`` when nothing is pending."""
        self.seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds + self._grace

    def stop(self) -> None:
        """The running case was asked to stop."""
        if self._stop is None:
            self._stop = time.monotonic() + self._grace

    def stopped(self, seq: int) -> None:
        """Somebody asked for a stop after event number ``seq``."""
        if self._stopped[0] != seq:
            self._stopped = seq, time.monotonic()

    def hangs(self, seq: int) -> bool:
        """Whether nothing happened since an earlier stop that was long ago; ``seq`` numbers the last event."""
        return self._stopped[0] == seq and time.monotonic() - self._stopped[1] >= HANGING_SECONDS

    def apply(self, event: Event) -> None:
        """A case that ended has kept its deadlines, and one that begins after a stop is one that may run."""
        if isinstance(event, CaseFinished | CaseStarted | RunFinished):
            self._stop = None

    def reset(self) -> None:
        """The process is gone."""
        self._deadline = self._stop = self.seconds = None

    def left(self) -> float | None:
        """Seconds until the process has to be killed."""
        due = [moment for moment in (self._deadline, self._stop) if moment is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def overdue(self) -> str | None:
        """``deadline`` or ``stop`` when that clock has run down."""
        now = time.monotonic()
        if self._stop is not None and now >= self._stop:
            return "stop"
        return "deadline" if self._deadline is not None and now >= self._deadline else None
