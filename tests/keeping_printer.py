"""A label printer that keeps the bytes."""

from __future__ import annotations

import socket
import threading
import time


class KeepingPrinter:
    """Takes one label after the other at ``port`` of this machine."""

    def __init__(self, port: int = 0) -> None:
        self.kept: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as sent:
                self.kept.append(sent.read())

    def wait(self) -> bytes:
        """The next label, which is coming."""
        deadline = time.monotonic() + 60
        while not self.kept:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self.kept.pop(0)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # else the thread in accept() would take one more
        self._listening.close()
