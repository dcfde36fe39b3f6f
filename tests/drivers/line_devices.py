"""Instruments that answer lines, at a real socket and at a real pseudo-terminal: slow, talkative, two-lined."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

Pieces = Sequence[tuple[float, bytes]]
"""What is sent, each piece after so many seconds."""
Answer = Callable[[str], Pieces]

IDENTITY = "ACME,DAQ,1,1.0"


def scpi(line: str, answers: Answer) -> Pieces:
    """An instrument that knows who it is and has an error queue; the rest is told by ``answers``."""
    if line == "*IDN?":
        return [(0, IDENTITY.encode() + b"\n")]
    return [(0, b'+0,"No error"\n')] if line == "SYST:ERR?" else answers(line)


class Instrument:
    """Serves at ``address`` until it is closed; answers in the order of the questions of a connection."""

    def __init__(self, answer: Answer) -> None:
        self.connections = 0
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.address = f"TCPIP::127.0.0.1::{self.port}::SOCKET"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            for line in connection.makefile("rb"):
                for seconds, data in self._answer(line.decode().strip()):
                    time.sleep(seconds)
                    connection.sendall(data)


class Device:
    """The same at the far end of a pseudo-terminal called ``name``: it goes on whoever opens and closes the port."""

    def __init__(self, answer: Answer) -> None:
        import tty

        self._answer = answer
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self.name = os.ttyname(self._far)
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        """Sends what nobody asked for."""
        os.write(self._near, data)

    def close(self) -> None:
        """Unplugs it."""
        self._closed = True
        os.close(self._far)
        self._thread.join(5)
        os.close(self._near)

    def _serve(self) -> None:
        heard = b""
        while not self._closed:
            try:
                heard += os.read(self._near, 100)
            except OSError:
                return
            while b"\n" in heard:
                line, heard = heard.split(b"\n", 1)
                for seconds, data in self._answer(line.decode().strip()):
                    time.sleep(seconds)
                    with suppress(OSError):
                        os.write(self._near, data)
