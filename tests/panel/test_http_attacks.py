"""What somebody sends who means no good, or a program that is broken: refused in the one shape, and nothing breaks."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

import pytest

from sequencer.panel import http_server

SEQUENCE = """
name: Params
params:
  volts: {type: number, default: 5}
  serial: {type: string, default: SN1}
modules:
  main:
    name: Main
    cases:
      ask:
        name: Ask
        steps:
          - dialog: {type: number, title: Turns, html: "<b>Count</b>"}
"""


@pytest.fixture(scope="module")
def panel(shared_stand: Any) -> Any:
    """A panel that waits for Start."""
    shared_stand.write("images/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    shared_stand.sequence("params", SEQUENCE)
    panel = shared_stand.open()
    panel.wait_for("ready")
    return panel


def raw(panel: Any, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Sends bytes as they are; status, headers and body of the answer."""
    with socket.create_connection(("127.0.0.1", panel.port), timeout=30) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            headers = {}
            for line in iter(answer.readline, b"\r\n"):
                name, _, value = line.decode().partition(": ")
                headers[name] = value.strip()
            return status, headers, answer.read(int(headers["Content-Length"]))


@pytest.mark.parametrize(
    "body",
    [
        b'{"params": {"volts": NaN}}',
        b'{"params": {"volts": -Infinity}}',
        b'{"user": "a", "user": "b"}',
        b'{"params": {"volts": 1, "volts": 2}}',
        b'{"params": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"params": {"volts": ' + b"9" * 5_000 + b"}}",
        '{"user": "a"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"user": "\xff"}',
        b'"text"',
        b"null",
    ],
)
def test_what_is_no_strict_json_is_refused(panel: Any, body: bytes) -> None:
    """Numbers that JSON has not, keys said twice, depth without end and other encodings mean nothing here."""
    answer = panel.ask("POST", "/api/start", body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "not-json")


@pytest.mark.parametrize("value", ["1e999", "9" * 400, "{}", "[1]", '{"a": {"b": 1}}', "true", '"\\ud800"'])
def test_a_parameter_that_is_no_number_is_told(panel: Any, value: str) -> None:
    """Whatever stands where a number belongs is named, not stumbled over."""
    answer = panel.ask("POST", "/api/start", f'{{"params": {{"volts": {value}}}}}'.encode())
    assert (answer.status, answer.json["error"]["fields"][0]["field"]) == (422, "volts")


@pytest.mark.parametrize("value", ["1e999", "9" * 400, "{}", "[1]", "true", '"\\ud800"', '"1e999"'])
def test_an_answer_that_is_no_number_is_told(panel: Any, value: str) -> None:
    """The same for the answer of a dialog, which stays open; its HTML comes in a document that can do nothing."""
    panel.wait_for("ready")
    panel.ask("POST", "/api/start", {})
    try:
        dialog = None
        while dialog is None:
            case = panel.ask("GET", "/api/state").json["run"]["modules"][0]["cases"][0]
            dialog = next((asked["id"] for tried in case["attempts"] for asked in tried["dialogs"]), None)
        answer = panel.ask("POST", f"/api/dialogs/{dialog}", f'{{"result": "confirm", "value": {value}}}'.encode())
        assert (answer.status, answer.json["error"]["fields"][0]["field"]) == (422, "value")
        frame = panel.ask("GET", f"/api/frames/{dialog}").headers
        assert frame["Content-Security-Policy"].startswith("sandbox allow-same-origin; default-src 'none'; ")
        assert frame["X-Content-Type-Options"] == "nosniff"
    finally:
        panel.ask("POST", "/api/stop", {})


HEAD = b"POST /api/stop HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, "malformed"),
        (b"hello\r\n\r\n", 400, "malformed"),
        (HEAD + b"Content-Length: x\r\n\r\n", 400, "malformed"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "malformed"),
        (HEAD + b"Content-Length: 2000000\r\n\r\n", 413, "too-large"),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501, "malformed"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400, "malformed"),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n", 431, "too-large"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a" * 40_000, 431, "too-large"),
        (b"GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n", 421, "wrong-host"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421, "wrong-host"),
        (b"GET / HTTP/1.0\r\n\r\n", 421, "wrong-host"),
        (HEAD + b"Origin: http://[\r\nConnection: close\r\n\r\n", 403, "cross-site"),
        (HEAD + b"Origin: \r\nConnection: close\r\n\r\n", 403, "cross-site"),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 403, "token"),
    ],
)
def test_what_is_hardly_http_gets_the_one_error(panel: Any, sent: bytes, status: int, code: str) -> None:
    """Also what the server refuses before the application sees it is JSON of the one shape, with all the headers."""
    found, headers, body = raw(panel, sent)
    assert (found, json.loads(body)["error"]["code"]) == (status, code)
    assert headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("destination", ["image", "script", "iframe", "empty"])
