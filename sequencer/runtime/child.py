"""The test process behind a runner: what it tells, and what it lets itself be told."""

from __future__ import annotations

import faulthandler
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sequencer.project.locks import SharedLock
from sequencer.project.secrets import ProcessSecrets
from sequencer.protocol.commands import AnswerDialog, Collect, DebugLine, EndStep, Start, Warm
from sequencer.protocol.notices import DeadlineNotice, NotCollected, Plan, Ready, StartRefused
from sequencer.protocol.request import RunNotPossible, RunRefused
from sequencer.runtime.fork import default_signals_in_copies, give_up_in_copies
from sequencer.runtime.journal import Journal
from sequencer.runtime.link import Asked, Link
from sequencer.runtime.plan import RunPlan
from sequencer.runtime.run import RunContext
from sequencer.runtime.session import FRONT
from sequencer.runtime.stream import EventStream
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.reason import Reason, ReasonOrText, read_reason, written

if TYPE_CHECKING:
    from sequencer.runtime.driver_output import DriverOutput

_STOPPING = (signal.SIGTERM, signal.SIGINT)


class ChildFront:
    """Connects a session to the link; itself a pytest plugin.

    ``pycache_prefix`` is where Python keeps the bytecode of all but generated tests. ``project`` is what it collects.
    """

    def __init__(self, link: Link, pycache_prefix: str | None, project: Collect) -> None:
        self._link = link
        self._project = project
        self._pycache_prefix = pycache_prefix
        self._journal: Journal | None = None
        self._output: DriverOutput | None = None
        self._errors: list[str] = []
        self._unusable: ReasonOrText = Reason("no_generated_tests")
        self._ready = False
        self._refused = False
        self._kept_users: SharedLock | None = None
        give_up_in_copies(self._release)
        default_signals_in_copies(_STOPPING)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Makes the session start here."""
        config.stash[FRONT] = self
        faulthandler.enable(all_threads=False)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remembers what kept a generated module from being imported."""
        if report.failed:
            self._errors.append(report.longreprtext)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """A session that never got as far as its tests says why."""
        if not self._ready:
            self._link.send(NotCollected("\n".join(self._errors)[-8000:] or written(self._unusable)))

    def await_start(self, plan: RunPlan, *, keeps: bool, warm: Callable[[Warm], None]) -> Start | None:
        """Tells that the tests are collected, unless that was told, then waits."""
        if not self._ready:
            sys.pycache_prefix = self._pycache_prefix
            plan.document()
            gc.freeze()
            if self._project.forks is not None and not self._is_fork(self._project.forks):
                return None
        self._ready = True
        if not self._refused:
            self._link.send(Ready(keeps))
        self._refused = False
        start = self._link.wait_for_start(lambda: Plan(plan.about(), plan.document()), warm)
        gc.enable()
        return start

    def _is_fork(self, address: str) -> bool:
        """Whether this is a test process now: a fork, which has its owner's pipes in place of those it had."""
        self._ready = True  # as far as the one is concerned that forks
        if sys.platform == "linux":
            # Imported here: in most runs nobody forks.
            from sequencer.runtime.fork_server import serve

            if not serve(address):
                return False
        # As in a process that has just started; that looks into each folder that it imports from, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        importlib.invalidate_caches()
        self._link.renew()
        asked = self._link.wait_for_project()
        if asked is not None and asked.collects_same(self._project):
            self._project = asked
            return True
        if asked is not None:
            self._link.send(NotCollected("the test process has collected another project"))
        return False

    def collects_all(self, folder: Path) -> bool:
        """The runner selects by the start command, not by what is collected."""
        return True

    def refuse(self, refusal: RunRefused | RunNotPossible) -> None:
        """Sends the reason; before the tests are ready, it is why they never will be."""
        self._close_journal()
        self._refused = self._ready
        if self._ready:
            reason = written(refusal.reason)
            if isinstance(refusal, RunRefused):
                self._link.send(StartRefused(reason, code=refusal.code, problems=refusal.problems))
            else:
                self._link.send(StartRefused(reason, possible=False))
        else:
            self._unusable = refusal.reason

    def hold_kept(self) -> None:
        """Others wait for this process, also when nobody is there any more who started it."""
        if self._kept_users is None and self._project.kept_users is not None:
            held = SharedLock(Path(self._project.kept_users))
            with suppress(OSError):  # where nothing can be written the run itself says so
                held.take()
            self._kept_users = held

    def release_kept(self) -> None:
        """Nobody need wait for this process."""
        held, self._kept_users = self._kept_users, None
        if held is not None:
            held.release()

    def open_stream(self, start: Start) -> EventStream:
        """To the journal, then down the pipe."""
        if start.journal is not None:
            Path(start.journal).parent.mkdir(parents=True, exist_ok=True)
            self._journal = Journal(Path(start.journal))
            # For drivers, and programs that these start: `sequencer.api.current_report` reads it.
            os.environ["HARDSEQ_JOURNAL"] = start.journal
        before = start.retry or start.resume
        seq = 0 if before is None else before.seq
        return EventStream(
            self._journal,
            self._link,
            seq=seq,
            first=1 if start.retry is None else seq + 1,
            clock=SteadyClock(start.epoch),
            redact=ProcessSecrets.redactor.line,
            mark=self._link.mark,
        )

    def announce(self, seconds: float | None) -> None:
        """For the runner, which kills what does not listen to exceptions."""
        self._link.send(DeadlineNotice(seconds))

    def connect(self, run: RunContext) -> None:
        """Commands, and signals that mean the same as a stop."""
        for number in _STOPPING:
            signal.signal(number, lambda number, frame: run.interrupts.stop(Reason("terminated")))
        if run.start.request.pdb:
            from sequencer.runtime.debugger import Debugger

            run.debugger = Debugger(self._link.send, run.interrupts)

        def hear(command: Asked) -> None:
            match command:
                case AnswerDialog():
                    run.dialogs.deliver(command.dialog, command.result, command.value, command.by)
                case EndStep():
                    run.interrupts.end_step(command.seq, read_reason(command.reason))
                case DebugLine():
                    if run.debugger is not None:
                        run.debugger.typed(command.line)

        self._link.listen(run.interrupts.stop, hear)
        if run.start.journal is not None:
            # Imported here: between two runs nothing is kept of what drivers say.
            from sequencer.runtime.driver_output import DriverOutput

            self._output = DriverOutput(run, Path(run.start.journal).with_suffix(".log"))
            if run.shared is not None:
                from sequencer.runtime.shared_speech import SharedSpeech

                run.hear_shared = SharedSpeech(self._output).hear

    def close(self, run: RunContext) -> None:
        """The journal is complete; a signal now ends the waiting for another run, where there is any."""
        if self._output is not None:
            self._output.close()
            self._output = run.hear_shared = None
        self._link.disconnect()
        for number in _STOPPING:
            signal.signal(number, lambda number, frame: self._link.end())
        self._close_journal()

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _release(self) -> None:
        self.release_kept()
        if self._journal is not None:
            self._journal.release()
