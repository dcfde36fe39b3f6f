"""Branches of one case: steps of a ``parallel`` in threads of their own.

A branch's thread carries out steps and calls drivers. Whatever a step asks of its case is done by the case's own
thread, one thing after the other: events, variables, failures and deadlines need no locks, and an interruption strikes
that thread alone. It passes it on to the branches, between two steps of Python as ``stand_process.interruption`` does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING

from sequencer.report.event import Event, OperatorMessageShown
from sequencer.runtime.case import AttemptContext, Branches
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.tries import RecordedCounts
from sequencer.steps.base import DialogAnswer, StepRun
from sequencer.vocabulary.failure import CaseLeftOut, Interruption, TimedOut, TimedSubject

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription

LOOK_SECONDS = 0.05
"""How soon a deadline of a branch's step is noticed, at the latest."""
STRIKE_AGAIN = 1.0
"""Seconds after which a branch that swallowed the end of its time is told again."""

Branch = Callable[..., object]
"""Called with the case as the branch has it."""


class BranchStruck(Interruption):
    """Raised in the thread of a branch whose step took too long, or which is to stop."""


class _Request:
    """Something for the case's own thread to do. ``answer`` gets what comes of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work
        self.answer: SimpleQueue[tuple[object, BaseException | None]] = SimpleQueue()

    def carry_out(self) -> None:
        """Does it."""
        try:
            result = self.work()
        except BaseException as error:
            self.answer.put((None, error))
        else:
            self.answer.put((result, None))


class BranchClock(Interrupts):
    """The deadlines of a branch's steps, kept in the case's own thread: nothing strikes that one for them."""

    def __init__(self, outer: Interrupts) -> None:
        self._outer = outer
        self._kept: list[tuple[object, float, TimedOut]] = []
        self.struck = False

    def __enter__(self) -> None:
        """Nothing comes in between."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing came."""

    @property
    def is_due(self) -> bool:
        """Whether the branch was struck for something that its owner does not know yet."""
        return self.struck

    def begin(self, owner: object, subject: TimedSubject, seconds: float) -> None:
        """``owner`` gets ``seconds`` from now on."""
        self._kept.append((owner, time.monotonic() + seconds, TimedOut(subject, seconds)))
        self._outer.watch(owner, subject, seconds)

    def end(self, owner: object) -> TimedOut | None:
        """``owner`` is done; what it would have raised when it took too long."""
        late = None
        self._outer.unwatch(owner)
        for deadline in [each for each in self._kept if each[0] is owner]:
            self._kept.remove(deadline)
            if time.monotonic() >= deadline[1]:
                late = deadline[2]
        self.struck = self.struck and self.expired() is not None
        return late

    def close(self) -> None:
        """The branch has ended, and with it whatever it was at."""
        for owner, _, _ in self._kept:
            self._outer.unwatch(owner)
        self._kept.clear()

    def expired(self) -> TimedOut | None:
        """The error of the deadline that passed first, if one did."""
        now = time.monotonic()
        passed = [deadline for deadline in self._kept if deadline[1] <= now]
        return min(passed, key=lambda deadline: deadline[1])[2] if passed else None

    def is_open(self, error: BaseException) -> bool:
        """Whether ``error`` tells of a deadline whose owner is still at work."""
        return any(deadline[2] is error for deadline in self._kept) or self._outer.is_open(error)


class BranchContext(AttemptContext):
    """The case as one of its branches has it: steps, failures and new variables of its own. Used by the case's own
    thread. ``ended`` is what ended the branch before its last step."""

    def __init__(self, case: AttemptContext, variables: Mapping[str, object]) -> None:
        super().__init__(case.run, case.planned, case.attempt, **variables)
        self._begin_inside(case)
        self._interrupts = self._clock = BranchClock(case.run.interrupts)
        self.struck_by: BaseException | None = None
        self.ended: BaseException | None = None
        self._struck_at = 0.0

    @property
    def tally(self) -> RecordedCounts:
        """What it has recorded and judged."""
        return self._tally

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        """See ``CaseContext``. What struck the branch stands for the deadline or stop that it was struck by."""
        if isinstance(error, BranchStruck):
            error = self.struck_by or error
            if isinstance(error, TimedOut) and step.verb == "dialog":
                error.unanswered = True
        return super().end(step, error)

    def finish(self, error: BaseException | None) -> None:
        """The branch's thread is done; ``error`` is what it ended by."""
        if isinstance(error, BranchStruck):
            error = self._recorded or self.struck_by or error
        if error is not None and error is not self._recorded and not isinstance(error, CaseLeftOut):
            tries = self._tries_left(error)
            if tries is None or tries.failure is None:  # else the next try may make it good
                self._fail_outside(error)
        self._clock.close()
        self.ended = error

    def due(self, outer: BaseException | None) -> bool:
        """Whether its thread is to be struck now: for a deadline of its own, or for what struck the case."""
        why = self._clock.expired() or outer
        if why is None or time.monotonic() - self._struck_at < STRIKE_AGAIN:
            return False
        self.struck_by = why
        self._clock.struck = True
        self._struck_at = time.monotonic()
        return True


