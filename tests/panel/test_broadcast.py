"""The thread that sends the live state's changes to every reader, over real connections."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sequencer.panel.broadcast import MOST_PENDING, Broadcast
from sequencer.panel.live import LiveRun

SMALL = 8192
TEXT = "x" * 50_000


class Stage:
    """A live state, its broadcast, and readers of it."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self.live = LiveRun({"text": ""})
        self.broadcast = Broadcast(self.live)
        self._listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

    def reader(self, *, small: bool = False, stays: bool = True) -> socket.socket:
        """The page's end of a connection that the broadcast has taken; a ``small`` one holds little."""
        ours = self._opened.enter_context(socket.socket())
        if small:
            # What the system keeps for a connection comes on top of what the broadcast does.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        ours.settimeout(60)
        ours.connect(self._listener.getsockname())
        taken = self._listener.accept()[0]
        if small:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        self.broadcast.take(taken, None, chunked=False, stays=lambda: stays)
        return ours

    def events(self, reader: socket.socket) -> Iterator[dict[str, Any]]:
        """The data of what the reader is sent, until the end."""
        with reader.makefile("rb") as lines:
            for line in lines:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A live state that is broadcast; everything ends with the test."""
    with ExitStack() as opened:
        stage = Stage(opened)
        yield stage
        stage.live.close()
        stage.broadcast.close()


def test_a_reader_that_takes_nothing_is_dropped(stage: Stage) -> None:
    """A page that stopped reading is let go once too much waits for it; the others get every change."""
    stage.reader(small=True)
    events = stage.events(stage.reader())
    assert next(events)["session"]["text"] == ""
    told = 0
    while stage.broadcast.readers == 2:
        told += 1
        assert told < 1000
        stage.live.set(text=f"{told} {TEXT}")
        assert next(events)["session"]["text"].startswith(f"{told} ")
    assert told * len(TEXT) > MOST_PENDING
    assert stage.broadcast.readers == 1


def test_a_state_of_any_size_reaches_whoever_reads_it(stage: Stage) -> None:
    """The page of a run with many cases loads, though its state is far larger than what may wait for a slow page."""
    stage.live.set(text="x" * 16 * MOST_PENDING)
    assert len(next(stage.events(stage.reader()))["session"]["text"]) == 16 * MOST_PENDING
    assert stage.broadcast.readers == 1


def test_who_logged_out_while_the_stream_began_is_sent_nothing(stage: Stage) -> None:
    """Between the answer and the stream somebody may have logged out: there is not even the state of now."""
    assert stage.reader(stays=False).recv(100) == b""
    assert stage.broadcast.readers == 0
    assert next(stage.events(stage.reader()))["session"]["text"] == ""


def test_a_reader_that_went_is_forgotten(stage: Stage) -> None:
    """A page that was closed costs nothing from the next change on."""
    events = stage.events(stage.reader())
    next(events)
    stage.reader().close()
    told = 0
    while stage.broadcast.readers == 2:
        told += 1
        assert told < 1000
        stage.live.set(text=str(told))
        assert next(events)["session"]["text"] == str(told)


def test_a_reader_that_comes_back_is_told_the_time() -> None:
    """Its machine may have slept: it would show a wrong time of the run, whatever it missed."""
    live = LiveRun({"text": ""})
    broadcast = Broadcast(live, heartbeat=600.0)
    last = live.snapshot().id
    for missed in (b"", b'{"text":"new"}'):
        taken, page = socket.socketpair()
        page.settimeout(20)
        with page, page.makefile("rb") as lines:
            broadcast.take(taken, last, chunked=False)
            changes = b"".join(iter(lines.readline, b"event: alive\n"))
            told = lines.readline().removeprefix(b"data: ")
        assert changes.endswith(b'data: {"session":%b}\n\n' % missed if missed else b"")
        assert float(told) == pytest.approx(live.clock.now(), abs=60)
        live.set(text="new")
        live.publish()
    live.close()
    broadcast.close()


def test_a_slow_reader_misses_nothing(stage: Stage) -> None:
    """Who takes only a little at a time gets all changes in order, while the others have long had them."""
    slow = stage.events(stage.reader(small=True))
    quick = stage.events(stage.reader())
    next(quick)
    for number in range(15):
        stage.live.set(text=f"{number} {TEXT}")
        next(quick)
    next(slow)
    for number in range(15):
        assert next(slow)["session"]["text"].startswith(f"{number} ")


def test_a_reader_that_is_behind_keeps_no_sign_of_life_from_others() -> None:
    """A tab on a sleeping machine must not make every other page believe that the panel is gone."""
    live = LiveRun({"text": ""})
    broadcast = Broadcast(live, heartbeat=0.05)
    mute, mute_end = socket.socketpair()
    good, good_end = socket.socketpair()
    mute.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    good_end.settimeout(20)
    broadcast.take(mute, None, chunked=False)
    broadcast.take(good, None, chunked=False)
    live.set(text="x" * 300_000)  # more than the mute one's buffers take, less than what it is dropped for
    heard = b""
    while not (b"xxx" in heard and b"event: alive" in heard.rpartition(b"xxx")[2]):
        heard += good_end.recv(1 << 16)
    assert broadcast.readers == 2
    live.close()
    broadcast.close()
    mute_end.close()
    good_end.close()


def test_without_readers_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a run that nobody followed costs no state of it, which would be as large as the run."""
    asked: list[str | None] = []
    live = LiveRun({"text": ""})
    monkeypatch.setattr(live, "after", lambda last, timeout: asked.append(last))
    broadcast = Broadcast(live)
    live.close()
    broadcast.close()
    assert asked == []
