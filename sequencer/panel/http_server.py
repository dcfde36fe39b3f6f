"""Waitress as the panel uses it: the broadcast takes connections over, and errors of its own look like all others.

Whoever opens connections and asks nothing, or asks and does not read, keeps nobody from being answered: a request has
to be whole in time, one address may have only so many that are not, an answer has to be taken at some pace, and where
all places are taken the longest idle one is given up. No thread ever waits for a client, and what controls a run has
threads of its own.

All that hardseq uses of waitress beside its public interface stands here; ``tests/test_private_interfaces.py`` says
which names must be there.
"""

from __future__ import annotations

import logging
import math
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Literal, NamedTuple, Protocol

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from sequencer.panel.app import HEADERS
from sequencer.panel.broadcast import Broadcasts
from sequencer.panel.live import LiveRun
from sequencer.panel.refusals import ApiError
from sequencer.vocabulary.json_text import compact

REQUEST_SECONDS = 10.0
"""From a connection, or the first byte of a further request on it, to the end of the request."""
READ_SECONDS = 30.0
LEAST_READ = 64_000
"""Bytes that a client takes of its answer in each ``READ_SECONDS``, unless that was all: a connection of 1990 does."""
MOST_UNASKED = 32
"""Connections of one address on which no whole request has come yet."""
MOST_PIPELINED = 8
"""Requests that one connection may send before it reads: their answers wait in memory. Browsers send one."""
MOST_CONNECTIONS = 400
_SPARE = 50
THREADS = 12
"""What answers requests; the streams of events take none, and questions about stored runs ``app.MOST_HISTORY``."""
CONTROL_THREADS = 4
"""What answers Start, Stop, answers to dialogs and all else that changes something here; nothing else comes to these,
and not what is done to a stored run: that waits for a store, a printer or a test process."""
FIGURES_THREADS = 2
"""What answers questions about all runs; others wait for their turn, and take no thread meanwhile."""
Queue = Literal["control", "figures", "others"]
_ERRORS = {
    400: ("malformed", "this is not an HTTP request"),
    413: ("too-large", "the body is too large"),
    431: ("too-large", "the address or the headers are too long"),
    501: ("malformed", "this transfer coding is not supported"),
}


class Task(Protocol):
    """What one of the threads of its ``queue`` is to do; ``cancel`` when it never will."""

    queue: Queue

    def service(self) -> None:
        """Does it."""

    def cancel(self) -> None:
        """Gives back what it holds."""


class Dispatcher(Protocol):
    """The threads that answer requests."""

    def add_task(self, task: Task) -> None:
        """Puts ``task`` into the queue."""

    def shutdown(self, *, timeout: float) -> object:
        """Ends them."""


class Connection(Protocol):
    """A connection to a browser, as waitress has it.

    ``begun`` is when the request that is not whole yet began. ``taken`` counts the bytes that the client took;
    ``measured`` is when that was last looked at, and what it was then, ``None`` while nothing waits for the client.
    ``follows`` is set when a stream of events is to follow what it was answered.
    """

    addr: tuple[str, int]
    begun: float | None
    taken: int
    measured: tuple[float, int] | None
    follows: _Follow | None
    connected: bool
    last_activity: float
    requests: list[object]
    total_outbufs_len: int
    will_close: bool
    server: Server

    def handle_close(self) -> None:
        """Closes it at once; in the thread of ``attend``, or once that has ended."""


class Server(Protocol):
    """What is used of waitress's server."""

    active_channels: dict[int, Connection]
    channel_class: type
    task_dispatcher: Dispatcher

    def add_task(self, task: Task) -> None:
        """Gives ``task`` to the dispatcher."""

    def pull_trigger(self) -> None:
        """Ends the waiting for what happens at the sockets."""


