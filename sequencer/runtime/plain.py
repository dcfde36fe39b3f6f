"""Plain ``pytest`` on a generated folder: the same verdicts, without journal and runner."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from sequencer.protocol.commands import Start, Warm
from sequencer.protocol.request import RunNotPossible, RunRefused, StartRequest
from sequencer.report.event import FailureRecorded, Stamped
from sequencer.report.outcome import WORDS, Outcome, outcome_of
from sequencer.report.run_id import new_run_id
from sequencer.runtime.failures import failure_text
from sequencer.runtime.plan import RunPlan
from sequencer.runtime.run import RunContext
from sequencer.runtime.stream import EventStream
from sequencer.vocabulary.reason import Reason


class PlainFront:
    """Reads pytest's options, and shows what went wrong with the run itself."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._failures: list[FailureRecorded] = []
        self._outcome: Outcome | None = None
        self._signal_before: Callable[[int, FrameType | None], object] | int | None = None
        config.pluginmanager.register(self, "hardseq summary")

    def await_start(self, plan: RunPlan, *, keeps: bool, warm: Callable[[Warm], None]) -> Start | None:
        """From ``--arg`` and ``--simulate``; it is the only run."""
        params = {}
        for written in self._config.option.arg:
            name, equals, value = written.partition("=")
            if not equals:
                raise RunRefused(Reason("argument_form", argument=written))
            params[name] = value
        return Start(
            run=new_run_id(), request=StartRequest(params=params, simulate=self._config.option.simulate, host={})
        )

    def collects_all(self, folder: Path) -> bool:
        """Not when pytest was told names of tests, or files to take or to leave out."""
        option, asked = self._config.option, self._config.args
        if any(getattr(option, name, None) for name in ("lf", "ignore", "ignore_glob")) or any(
            "::" in a for a in asked
        ):
            return False
        start = self._config.invocation_params.dir
        return any(folder.resolve().is_relative_to((start / each).resolve()) for each in asked)

    def refuse(self, refusal: RunRefused | RunNotPossible) -> None:
        """Raises pytest's usage error."""
        raise pytest.UsageError(str(refusal))

    def hold_kept(self) -> None:
        """Of this run no panel knows."""

    def release_kept(self) -> None:
        """As there is nothing held."""

    def open_stream(self, start: Start) -> EventStream:
        """Events that nobody keeps."""
        stream = EventStream(None, None)
        stream.listeners.append(self._hear)
        return stream

    def announce(self, seconds: float | None) -> None:
        """Nobody watches from outside."""

    def connect(self, run: RunContext) -> None:
        """Each Ctrl-C is a stop, whatever runs; none of them cuts short what must always run."""
        if threading.current_thread() is not threading.main_thread() or self._config.option.usepdb:
            return

        def interrupt(number: int, frame: FrameType | None) -> None:
            run.interrupts.stop(Reason("ctrl_c"))

        self._signal_before = signal.signal(signal.SIGINT, interrupt)

    def close(self, run: RunContext) -> None:
        """Gives Ctrl-C back."""
        self._outcome = outcome_of(*run.flow.verdict(broken=run.broken))
        if self._signal_before is not None:
            signal.signal(signal.SIGINT, self._signal_before)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Failures that belong to no case, and the verdict where pytest's own colours do not tell it."""
        if self._failures:
            terminalreporter.section("hardseq: failures of the run")
        for failure in self._failures:
            terminalreporter.write_line(failure_text(failure))
        if self._outcome in ("nothing_tested", "incomplete"):
            terminalreporter.section(f"hardseq: {WORDS[self._outcome]}")

    def _hear(self, stamped: Stamped) -> None:
        if isinstance(stamped.event, FailureRecorded) and stamped.event.case is None:
            self._failures.append(stamped.event)
