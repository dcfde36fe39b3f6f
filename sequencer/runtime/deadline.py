"""Deadlines and stops: exceptions raised into the code that is running too long, and into nothing else.

An exception that comes out of nowhere may only strike code that can bear it: a driver's, not the journal's. So
interruptions are raised while ``run`` executes a body, and wait while anything of hardseq inside that body works: such
code says ``with interrupts:``. What came meanwhile is raised at the end of that block.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Protocol

from sequencer.runtime.fork import end_copy
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import Stopped, TimedOut, TimedSubject
from sequencer.vocabulary.reason import ReasonOrText

REPEAT_SECONDS = 1.0
"""An alarm that was not cancelled comes again, for code that swallows the exception it led to."""


class Alarm(Protocol):
    """Calls ``wake`` in the main thread."""

    def set(self, seconds: float) -> None:
        """``wake`` in ``seconds``, and again every ``REPEAT_SECONDS``; replaces an alarm set before."""

    def cancel(self) -> None:
        """No alarm any more."""

    def alert(self) -> None:
        """``wake`` now; may be called from any thread."""

    def close(self) -> None:
        """Gives back what was taken."""


def make_alarm(wake: Callable[[], None]) -> Alarm:
    """The best alarm of this platform; in another than the main thread one that never rings."""
    if threading.current_thread() is not threading.main_thread():
        return SilentAlarm()
    if sys.platform == "win32":
        return ThreadAlarm(wake, signal.SIGBREAK)
    else:  # noqa: RET505  # mypy follows the platform through branches alone
        return SignalAlarm(wake)


class SilentAlarm:
    """Python runs signal handlers in the main thread alone: tests in another one have no timeouts."""

    def set(self, seconds: float) -> None:
        """Nothing."""

    def cancel(self) -> None:
        """Nothing."""

    def alert(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


if sys.platform != "win32":

    class SignalAlarm:
        """``setitimer`` and ``SIGALRM``."""

        def __init__(self, wake: Callable[[], None]) -> None:
            def handle(number: int, frame: FrameType | None) -> None:
                wake()

            self._before = signal.signal(signal.SIGALRM, handle)
            self._thread = threading.get_ident()

        def set(self, seconds: float) -> None:
            """See ``Alarm``."""
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6), REPEAT_SECONDS)

        def cancel(self) -> None:
            """See ``Alarm``."""
            signal.setitimer(signal.ITIMER_REAL, 0)

        def alert(self) -> None:
            """Sent to the main thread itself, so that it is that thread's blocking call which is interrupted."""
            signal.pthread_kill(self._thread, signal.SIGALRM)

        def close(self) -> None:
            """See ``Alarm``."""
            self.cancel()
            signal.signal(signal.SIGALRM, self._before)