def create(app: object, broadcasts: Broadcasts, listener: socket.socket, connections: dict[int, object]) -> Server:
    """A server of ``app`` at ``listener`` that keeps its sockets in ``connections``; whoever calls runs its loop."""

    class RequestTask(_Task):
        readers = broadcasts

    class Channel(HTTPChannel):  # type: ignore[misc]  # untyped base
        task_class = RequestTask
        error_task_class = _Error
        begun: float | None = None
        taken = 0
        measured: tuple[float, int] | None = None
        follows: _Follow | None = None

        def __init__(self, *given: object, **more: object) -> None:
            super().__init__(*given, **more)
            self.begun = time.monotonic()
            _limit_unasked(self)

        def received(self, data: bytes) -> bool:
            taken: bool = super().received(data)
            self.begun = None if self.request is None else self.begun or time.monotonic()
            if len(self.requests) > MOST_PIPELINED:
                self.handle_close()
            return taken

        @property
        def queue(self) -> Queue:
            asked = self.requests[0] if self.requests else None
            # What is not HTTP has neither method nor path.
            if asked is None or asked.error or not asked.path.startswith("/api/"):
                return "others"
            if asked.command == "POST":
                return "others" if asked.path.startswith("/api/runs/") else "control"
            return "figures" if asked.path.startswith("/api/figures/") else "others"

        def send(self, data: bytes, do_close: bool = True) -> int:
            sent: int = super().send(data, do_close=do_close)
            self.taken += sent
            return sent

        def handle_close(self) -> None:
            # It closes because all was sent: what was promised to follow does, over a second descriptor.
            if self.follows is not None and self.connected and not self.total_outbufs_len:
                with suppress(OSError):
                    self.server.add_task(_HandOver(broadcasts, self.socket.dup(), self.follows))
            self.follows = None
            super().handle_close()

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
    server.task_dispatcher = _Threads(server.task_dispatcher)
    return server


class _Threads:
    """Some threads for each queue."""

    def __init__(self, others: Dispatcher) -> None:
        self._of: Mapping[Queue, Dispatcher] = {
            "control": _threads(CONTROL_THREADS),
            "figures": _threads(FIGURES_THREADS),
            "others": others,
        }

    def add_task(self, task: Task) -> None:
        self._of[task.queue].add_task(task)

    def shutdown(self, *, timeout: float) -> None:
        end = time.monotonic() + timeout
        for threads in self._of.values():
            threads.shutdown(timeout=max(0.0, end - time.monotonic()))


def _threads(count: int) -> Dispatcher:
    made = ThreadedTaskDispatcher()
    made.set_thread_count(count)
    threads: Dispatcher = made
    return threads


def attend(server: Server, connections: dict[int, object]) -> None:
    """Waits up to half a minute for what happens at the sockets, and lets waitress see to it, once."""
    _make_room(server)
    # The server's own ``run`` looks once a second whether it is to end.
    # select() is limited to 1,024 open files, but Windows has nothing else.
    wasyncore.loop(timeout=_end_overdue(server), use_poll=hasattr(select, "poll"), map=connections, count=1)


def _end_overdue(server: Server) -> float:
    """Gives up the connections whose client takes too long to ask or to read; seconds until there may be another."""
    now = time.monotonic()
    left = 30.0
    for channel in list(server.active_channels.values()):
        due = min(_asked_by(channel), _read_by(channel, now)) - now
        if due <= 0:
            # At once: a connection that takes nothing more would never be found ready to be closed.
            channel.handle_close()
        else:
            left = min(left, due)
    return left


def _asked_by(channel: Connection) -> float:
    """When its request has to be whole."""
    if channel.begun is None or channel.requests or channel.will_close:
        return math.inf
    return channel.begun + REQUEST_SECONDS


def _read_by(channel: Connection, now: float) -> float:
    """When the client has to have taken some more of what waits for it."""
    if not channel.total_outbufs_len:
        channel.measured = None
        return math.inf
    if channel.measured is None or channel.taken - channel.measured[1] >= LEAST_READ:
        channel.measured = now, channel.taken
    return channel.measured[0] + READ_SECONDS


