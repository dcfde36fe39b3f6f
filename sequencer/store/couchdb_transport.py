"""HTTP connections under CouchDB-Python that make its answers dependable.

The library reads answers lazily and trips over those it does not expect: an error sent in chunks, an error without a
content type, an HTML page. Here every answer is read whole, within a time of its own, and handed on in the one form
that the library always understands; a redirect is refused, because the password would go with it.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

_ALWAYS_BUFFERED = 8191  # the library buffers what it believes to be shorter than 8 kB
_SHOWN = 200


class Answer:
    """A whole answer, with as much of ``HTTPResponse`` as the library uses."""

    def __init__(self, response: HTTPResponse, deadline: float) -> None:
        self.status = response.status
        with response:
            if 300 <= self.status < 400:
                raise HTTPException("it answers with a redirect")
            self._body = _read(response, deadline)
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


def _read(response: HTTPResponse, deadline: float) -> bytes:
    parts = []
    while part := response.read1(1 << 16):
        parts.append(part)
        if time.monotonic() > deadline:
            raise TimeoutError("it answers too slowly")
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


class Pool:
    """Idle connections by server, in the place of the library's own pool. Threads share it."""

    def __init__(self, timeout: float, answer_seconds: float, tls: Callable[[], ssl.SSLContext]) -> None:
        self._timeout = timeout
        self._answer_seconds = answer_seconds
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
            return _Https(host, self._answer_seconds, timeout=self._timeout, context=self._tls())
        return _Http(host, self._answer_seconds, timeout=self._timeout)


class _Http(HTTPConnection):
    def __init__(self, host: str, answer_seconds: float, **options: Any) -> None:
        super().__init__(host, **options)
        self._answer_seconds = answer_seconds

    def getresponse(self) -> Answer:  # type: ignore[override]  # what the library needs of it
        deadline = time.monotonic() + self._answer_seconds
        return Answer(super().getresponse(), deadline)


class _Https(HTTPSConnection):
    def __init__(self, host: str, answer_seconds: float, **options: Any) -> None:
        super().__init__(host, **options)
        self._answer_seconds = answer_seconds

    def getresponse(self) -> Answer:  # type: ignore[override]  # what the library needs of it
        deadline = time.monotonic() + self._answer_seconds
        return Answer(super().getresponse(), deadline)
