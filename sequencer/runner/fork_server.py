"""Test processes as forks of one that has collected: there in milliseconds, with its memory. Linux only."""

from __future__ import annotations

import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from typing import IO

from sequencer.project.secrets import without_secrets
from sequencer.runner.child import Child
from sequencer.runner.owned_process import OwnedProcess
from sequencer.runner.python_process import UNKNOWN_END, start_test_process
from sequencer.runtime.fork_server import NUMBER

assert sys.platform == "linux"

ANSWER_SECONDS = 20.0
"""A server that has not forked by then never will."""
TOLD_SECONDS = 1.0
"""In which a server that is there tells how a process ended."""
_CREDENTIALS = struct.Struct("3i")
"""Of whoever connected: process, user and group."""


class ForkServer:
    """Starts test processes of one generated project: as forks where it can, otherwise as ever. Used from any thread.

    ``collect`` tells the process that forks what to collect, and at which address it is waited for. ``loaded`` is a
    process that is loading already, and becomes that.
    """

    def __init__(self, collect: Callable[[Child, str], None], loaded: Child | None = None) -> None:
        self._collect = collect
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._closed = False
        self._begin(loaded)

    def start(self) -> OwnedProcess:
        """A test process, which waits for its first command. Raises ``OSError``."""
        with self._lock:
            server = self._server
            if server is None:
                return start_test_process()
            if server.surroundings == _surroundings():
                with suppress(OSError):
                    return server.fork()
            server.close()
            self._server = None
            # Another one for the next time. What kept one from forking even once would keep any.
            if not self._closed and (server.has_forked or server.surroundings != _surroundings()):
                self._begin()
        return start_test_process()

    def close(self) -> None:
        """Ends the server; what it forked goes on. Closing twice is harmless.

        Whoever waits for its first fork has a process that is started as ever instead.
        """
        self._closed = True
        if (waited_for := self._server) is not None:
            waited_for.wake()
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    @property
    def pid(self) -> int | None:
        """The system's number of the server; ``None`` while there is none."""
        return None if self._server is None else self._server.child.pid

    def _begin(self, loaded: Child | None = None) -> None:
        self._server = None
        with suppress(OSError):
            os.close(os.pidfd_open(os.getpid()))  # raises where the kernel is too old
            self._server = _Server(self._collect, loaded)


class _Server:
    """The process that forks, and the line to it. Raises ``OSError`` when it cannot be started."""

    def __init__(self, collect: Callable[[Child, str], None], loaded: Child | None) -> None:
        self.surroundings = _surroundings()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line: socket.socket | None = None
        self._end, self._told = socket.socketpair()
        self.has_forked = False
        # A name that is in no folder, and gone with the process, however that ends.
        address = f"\0hardseq-{secrets.token_hex(8)}"
        try:
            self._listener.bind(address)
            self._listener.listen()
            self.child = Child(_ignore, _print_nothing) if loaded is None else loaded
        except OSError:
            self._close_sockets()
            raise
        if not self.child.hand_over(self._hear, _print_nothing):
            self._hear(self.child, b"")
        collect(self.child, address)

    def fork(self) -> ForkedProcess:
        """Another process. Raises ``OSError``."""
        try:
            if self._line is None:
                self._line = self._accept()
            forked = _fork(self._line)
            self.has_forked = True
            return forked
        except TimeoutError:
            self.child.kill()
            raise

    def wake(self) -> None:
        """Nobody waits for its first fork any more. From any thread."""
        with suppress(OSError):  # it is closed
            self._told.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """It ends as soon as all have ended that it forked."""
        self._close_sockets()
        if self.has_forked:
            self.child.close_pipe()
        else:
            self.child.kill()

    def _close_sockets(self) -> None:
        for each in (self._listener, self._end, self._told, *([] if self._line is None else [self._line])):
            each.close()

    def _accept(self) -> socket.socket:
        ready = select.poll()
        for source in (self._listener, self._end):
            ready.register(source, select.POLLIN)
        while found := ready.poll(ANSWER_SECONDS * 1000):
            if self._listener.fileno() not in dict(found):
                raise ConnectionResetError
            line, _ = self._listener.accept()
            who = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            if _CREDENTIALS.unpack(who)[0] == self.child.pid:
                return line
            line.close()
        raise TimeoutError

    def _hear(self, child: Child, chunk: bytes) -> None:
        """Whoever waits for a process that has ended shall not."""
        if not chunk:
            self._told.close()


class ForkedProcess:
    """A process whose end its parent, the fork server, tells on ``line``. ``descriptor`` is that of the process.

    ``streams`` are the owner's ends of standard input, output and error. What is given is this object's from here on.
    """

    def __init__(self, pid: int, descriptor: int, line: socket.socket, streams: Sequence[IO[bytes]]) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = streams
        self._descriptor = descriptor
        self._line = line
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._code = UNKNOWN_END
        threading.Thread(target=self._watch, name="fork", daemon=True).start()

    def poll(self) -> int | None:
        """As that of ``OwnedProcess``."""
        return self._code if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """As that of ``OwnedProcess``."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("fork", timeout or 0.0)
        return self._code

    def kill(self) -> None:
        """As that of ``OwnedProcess``: no other process, should the number be another's by now."""
        with self._lock, suppress(OSError):
            if not self._ended.is_set():
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def _watch(self) -> None:
        ready = select.poll()
        ready.register(self._descriptor, select.POLLIN)
        ready.poll()
        said = b""
        with self._line, suppress(OSError):
            said = self._line.recv(NUMBER.size)
        with self._lock:
            if said:
                (self._code,) = NUMBER.unpack(said)
            self._ended.set()
            os.close(self._descriptor)


def _fork(server: socket.socket) -> ForkedProcess:
    with ExitStack() as own, ExitStack() as given:
        streams, descriptors = [], []
        for mode in "wrr":
            read, write = os.pipe()
            mine, its = (write, read) if mode == "w" else (read, write)
            streams.append(own.enter_context(FileIO(mine, mode)))
            given.callback(os.close, its)
            descriptors.append(its)
        line, end = (stack.enter_context(each) for stack, each in zip((own, given), socket.socketpair(), strict=True))
        line.settimeout(ANSWER_SECONDS)
        socket.send_fds(server, [b"f"], [*descriptors, end.fileno()])
        # Held by nobody else, they end with the process.
        given.close()
        number, process, _, _ = socket.recv_fds(line, NUMBER.size, 1, socket.MSG_CMSG_CLOEXEC)
        if not process:
            raise ConnectionResetError
        line.settimeout(TOLD_SECONDS)
        own.pop_all()
        return ForkedProcess(NUMBER.unpack(number)[0], process[0], line, streams)


def _surroundings() -> tuple[dict[str, str], Path | None]:
    """What a process finds when it starts and its fork would not: environment and working folder of the owner."""
    folder = None
    with suppress(OSError):  # somebody deleted it
        folder = Path.cwd()
    return without_secrets(os.environ), folder


def _ignore(child: Child, chunk: bytes) -> None:
    """It says nothing."""


def _print_nothing(line: str) -> None:
    """Nor does it print."""