def _limit_unasked(new: Connection) -> None:
    """Gives up the oldest connection that asked nothing yet where the address of ``new`` has too many of them."""
    unasked = [
        channel
        for channel in _waiting(new.server)
        if channel is not new and channel.begun is not None and channel.addr[0] == new.addr[0]
    ]
    if len(unasked) >= MOST_UNASKED:
        min(unasked, key=lambda channel: channel.begun or 0.0).handle_close()


def _make_room(server: Server) -> None:
    """Keeps places free: gives up the longest silent connections of the address that has most that wait for it."""
    surplus = len(server.active_channels) - (MOST_CONNECTIONS - _SPARE)
    if surplus <= 0:
        return
    waiting = _waiting(server)
    of_address = Counter(channel.addr[0] for channel in waiting)
    waiting.sort(key=lambda channel: (-of_address[channel.addr[0]], channel.last_activity))
    for channel in waiting[:surplus]:
        channel.handle_close()


def _waiting(server: Server) -> list[Connection]:
    """The connections on which it is the client's turn: to ask, or to read."""
    return [one for one in server.active_channels.values() if one.total_outbufs_len or not one.requests]


def awake(server: Server) -> None:
    """Ends the waiting of ``attend``; from any thread."""
    server.pull_trigger()


def shut_down(server: Server, connections: dict[int, object]) -> None:
    """Ends the threads that answer requests, within two seconds, and closes all connections."""
    server.task_dispatcher.shutdown(timeout=2)
    for channel in list(server.active_channels.values()):
        # ``close_all`` closes sockets, not the files that were still to be sent; and nothing follows any more.
        channel.follows = None
        channel.handle_close()
    wasyncore.close_all(connections, ignore_all=True)


class _Task(WSGITask):  # type: ignore[misc]  # untyped base
    """A request whose connection ``readers`` may take over, once its headers are out."""

    readers: Broadcasts
    handed_over = False
    live: LiveRun
    last: str | None = None
    stays: Callable[[], bool]

    def get_environment(self) -> dict[str, object]:
        environment: dict[str, object] = super().get_environment()
        environment["hardseq.hand_over"] = self.hand_over
        return environment

    def hand_over(self, live: LiveRun, last: str | None, stays: Callable[[], bool]) -> bool:
        """Asked by the application: this answer is to be followed by events of ``live`` from the id ``last`` on, as
        long as the reader ``stays`` one who may have them."""
        self.live = live
        self.last = last
        self.stays = stays
        self.handed_over = not self.readers.of(live).is_full
        return self.handed_over

    def finish(self) -> None:
        if not self.handed_over:
            super().finish()
            return
        self.channel.follows = _Follow(self.live, self.last, chunked=self.chunked_response, stays=self.stays)
        self.close_on_finish = True


class _Follow(NamedTuple):
    """A stream that is to follow an answer: of what, the id of the last event that the client knows, the form of the
    answer, and whether the client may still have it."""

    live: LiveRun
    last: str | None
    chunked: bool
    stays: Callable[[], bool]


class _HandOver:
    """Gives the broadcast a connection whose answer is out; not in the thread of ``attend``: a state may be large."""

    queue: Queue = "others"

    def __init__(self, readers: Broadcasts, connection: socket.socket, follow: _Follow) -> None:
        self._readers = readers
        self._connection = connection
        self._follow = follow

    def service(self) -> None:
        follow = self._follow
        readers = self._readers.of(follow.live)
        readers.take(self._connection, follow.last, chunked=follow.chunked, stays=follow.stays)

    def cancel(self) -> None:
        self._connection.close()


class _Error(ErrorTask):  # type: ignore[misc]  # untyped base
    """What never reaches the application: not HTTP, or too much of it."""

    def execute(self) -> None:
        status = HTTPStatus(self.request.error.code)
        code, message = _ERRORS.get(status, ("internal", "the panel has an error"))
        body = compact(ApiError(status, code, message).document()).encode()
        self.status = f"{status.value} {status.phrase}"
        self.response_headers += [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *HEADERS.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
