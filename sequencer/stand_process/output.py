"""What shared drivers print: each line with the name of its driver in front, and told to the slot that calls it."""

from __future__ import annotations

import io
import os
import threading
from contextlib import suppress

from sequencer.stand_process.speaking import DriverThread


class NamedOutput(io.TextIOBase):
    """Writes whole lines to ``descriptor``; what nobody reads is no failure of the driver that prints it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._begun: dict[str, str] = {}

    def writable(self) -> bool:
        """It is."""
        return True

    def end_line(self) -> None:
        """What this thread has printed without an end is a line."""
        if self._begun.get(threading.current_thread().name):
            self.write("\n")

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
        if isinstance(thread, DriverThread) and thread.voice is not None:
            for line in filter(str.strip, lines):
                thread.voice.line("info", line.rstrip())
        return len(text)