class BranchCase:
    """The case as the steps in a branch's thread have it: everything that they ask of it goes to its own thread."""

    def __init__(self, context: BranchContext, requests: SimpleQueue[_Request]) -> None:
        self.full_name = context.full_name
        self.simulated = context.simulated
        self._context = context
        self._requests = requests
        self._dialogs = context.run.dialogs.beside(self._emit, self.sleep)

    def __getattr__(self, name: str) -> Callable[..., object]:
        method: Callable[..., object] = getattr(self._context, name)

        def ask(*arguments: object, **named: object) -> object:
            return self._ask(partial(method, *arguments, **named))

        return ask

    def sleep(self, seconds: float) -> None:
        """See ``CaseContext``."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))

    def ask(self, dialog: DialogDescription) -> DialogAnswer:
        """See ``CaseContext``. The other branches go on meanwhile."""
        return self._dialogs.ask(self.full_name, dialog)

    def tell(self, message: OperatorMessageShown) -> None:
        """See ``CaseContext``."""
        self._dialogs.show(message)

    def read(self, member: object) -> object:
        """See ``CaseContext``."""
        return member() if callable(member) else member

    def _emit(self, event: Event) -> None:
        self._ask(partial(self._context.emit, event))

    def _ask(self, work: Callable[[], object]) -> object:
        request = _Request(work)
        self._requests.put(request)
        result, error = request.answer.get()
        if error is not None:
            raise error
        return result


class _BranchThread(threading.Thread):
    def __init__(self, name: str, context: BranchContext, branch: Branch, requests: SimpleQueue[_Request]) -> None:
        super().__init__(name=name, daemon=True)
        self.context = context
        self._branch = branch
        self._case = BranchCase(context, requests)
        self._requests = requests
        self.done = False

    def run(self) -> None:
        error: BaseException | None = None
        try:
            try:
                self._branch(self._case)
            except BaseException as raised:
                error = raised
            self._leave(error)
        except BranchStruck as struck:  # at the very end
            self._leave(error or struck)

    def _leave(self, error: BaseException | None) -> None:
        self._requests.put(_Request(partial(self._end, error)))

    def _end(self, error: BaseException | None) -> None:
        if not self.done:
            self.done = True
            self.context.finish(error)

    def bury(self) -> None:
        """Ends a branch whose thread is gone without a word."""
        if self.ident is not None and not self.is_alive() and self._requests.empty():
            self._end(BranchStruck())

    def strike(self) -> None:
        """Ends what it does in Python."""
        import ctypes

        assert self.ident is not None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(BranchStruck))


def run_branches(case: AttemptContext, branches: Branches) -> tuple[list[BranchContext], BaseException | None]:
    """Carries them all out at once; how they ended, and what interrupted the case meanwhile."""
    requests: SimpleQueue[_Request] = SimpleQueue()
    variables = case.variables
    threads = [
        _BranchThread(name, BranchContext(case, variables), branch, requests) for name, branch in branches.items()
    ]
    interrupts = case.run.interrupts
    outer: BaseException | None = None
    try:
        for thread in threads:
            with interrupts:
                thread.start()
        while not all(thread.done for thread in threads):
            _serve(requests, interrupts, threads, None)
    except BaseException as error:  # a stop, or a timeout of the case or of the step
        outer = error
    with interrupts:
        while not all(thread.done or thread.ident is None for thread in threads):
            _serve(requests, interrupts, threads, outer)
    return [thread.context for thread in threads], outer


def _serve(
    requests: SimpleQueue[_Request],
    interrupts: Interrupts,
    threads: list[_BranchThread],
    outer: BaseException | None,
) -> None:
    for thread in threads:
        if not thread.done and thread.ident is not None and thread.context.due(outer):
            thread.strike()
    try:
        request = requests.get(timeout=LOOK_SECONDS)
    except Empty:
        for thread in threads:
            thread.bury()
        return
    with interrupts:
        request.carry_out()
