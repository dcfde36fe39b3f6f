"""A shared driver: opened, called and closed in a thread of its own, one call after the other.

Some instruments' libraries bear no other thread than the one that opened them; and a call never overlaps another.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from types import BuiltinFunctionType, FunctionType
from typing import Protocol

from sequencer.expressions.value import plain, refuse_unfinished
from sequencer.protocol.shared_values import NotShareable, dump_value, load_value
from sequencer.protocol.stand import (
    Begun,
    CallShared,
    Doubtful,
    DriverQuestion,
    OpenShared,
    Raised,
    ReadShared,
    Refused,
    Returned,
    SharedReference,
    StandAnswer,
    WriteShared,
)
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.driver_object import DriverObject
from sequencer.runtime.failures import driver_stack, driver_traceback, kind_and_text
from sequencer.stand_process.holds import HoldRequest
from sequencer.stand_process.interruption import CallWithdrawn, Interruptible
from sequencer.stand_process.references import record_of, reference_to
from sequencer.stand_process.speaking import DriverThread, Voice
from sequencer.vocabulary.attribute import set_known
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.reason import Reason, written

LOOK_SECONDS = 0.05
"""How soon it is seen that a driver hangs which is to be closed."""


class Asker(Protocol):
    """The slot that asks: it hears the answer, and knows the objects that it was given references for."""

    @property
    def slot(self) -> str:
        """Its name."""

    def send(self, answer: StandAnswer) -> None:
        """Answers; one that is gone hears nothing."""

    def keep(self, value: object) -> int:
        """The number of a reference to ``value``, which lives as long as that."""

    def kept(self, number: int) -> object:
        """What the number stands for. Raises ``KeyError``."""


@dataclass(slots=True, eq=False)
class DriverTurn:
    """One question to a driver, from being asked to being answered. ``request`` is what makes it wait for its turn."""

    asker: Asker
    question: DriverQuestion
    request: HoldRequest
    asked: float
    queued: bool = False
    withdrawn: bool = False

    @property
    def number(self) -> int:
        """What the slot knows the question by."""
        return self.question.number


@dataclass(frozen=True, slots=True)
class _Origin:
    folder: str
    file: str | None
    module: str | None
    target: str
    arguments: Mapping[str, object]


class SharedDriver:
    """``finished`` is told, in the driver's thread, when a turn is over; ``modules`` imports, from a project's folder.

    ``running`` is the turn that goes on; ``hung``: nobody waits for it any more, and it has not ended when it should.
    """

    def __init__(
        self,
        name: str,
        finished: Callable[[DriverTurn], None],
        modules: Callable[[OpenShared], DriverModules],
    ) -> None:
        self.name = name
        self.hung = False
        self.running: DriverTurn | None = None
        self._finished = finished
        self._modules = modules
        self._turns: SimpleQueue[DriverTurn | None] = SimpleQueue()
        self._interruptible = Interruptible()
        self._object = DriverObject()
        self._changing = threading.Lock()
        self._origin: _Origin | None = None
        self._in_doubt = False
        self._reopens = True
        self._users: dict[Asker, None] = {}
        self._failed: tuple[float, _Origin, Raised] | None = None
        self._voice = Voice(name)
        self._thread = DriverThread(target=self._work, name=name, daemon=True)
        self._thread.voice = self._voice
        self._thread.start()

    def take(self, turn: DriverTurn) -> None:
        """It is this one's turn."""
        self._turns.put(turn)

    def stack(self, turn: DriverTurn) -> str | None:
        """Where the driver is at the moment, if this turn goes on."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        return driver_stack(frame) if self.running is turn else None

    def interrupt(self, turn: DriverTurn) -> None:
        """Nobody waits for it any more: what the driver does in Python ends soon, and may clean up behind itself."""
        self._interruptible.interrupt(turn)

    def forget(self, asker: Asker) -> None:
        """The slot is gone, and its arguments with it."""
        self._users.pop(asker, None)

    def end(self) -> None:
        """Closes the driver once what was asked of it is done; see ``join``."""
        self._turns.put(None)

    def join(self, seconds: float) -> bool:
        """Waits until it is closed; false when that takes longer, or once it hangs in a call: it never will be then."""
        until = time.monotonic() + seconds
        while self._thread.is_alive() and not self.hung and (left := until - time.monotonic()) > 0:
            self._thread.join(min(left, LOOK_SECONDS))
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (turn := self._turns.get()) is not None:
            self.running = turn
            if turn.queued and not turn.withdrawn:
                turn.asker.send(Begun(turn.question.number))
            self._voice.begin(turn)
            answer = None if turn.withdrawn else self._answer(turn)
            self._voice.end()
            self.running = None
            # First, so that who asks when the answer is there does not wait for this one.
            self._finished(turn)
            if answer is not None and not turn.withdrawn:
                turn.asker.send(answer)
        self._close()

    def _answer(self, turn: DriverTurn) -> StandAnswer | None:
        question = turn.question
        answers: list[StandAnswer] = []
        error = self._interruptible.run(turn, lambda: answers.append(self._result(turn)))
        if error is None:
            return answers[0]
        if isinstance(error, StepError | StepFailed):
            judged = Raised(question.number, type(error).__name__, str(error), judged="error")
            if isinstance(error, StepFailed):
                judged = judged._replace(judged="failed", error_code=error.error_code)
            return judged._replace(reason=written(error.reason))
        self._in_doubt = self._in_doubt or self._reopens
        if isinstance(error, CallWithdrawn):
            return None
        kind, text = kind_and_text(error)
        code = getattr(error, "error_code", None)
        code = code if isinstance(code, int) else None
        return Raised(question.number, kind, text, driver_traceback(error, None), code)

    def _result(self, turn: DriverTurn) -> StandAnswer:
        question = turn.question
        if turn.withdrawn:
            raise CallWithdrawn
        if isinstance(question, OpenShared):
            return self._open(turn, question)
        if self._origin is None or self._in_doubt:
            return Doubtful(question.number)
        on = self._object.opened if question.reference == 0 else turn.asker.kept(question.reference)
        match question:
            case ReadShared():
                result = getattr(on, question.attribute)
            case WriteShared():
                set_known(on, question.attribute, self._load(turn.asker, question.payload))
                result = None
            case CallShared():
                called = on if question.method is None else getattr(on, question.method)
                given = self._load(turn.asker, question.payload)
                if not callable(called):
                    raise TypeError(f"{type(called).__name__!r} object is not callable")
                assert isinstance(given, tuple)
                result = called(*given[0], **given[1])
        return self._returned(turn.asker, question.number, result)

    def _returned(self, asker: Asker, number: int, result: object) -> StandAnswer:
        try:
            return Returned(number, self._dump(asker, plain(result)))
        except NotShareable as error:
            reason = Reason("result_not_shareable", driver=self.name, found=str(error))
            return Refused(number, written(reason))

    def open_already(self, asker: Asker, question: OpenShared) -> StandAnswer | None:
        """The answer where the driver is open as it is wanted, which needs no turn: others may be using it for long."""
        if not self._changing.acquire(blocking=False):
            return None
        try:
            if self._origin is None or self._in_doubt or _difference(self._origin, self._wanted(asker, question)):
                return None
            self._users[asker] = None
            return self._opened(asker, question.number)
        except Exception:  # arguments that cannot be read here: in its turn that is told
            return None
        finally:
            self._changing.release()

    def _wanted(self, asker: Asker, question: OpenShared) -> _Origin:
        given = self._load(asker, question.payload)
        assert isinstance(given, tuple)
        return _Origin(question.folder, question.file, question.module, question.target, given[1])

    def _open(self, turn: DriverTurn, question: OpenShared) -> StandAnswer:
        with self._changing:
            return self._open_as_wanted(turn, question)

    def _open_as_wanted(self, turn: DriverTurn, question: OpenShared) -> StandAnswer:
        origin = self._wanted(turn.asker, question)
        if self._origin is not None:
            different = _difference(self._origin, origin)
            if different is None and not self._in_doubt:
                self._users[turn.asker] = None
                return self._opened(turn.asker, question.number)
            # A copy: others leave meanwhile.
            others = [user.slot for user in list(self._users) if user is not turn.asker]
            if different is not None and others:
                name, before, found = different
                raise StepError(
                    Reason(
                        "shared_differently", driver=self.name, name=name, slot=others[0], before=before, found=found
                    )
                )
            self._close()
        if self._failed is not None and self._failed[0] >= turn.asked and _difference(self._failed[1], origin) is None:
            # Whoever waited while it could not be opened need not wait for another try.
            return self._failed[2]._replace(number=question.number)
        try:
            module = self._modules(question).load(
                {"file": question.file, "module": question.module, "target": question.target}, for_stand=False
            )
            target = getattr(module, question.target)
            self._object.open(target, origin.arguments, factory=question.factory)
        except CallWithdrawn:
            self._close()
            raise
        except BaseException as error:
            self._close()
            kind, text = kind_and_text(error)
            raised = Raised(question.number, kind, text, driver_traceback(error, None))
            self._failed = time.monotonic(), origin, raised
            return raised
        self._origin, self._in_doubt, self._failed = origin, False, None
        self._reopens = question.reopens and not self._object.is_plain
        self._users[turn.asker] = None
        return self._opened(turn.asker, question.number)

    def _opened(self, asker: Asker, number: int) -> StandAnswer:
        opened = self._object.opened
        if type(opened).__module__ == "builtins" and not isinstance(opened, FunctionType | BuiltinFunctionType):
            return self._returned(asker, number, opened)
        return Returned(number, dump_value(opened, lambda value: reference_to(self.name, value, 0)))

    def _close(self) -> None:
        close = self._object.take()
        self._origin, self._in_doubt = None, False
        if close is not None:
            try:
                close()
            except CallWithdrawn:
                raise
            except BaseException as error:
                kind, text = kind_and_text(error)
                print(f"hardseq: the driver {self.name!r} could not be closed: {kind}: {text}", file=sys.stderr)

    def _load(self, asker: Asker, payload: bytes) -> object:
        def resolve(driver: str, number: int, kind: str, methods: frozenset[str], function: bool) -> object:
            return asker.kept(number) if number else self._object.opened

        return load_value(payload, resolve)

    def _dump(self, asker: Asker, value: object) -> bytes:
        def refer(each: object) -> SharedReference | dict[str, object]:
            refuse_unfinished(each)
            if (record := record_of(each)) is not None:
                return record
            return reference_to(self.name, each, 0 if each is self._object.opened else asker.keep(each))

        return dump_value(value, refer)


def _difference(one: _Origin, other: _Origin) -> tuple[str, str, str] | None:
    """The first of what makes two drivers different, in words: its name, and both values."""
    for name in ("folder", "file", "module", "target"):
        if getattr(one, name) != getattr(other, name):
            return name, str(getattr(one, name)), str(getattr(other, name))
    for name in [*one.arguments, *(name for name in other.arguments if name not in one.arguments)]:
        before, found = one.arguments.get(name, _ABSENT), other.arguments.get(name, _ABSENT)
        if not _is_same(before, found):
            return name, f"{before!r:.80}", f"{found!r:.80}"
    return None


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()


def _is_same(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # values may do anything
        return False
