"""What drivers print and log: with the case in the report, as far as that bears it, and whole in a file.

The file is ``RUN_ID.log`` beside the journal, made with the first line: time (UTC), level, case (``-`` outside of all),
source and text. What a compiled library or another program prints does not pass through Python: it is in the terminal
alone.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sequencer.project.secrets import ProcessSecrets
from sequencer.report.event import LineLogged
from sequencer.runtime.under_way import attempt_under_way
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.status import LogLevel, log_level

if TYPE_CHECKING:
    from sequencer.runtime.case import AttemptContext
    from sequencer.runtime.run import RunContext

MOST_LINES = 900
"""Lines of one attempt that become events: a report has no more than a thousand, those of the sequence among them."""
MOST_LETTERS = 4000
"""Letters of a line in the report."""


class DriverOutput:
    """Listens to ``print`` and ``logging`` from when it is made until it is closed."""

    def __init__(self, run: RunContext, file: Path) -> None:
        self._run = run
        self._file = file
        self._descriptor: int | None = None
        self._broken = False
        self._home = os.getpid()
        self._thread = threading.get_ident()
        self._lock = threading.RLock()
        self._lines: tuple[AttemptContext | None, int] = None, 0
        self._streams = [_Printed(stream, self) for stream in (sys.stdout, sys.stderr)]
        sys.stdout, sys.stderr = self._streams
        self._handler = _Logged(self)
        self._level = logging.root.level
        if logging.root.level == logging.WARNING:  # Python's own default, which nobody chose
            logging.root.setLevel(logging.INFO)
        logging.root.addHandler(self._handler)

    def close(self) -> None:
        """Everything is as it was before."""
        for stream in self._streams:
            stream.end()
        if sys.stdout is self._streams[0]:
            sys.stdout = self._streams[0].stream
        if sys.stderr is self._streams[1]:
            sys.stderr = self._streams[1].stream
        logging.root.removeHandler(self._handler)
        logging.root.setLevel(self._level)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def line(self, level: LogLevel, text: str, source: str | None = None) -> None:
        """One line; ``source`` is the name of a logger, and of what is printed the driver that is called."""
        if os.getpid() != self._home:
            return  # a copy of this process, whose words are in the terminal alone
        if threading.get_ident() == self._thread:
            with self._run.interrupts:
                self._take(level, text, source)
        else:
            self._take(level, text, source)

    def _take(self, level: LogLevel, text: str, source: str | None) -> None:
        attempt = attempt_under_way()
        source = source or (None if attempt is None else attempt.called) or "print"
        with self._lock:
            self._write(level, "-" if attempt is None else attempt.full_name, source, text)
            if attempt is None or attempt.planned is None:
                return
            before, count = self._lines
            count = count + 1 if before is attempt else 1
            self._lines = attempt, count
        if count > MOST_LINES:
            return
        if count == MOST_LINES:
            level, source, text = (
                "warning",
                "hardseq",
                f"all that drivers say from here on is in {self._file.name} alone",
            )
        self._run.emit_from_driver(LineLogged(attempt.full_name, level, text[:MOST_LETTERS], source))

    def _write(self, level: LogLevel, case: str, source: str, text: str) -> None:
        if self._broken:
            return
        now = time.time()
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z"
        line = ProcessSecrets.redactor.line(utf8(f"{moment} {level} {case} {source}: {text}\n"))
        try:
            if self._descriptor is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
                self._descriptor = os.open(self._file, flags, 0o644)
            os.write(self._descriptor, line)
        except OSError as error:
            self._broken = True
            with suppress(Exception):
                self._streams[1].stream.write(f"hardseq: {self._file} cannot be written: {error.strerror or error}\n")


class _Printed:
    """``sys.stdout`` or ``sys.stderr``, which also tells each line."""

    def __init__(self, stream: TextIO, output: DriverOutput) -> None:
        self.stream = stream
        self._output = output
        self._begun = ""
        self._telling = False

    def write(self, text: str) -> int:
        """As a text file."""
        written = self.stream.write(text)
        if self._telling:
            return written
        *lines, begun = (self._begun + text).split("\n")
        self._begun = begun
        self._telling = True
        try:
            for line in filter(None, (line.rpartition("\r")[2].rstrip() or line.strip() for line in lines)):
                self._output.line("info", line)
        finally:
            self._telling = False
        return written

    def end(self) -> None:
        """What was printed without an end of its line is a line, too."""
        if self._begun:
            begun, self._begun = self._begun, ""
            self._output.line("info", begun)

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)


class _Logged(logging.Handler):
    """Tells what is logged."""

    def __init__(self, output: DriverOutput) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """As of any handler."""
        try:
            text = self.format(record)
        except Exception:  # a driver's own arguments
            self.handleError(record)
            return
        self._output.line(log_level(record.levelno), text, record.name)
