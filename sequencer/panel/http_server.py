"""Waitress as the panel uses it: the broadcast takes connections over, and errors of its own look like all others.

Whoever opens connections and asks nothing keeps nobody from being answered: a request has to be whole in time, one
address may have only so many that are not, and where all places are taken the longest idle one is given up.

All that hardseq uses of waitress beside its public interface stands here; ``tests/test_private_interfaces.py`` says
which names must be there.
"""

from __future__ import annotations

import json
import logging
import select
import socket
import time
from collections import Counter
from http import HTTPStatus
from typing import Protocol

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask, WSGITask

from sequencer.panel.app import HEADERS
from sequencer.panel.broadcast import Broadcast
from sequencer.panel.requests import ApiError

REQUEST_SECONDS = 10.0
"""From a connection, or the first byte of a further request on it, to the end of the request."""
MOST_UNASKED = 32
"""Connections of one address on which no whole request has come yet."""
MOST_CONNECTIONS = 400
_SPARE = 50
THREADS = 12
"""What answers requests; the streams of events take none, and questions about stored runs ``app.MOST_HISTORY``."""
_ERRORS = {
    400: ("malformed", "this is not an HTTP request"),
    413: ("too-large", "the body is too large"),
    431: ("too-large", "the address or the headers are too long"),
    501: ("malformed", "this transfer coding is not supported"),
}


class Dispatcher(Protocol):
    """The threads that answer requests."""

    def shutdown(self, *, timeout: float) -> object:
        """Ends them."""


class Connection(Protocol):
    """A connection to a browser, as waitress has it; ``begun`` is when the request that is not whole yet began."""

    addr: tuple[str, int]
    begun: float | None
    connected: bool
    last_activity: float
    requests: list[object]
    total_outbufs_len: int
    will_close: bool
    server: Server


class Server(Protocol):
    """What is used of waitress's server."""

    active_channels: dict[int, Connection]
    channel_class: type
    task_dispatcher: Dispatcher

    def pull_trigger(self) -> None:
        """Ends the waiting for what happens at the sockets."""


def create(app: object, broadcast: Broadcast, listener: socket.socket, connections: dict[int, object]) -> Server:
    """A server of ``app`` at ``listener`` that keeps its sockets in ``connections``; whoever calls runs its loop."""

    class Task(_Task):
        readers = broadcast

    class Channel(HTTPChannel):  # type: ignore[misc]  # untyped base
        task_class = Task
        error_task_class = _Error
        begun: float | None = None

        def __init__(self, *given: object, **more: object) -> None:
            super().__init__(*given, **more)
            self.begun = time.monotonic()
            _make_room(self)

        def received(self, data: bytes) -> bool:
            taken: bool = super().received(data)
            self.begun = None if self.request is None else self.begun or time.monotonic()
            return taken

    # A page asks for all its scripts at once: that some of them wait is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server: Server = create_server(
        app,
        map=connections,
        sockets=[listener],
        threads=THREADS,
        ident=None,
        max_request_body_size=1_000_000,
        max_request_header_size=32_768,
        connection_limit=MOST_CONNECTIONS,
        # Whoever holds connections and says nothing makes room for others soon.
        channel_timeout=30,
        cleanup_interval=10,
        # What waits for a reader holds no thread, not even the largest export: it goes to a file beyond 32 MB.
        outbuf_high_watermark=256_000_000,
        outbuf_overflow=32_000_000,
        # Keeps reading while a stream goes out, so that a reader that closes is noticed.
        channel_request_lookahead=1,
        clear_untrusted_proxy_headers=True,
        log_socket_errors=False,
    )
    server.channel_class = Channel
    return server


def attend(server: Server, connections: dict[int, object]) -> None:
    """Waits up to half a minute for what happens at the sockets, and lets waitress see to it, once."""
    # The server's own ``run`` looks once a second whether it is to end.
    # select() is limited to 1,024 open files, but Windows has nothing else.
    wasyncore.loop(timeout=_end_overdue(server), use_poll=hasattr(select, "poll"), map=connections, count=1)


def _end_overdue(server: Server) -> float:
    """Gives up the connections whose request took too long; seconds until there may be another, 30 at most."""
    now = time.monotonic()
    left = 30.0
    for channel in server.active_channels.values():
        if channel.begun is not None and not (channel.requests or channel.will_close):
            due = channel.begun + REQUEST_SECONDS - now
            channel.will_close = due <= 0
            left = min(left, max(due, 0.0))
    return left


def _make_room(new: Connection) -> None:
    """Gives up the oldest silent connection where an address, or all together, have too many."""
    silent = [
        channel
        for channel in new.server.active_channels.values()
        if channel is not new and not (channel.requests or channel.total_outbufs_len or channel.will_close)
    ]
    of_address = Counter(channel.addr[0] for channel in silent)
    unasked = [channel for channel in silent if channel.begun is not None and channel.addr[0] == new.addr[0]]
    if len(unasked) >= MOST_UNASKED:
        min(unasked, key=lambda channel: channel.begun or 0.0).will_close = True
    elif len(silent) >= MOST_CONNECTIONS - _SPARE:
        most = max(of_address.values())
        crowd = [channel for channel in silent if of_address[channel.addr[0]] == most]
        min(crowd, key=lambda channel: channel.last_activity).will_close = True


def awake(server: Server) -> None:
    """Ends the waiting of ``attend``; from any thread."""
    server.pull_trigger()


def shut_down(server: Server, connections: dict[int, object]) -> None:
    """Ends the threads that answer requests, within two seconds, and closes all connections."""
    server.task_dispatcher.shutdown(timeout=2)
    wasyncore.close_all(connections, ignore_all=True)


class _Task(WSGITask):  # type: ignore[misc]  # untyped base
    """A request whose connection ``readers`` may take over, once its headers are out."""

    readers: Broadcast
    handed_over = False
    last: str | None = None

    def get_environment(self) -> dict[str, object]:
        environment: dict[str, object] = super().get_environment()
        environment["hardseq.hand_over"] = self.hand_over
        return environment

    def hand_over(self, last: str | None) -> bool:
        """Asked by the application: this answer is to be followed by events from the id ``last`` on."""
        self.last = last
        self.handed_over = not self.readers.is_full
        return self.handed_over

    def finish(self) -> None:
        if not self.handed_over:
            super().finish()
            return
        if _is_flushed(self.channel):
            # A second descriptor of the same connection: the server may close its own.
            self.readers.take(self.channel.socket.dup(), self.last, chunked=self.chunked_response)
        self.close_on_finish = True


class _Error(ErrorTask):  # type: ignore[misc]  # untyped base
    """What never reaches the application: not HTTP, or too much of it."""

    def execute(self) -> None:
        status = HTTPStatus(self.request.error.code)
        code, message = _ERRORS.get(status, ("internal", "the panel has an error"))
        body = json.dumps(ApiError(status, code, message).document()).encode()
        self.status = f"{status.value} {status.phrase}"
        self.response_headers += [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *HEADERS.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def _is_flushed(channel: Connection) -> bool:
    """Waits a moment until the headers, which are small, are with the reader."""
    end = time.monotonic() + 5.0
    while channel.total_outbufs_len and channel.connected and time.monotonic() < end:
        time.sleep(0.005)
    return bool(channel.connected and not channel.total_outbufs_len)
