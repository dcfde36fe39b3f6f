"""Two hundred clients that ask slowly, read slowly or do neither: the operator notices nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

import psutil
import pytest

from sequencer.panel import http_server
from sequencer.panel.broadcast import MOST_READERS

LOCAL = b"Host: localhost\r\n\r\n"
LARGE = b"GET /static/vendor/inter/latin.woff2 HTTP/1.1\r\n" + LOCAL
EVENTS = b"GET /api/events HTTP/1.1\r\n" + LOCAL
STOP = b"POST /api/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
ASKING = """
name: Asking
modules:
  main:
    name: Main
    cases:
      ask:
        name: Ask
        steps:
          - dialog: {type: number, title: Turns}
          - dialog: {type: number, title: More}
"""


@pytest.fixture
def crowd() -> Iterator[Callable[[Any, int, bytes], list[socket.socket]]]:
    """Opens so many connections that take in next to nothing and say this much at once."""
    opened: list[socket.socket] = []

    def open_them(panel: Any, count: int, said: bytes) -> list[socket.socket]:
        for _ in range(count):
            one = socket.socket()
            opened.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(30)
            one.connect(("127.0.0.1", panel.port))
            with suppress(OSError):  # it was given up already
                one.sendall(said)
        return opened

    yield open_them
    for each in opened:
        each.close()


def drip(clients: list[socket.socket], ended: threading.Event) -> None:
    """Says a letter, and reads one, of each every now and then."""
    for one in clients:
        one.setblocking(False)
    while not ended.wait(0.2):
        for one in clients:
            with suppress(OSError):
                one.send(b"a")
            with suppress(OSError):
                one.recv(1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ",
        STOP + b"{",
        LARGE * 8,
        LARGE * 7 + EVENTS,
        EVENTS,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a" * 30_000,
    ],
    ids=["silent", "half a head", "half a Stop", "slow reader", "pipelined stream", "stream", "huge head"],
)
def test_slow_clients_change_nothing(
    stand: Any, crowd: Callable[[Any, int, bytes], list[socket.socket]], said: bytes
) -> None:
    """While they are all there, new and old connections work: events, a page, Start, an answer, Stop."""
    stand.sequence("asking", ASKING)
    panel = stand.open()
    panel.wait_for("ready", seconds=20)
    events = HTTPConnection("127.0.0.1", panel.port, timeout=30)
    events.request("GET", "/api/events")
    lines = iter(events.getresponse().readline, b"")
    ended = threading.Event()
    clients = crowd(panel, 200, said)
    dripping = threading.Thread(target=drip, args=(clients, ended), daemon=True)
    dripping.start()
    try:
        assert panel.ask("GET", "/").status == 200
        run = panel.ask("POST", "/api/start", {}).json["run"]
        dialog = None
        while dialog is None:
            case = panel.ask("GET", "/api/state").json["run"]["modules"][0]["cases"][0]
            dialog = next((asked["id"] for tried in case["attempts"] for asked in tried["dialogs"]), None)
        answer = panel.ask("POST", f"/api/dialogs/{dialog}", {"result": "confirm", "value": "1"})
        assert answer.status == 200, answer.body
        assert panel.ask("POST", "/api/stop", {}).status == 200
        panel.wait_for("ready")
        assert panel.report_store.store.get(run)["status"] == "stopped"
        # The page that was there before them has been told all of it, and one that comes now is told as well.
        assert any(b'"status":"stopped"' in line for line in lines)
        late = HTTPConnection("127.0.0.1", panel.port, timeout=30)
        late.request("GET", "/api/events")
        told = late.getresponse()
        assert any(b"event: snapshot" in line for line in iter(told.readline, b""))
        late.close()
    finally:
        ended.set()
        dripping.join()
        events.close()


@pytest.mark.slow
def test_more_slow_readers_than_there_are_places(
    stand: Any, crowd: Callable[[Any, int, bytes], list[socket.socket]]
) -> None:
    """Where all places are taken by clients that do not read, the one that is longest silent goes for a new one."""
    panel = stand.open()
    panel.wait_for("ready")
    crowd(panel, http_server.MOST_CONNECTIONS + 20, LARGE * 8)
    assert panel.ask("POST", "/api/stop", {}).json["error"]["code"] == "not-running"


def test_an_answer_has_to_be_read_at_some_pace(
    stand: Any, crowd: Callable[[Any, int, bytes], list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads a byte now and then is given up, though it is never silent for long; who reads on gets all of it."""
    monkeypatch.setattr(http_server, "READ_SECONDS", 0.5)
    monkeypatch.setattr(http_server, "MOST_PIPELINED", 1000)
    panel = stand.open()
    panel.wait_for("ready")
    (slow,) = crowd(panel, 1, LARGE * 200)
    steady = HTTPConnection("127.0.0.1", panel.port, timeout=30)
    steady.request("GET", "/static/vendor/inter/latin.woff2")
    size = len(steady.getresponse().read())
    steady.close()
    ended = threading.Event()
    dripping = threading.Thread(target=drip, args=([slow], ended), daemon=True)
    dripping.start()
    # Until the server has closed it: then nothing can be sent there any more.
    panel.wait_until(lambda: _is_broken(slow))
    ended.set()
    dripping.join()
    assert size > 10_000


def _is_broken(connection: socket.socket) -> bool:
    return (
        bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        or connection.fileno() < 0
        or not _sends(connection)
    )


def _sends(connection: socket.socket) -> bool:
    try:
        connection.send(b"a")
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def test_more_streams_than_there_are_places(
    stand: Any, crowd: Callable[[Any, int, bytes], list[socket.socket]]
) -> None:
    """A crowd of streams from one address keeps out no further page and drives out none that was there before."""
    panel = stand.open()
    panel.wait_for("ready")
    before = HTTPConnection("127.0.0.1", panel.port, timeout=30)
    before.request("GET", "/api/events")
    stream = before.getresponse()
    panel.wait_until(lambda: panel.server.readers == 1)
    crowd(panel, MOST_READERS + 20, EVENTS)
    panel.wait_until(lambda: panel.server.readers == MOST_READERS)
    late = HTTPConnection("127.0.0.1", panel.port, timeout=30)
    late.request("GET", "/api/events")
    answer = late.getresponse()
    assert answer.status == 200
    panel.session.live.set(title="told to all")
    for each in (stream, answer):
        assert any(b"told to all" in line for line in iter(each.readline, b""))
    before.close()
    late.close()


def test_a_panel_that_ends_keeps_no_file_open(
    stand: Any, crowd: Callable[[Any, int, bytes], list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was still to be sent when the panel ends is closed, not left to the garbage collection."""
    monkeypatch.setattr(http_server, "MOST_PIPELINED", 1000)
    panel = stand.open()
    panel.wait_for("ready")
    crowd(panel, 1, LARGE * 400)
    # More than the system's buffers take.
    panel.wait_until(lambda: _open_fonts() > 50)
    panel.close()
    assert _open_fonts() == 0


def _open_fonts() -> int:
    return sum(file.path.endswith("latin.woff2") for file in psutil.Process().open_files())
