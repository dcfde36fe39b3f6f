"""What is known of a user and a password.

CouchDB (3.4 and later) locks an account after five failures within five minutes, also for the right password. So one
that was refused is not sent again before CouchDB has forgotten it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sequencer.store.base import StoreUnavailable
from sequencer.vocabulary.reason import Reason

LOCK_SECONDS = 300.0
"""How long CouchDB counts failures, and how long it locks an account."""

Answer = TypeVar("Answer")


class LoginRefused(StoreUnavailable):
    """User or password are not accepted, or the account is locked."""


class Login:
    """Threads share one. Until the server has accepted it only one thread asks, and the others wait ``timeout`` seconds
    at most for what comes of that."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._first = threading.Lock()
        self._accepted = False
        self._tried = 0
        self._failure: StoreUnavailable | None = None
        self._refusal: Reason | None = None
        self._refused_until = 0.0

    def accepted(self) -> None:
        """Notes that the server answered, be it that it does not have what was asked for."""
        self._accepted = True
        self._failure = self._refusal = None

    def refused(self, why: Reason) -> LoginRefused:
        """Notes that the server refused user and password; the error to raise."""
        self._accepted = False
        self._refusal = why
        self._refused_until = time.monotonic() + LOCK_SECONDS
        return self._refused_for(LOCK_SECONDS)

    def attempt(self, ask: Callable[[], Answer]) -> Answer:
        """What ``ask`` answers. Raises :class:`LoginRefused` without asking while an earlier refusal counts."""
        self._check()
        if self._accepted:
            return ask()
        before = self._tried
        waited = not self._first.acquire(timeout=self._timeout)
        try:
            self._check()
            if self._tried != before and self._failure is not None:
                raise StoreUnavailable(self._failure.reason)  # a server that answers nobody is asked once
            try:
                return ask()
            except StoreUnavailable as error:
                self._failure = None if self._accepted else error
                raise
            finally:
                self._tried += 1
        finally:
            if not waited:
                self._first.release()

    def _check(self) -> None:
        left = self._refused_until - time.monotonic()
        if self._refusal is not None and left > 0:
            raise self._refused_for(left)

    def _refused_for(self, seconds: float) -> LoginRefused:
        return LoginRefused(Reason("couch_not_again", reason=self._refusal, seconds=round(seconds)))
