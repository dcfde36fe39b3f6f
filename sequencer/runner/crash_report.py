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
    StepStarted,
    decode,
    encode,
)
from sequencer.runner.progress import RunProgress
from sequencer.runtime.journal import Journal
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.reason import Reason, ReasonOrText, coded, sentence
from sequencer.vocabulary.status import FailureKind, Status, verdict

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

    def close_running(self, kind: FailureKind, reason: Reason, *, final: bool = True) -> None:
        """What was going on when the process ended, and that it ended; not ``final`` when the case will run again."""
        running, step = self._progress.running, self._progress.step
        if running is None:
            self._write([FailureRecorded.because(None, "error" if kind == "stopped" else kind, reason)])
            return
        at = _at(step)
        self._write(
            [
                FailureRecorded.because(running.case, kind, reason, **at),
                CaseFinished(running.case, _STATUS[kind], running.attempt, final),
            ]
        )

    def close_after(self, kind: FailureKind, told: Reason, reason: Reason, stop_reason: ReasonOrText | None) -> None:
        """The process ended after the verdict: the verdict stays, and what was to follow it did not happen.

        ``told`` is ``reason`` with what the process printed.
        """
        after, step = self._progress.after, self._progress.step
        assert after is not None
        at = _at(step)
        lost = [FailureRecorded.because(AFTER_RUN, kind, told, **at, after=after.number)]
        left_out = Reason("left_out", reason=reason)
        lost += [
            FailureRecorded.because(AFTER_RUN, "error", left_out, after=number)
            for number in range(after.number + 1, after.last + 1)
        ]
        status = verdict(
            self._progress.statuses.values(), stopped=stop_reason is not None, broken=self._progress.broken
        )
        self._write([*lost, _finished(status, stop_reason)])

    def close_retry(self, kind: FailureKind, told: Reason, stop_reason: ReasonOrText | None) -> None:
        """The process ended while steps were tried again: what it did not get to stays as it was."""
        progress, step = self._progress, self._progress.step
        assert progress.retry is not None
        number = progress.retry[0] if progress.after is None else progress.after.number
        last = progress.retry[-1] if progress.after is None else progress.after.last
        at = _at(step)
        begun: list[Event] = [AfterRunStarted(number, last)] if progress.after is None else []
        lost = FailureRecorded.because(AFTER_RUN, kind, told, **at, after=number)
        stopped = sentence(stop_reason)
        self._write([*begun, lost, RetryFinished(stopped, coded(stop_reason))])

    def finish(self, reason: Reason, stop_reason: ReasonOrText | None) -> None:
        """The rest is skipped, and the run is over."""
        progress = self._progress
        self._write(
            [
                CaseFinished(name, "skipped", reason=str(reason), skip_kind="run_error", coded_reason=coded(reason))
                for name in progress.unfinished
            ]
        )
        status = verdict(progress.statuses.values(), stopped=stop_reason is not None, broken=True)
        self._write([_finished(status, stop_reason)])

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


def _at(step: StepStarted | None) -> dict[str, str | None]:
    """Where a failure happened, as the fields of its event."""
    return {} if step is None else {"place": step.place, "step": step.step, "call": step.call}


def _finished(status: Status, stop_reason: ReasonOrText | None) -> RunFinished:
    return RunFinished(status, sentence(stop_reason), coded(stop_reason))
