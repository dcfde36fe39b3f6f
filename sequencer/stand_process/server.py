"""Serves the test processes of the slots: a thread for each connection, one for each shared driver."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path

from sequencer.protocol.shared_values import dump_message, load_question
from sequencer.protocol.stand import (
    AbandonCall,
    Abandoned,
    ArriveAtSync,
    AskAwaited,
    CallShared,
    DriverQuestion,
    EndOnce,
    EnterStand,
    GiveBack,
    Granted,
    LeaveSyncs,
    OpenShared,
    Queued,
    ReadShared,
    Refused,
    SlotMessage,
    StandAnswer,
    TakeHold,
    WriteShared,
)
from sequencer.runtime.driver_modules import DriverModules
from sequencer.stand_process.arbiter import Arbiter, Wait
from sequencer.stand_process.holds import HoldRequest, SlotOwner
from sequencer.stand_process.shared_driver import DriverTurn, SharedDriver
from sequencer.stand_process.sync_points import Arrival
from sequencer.vocabulary.reason import Reason, read_reason, written


class SlotSession:
    """The connection of one test process. ``asked`` holds what it asked for and has not given back, by number."""

    def __init__(self, connection: Connection, owner: SlotOwner) -> None:
        self.owner = owner
        self.asked: dict[int, Wait] = {}
        self._connection = connection
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: dict[int, object] = {}

    @property
    def slot(self) -> str:
        """The slot's name."""
        return self.owner.slot

    def send(self, answer: StandAnswer) -> None:
        """Answers; one that is gone hears nothing."""
        data = dump_message(answer)
        with self._lock, suppress(OSError, ValueError):
            self._connection.send_bytes(data)

    def keep(self, value: object) -> int:
        """The number of a new reference to ``value``."""
        number = next(self._numbers)
        self._kept[number] = value
        return number

    def kept(self, number: int) -> object:
        """What it stands for. Raises ``KeyError``."""
        return self._kept[number]

    def drop(self, numbers: Sequence[int]) -> None:
        """The test process has these no more."""
        for number in numbers:
            self._kept.pop(number, None)


