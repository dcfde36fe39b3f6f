"""Real servers over real sockets: the stand-in in a process of its own, and raw ones that answer whatever is wanted."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import Secret
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.run_id import new_run_id

KEY = "sk-Zx81-do-not-show-me"
"""The key that every test of this folder uses, so that one search finds it wherever it leaked."""


class StandInProcess:
    """``python -m sequencer.standin.service`` as a user starts it, and its control calls."""

    def __init__(self, port: int = 0, key: str | None = KEY) -> None:
        command = [sys.executable, "-m", "sequencer.standin", "--port", str(port)]
        self.process = subprocess.Popen(
            [*command, *(["--api-key", key] if key else [])], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        ready = self.process.stdout.readline().split()
        assert ready[:1] == ["READY"], ready
        self.address = ready[1]
        self.port = int(self.address.rpartition(":")[2])

    def stop(self) -> None:
        """Ends the process; its memory is gone."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the stand-in's own."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/standin/{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def fail(self, **fault: object) -> None:
        """Misbehave from now on."""
        self.control("POST", "faults", fault)

    def behave(self) -> None:
        """No faults any more."""
        self.control("DELETE", "faults")

    def forget(self) -> None:
        """As after a fresh start."""
        self.behave()
        self.control("DELETE", "reports")

    @property
    def copies(self) -> dict[str, int]:
        """How often each report came."""
        counted: dict[str, int] = self.control("GET", "reports")["reports"]
        return counted


@pytest.fixture
def key() -> Secret:
    """The API key of the tests."""
    return Secret(KEY)


@pytest.fixture(scope="session")
def standin_process() -> Iterator[StandInProcess]:
    """One stand-in for all tests that do not stop it."""
    process = StandInProcess()
    yield process
    process.stop()


@pytest.fixture
def standin(standin_process: StandInProcess) -> StandInProcess:
    """A stand-in that knows nothing and behaves."""
    standin_process.forget()
    return standin_process


@pytest.fixture
def start_standin() -> Iterator[Callable[..., StandInProcess]]:
    """Starts stand-ins of the test's own."""
    started: list[StandInProcess] = []

    def start(**options: Any) -> StandInProcess:
        started.append(StandInProcess(**options))
        return started[-1]

    yield start
    for process in started:
        process.stop()


class RawServer:
    """Answers every connection with given bytes, then closes it; keeps what it was sent."""

    def __init__(self, answer: bytes | Iterator[bytes], context: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.context = context
        self.received: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        """One connection after the other."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.talk(
                    connection if self.context is None else self.context.wrap_socket(connection, server_side=True)
                )
            except OSError:
                connection.close()

    def talk(self, connection: socket.socket) -> None:
        """Reads a whole request, and answers."""
        with connection, connection.makefile("rb") as stream:
            head = b"".join(iter(stream.readline, b"\r\n"))
            length = re.search(rb"(?i)content-length: (\d+)", head)
            self.received.append(head + stream.read(int(length[1]) if length else 0))
            for part in [self.answer] if isinstance(self.answer, bytes) else self.answer:
                connection.sendall(part)

    def close(self) -> None:
        """Stops listening."""
        # A closed listener does not wake a thread that waits in accept on every system; a connection does.
        self.listener.shutdown(socket.SHUT_RDWR) if sys.platform == "linux" else None
        self.listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Starts raw servers."""
    servers: list[RawServer] = []

    def start(answer: bytes | Iterator[bytes], context: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(answer, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def run_events(run_id: str, cases: int, **marks: Any) -> Iterator[Event]:
    """A short run that passes; ``marks`` are ``simulated``, ``debugged``, ``selection``."""
    names = [f"rail_{number}" for number in range(cases)]
    plan = [{"id": name, "name": name, "group": "main", "place": "seq.yaml:5:5"} for name in names]
    yield events.RunStarted(
        run=run_id,
        sequence={"name": "Board", "version": "1.0", "description": None, "file": "seq.yaml", "sha256": "0" * 64},
        modules=[{"id": "main", "name": "Main", "group": "main", "cases": plan}],
        hardseq="0.1.0",
        host={"name": "bench", "id": "1", "os": "Linux", "python": "3.11", "timezone": "UTC"},
        record={"dut": {"serial_number": "SN1"}, "stand": {"name": "Stand 1"}},
        **marks,
    )
    for name in names:
        yield events.CaseStarted(f"main::{name}")
        yield events.MeasurementRecorded(f"main::{name}", "seq.yaml:9:9", "Rail", 5.0, "numeric", "V", [4.8, 5.2], True)
        yield events.CaseFinished(f"main::{name}", "passed")
    yield events.RunFinished("passed")


def make_report(run_id: str | None = None, *, cases: int = 1, **marks: Any) -> RunReport:
    """The report of a run, made by the real fold."""
    stream = run_events(run_id or new_run_id(), cases, **marks)
    return fold(Stamped(number, 1_700_000_000.0 + number, event) for number, event in enumerate(stream, 1))


@pytest.fixture
def report() -> Callable[..., RunReport]:
    """Makes reports."""
    return make_report


@pytest.fixture
def authority() -> Path:
    """The certificate of an authority that nobody but the tests knows."""
    return Path(__file__).parent / "tls" / "authority.pem"


@pytest.fixture
def tls() -> ssl.SSLContext:
    """A server's context with a certificate of that authority for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "tls" / "server.pem")
    return context
