"""Sends the live state's changes to every reader from one thread.

The server hands a reader's socket over once its request was answered with headers. A reader then costs a socket and no
thread: with a thread each, ten readers would take the interpreter from the run's own thread ten times per change.
Nobody is waited for: what a slow reader cannot take is kept for it. Once more changes wait behind that than a bound
allows, the reader is dropped and comes back with the id that it saw last.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

from sequencer.panel.live import LiveChange, LiveRun
from sequencer.vocabulary.data import utf8

HEARTBEAT = 5.0
"""Seconds after which a silent stream says that it is alive; by this a reader that has gone is noticed, too."""
ASK_SECONDS = 1.0
"""How long whoever logs out may be sent changes."""
MOST_PENDING = 1_000_000
"""Bytes that may come to wait behind what a slow reader is taking; past them it is dropped, and comes back with the id
it saw last."""
GREETING = b"retry: 1000\n\n"
"""Milliseconds until a reader that lost the connection tries again."""


def alive(live: LiveRun) -> bytes:
    """Says that there is nothing new, and what time it is."""
    return b"event: alive\ndata: %.3f\n\n" % live.clock.now()


def encode(change: LiveChange) -> bytes:
    """One event of the stream. JSON has no line breaks, so that one data line is enough."""
    return utf8(f"id: {change.id}\nevent: {change.kind}\ndata: {change.data}\n\n")


def follow(
    live: LiveRun, last: str | None, heartbeat: float = HEARTBEAT, stays: Callable[[], bool] = lambda: True
) -> Iterator[bytes]:
    """The stream from id ``last`` on, until the panel closes: for a server that takes no sockets over.

    ``stays``: whether the reader may still have it.
    """
    live.followed(+1)
    try:
        yield GREETING
        while not live.closed:
            changes = live.after(last, heartbeat)
            if not stays():
                return
            if changes is None:
                changes = [live.snapshot()]
            yield b"".join(map(encode, changes)) or alive(live)
            last = changes[-1].id if changes else last
    finally:
        live.followed(-1)


MOST_READERS = 200
CROWD = 20
"""Readers of one address that, once all places are taken, give one up for whoever comes next."""
_RETRY_SECONDS = 0.05


class StreamSubscriber:
    """One reader's socket. ``seen`` is the id of the last change that it was sent; ``stays`` says whether it may still
    be sent any."""

    def __init__(
        self, connection: socket.socket, seen: str | None, *, chunked: bool, stays: Callable[[], bool] = lambda: True
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._pending = bytearray()
        self._most = MOST_PENDING
        self.chunked = chunked
        self.seen = seen
        self.stays = stays
        self.address = _address(connection)

    @property
    def is_behind(self) -> bool:
        """Whether something waits for it."""
        return bool(self._pending)

    def send(self, data: bytes) -> bool:
        """Sends what it takes now and keeps the rest; false when it is gone or too slow."""
        behind = self.is_behind
        try:
            if behind:
                self._pending += data
                while self._pending:
                    del self._pending[: self._connection.send(self._pending)]
            else:
                # The usual case: all readers are sent the same bytes, and nobody copies them.
                sent = self._connection.send(data) if data else 0
                self._pending += data[sent:]
        except BlockingIOError:
            if not behind:
                self._pending += data
        except OSError:
            return False
        if not behind:
            # The state of a large run is larger than the bound itself: whoever reads it gets it whole.
            self._most = len(self._pending) + MOST_PENDING
        return len(self._pending) <= self._most

    def close(self) -> None:
        """Gives the socket back; a reader that can still hear is told that this is the end."""
        with self._connection, suppress(OSError):
            if self.chunked and not self._pending:
                self._connection.send(b"0\r\n\r\n")


class Broadcast:
    """The readers of ``live``. ``close`` ends the thread and every connection."""

    def __init__(self, live: LiveRun, heartbeat: float = HEARTBEAT) -> None:
        self._live = live
        self._heartbeat = heartbeat
        self._readers: list[StreamSubscriber] = []
        self._arrived = threading.Condition()
        self._last: str | None = None
        self._closed = False
        self._said = time.monotonic()
        self._asked = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="broadcast", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether no further reader is taken."""
        return len(self._readers) >= MOST_READERS and self._surplus() is None

    @property
    def readers(self) -> int:
        """How many there are."""
        return len(self._readers)

    def take(
        self, connection: socket.socket, last: str | None, *, chunked: bool, stays: Callable[[], bool] = lambda: True
    ) -> None:
        """From now on ``connection`` gets what follows the id ``last``, the whole state first when that is unknown, and
        the time; until ``stays`` says that it may not any more."""
        reader = StreamSubscriber(connection, last, chunked=chunked, stays=stays)
        with self._arrived:
            if len(self._readers) >= MOST_READERS:
                surplus = self._surplus()
                if surplus is None:
                    reader.close()
                    return
                self._remove(surplus)
            self._readers.append(reader)
            self._live.followed(+1)
            # Whoever it is may have logged out since it was let in. Its machine may have slept: it hears at once what
            # time it is, also with changes, which do not say so.
            if self._closed or not stays() or not self._catch_up(reader, alive(self._live)):
                self._remove(reader)
            self._arrived.notify()

    def close(self) -> None:
        """Sends what is left and ends; unless the live state was closed before, that takes until the next heartbeat."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()
        self._thread.join(self._heartbeat + 1.0)
        with self._arrived:
            if self._readers:
                self._send(self._live.after(self._last, 0), quiet=False)
            for reader in list(self._readers):
                self._remove(reader)

    def _run(self) -> None:
        while not self._closed and not self._live.closed:
            with self._arrived:
                # Without readers nobody follows, and the live state need not be told in patches.
                self._arrived.wait_for(lambda: self._readers or self._closed)
                if not self._readers:
                    continue
                waiting = any(reader.is_behind for reader in self._readers)
            changes = self._live.after(self._last, _RETRY_SECONDS if waiting else self._heartbeat)
            with self._arrived:
                self._dismiss()
                # One reader that does not read must not keep the signs of life from all others.
                overdue = time.monotonic() - self._said >= self._heartbeat
                self._send(changes, quiet=overdue or not waiting)

    def _dismiss(self) -> None:
        """Ends the streams of those who logged out, or were. At most once in ``ASK_SECONDS``: each is asked about."""
        if time.monotonic() - self._asked >= ASK_SECONDS:
            self._asked = time.monotonic()
            for reader in [reader for reader in self._readers if not reader.stays()]:
                self._remove(reader)

    def _send(self, changes: list[LiveChange] | None, *, quiet: bool) -> None:
        before = self._last
        if changes is None:
            changes = [self._live.snapshot()]
        data = b"".join(map(encode, changes)) or (alive(self._live) if quiet else b"")
        framed = {False: data, True: _chunk(data)}
        if changes:
            self._last = changes[-1].id
        if data:
            self._said = time.monotonic()
        gone = []
        for reader in self._readers:
            # Nearly all are where the others are; who has just come may already know more.
            if reader.seen == before:
                reader.seen = self._last
                well = reader.send(framed[reader.chunked])
            else:
                well = self._catch_up(reader)
            if not well:
                gone.append(reader)
        for reader in gone:
            self._remove(reader)

    def _catch_up(self, reader: StreamSubscriber, more: bytes = b"") -> bool:
        changes = self._live.after(reader.seen, 0)
        if changes is None:
            changes = [self._live.snapshot()]
        if changes:
            reader.seen = changes[-1].id
        data = b"".join(map(encode, changes)) + more
        return reader.send(_chunk(data) if reader.chunked else data)

    def _surplus(self) -> StreamSubscriber | None:
        """Who makes room for another: of the address with most readers one that does not read, else the newest one.

        The page that has long been open at the stand is neither, whatever else comes from its address.
        """
        readers = list(self._readers)
        of_address = Counter(reader.address for reader in readers)
        address, count = max(of_address.items(), key=lambda one: one[1], default=("", 0))
        if count < CROWD:
            return None
        crowd = [reader for reader in readers if reader.address == address]
        return next((reader for reader in crowd if reader.is_behind), crowd[-1])

    def _remove(self, reader: StreamSubscriber) -> None:
        self._readers.remove(reader)
        self._live.followed(-1)
        reader.close()


def _address(connection: socket.socket) -> str:
    """The address of the other end; nothing when there is none any more."""
    try:
        name: object = connection.getpeername()
    except OSError:
        return ""
    return str(name[0]) if isinstance(name, tuple) else ""


def _chunk(data: bytes) -> bytes:
    """A chunk of HTTP's chunked transfer coding; nothing for nothing, since an empty one would be the end."""
    return b"%X\r\n%b\r\n" % (len(data), data) if data else b""


class Broadcasts:
    """A broadcast for each live state that has readers: that of the stand, and that of each slot. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[LiveRun, Broadcast] = {}

    def of(self, live: LiveRun) -> Broadcast:
        """That of this live state."""
        with self._lock:
            if live not in self._of:
                self._of[live] = Broadcast(live)
            return self._of[live]

    @property
    def readers(self) -> int:
        """How many there are in all."""
        return sum(broadcast.readers for broadcast in list(self._of.values()))

    def close(self) -> None:
        """Closes each."""
        for broadcast in list(self._of.values()):
            broadcast.close()
