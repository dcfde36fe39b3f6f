"""The runs of several slots that one start begins: each a run like any other, with the stand shared between them.

What is wrong with what is asked for starts nothing at all. A slot whose test process cannot run is an error of that
slot alone: the others run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from sequencer.app.shared_stand import stand_process
from sequencer.app.start_request import for_stand
from sequencer.protocol.request import JointStart, RunNotPossible, Slot, StandInUse, StartRequest
from sequencer.report.run_id import new_run_id
from sequencer.runner.claim import StandClaim
from sequencer.runner.forks import fork_server
from sequencer.runner.python_process import start_test_process
from sequencer.runner.run import Run
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.compiler.project import Compiled
    from sequencer.project.project_folder import Project
    from sequencer.protocol.notices import Plan
    from sequencer.report.event import Stamped
    from sequencer.report.model import RunReport
    from sequencer.runner.child import Child
    from sequencer.vocabulary.data import Data, Scalar
    from sequencer.vocabulary.reason import ReasonOrText

_POLL_SECONDS = 0.5


class SlotEnd(NamedTuple):
    """How a slot ended: with a report, or with the ``problem`` that kept its run from beginning."""

    slot: str
    report: RunReport | None
    problem: Exception | None = None


class JointRuns:
    """One run per slot: ``prepare``, ``start``, ``ends``, ``close``.

    ``hear`` is told every event and ``printed`` each line that drivers print, both with the slot's name and from
    threads; lines of shared drivers, each with its driver's name, go to ``shared_printed``. ``warm_child`` is a test
    process that is loading already. ``runs`` are those by slot, of which ``upload`` may be set before the start.
    ``stop`` may be called from any thread, and from a signal handler.
    """

    def __init__(
        self,
        project: Project,
        compiled: Compiled,
        slots: Sequence[Slot],
        *,
        hear: Callable[[str, Stamped], None],
        printed: Callable[[str, str], None],
        shared_printed: Callable[[str], None],
        warm_child: Child | None = None,
    ) -> None:
        self._project = project
        self._slots = {slot.name: slot for slot in slots}
        self._joint = JointStart(id=new_run_id(), slots=list(self._slots))
        self._ended: SimpleQueue[SlotEnd] = SimpleQueue()
        self._lost: dict[str, Exception] = {}
        self._stand = stand_process(project, compiled, shared_printed)
        self._claim = StandClaim(project.state)
        self._opened = ExitStack()
        forks = fork_server(compiled, project, self._opened, warm_child)
        self.runs = {
            slot.name: Run(
                compiled.folder,
                project.state,
                listeners=[partial(hear, slot.name)],
                output=partial(printed, slot.name),
                project=project.folder,
                warm_child=warm_child if at == 0 and forks is None else None,
                manifest=compiled.manifest,
                secrets=project.secrets,
                stand=self._claim,
                start_process=forks or start_test_process,
            )
            for at, slot in enumerate(slots)
        }

    def prepare(self) -> None:
        """Starts all processes and returns at once."""
        if self._stand is not None:
            self._stand.prepare()
        for name, run in self.runs.items():
            try:
                run.prepare()
            except RunNotPossible as problem:
                self._lose(name, problem)

    def close_shared(self) -> None:
        """Closes what the slots share, once all of them have ended. Closing twice is harmless."""
        if self._stand is not None:
            self._stand.close()

    def plan(self) -> Plan:
        """What each run will be, told by the first that can; only before ``start``. Raises ``RunNotPossible``."""
        for name, run in self.runs.items():
            if name in self._lost:
                continue
            try:
                return run.plan()
            except RunNotPossible as problem:
                self._lose(name, problem)
        raise next(iter(self._lost.values()))

    def start(
        self,
        request: StartRequest,
        values: Mapping[str, Mapping[str, Scalar]],
        answers: Mapping[str, Mapping[str, Sequence[Data]]] | None = None,
    ) -> None:
        """Begins all runs, each with its slot's ``values`` of the parameters, and its ``answers`` to the dialogs.

        Raises ``RunRefused``, or ``RunNotPossible`` when no slot can run; then nothing has begun.
        """
        stand = None if self._stand is None else self._stand.address()
        requests = {
            name: for_stand(
                self._project,
                replace(
                    request,
                    params=values[name],
                    answers=None if answers is None else answers[name],
                    slot=slot,
                    start=self._joint,
                    stand=stand,
                ),
            )
            for name, slot in self._slots.items()
        }
        self._claim_stand()
        # One before the others: what keeps all of them from running is told once, and waited for once.
        first = next((name for name in self.runs if self._begin(name, requests[name])), None)
        if first is None:
            raise next(iter(self._lost.values()))
        for name in self.runs:
            if name not in self._lost:
                begin = None if name == first else requests[name]
                threading.Thread(target=self._attend, args=(name, begin), name=f"slot {name}", daemon=True).start()

    def ends(self) -> Iterator[SlotEnd]:
        """How each slot ended, in the order in which they do; those that could not be started among them."""
        for _ in self._slots:
            end = None
            while end is None:
                with suppress(Empty):  # in pieces, as Windows looks at Ctrl-C only in between
                    end = self._ended.get(timeout=_POLL_SECONDS)
            yield end
        self._claim.forget(self._joint.id)

    def stop(self, reason: ReasonOrText) -> None:
        """Asks every run to stop, each as ``Run.stop`` does."""
        for run in self.runs.values():
            run.stop(reason)

    def close(self) -> None:
        """Ends all test processes. Closing twice is harmless."""
        threads = [threading.Thread(target=run.close) for run in self.runs.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._opened.close()
        self._claim.forget(self._joint.id)
        self.close_shared()

    def _claim_stand(self) -> None:
        """Until all have ended: else another command could get in between one that is over and one yet to begin."""
        try:
            self._claim.take(self._joint.id)
        except OSError as error:
            detail = error.strerror or str(error)
            lock = str(self._project.state.run_lock)
            raise RunNotPossible(Reason("journal_not_opened", file=lock, detail=detail)) from None

    def _begin(self, name: str, request: StartRequest) -> bool:
        """Whether the run of the slot has begun. Raises what would keep every slot from it."""
        if name in self._lost:
            return False
        try:
            self.runs[name].start(request)
        except StandInUse:
            raise
        except RunNotPossible as problem:
            self._lose(name, problem)
            return False
        return True

    def _attend(self, name: str, request: StartRequest | None) -> None:
        """Begins the run of a slot, unless it has begun, and waits for its end."""
        try:
            if request is not None and not self._begin(name, request):
                return
            report = self.runs[name].wait()
            self._leave_others(name)
            self._ended.put(SlotEnd(name, report))
        except Exception as problem:
            self._lose(name, problem)

    def _leave_others(self, name: str) -> None:
        """Nobody waits for the slot any more."""
        if self._stand is not None:
            self._stand.end_slot(self._joint, name)

    def _lose(self, name: str, problem: Exception) -> None:
        self._leave_others(name)
        self._lost[name] = problem
        self._ended.put(SlotEnd(name, None, problem))