class StandServer:
    """Whoever has the ``key`` may connect.

    A call that nobody waits for any more gets ``grace`` seconds to end in, before its driver counts as hung.
    ``opens_real`` is called before a driver is opened that is not simulated.
    """

    def __init__(self, key: bytes, grace: float, opens_real: Callable[[], object] = lambda: None) -> None:
        self._key = key
        self._opens_real = opens_real
        self._grace = grace
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._arbiter = Arbiter()
        self._numbers = itertools.count(1)
        self._sessions: set[SlotSession] = set()
        self._waits: dict[Wait, tuple[SlotSession, int, DriverTurn | None]] = {}
        self._turns: dict[Wait, DriverTurn] = {}
        self._drivers: dict[str, SharedDriver] = {}
        self._modules: dict[str, DriverModules] = {}

    def serve(self, listener: Listener) -> None:
        """Takes connections as long as there are any."""
        while True:
            try:
                connection = listener.accept()
            except OSError:
                # Somebody left while connecting; but where nothing can be had, that is for a while.
                time.sleep(0.01)
                continue
            threading.Thread(target=self._talk, args=(connection,), name="slot", daemon=True).start()

    @property
    def hung(self) -> bool:
        """Whether a driver's call goes on that nobody waits for."""
        return any(driver.hung for driver in list(self._drivers.values()))

    @property
    def used(self) -> bool:
        """Whether a test process is connected."""
        return bool(self._sessions)

    def end_slot(self, start: str, slot: str, slots: Sequence[str]) -> None:
        """The run of a slot is over, or never began; ``slots`` are all that take part in the start."""
        with self._lock:
            self._arbiter.ended(start, slot, slots)
            self._settle()

    def wait_unused(self) -> None:
        """Waits until no test process is connected."""
        with self._lock:
            self._changed.wait_for(lambda: not self._sessions)

    def close(self, seconds: float) -> bool:
        """Closes all drivers, the last opened first, each in its thread; whether they did within ``seconds``.

        One that still works for nobody gets the rest of its ``grace`` to come back in.
        """
        until = time.monotonic() + seconds
        closed = True
        for driver in reversed(list(self._drivers.values())):
            driver.end()
            closed = driver.join(until - time.monotonic()) and closed
        return closed

    def _talk(self, connection: Connection) -> None:
        session = None
        try:
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            enter = load_question(connection.recv_bytes())
            assert isinstance(enter, EnterStand)
            session = self._enter(connection, enter)
            while True:
                self._hear(session, load_question(connection.recv_bytes()))
        except (OSError, EOFError, AuthenticationError):
            pass  # it is gone, or was none of ours
        finally:
            if session is not None:
                self._leave(session)
            connection.close()

    def _enter(self, connection: Connection, enter: EnterStand) -> SlotSession:
        with self._lock:
            owner = SlotOwner(enter.start, enter.slot, next(self._numbers))
            session = SlotSession(connection, owner)
            self._sessions.add(session)
            self._arbiter.enter(owner, enter.slots)
        return session

    def _leave(self, session: SlotSession) -> None:
        with self._lock:
            for number in list(session.asked):
                self._give_back(session, number)
            for driver in self._drivers.values():
                driver.forget(session)
            self._arbiter.gone(session.owner)
            self._sessions.discard(session)
            self._settle()
            self._changed.notify_all()

    def _hear(self, session: SlotSession, message: SlotMessage) -> None:
        match message:
            case CallShared() | ReadShared() | WriteShared() | OpenShared():  # the most of all by far
                self._ask(session, message)
            case TakeHold():
                self._hold(session, message)
            case ArriveAtSync():
                arrival = Arrival(session.slot, message.point, message.place, message.once)
                with self._lock:
                    self._arbiter.arrive(session.owner, arrival)
                    self._await(session, message.number, arrival)
            case EndOnce():
                self._end_once(session, message)
            case GiveBack():
                with self._lock:
                    self._give_back(session, message.number)
                    self._settle()
            case AbandonCall():
                self._abandon(session, message)
            case AskAwaited():
                with self._lock:
                    if session.asked.get(message.number) in self._waits:
                        session.send(Queued(message.number, self._arbiter.awaited(session.owner)))
            case LeaveSyncs():
                with self._lock:
                    self._arbiter.leave(session.owner, message.points)
                    self._settle()

    def _end_once(self, session: SlotSession, message: EndOnce) -> None:
        with self._lock:
            arrived = session.asked.pop(message.number, None)
            if isinstance(arrived, Arrival):
                failure = None if message.failure is None else read_reason(message.failure)
                judged = message.judged, message.limited
                self._arbiter.end_once(session.owner, arrived, failure, judged, missed=message.missed)
                self._settle()

    def _abandon(self, session: SlotSession, message: AbandonCall) -> None:
        with self._lock:
            wait = session.asked.get(message.number)
            turn = None if wait is None else self._turns.get(wait)
            stack = None if turn is None else self._drivers[turn.question.name].stack(turn)
            self._give_back(session, message.number)
            session.send(Abandoned(message.number, stack))
            self._settle()

    def _hold(self, session: SlotSession, message: TakeHold) -> None:
        names = frozenset(message.names)
        request = HoldRequest(session.owner, names, message.place)
        with self._lock:
            # Not what calls have: one may just be over, another one go on that was given up.
            holds = [each for each in session.asked.values() if isinstance(each, HoldRequest)]
            held = frozenset[str]().union(*(each.names for each in holds if each not in self._turns))
            reason = self._hung_of(names)
            if held and not names <= held:
                reason = Reason("hold_in_hold", names=sorted(held))
            if reason is not None:
                session.send(Refused(message.number, written(reason)))
                return
            self._arbiter.ask(request)
            self._await(session, message.number, request)

    def _ask(self, session: SlotSession, question: DriverQuestion) -> None:
        request = HoldRequest(session.owner, frozenset([question.name]), question.place, call=True)
        turn = DriverTurn(session, question, request, time.monotonic())
        session.drop(getattr(question, "dropped", ()))
        with self._lock:
            reason = self._hung_of(request.names)
            if reason is not None:
                session.send(Refused(question.number, written(reason)))
                return
            if question.name not in self._drivers:
                self._drivers[question.name] = SharedDriver(question.name, self._finished, self._modules_of)
            if isinstance(question, OpenShared):
                answer = self._drivers[question.name].open_already(session, question)
                if answer is not None:
                    session.send(answer)
                    return
                if not question.simulated:
                    self._opens_real()
            self._arbiter.ask(request)
            self._await(session, question.number, request, turn)

    def _await(self, session: SlotSession, number: int, wait: Wait, turn: DriverTurn | None = None) -> None:
        """What was asked for goes on at once, or the test process is told that it has to wait."""
        session.asked[number] = wait
        self._waits[wait] = session, number, turn
        self._settle(wait)
        if wait in self._waits:
            self._queue(session, number, turn, self._arbiter.awaited(session.owner))

    def _queue(self, session: SlotSession, number: int, turn: DriverTurn | None, slots: Sequence[str]) -> None:
        if turn is not None:
            turn.queued = True
        session.send(Queued(number, list(slots)))

    def _settle(self, new: Wait | None = None) -> None:
        """Carries out what became of waits; ``new`` is one that was not told to wait yet."""
        for wait, what, reason, judged in self._arbiter.settle():
            if wait not in self._waits:
                continue
            session, number, turn = self._waits.pop(wait)
            if reason is not None:
                session.asked.pop(number, None)
                session.send(Refused(number, written(reason), what == "miss"))
            elif turn is None:
                if what == "go" and isinstance(wait, Arrival):
                    session.asked.pop(number, None)
                session.send(Granted(number, what == "once", *judged))
            else:
                driver = self._drivers[turn.question.name]
                if wait is new and (busy := driver.running) is not None and busy is not turn:
                    # A call goes on that was given up.
                    self._queue(session, number, turn, [busy.asker.slot])
                self._turns[wait] = turn
                driver.take(turn)

    def _give_back(self, session: SlotSession, number: int) -> None:
        wait = session.asked.get(number)
        if wait is None:
            return
        del session.asked[number]
        self._waits.pop(wait, None)
        if isinstance(wait, Arrival):
            self._arbiter.withdraw(session.owner, wait)
        elif (turn := self._turns.get(wait)) is None:
            self._arbiter.give_back(wait)
        else:
            # It goes on, in the driver: what that does for nobody it shall not do for long.
            turn.withdrawn = True
            driver = self._drivers[turn.question.name]
            driver.interrupt(turn)
            timer = threading.Timer(self._grace, self._judge_hung, (driver, turn))
            timer.daemon = True
            timer.start()

    def _finished(self, turn: DriverTurn) -> None:
        """In the driver's thread: the next one may."""
        with self._lock:
            driver = self._drivers[turn.question.name]
            driver.hung = False
            self._turns.pop(turn.request, None)
            if isinstance(turn.asker, SlotSession):
                turn.asker.asked.pop(turn.question.number, None)
            self._arbiter.give_back(turn.request)
            self._settle()

    def _judge_hung(self, driver: SharedDriver, turn: DriverTurn) -> None:
        with self._lock:
            if driver.running is not turn:
                return
            driver.hung = True
            reason = self._hung_of([driver.name])
            assert reason is not None
            behind = [each for each in self._turns.values() if each.question.name == driver.name and each is not turn]
            for each in behind:
                if not each.withdrawn and isinstance(each.asker, SlotSession):
                    each.withdrawn = True
                    each.asker.send(Refused(each.question.number, written(reason)))
            for request in self._arbiter.wanted(driver.name):
                self._arbiter.give_back(request)
                session, number, _ = self._waits.pop(request)
                session.asked.pop(number, None)
                session.send(Refused(number, written(reason)))
            self._settle()

    def _hung_of(self, names: Sequence[str] | frozenset[str]) -> Reason | None:
        for name in names:
            driver = self._drivers.get(name)
            turn = None if driver is None else driver.running
            if driver is not None and driver.hung and turn is not None:
                return Reason("shared_hung", driver=name, slot=turn.asker.slot, place=turn.question.place)
        return None

    def _modules_of(self, question: OpenShared) -> DriverModules:
        # Drivers are opened in several threads.
        with self._lock:
            if question.folder not in self._modules:
                self._modules[question.folder] = DriverModules(Path(question.folder), question.driver_folders)
                self._modules[question.folder].add_folders()
            return self._modules[question.folder]
