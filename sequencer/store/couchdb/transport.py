"""HTTP connections under CouchDB-Python that make its answers dependable.

Which fault each part answers, and the test that shows it, stands in ``docs/decisions/0005-couchdb-client.md``.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

_ALWAYS_BUFFERED = 8191  # the library buffers what it believes to be shorter than 8 kB
_SHOWN = 200


class RequestTimeouts:
    """How long is waited: ``timeout`` seconds for the next byte, ``whole`` for an answer from status to end.

    ``within`` bounds all that a thread asks meanwhile, however many requests that takes.
    """

    def __init__(self, timeout: float, whole: float) -> None:
        self._timeout = timeout
        self._whole = whole
        self._bound = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What this thread asks in the block is answered in ``seconds``, or ends in ``TimeoutError``.

        Inside another such block the outer one holds.
        """
        outer: float | None = getattr(self._bound, "end", None)
        self._bound.end = time.monotonic() + seconds if outer is None else outer
        try:
            yield
        finally:
            self._bound.end = outer

    def deadline(self) -> float:
        """When an answer that is waited for from now on must be whole."""
        end: float | None = getattr(self._bound, "end", None)
        whole = time.monotonic() + self._whole
        return whole if end is None else min(whole, end)

    def left(self, deadline: float) -> float:
        """Seconds until the next byte must be there. Raises ``TimeoutError`` when the deadline is past."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it answers too slowly")
        return min(self._timeout, left)


class ConnectionPool:
    """Idle connections to the server at ``address``, in the place of the library's own pool. Threads share it."""

    def __init__(self, address: str, timeouts: RequestTimeouts, ca_bundle: str | None) -> None:
        self._scheme, self._host = urlsplit(address)[:2]
        self._timeouts = timeouts
        self._ca_bundle = ca_bundle
        self._idle: list[HTTPConnection] = []
        self._in_use = threading.local()

        class TimedAnswer(_WholeAnswer):
            def __init__(self, connected: socket.socket, **about: object) -> None:
                super().__init__(connected, timeouts, **about)

        self._answer = TimedAnswer

    def get(self, url: str) -> HTTPConnection:
        """A connection to the server, which this thread gives back before it takes another."""
        seconds = self._timeouts.left(self._timeouts.deadline())
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new()
        connection.timeout = seconds  # for connecting, now or when the library tries once more
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        self._in_use.connection = connection
        return connection

    def release(self, url: str, connection: HTTPConnection) -> None:
        """Takes back a connection whose answer was read."""
        self._in_use.connection = None
        self._idle.append(connection)

    def drop(self) -> None:
        """Closes this thread's connection if an error kept it from being given back."""
        connection: HTTPConnection | None = getattr(self._in_use, "connection", None)
        self._in_use.connection = None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Closes the idle connections."""
        while self._idle:
            with suppress(IndexError):  # another thread took the last one
                self._idle.pop().close()

    def _new(self) -> HTTPConnection:
        connection = (
            HTTPSConnection(self._host, context=self._tls) if self._scheme == "https" else HTTPConnection(self._host)
        )
        connection.response_class = self._answer
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_bundle)


class _WholeAnswer(HTTPResponse):
    """An answer that is whole before the library sees it, in the one form that the library always understands."""

    def __init__(self, connected: socket.socket, timeouts: RequestTimeouts, **about: Any) -> None:
        super().__init__(connected, **about)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(connected, timeouts))

    def begin(self) -> None:
        """Reads all of it. Raises ``HTTPException`` for a redirect, and for an answer that was cut off."""
        super().begin()
        if 300 <= self.status < 400:
            raise HTTPException("it answers with a redirect")
        try:
            body = self.read()
        except IncompleteRead:
            raise HTTPException("its answer was cut off") from None
        kind = self.headers.get("Content-Type") or ""
        if self.status >= 400:
            body, kind = _plain_error(self.status, body), "application/json"
        self.headers = self.msg = HTTPMessage()
        self.headers["Content-Type"] = kind
        self.headers["Content-Length"] = str(min(len(body), _ALWAYS_BUFFERED))
        self.fp = io.BufferedReader(io.BytesIO(body))
        self.length, self.chunked = len(body), False


def _plain_error(status: int, body: bytes) -> bytes:
    error: object = None
    with suppress(ValueError):
        error = json.loads(body)
    if not isinstance(error, dict):
        error = {"error": f"HTTP {status}"}
    name, reason = str(error.get("error")), str(error.get("reason") or "")
    return json.dumps({"error": name[:_SHOWN], "reason": reason[:_SHOWN]}).encode()


class _Timed(io.RawIOBase):
    """What a socket receives, as long as ``timeouts`` allow for one answer."""

    def __init__(self, connected: socket.socket, timeouts: RequestTimeouts) -> None:
        self._socket = connected
        # Keeps the socket open while the answer is read, also when the connection lets go of it before.
        self._received = connected.makefile("rb", buffering=0)
        self._timeouts = timeouts
        self._deadline = timeouts.deadline()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._timeouts.left(self._deadline))
        try:
            return self._received.readinto(buffer)
        except TimeoutError:
            self._timeouts.left(self._deadline)  # says so when it is the whole answer that took too long
            raise

    def close(self) -> None:
        self._received.close()
        super().close()
