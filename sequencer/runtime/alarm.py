"""Wakes the main thread at a given time, or at once from another thread, by running a signal handler in it.

With ``SIGALRM`` the operating system does it, and blocking calls of the main thread are interrupted too. Elsewhere
(Windows) a thread waits and asks the interpreter to run the handler: before the next bytecode, hence only after a
blocking call has returned.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Protocol

REPEAT_SECONDS = 1.0
"""An alarm that was not cancelled comes again, for code that swallows the exception it led to."""


class Alarm(Protocol):
    """Calls ``wake`` in the main thread."""

    def set(self, seconds: float) -> None:
        """``wake`` in ``seconds``, and again every ``REPEAT_SECONDS``; replaces an alarm set before."""

    def cancel(self) -> None:
        """No alarm any more."""

    def poke(self) -> None:
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

    def poke(self) -> None:
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

        def poke(self) -> None:
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

    def poke(self) -> None:
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
                    self.poke()
