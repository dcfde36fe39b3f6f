"""The child's end of the pipes to the runner: commands come in on standard input, events go out on standard output.

Whatever a driver prints goes to standard error, and a driver that reads its standard input finds it empty.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sequencer.runtime.start import Start, read_start

GONE = "the program that started the run is gone"


class Link:
    """Takes the pipes over. One per process."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # Line by line, so that the last words of a crashing driver are not lost in a buffer.
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._in = os.dup(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(self._out, os.O_BINARY)
            msvcrt.setmode(self._in, os.O_BINARY)
        self._lines = _lines(self._in)
        self._lock = threading.Lock()
        self._broken = False

    def write(self, line: bytes) -> None:
        """Sends one line; a runner that is gone is noticed on the other pipe."""
        with self._lock:
            while line and not self._broken:
                try:
                    line = line[os.write(self._out, line) :]
                except OSError:
                    self._broken = True

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message that is no event."""
        self.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def wait_for_start(self, plan: Callable[[], Mapping[str, Any]]) -> Start | None:
        """Blocks until the start command, telling the plan when asked; ``None`` when there will be no start."""
        for message in self._lines:
            if message.get("command") == "start":
                return read_start(message)
            if message.get("command") == "plan":
                self.send({"plan": plan()})
        return None

    def listen(
        self,
        stop: Callable[[str], None],
        answer: Callable[[str, str, Any, str | None], object],
        debug: Callable[[str | None], object] = lambda line: None,
    ) -> None:
        """From now on a thread passes commands on; the end of the pipe is a stop.

        ``debug`` gets the lines for the debugger, ``None`` at their end.
        """
        thread = threading.Thread(target=self._listen, args=(stop, answer, debug), name="link", daemon=True)
        thread.start()

    def _listen(
        self,
        stop: Callable[[str], None],
        answer: Callable[[str, str, Any, str | None], object],
        debug: Callable[[str | None], object],
    ) -> None:
        for message in self._lines:
            if message.get("command") == "stop":
                stop(str(message.get("reason") or "stopped"))
            elif message.get("command") == "answer":
                answer(str(message["dialog"]), str(message["result"]), message.get("value"), message.get("by"))
            elif message.get("command") == "debug":
                debug(message.get("line"))
        stop(GONE)


def _lines(descriptor: int) -> Iterator[dict[str, Any]]:
    waiting = b""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                yield message
