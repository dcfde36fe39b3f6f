"""A limit on the whole of an HTTP answer: what requests takes for a timeout begins again with every byte."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class ResponseDeadline:
    """Ends the connection of an answer that is not whole in time; ``passed`` says that it did."""

    def __init__(self) -> None:
        self.passed = False
        self._end = 0.0
        self._timer: threading.Timer | None = None

    def start(self, seconds: float) -> None:
        """The next answer has so long, from now on."""
        self.passed = False
        self._end = time.monotonic() + seconds

    def watch(self, connection: socket.socket | None) -> None:
        """Waits for the answer on this connection."""
        self.stop()
        self._timer = threading.Timer(max(0.0, self._end - time.monotonic()), self._cut, [connection])
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """The answer is there, or none will be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut(self, connection: socket.socket | None) -> None:
        if self._timer is not threading.current_thread():
            return  # the answer was there in the same moment
        self.passed = True
        if connection is not None:
            with suppress(OSError):
                # Not the method of a TLS connection, which is no business of another thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class LimitedAdapter(HTTPAdapter):
    """Transport for a session of requests whose answers are watched by a ``ResponseDeadline``."""

    def __init__(self, deadline: ResponseDeadline) -> None:
        self._pools = _pools(deadline)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """With connections that are watched."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> object:
        """With connections that are watched."""
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(deadline: ResponseDeadline) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def getresponse(self) -> Any:
            deadline.watch(self.sock)
            return super().getresponse()

    class Secure(HTTPSConnection):
        def getresponse(self) -> Any:
            deadline.watch(self.sock)
            return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
