"""HTTP devices over a real server on this machine, and their simulation."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature

import pytest

from sequencer.drivers.http import Client, HttpError, Simulated

released = threading.Event()
"""Lets the slow page end."""


class Device(BaseHTTPRequestHandler):
    """Tells what it was sent; knows a sensor, a slow page and a broken one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            released.wait(30)
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
        elif self.path == "/text":
            self.answer(200, b"no json")
        elif self.path == "/marked":
            self.answer(200, b'\xef\xbb\xbf{"ready": true}')
        elif self.path == "/sensors":
            self.answer(200, json.dumps({"sensors": [{"celsius": 23.5}]}).encode())
        elif self.path == "/missing":
            self.answer(404, b"not here")
        else:
            self.echo()

    def do_POST(self) -> None:
        self.echo()

    def do_PUT(self) -> None:
        self.echo()

    def do_PATCH(self) -> None:
        self.echo()

    def do_DELETE(self) -> None:
        self.echo()

    def echo(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        said = {"method": self.command, "path": self.path, "body": body, "auth": self.headers.get("Authorization")}
        self.answer(200, json.dumps(said).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Device", "gateway")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Device)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    opened = Client(url, timeout=20)
    yield opened
    opened.close()


def test_an_answer_has_status_text_json_and_headers(client: Client) -> None:
    """A call returns plain data that expressions can look into."""
    answer = client.get("/sensors")
    assert (answer["status"], answer["ok"], answer["headers"]["x-device"]) == (200, True, "gateway")
    assert answer["json"] == {"sensors": [{"celsius": 23.5}]}


def test_a_refusal_is_an_answer(client: Client) -> None:
    """A status of 404 is returned, not raised: a test may want it."""
    answer = client.get("/missing")
    assert (answer["status"], answer["ok"], answer["text"], answer["json"]) == (404, False, "not here", None)


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_bodies_are_sent_as_json(client: Client, method: str) -> None:
    """POST, PUT and PATCH carry JSON."""
    said = getattr(client, method)("relay/1", json={"on": True})["json"]
    assert (said["method"], said["path"], json.loads(said["body"])) == (method.upper(), "/relay/1", {"on": True})


def test_query_text_and_deletion(client: Client) -> None:
    """Parameters go into the query, a text goes as it is, DELETE has no body."""
    assert client.get("/search", params={"serial": "SN 1"})["json"]["path"] == "/search?serial=SN+1"
    assert client.post("/raw", text="°C")["json"]["body"] == "°C"
    assert client.delete("/relay/1")["json"]["method"] == "DELETE"


def test_a_field_is_read_with_dots(client: Client) -> None:
    """`read` goes down mappings and lists."""
    assert client.read("/sensors", "sensors.0.celsius") == 23.5
    assert client.read("/sensors") == {"sensors": [{"celsius": 23.5}]}


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        ("/sensors", "sensors.1.celsius", r"no 'sensors\.1\.celsius' \(there is no '1'\)"),
        ("/sensors", "sensors.0.kelvin", "there is no 'kelvin'"),
        ("/missing", None, "answered with 404: not here"),
        ("/text", None, "not with JSON: 'no json'"),
    ],
)
def test_a_value_that_cannot_be_read_is_an_error(client: Client, path: str, field: str | None, message: str) -> None:
    """A missing field, a refusal and a body without JSON each raise what is wrong."""
    with pytest.raises(HttpError, match=message):
        client.read(path, field)


def test_a_slow_device_is_not_waited_for(url: str) -> None:
    """The timeout raises instead of hanging."""
    hurried = Client(url, timeout=0.3)
    with pytest.raises(HttpError, match=r"GET /slow got no answer: .*timed out"):
        hurried.get("/slow")
    hurried.close()
    released.set()


@pytest.mark.parametrize(
    "begin",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"],
    ids=["status", "headers", "endless", "body"],
)
def test_an_answer_that_drips_is_not_waited_for(begin: bytes) -> None:
    """The time-out is of the whole answer, not of each of its bytes; what came until then is no answer."""
    server = socket.create_server(("127.0.0.1", 0))
    enough = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(begin)
            while not enough.wait(0.05):
                connection.sendall(b"1")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    client = Client(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=0.4)
    with pytest.raises(HttpError, match=r"GET / got no answer: timed out: .* within 0\.4 s"):
        client.get("/")
    enough.set()
    thread.join()
    client.close()
    server.close()


def test_json_behind_a_byte_order_mark(client: Client) -> None:
    """As programs for Windows write it."""
    assert client.read("/marked", "ready") is True


def test_a_cut_answer_is_an_error(client: Client) -> None:
    """An answer that ends too early is none."""
    with pytest.raises(HttpError, match="GET /cut got no answer"):
        client.get("/cut")


def test_nobody_there() -> None:
    """A refused connection says so."""
    with pytest.raises(HttpError, match=r"GET / got no answer: .*refused"):
        Client("http://127.0.0.1:9").get("/")


def test_credentials_are_sent_and_never_told(url: str) -> None:
    """Token and password reach the device and no error."""
    assert Client(url, token="secret-token").get("/")["json"]["auth"] == "Bearer secret-token"
    assert Client(url, user="dev", password="x").get("/")["json"]["auth"].startswith("Basic ")
    for address in ("http://dev:secret-word@127.0.0.1:9", "nonsense://dev:secret-word@host", "http://dev:secret-word@"):
        with pytest.raises(HttpError) as caught:
            Client(address, token="secret-token").get("/")
        assert "secret" not in str(caught.value)


def test_the_simulation_answers_as_told() -> None:
    """Listed calls are answered with their JSON or status, others with 404; everything sent is kept."""
    service = Simulated(answers={"GET /health": {"ready": True}, "POST /boards": {"status": 409, "json": "known"}})
    assert service.read("/health", "ready") is True
    assert service.post("/boards", json={"serial": "1"})["status"] == 409
    assert service.get("/else")["status"] == 404
    assert service.sent[1] == ("POST /boards", {"serial": "1"})


def test_a_star_stands_for_any_text_in_a_simulated_call() -> None:
    """A path with a serial number can be simulated; the path itself wins, then the first that fits."""
    service = Simulated(
        answers={
            "GET /units/*/state": "ready",
            "GET /units/*": {"released": True},
            "GET /units/SN7": {"released": False},
            "GET /a.c": 1,
        }
    )
    assert service.read("/units/SN1", "released") is True
    assert service.read("/units/SN7", "released") is False
    assert service.read("/units/SN1/state") == "ready"
    assert [service.get(path)["status"] for path in ("/unit/SN1", "/abc")] == [404, 404]
    assert service.post("/units/SN1")["status"] == 404


def test_simulation_takes_the_arguments_of_the_client() -> None:
    """One `with:` fits both."""
    assert set(signature(Client).parameters) <= set(signature(Simulated).parameters)
