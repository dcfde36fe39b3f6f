"""HTTP connections under CouchDB-Python that make its answers dependable.

The library reads answers lazily and trips over those it does not expect: an error sent in chunks, an error without a
content type, an HTML page. Here every answer is read whole, within a time of its own that begins with its first byte
being waited for, and handed on in the one form that the library always understands; a redirect is refused, because the
password would go with it.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

_ALWAYS_BUFFERED = 8191  # the library buffers what it believes to be shorter than 8 kB
_SHOWN = 200


class BufferedResponse:
    """A whole answer, with as much of ``HTTPResponse`` as the library uses."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        with response:
            if 300 <= self.status < 400:
                raise HTTPException("it answers with a redirect")
            self._body = _read(response)
        kind = response.getheader("Content-Type") or ""
        if self.status >= 400:
            self._body, kind = _plain_error(self.status, self._body), "application/json"
        self.msg = {"content-type": kind, "content-length": str(min(len(self._body), _ALWAYS_BUFFERED))}

    def getheader(self, name: str, default: Any = None) -> Any:
        """A header of the answer as it is handed on."""
        return self.msg.get(name.lower(), default)

    def read(self, size: int | None = None) -> bytes:
        """The whole body; a second call gives nothing."""
        body, self._body = self._body, b""
        return body


def _read(response: HTTPResponse) -> bytes:
    parts = []
    while part := response.read1(1 << 16):
        parts.append(part)
    if response.length:  # read1 does not mind an answer that was cut off
        raise HTTPException("its answer was cut off")
    return b"".join(parts)


def _plain_error(status: int, body: bytes) -> bytes:
    error: Any = None
    with suppress(ValueError):
        error = json.loads(body)
    if not isinstance(error, dict):
        error = {"error": f"HTTP {status}"}
    name, reason = str(error.get("error")), str(error.get("reason") or "")
    return json.dumps({"error": name[:_SHOWN], "reason": reason[:_SHOWN]}).encode()


class RequestTimeouts:
    """How long is waited: ``timeout`` seconds for the next byte, ``whole`` for an answer from status to end.

    ``within`` bounds all that a thread asks meanwhile, however many requests that takes.
    """

    def __init__(self, timeout: float, whole: float) -> None:
        self.timeout = timeout
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
        return min(self.timeout, left)


class _Timed(io.RawIOBase):
    """What a socket receives until ``deadline``."""

    def __init__(self, connected: socket.socket, patience: RequestTimeouts, deadline: float) -> None:
        self._socket = connected
        # Keeps the socket open while the answer is read, also when the connection lets go of it before.
        self._received = connected.makefile("rb", buffering=0)
        self._patience = patience
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._patience.left(self._deadline))
        try:
            return self._received.readinto(buffer)
        except TimeoutError:
            self._patience.left(self._deadline)  # says so when it is the whole answer that took too long
            raise

    def close(self) -> None:
        self._received.close()
        super().close()


class _Answering:
    """A socket as ``HTTPResponse`` takes it: all that it does with it is to make a file of it."""

    def __init__(self, connected: socket.socket, patience: RequestTimeouts, deadline: float) -> None:
        self._timed = _Timed(connected, patience, deadline)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The answer, as it arrives."""
        return io.BufferedReader(self._timed)


class ConnectionPool:
    """Idle connections by server, in the place of the library's own pool. Threads share it."""

    def __init__(self, patience: RequestTimeouts, tls: Callable[[], ssl.SSLContext]) -> None:
        self._patience = patience
        self._tls = tls
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[HTTPConnection]] = {}
        self._in_use = threading.local()

    def get(self, url: str) -> HTTPConnection:
        """A connection for ``url``, which this thread gives back before it takes another."""
        scheme, host = urlsplit(url)[:2]
        with self._lock:
            idle = self._idle.setdefault((scheme, host), [])
            connection = idle.pop() if idle else None
        if connection is None:
            connection = self._new(scheme, host)
        self._in_use.connection = connection
        return connection

    def release(self, url: str, connection: HTTPConnection) -> None:
        """Takes back a connection whose answer was read."""
        self._in_use.connection = None
        scheme, host = urlsplit(url)[:2]
        with self._lock:
            self._idle.setdefault((scheme, host), []).append(connection)

    def drop(self) -> None:
        """Closes this thread's connection if an error kept it from being given back."""
        connection: HTTPConnection | None = getattr(self._in_use, "connection", None)
        self._in_use.connection = None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _new(self, scheme: str, host: str) -> HTTPConnection:
        if scheme == "https":
            return _Https(host, self._patience, context=self._tls())
        return _Http(host, self._patience)


class _Connection(HTTPConnection):
    """Waits for answers as ``patience`` says, and for connecting and sending as long as for a byte."""

    patience: RequestTimeouts

    def putrequest(self, *about: Any, **more: Any) -> None:
        """Begins to send a request."""
        self.timeout = self.patience.left(self.patience.deadline())
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        super().putrequest(*about, **more)

    def getresponse(self) -> BufferedResponse:  # type: ignore[override]  # what the library needs of it
        """The whole answer."""
        deadline = self.patience.deadline()

        def response(connected: socket.socket, **about: Any) -> HTTPResponse:
            timed: Any = _Answering(connected, self.patience, deadline)
            return HTTPResponse(timed, **about)

        self.response_class = response  # type: ignore[assignment]  # it is called, and that is all
        return BufferedResponse(super().getresponse())


class _Http(_Connection):
    def __init__(self, host: str, patience: RequestTimeouts) -> None:
        super().__init__(host, timeout=patience.timeout)
        self.patience = patience


class _Https(HTTPSConnection, _Connection):
    def __init__(self, host: str, patience: RequestTimeouts, context: ssl.SSLContext) -> None:
        super().__init__(host, timeout=patience.timeout, context=context)
        self.patience = patience
