"""What has to be written down when a test process died: in its place, and in its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sequencer.report.event import (
    AFTER_RUN,
    AfterRunStarted,
    CaseFinished,
    Event,
    FailureRecorded,
    RetryFinished,
    RunFinished,
    Stamped,
    decode,
    encode,
)
from sequencer.report.model import FailureKind
from sequencer.runner.progress import RunProgress
from sequencer.runtime.journal import Journal
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.status import Status, verdict

_TAIL = 1 << 18

_STATUS: dict[FailureKind, Status] = {"timeout": "failed", "stopped": "stopped", "error": "error", "failed": "failed"}


def catch_up(journal: Path, seq: int) -> Iterator[Stamped]:
    """The events after number ``seq`` that reached the journal but not the pipe."""
    with suppress(OSError), journal.open("rb") as file:
        size = file.seek(0, 2)
        # The last few lines are enough, unless nothing at all came through the pipe.
        file.seek(0 if seq == 0 else max(0, size - _TAIL))
        for line in file:
            stamped = decode(line)
            if stamped is not None and stamped.seq > seq:
                seq = stamped.seq
                yield stamped


class CrashReport:
    """Writes the events of a dead process by ``clock``. ``apply`` is told each of them like any other."""

    def __init__(
        self, journal: Path, progress: RunProgress, apply: Callable[[Stamped], None], clock: SteadyClock
    ) -> None:
        self._clock = clock
        self._path = journal
        self._progress = progress
        self._apply = apply

    def close_running(self, kind: FailureKind, message: str, *, final: bool = True) -> None:
        """What was going on when the process ended, and that it ended; not ``final`` when the case will run again."""
        running, step = self._progress.running, self._progress.step
        if running is None:
            self._write([FailureRecorded(None, "error" if kind == "stopped" else kind, message)])
            return
        place, name, call = (None, None, None) if step is None else (step.place, step.step, step.call)
        self._write(
            [
                FailureRecorded(running.case, kind, message, place, name, call),
                CaseFinished(running.case, _STATUS[kind], running.attempt, final),
            ]
        )

    def close_after(self, kind: FailureKind, message: str, stop_reason: str | None) -> None:
        """The process ended after the verdict: the verdict stays, and what was to follow it did not happen."""
        after, step = self._progress.after, self._progress.step
        assert after is not None
        place, name, call = (None, None, None) if step is None else (step.place, step.step, step.call)
        lost = [FailureRecorded(AFTER_RUN, kind, message, place, name, call, after=after.number)]
        left_out = f"left out: {message.partition(chr(10))[0]}"
        lost += [
            FailureRecorded(AFTER_RUN, "error", left_out, after=n) for n in range(after.number + 1, after.last + 1)
        ]
        status = verdict(
            self._progress.statuses.values(), stopped=stop_reason is not None, broken=self._progress.broken
        )
        self._write([*lost, RunFinished(status, stop_reason)])

    def close_retry(self, kind: FailureKind, message: str, stop_reason: str | None) -> None:
        """The process ended while steps were tried again: what it did not get to stays as it was."""
        progress, step = self._progress, self._progress.step
        assert progress.retry is not None
        number = progress.retry[0] if progress.after is None else progress.after.number
        last = progress.retry[-1] if progress.after is None else progress.after.last
        place, name, call = (None, None, None) if step is None else (step.place, step.step, step.call)
        begun: list[Event] = [AfterRunStarted(number, last)] if progress.after is None else []
        lost = FailureRecorded(AFTER_RUN, kind, message, place, name, call, after=number)
        self._write([*begun, lost, RetryFinished(stop_reason)])

    def finish(self, reason: str, stop_reason: str | None) -> None:
        """The rest is skipped, and the run is over."""
        progress = self._progress
        self._write(
            [CaseFinished(name, "skipped", reason=reason, skip_kind="run_error") for name in progress.unfinished]
        )
        status = verdict(progress.statuses.values(), stopped=stop_reason is not None, broken=True)
        self._write([RunFinished(status, stop_reason)])

    def _write(self, events: list[Event]) -> None:
        journal = None
        with suppress(OSError):
            journal = Journal(self._path, "runner")
        try:
            for event in events:
                stamped = Stamped(self._progress.seq + 1, round(self._clock.now(), 6), event)
                if journal is not None:
                    # Without a disk the report still tells it.
                    with suppress(OSError):
                        journal.write(encode(stamped))
                self._apply(stamped)
        finally:
            if journal is not None:
                journal.close()
