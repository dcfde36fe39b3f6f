"""The test process's side of the stand process: shared drivers, holds and sync points.

One question at a time waits for its answer, in the thread that runs the test. All waiting is within reach of
interruptions; what is sent and received is not, so that a message is never cut. A question that was given up is told,
and an answer that comes nevertheless is known by its number.
"""

from __future__ import annotations

import itertools
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sequencer.protocol.meeting import Meeting
from sequencer.protocol.shared_values import NotShareable, dump_message, dump_value, load_answer, load_value
from sequencer.protocol.stand import (
    AbandonCall,
    Abandoned,
    ArriveAtSync,
    AskAwaited,
    Begun,
    CallShared,
    Doubtful,
    DriverQuestion,
    EndOnce,
    EnterStand,
    GiveBack,
    Granted,
    LeaveSyncs,
    OpenShared,
    Queued,
    Raised,
    ReadShared,
    Refused,
    Returned,
    Said,
    SaidKind,
    SharedReference,
    SlotMessage,
    StandAnswer,
    TakeHold,
    WriteShared,
)
from sequencer.runtime.drivers import DriverNotOpened
from sequencer.runtime.failures import reason_of
from sequencer.runtime.fork import give_up_in_copies
from sequencer.runtime.shared_object import SharedObject, refer_to
from sequencer.runtime.stand_connection import StandReach, never_readable, readable
from sequencer.vocabulary.failure import Interruption, SharedDriverError, StepError, StepFailed
from sequencer.vocabulary.reason import Reason, ReasonOrText, read_reason, written

if TYPE_CHECKING:
    from sequencer.protocol.request import StandAddress
    from sequencer.runtime.deadline import Interrupts
    from sequencer.runtime.driver_modules import DriverOrigin
    from sequencer.runtime.stand_connection import StandConnection
    from sequencer.vocabulary.status import WaitKind

LOOK_SECONDS = 0.05 if sys.platform == "win32" else 1.0
"""How long a wait for an answer is at a time. Where signals cut it short it need not look up often."""
MOMENT_SECONDS = 0.2
"""A wait that is over sooner is not announced."""
TELLING_SECONDS = 0.5
"""In which the stand process tells where a driver is; where that keeps it from running Python it cannot."""


class WaitListener(Protocol):
    """Who is told of waiting for other slots, and knows where in the YAML the test is."""

    @property
    def place(self) -> str:
        """Of the step that is running."""

    def wait_started(self, kind: WaitKind, names: Sequence[str]) -> None:
        """It has waited for a moment, and waits on."""

    def wait_finished(self, kind: WaitKind, names: Sequence[str], seconds: float) -> None:
        """It has waited so long in all."""

    def said(self, what: SaidKind, arguments: Sequence[object]) -> None:
        """The shared driver that is called says something of the step; see ``protocol.stand.Said``."""


class SharedDriverSource(NamedTuple):
    """A driver as a generated project declares it: ``origin`` says where it is found, from ``folder``."""

    name: str
    folder: str
    driver_folders: Sequence[str]
    origin: DriverOrigin
    arguments: Mapping[str, object]
    reopens: bool = True
    factory: bool = False
    simulated: bool = False


