"""What shared drivers print, each line with the name of its driver in front."""

from __future__ import annotations

import io
import os
import threading
from contextlib import suppress

from sequencer.stand_process.shared_driver import DriverThread


class NamedOutput(io.TextIOBase):
    """Writes whole lines to ``descriptor``; what nobody reads is no failure of the driver that prints it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._begun: dict[str, str] = {}

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keeps what is no whole line yet."""
        thread = threading.current_thread()
        name = thread.name if isinstance(thread, DriverThread) else ""
        with self._lock:
            *lines, rest = (self._begun.pop(name, "") + text).split("\n")
            if rest:
                self._begun[name] = rest
            written = "".join(f"{name}: {line}\n" if name else f"{line}\n" for line in lines)
            data = written.encode("utf-8", "backslashreplace")
            with suppress(OSError):
                while data:
                    data = data[os.write(self._descriptor, data) :]
        return len(text)