@pytest.mark.parametrize("path", ["/", "/api/state", "/api/events", "/api/pictures/images/a.svg", "/static/theme.js"])
def test_another_sites_page_fetches_nothing(panel: Any, site: str, destination: str, path: str) -> None:
    """A page elsewhere can neither use up the panel's streams nor learn from what loads; a link to a page is a link."""
    foreign = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": destination}
    answer = panel.ask("GET", path, token=False, headers=foreign)
    assert (answer.status, answer.json["error"]["code"]) == (403, "cross-site")
    link = panel.ask("GET", "/runs", token=False, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "document"})
    assert link.status == 200


def test_a_wrong_token_is_refused_even_to_look(panel: Any) -> None:
    """Who has the token of another panel has come to the wrong one, and is told so."""
    answer = panel.ask("GET", "/api/state", token=False, headers={"X-Hardseq-Token": "of-another-panel"})
    assert (answer.status, answer.json["error"]["code"]) == (403, "token")


def test_head_and_options_answer_and_follow_nothing(panel: Any) -> None:
    """HEAD gives the headers alone, of the stream, too, and leaves no reader behind; OPTIONS names the methods."""
    for path in ("/", "/api/state", "/api/events", "/api/runs", "/api/runs?format=csv", "/healthz"):
        connection = HTTPConnection("127.0.0.1", panel.port, timeout=30)
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b""), path
        assert "Content-Security-Policy" in answer.headers
        connection.close()
    assert panel.server.readers == 0
    options = panel.ask("OPTIONS", "/api/start")
    assert set(options.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.skipif(sys.platform == "win32", reason="there such files cannot be")
@pytest.mark.parametrize("name", ["\\\\evil\\share\\a.png", "C:\\a.png", "c:a.png", "images\\..\\.a.png", "\\a.png"])
def test_a_name_that_leads_elsewhere_on_windows_is_not_looked_at(panel: Any, name: str) -> None:
    """A mere look at another machine's share would give it the user's name and proof of the password."""
    path = panel.project.folder / name
    path.write_bytes(b"secret")
    quoted = name.replace("\\", "%5C")
    assert panel.ask("GET", f"/api/pictures/{quoted}").json["error"]["code"] == "not-found"
    path.unlink()


def test_a_deluge_of_connections_that_say_nothing_leaves_the_panel_answering(panel: Any) -> None:
    """Connections that are opened, broken off or left in the middle of a request hold no thread."""
    idle = [socket.create_connection(("127.0.0.1", panel.port), timeout=30) for _ in range(100)]
    for number, connection in enumerate(idle):
        connection.sendall(b"POST /api/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"[: number % 75])
        if number % 2:
            connection.close()
    assert panel.ask("GET", "/healthz").status == 200
    for connection in idle:
        connection.close()


@pytest.fixture
def crowd() -> Iterator[Callable[..., list[socket.socket]]]:
    """Opens so many connections, each of which says only this much."""
    opened: list[socket.socket] = []

    def open_them(panel: Any, count: int, said: bytes) -> list[socket.socket]:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", panel.port), timeout=30)
            opened.append(one)
            with suppress(OSError):  # it was given up already
                one.sendall(said)
        return opened

    yield open_them
    for each in opened:
        each.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST /api/start HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /api/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["silent", "half a head", "half a body", "idle"],
)
def test_many_open_connections_keep_nobody_from_being_answered(stand: Any, crowd: Any, said: bytes) -> None:
    """More than there are places, all of one client that asks nothing (more): Stop is answered all the same."""
    panel = stand.open()
    panel.wait_for("ready")
    crowd(panel, http_server.MOST_CONNECTIONS + 50, said)
    assert panel.ask("POST", "/api/stop", {}).json["error"]["code"] == "not-running"


def test_a_request_has_to_be_whole_in_time(stand: Any, crowd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes letter by letter is given up; a connection that was answered may be silent for longer."""
    monkeypatch.setattr(http_server, "REQUEST_SECONDS", 0.2)
    panel = stand.open()
    panel.wait_for("ready")
    (slow,) = crowd(panel, 1, b"GET /hea")
    ended = threading.Event()

    def drip() -> None:
        with suppress(OSError):
            while not ended.wait(0.02):
                slow.sendall(b"l")

    threading.Thread(target=drip, daemon=True).start()
    with suppress(ConnectionResetError):
        assert slow.recv(100) == b""
    ended.set()
    kept = HTTPConnection("127.0.0.1", panel.port, timeout=30)
    for _ in range(2):
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        time.sleep(0.4)
    kept.close()
