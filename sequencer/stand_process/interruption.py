"""Ends what a driver does for nobody any more: an exception raised into its thread, and into nothing else there."""

from __future__ import annotations

import threading
from collections.abc import Callable


class CallWithdrawn(BaseException):
    """Nobody waits for the call: its case was stopped, took too long, or its slot is gone."""


class Interruptible:
    """Runs bodies in one thread, one after the other; another thread can interrupt each of them once.

    As with any exception that one thread raises in another, it strikes between two steps of Python: what waits in the
    system or in a library of C goes on until it returns.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: object = None
        self._struck = False
        self._thread = 0

    def run(self, owner: object, body: Callable[[], object]) -> BaseException | None:
        """Executes ``body`` within reach of ``interrupt(owner)``; returns what it raised."""
        error: BaseException | None = None
        try:
            try:
                with self._lock:
                    self._owner, self._struck, self._thread = owner, False, threading.get_ident()
                body()
            except BaseException as raised:
                error = raised
            self._leave()
        except CallWithdrawn as struck:
            # At the very end of the body: that was the only one, and nothing strikes the lines below.
            error = error or struck
            self._leave()
        return error

    def interrupt(self, owner: object) -> None:
        """Raises ``CallWithdrawn`` in the body of ``owner``, if that goes on."""
        with self._lock:
            if self._owner is owner and not self._struck:
                self._struck = True
                _raise_in(self._thread, CallWithdrawn)

    def _leave(self) -> None:
        with self._lock:
            self._owner = None
            if self._struck:
                _raise_in(self._thread, None)


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Raises in another thread; ``None`` takes back what has not been raised yet."""
    # Imported here: only what goes wrong needs it.
    import ctypes

    error = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