class ThreadAlarm:
    """A thread that waits, and ``interrupt_main`` with a signal that this class takes over."""

    def __init__(self, wake: Callable[[], None], number: signal.Signals) -> None:
        def handle(number: int, frame: FrameType | None) -> None:
            wake()

        self._number = number
        self._before = signal.signal(number, handle)
        self._changed = threading.Condition()
        self._due: float | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def set(self, seconds: float) -> None:
        """See ``Alarm``."""
        self._change(time.monotonic() + seconds)

    def cancel(self) -> None:
        """See ``Alarm``."""
        self._change(None)

    def alert(self) -> None:
        """See ``Alarm``."""
        _thread.interrupt_main(self._number)

    def close(self) -> None:
        """See ``Alarm``."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        signal.signal(self._number, self._before)

    def _change(self, due: float | None) -> None:
        with self._changed:
            self._due = due
            if due is not None and self._thread is None:
                self._thread = threading.Thread(target=self._wait, name="alarm", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _wait(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                else:
                    self._due = time.monotonic() + REPEAT_SECONDS
                    self.alert()


@dataclass(slots=True, eq=False)
class Deadline:
    """``owner`` must be done by ``when`` (monotonic seconds); ``error`` is what was, or would be, raised."""

    owner: object
    when: float
    error: TimedOut


class Interrupts:
    """The deadlines and the stop of one process.

    ``announce`` is told the seconds that are left until the nearest deadline, ``None`` when there is none any more, so
    that somebody outside can watch over code that no exception reaches. ``stoppable`` false keeps a stop waiting.
    ``position`` is the number of the last event, by which ``end_step`` knows what is meant.
    """

    def __init__(self, announce: Callable[[float | None], None] | None = None) -> None:
        self.stoppable = True
        self.stop_reason: ReasonOrText | None = None
        self._announce = announce
        self._announced: Deadline | None = None
        self._alarmed: Deadline | None = None
        self._deadlines: list[Deadline] = []
        self._watched: list[Deadline] = []
        self._stopped: Stopped | None = None
        self._ended: tuple[object, Stopped] | None = None
        self.position = 0
        self._shields = 1
        self._home = os.getpid()
        self._due = False
        self._suspended = False
        self._alarm = make_alarm(self._wake)

    def close(self) -> None:
        """Gives the signal handler back."""
        self._alarm.close()

    def run(self, body: Callable[[], object]) -> BaseException | None:
        """Executes ``body`` within reach of interruptions; returns what it raised."""
        shields = self._shields
        home = os.getpid()
        try:
            try:
                self._shields = 0
                if self._due:
                    self._raise()
                body()
            finally:
                self._shields = shields
        except BaseException as error:
            # Again, for an interruption that struck before the line above.
            self._shields = shields
            return error
        finally:
            if os.getpid() != home:
                end_copy()
        return None

    def __enter__(self) -> None:
        if os.getpid() != self._home:
            end_copy()
        self._shields += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._shields -= 1
        if self._due and not self._shields:
            self._raise()

    def begin(self, owner: object, subject: TimedSubject, seconds: float) -> None:
        """``owner`` gets ``seconds`` from now on."""
        self._deadlines.append(Deadline(owner, time.monotonic() + seconds, TimedOut(subject, seconds)))
        self._arm()

    def end(self, owner: object) -> TimedOut | None:
        """``owner`` is done; what it would have raised when it took too long, whoever swallowed that."""
        late = None
        for deadline in [each for each in self._deadlines if each.owner is owner]:
            self._deadlines.remove(deadline)
            if time.monotonic() >= deadline.when:
                late = deadline.error
        self._arm()
        return late

    def watch(self, owner: object, subject: TimedSubject, seconds: float) -> None:
        """``owner``, whose thread somebody else interrupts, gets ``seconds``: that is announced, and nothing raised."""
        self._watched.append(Deadline(owner, time.monotonic() + seconds, TimedOut(subject, seconds)))
        self._arm()

    def unwatch(self, owner: object) -> None:
        """``owner`` is done."""
        self._watched = [each for each in self._watched if each.owner is not owner]
        self._arm()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """No deadline passes inside the block, as the time in it is a person's; a stop still comes."""
        began = time.monotonic()
        try:
            with self:
                self._suspended = True
                self._arm()
            yield
        finally:
            with self:
                for deadline in self._deadlines:
                    deadline.when += time.monotonic() - began
                self._suspended = False
                self._arm()

    @property
    def is_due(self) -> bool:
        """Whether an interruption came of which its owner does not know yet: a driver may have swallowed it."""
        return self._due

    def is_open(self, error: BaseException) -> bool:
        """Whether ``error`` tells of a deadline whose owner is still at work."""
        return any(deadline.error is error for deadline in self._deadlines)

    def stop(self, reason: ReasonOrText) -> None:
        """Asks for a stop; only the first reason counts. May be called from any thread."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self._stopped = Stopped(reason)
        self._due = True
        self._alarm.alert()

    def end_step(self, position: object, reason: ReasonOrText) -> None:
        """Stops what goes on since event number ``position``, also where a stop has to wait. From any thread."""
        self._ended = position, Stopped(reason)
        self._due = True
        self._alarm.alert()

    def sleep(self, seconds: float) -> None:
        """Sleeps in slices, so that an interruption arrives soon also where it cannot cut a sleep short."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def _wake(self) -> None:
        if self._shields:
            self._due = True
        else:
            self._raise()

    def _raise(self) -> None:
        """Raises what is due, if anything is; it stays due until its owner is done."""
        self._due = True
        if self._stopped is not None and self.stoppable:
            self._alarm.set(REPEAT_SECONDS)
            raise self._stopped
        if self._ended is not None and self._ended[0] == self.position:
            self._alarm.set(REPEAT_SECONDS)
            raise self._ended[1]
        now = time.monotonic()
        expired = [deadline for deadline in self._deadlines if deadline.when <= now and not self._suspended]
        if expired:
            self._alarm.set(REPEAT_SECONDS)
            raise min(expired, key=lambda deadline: deadline.when).error
        self._due = False
        self._set_alarm(self._nearest(self._deadlines))

    def _nearest(self, deadlines: list[Deadline]) -> Deadline | None:
        if self._suspended:
            return None
        return min(deadlines, key=lambda deadline: deadline.when, default=None)

    def _arm(self) -> None:
        nearest = self._nearest(self._deadlines)
        if nearest is not self._alarmed:
            self._alarmed = nearest
            self._set_alarm(nearest)
        if self._watched:
            nearest = self._nearest([*self._deadlines, *self._watched])
        if nearest is self._announced:
            return
        self._announced = nearest
        if self._announce is not None:
            self._announce(_left(nearest))

    def _set_alarm(self, deadline: Deadline | None) -> None:
        left = _left(deadline)
        if left is None:
            self._alarm.cancel()
        else:
            self._alarm.set(left)


def _left(deadline: Deadline | None) -> float | None:
    return None if deadline is None else max(0.0, deadline.when - time.monotonic())