class StandClient:
    """The connection of a test process, which runs ``slot`` of ``start``; ``slots`` are all that take part in that.

    ``counts_waiting`` says whether the time that is spent in waiting for others counts for timeouts. Whatever cannot be
    done raises ``StepError``, also when the stand process is gone.
    """

    def __init__(
        self,
        address: StandAddress,
        interrupts: Interrupts,
        listener: WaitListener,
        *,
        start: str,
        slot: str,
        slots: Sequence[str],
    ) -> None:
        self.counts_waiting = False
        self._reach = StandReach(address, interrupts)
        self._interrupts = interrupts
        self._listener = listener
        self._enter = EnterStand(start, slot, list(slots))
        self._numbers = itertools.count(1)
        self._connection: StandConnection | None = None
        self._is_readable: Callable[[float], bool] = never_readable
        self._left: list[str] = []
        self._closed = False
        self._holds = 0
        self._lost_holds = False
        self._dropped: list[int] = []
        self._opened: dict[str, tuple[SharedDriverSource, Callable[[object], None] | None]] = {}
        give_up_in_copies(_closing(weakref.ref(self)))

    # Shared drivers.

    def open(self, source: SharedDriverSource, check: Callable[[object], None] | None = None) -> object:
        """The driver, opened where it is not yet; ``check`` looks at one that is reopened, and raises.

        Raises what opening raises, as ``SharedDriverError``.
        """
        opened = self._open(source)
        self._opened[source.name] = source, check
        return opened

    def call(
        self, reference: SharedReference, method: str | None, arguments: tuple[object, ...], named: Mapping[str, object]
    ) -> object:
        """Calls a method of a shared object, or the object itself. Raises what it raises, as ``SharedDriverError``."""
        payload = self._pack_call(reference.driver, arguments, named)
        dropped, self._dropped = self._dropped, []
        return self._ask_driver(
            lambda number, place: CallShared(
                number, reference.driver, place, reference.number, method, payload, dropped
            )
        )

    def read(self, reference: SharedReference, attribute: str) -> object:
        """The value of an attribute. Raises ``AttributeError`` where there is none."""
        try:
            return self._ask_driver(
                lambda number, place: ReadShared(number, reference.driver, place, reference.number, attribute)
            )
        except SharedDriverError as error:
            if error.kind == AttributeError.__name__:
                raise AttributeError(str(error)) from error
            raise

    def write(self, reference: SharedReference, attribute: str, value: object) -> None:
        """Sets an attribute."""
        payload = self._pack(reference.driver, attribute, value)
        self._ask_driver(
            lambda number, place: WriteShared(number, reference.driver, place, reference.number, attribute, payload)
        )

    def drop(self, reference: SharedReference) -> None:
        """Nobody here has the object any more; may be called at any time."""
        if reference.number:
            self._dropped.append(reference.number)

    # Holds and sync points.

    @contextmanager
    def hold(self, place: str, names: Sequence[str], timeout: float | None = None) -> Iterator[None]:
        """Nobody else uses the drivers ``names`` inside the block. Waits at most ``timeout`` seconds for them."""
        number = next(self._numbers)
        self._holds += 1
        try:
            self._ask(
                TakeHold(number, list(names), place),
                ("hold", names),
                timeout=timeout,
                late=lambda slots: Reason("hold_late", names=list(names), seconds=timeout, slot=", ".join(slots)),
            )
            yield
        finally:
            self._holds -= 1
            self._tell(GiveBack(number))

    @contextmanager
    def sync(self, place: str, point: str, timeout: float | None = None, *, once: bool = False) -> Iterator[Meeting]:
        """Waits for the other slots, at most ``timeout`` seconds; who is chosen does in the block what one does for
        all. They wait for its end, and fail if it fails. ``once``: there is something to do.
        """
        number = next(self._numbers)
        meeting = Meeting(chosen=False)
        try:
            granted = self._ask(
                ArriveAtSync(number, point, place, once),
                ("sync", [point]),
                timeout=timeout,
                late=lambda slots: Reason("sync_late", name=point, seconds=timeout, slot=", ".join(slots)),
            )
            assert isinstance(granted, Granted)
            meeting = Meeting(granted.once, granted.judged, granted.limited)
            yield meeting
        except BaseException as error:
            self._tell(EndOnce(number, written(reason_of(error)), missed=isinstance(error, StepFailed)))
            raise
        self._tell(EndOnce(number, None, meeting.judged, meeting.limited))

    def leave(self, points: Sequence[str]) -> None:
        """This slot comes to the sync points ``points`` no more: nobody is to wait for it there."""
        new = [point for point in dict.fromkeys(points) if point not in self._left]
        if not new:
            return
        self._left += new
        if self._connection is not None:
            self._tell(LeaveSyncs(new))
        else:
            # Others wait for it although it never asked for anything.
            with suppress(StepError):
                self._connect()

    def connect(self) -> None:
        """Is there for the others, before it needs anything itself."""
        if self._connection is None:
            self._connect()

    def close(self) -> None:
        """The run is over: all that this slot holds is given back."""
        self._closed = True
        self._disconnect()

    # The rest is between the two.

    def _open(self, source: SharedDriverSource) -> object:
        payload, origin = self._pack_call(source.name, (), source.arguments), source.origin
        return self._ask(
            OpenShared(
                next(self._numbers),
                source.name,
                self._listener.place,
                source.folder,
                list(source.driver_folders),
                origin.get("file"),
                origin.get("module"),
                origin["target"],
                payload,
                source.reopens,
                source.factory,
                source.simulated,
            ),
            ("call", [source.name]),
        )

    def _ask_driver(self, make: Callable[[int, str], DriverQuestion]) -> object:
        question = make(next(self._numbers), self._listener.place)
        result = self._ask(question, ("call", [question.name]))
        if not isinstance(result, Doubtful):
            return result
        source, check = self._opened[question.name]
        try:
            opened = self._open(source)
            if check is not None:
                check(opened)
        except Exception as error:
            raise DriverNotOpened(Reason("driver_not_reopened", driver=source.name, detail=reason_of(error))) from error
        return self._ask(make(next(self._numbers), self._listener.place), ("call", [question.name]))

    def _ask(
        self,
        question: DriverQuestion | TakeHold | ArriveAtSync,
        waits_for: tuple[WaitKind, Sequence[str]],
        *,
        timeout: float | None = None,
        late: Callable[[list[str]], Reason] | None = None,
    ) -> object:
        try:
            with self._interrupts:
                self._send(question)
            answer = self._answer(question.number)
            if isinstance(answer, Queued):
                answer = self._wait_turn(question.number, waits_for, timeout, late)
            if isinstance(answer, Begun):
                answer = self._answer(question.number)
        except BaseException as error:
            if isinstance(error, Interruption) and not isinstance(question, TakeHold | ArriveAtSync):
                self._abandon(question.number, error)
            else:
                self._tell(GiveBack(question.number))
            raise
        assert answer is not None
        return self._taken(answer)

    def _abandon(self, number: int, error: Interruption) -> None:
        """Waits for the answer of a driver no more. ``error`` is told where that was, if it is known soon."""
        # All inside of the block, whose end raises what is due again.
        with self._interrupts:
            stack = self._abandoned(number)
            error.driver_traceback = f"{stack}{type(error).__name__}: {error}" if stack else ""

    def _abandoned(self, number: int) -> str | None:
        self._tell(AbandonCall(number))
        until = time.monotonic() + TELLING_SECONDS
        try:
            while self._connection is not None and self._connection.poll(max(0.0, until - time.monotonic())):
                answer = load_answer(self._connection.recv_bytes())
                if isinstance(answer, Abandoned) and answer.number == number:
                    return answer.stack
                if isinstance(answer, Said) and answer.number == number:
                    self._hear(answer)
        except (OSError, EOFError):
            self._lost()
        return None

    def _wait_turn(
        self,
        number: int,
        waits_for: tuple[WaitKind, Sequence[str]],
        timeout: float | None,
        late: Callable[[list[str]], Reason] | None,
    ) -> StandAnswer:
        kind, names = waits_for
        began = time.monotonic()
        try:
            with nullcontext() if self.counts_waiting else self._interrupts.suspended():
                moment = MOMENT_SECONDS if timeout is None else min(timeout, MOMENT_SECONDS)
                answer = self._answer(number, began, moment)
                if answer is None:
                    self._listener.wait_started(kind, names)
                    answer = self._answer(number, began, timeout)
                if answer is None:
                    assert late is not None
                    with self._interrupts:
                        self._send(AskAwaited(number))
                    answer = self._answer(number)
                    if isinstance(answer, Queued):
                        raise StepError(late(list(answer.slots)))
                assert answer is not None
                return answer
        finally:
            self._listener.wait_finished(kind, names, time.monotonic() - began)

    def _answer(self, number: int, began: float | None = None, seconds: float | None = None) -> StandAnswer | None:
        """The next answer to the question ``number``; ``None`` when none comes within ``seconds`` from ``began`` on."""
        while True:
            look = LOOK_SECONDS
            if began is not None and seconds is not None:
                look = min(look, began + seconds - time.monotonic())
            connection = self._connection
            if connection is None:
                raise StepError(Reason("stand_process_gone"))
            try:
                if self._is_readable(max(0.0, look)):
                    with self._interrupts:
                        answer = load_answer(connection.recv_bytes())
                    if answer.number == number:
                        if not isinstance(answer, Said):
                            return answer
                        self._hear(answer)
                elif look <= 0:
                    return None
            except (OSError, EOFError):
                raise self._lost() from None

    def _hear(self, said: Said) -> None:
        arguments = load_value(said.payload, self._shared)
        assert isinstance(arguments, tuple)
        self._listener.said(said.what, arguments)

    def _taken(self, answer: StandAnswer) -> object:
        match answer:
            case Returned():
                return load_value(answer.payload, self._shared)
            case Raised():
                raise _raised(answer)
            case Refused():
                reason = read_reason(answer.reason)
                raise StepFailed(reason) if answer.missed else StepError(reason)
        return answer

    def _shared(self, driver: str, number: int, kind: str, methods: frozenset[str], function: bool) -> object:
        shared = SharedObject(self, SharedReference(driver, number, kind, methods, function))
        if not function:
            return shared

        def call(*arguments: object, **named: object) -> object:
            return shared(*arguments, **named)

        call.__name__ = kind
        return call

    def _pack_call(self, driver: str, arguments: tuple[object, ...], named: Mapping[str, object]) -> bytes:
        try:
            return dump_value((arguments, dict(named)), refer_to(driver))
        except NotShareable:
            for position, value in enumerate(arguments, start=1):
                self._pack(driver, str(position), value)
            for name, value in named.items():
                self._pack(driver, name, value)
            raise

    @staticmethod
    def _pack(driver: str, name: str, value: object) -> bytes:
        try:
            return dump_value(value, refer_to(driver))
        except NotShareable as error:
            raise StepError(Reason("not_shareable", name=name, driver=driver, found=str(error))) from None

    def _connect(self) -> None:
        if self._closed or (self._lost_holds and self._holds):
            # What was to be kept from the others is not any more: nothing goes on inside that hold.
            raise StepError(Reason("stand_process_gone"))
        from multiprocessing import AuthenticationError

        connection = None
        try:
            connection = self._reach.connect()
            with self._interrupts:
                connection.send_bytes(dump_message(self._enter))
                if self._left:
                    connection.send_bytes(dump_message(LeaveSyncs(self._left)))
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, OSError | EOFError | AuthenticationError):
                raise self._lost() from None
            raise
        self._connection, self._lost_holds = connection, False
        self._is_readable = readable(connection)

    def _there(self) -> StandConnection:
        if self._connection is None:
            self._connect()
        assert self._connection is not None
        return self._connection

    def _send(self, message: SlotMessage) -> None:
        known = self._connection is not None
        try:
            self._there().send_bytes(dump_message(message))
        except OSError:
            lost = self._lost()
            if not known:
                raise lost from None
            # It was gone before: another may have taken over, and nothing is lost.
            self._send(message)

    def _tell(self, message: SlotMessage) -> None:
        """Sends what has no answer; whom it would matter to is gone when it cannot be sent."""
        if self._connection is not None:
            with self._interrupts:
                try:
                    self._connection.send_bytes(dump_message(message))
                except OSError:
                    self._lost()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._dropped.clear()
        if connection is not None:
            connection.close()

    def _lost(self) -> StepError:
        self._lost_holds = self._lost_holds or self._holds > 0
        self._disconnect()
        return StepError(Reason("stand_process_gone"))


def _closing(client: weakref.ref[StandClient]) -> Callable[[], object]:
    """Lets go of the connection: what a copy of the process keeps open would keep what the slot holds."""

    def close() -> None:
        if (there := client()) is not None:
            there.close()

    return close


def _raised(answer: Raised) -> Exception:
    reason: ReasonOrText = read_reason(answer.reason, answer.text)
    if answer.judged == "failed":
        return StepFailed(reason, answer.error_code)
    if answer.judged == "error":
        return StepError(reason)
    return SharedDriverError(answer.kind, answer.text, answer.traceback, answer.error_code)
