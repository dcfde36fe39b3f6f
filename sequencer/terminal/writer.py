"""Writes a run's lines to a stream: what a plain display and a live one have in common."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TextIO

from sequencer.report.model import RunReport
from sequencer.report.outcome import outcome
from sequencer.terminal.lines import Line, joined
from sequencer.terminal.output import can_write, is_terminal, silence, wants_colour
from sequencer.terminal.summary import Source, no_source, summary, verdict_block, verdict_line


class Writer:
    """Writes lines to a stream, whatever becomes of it: a reader that went away does not end a run."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.colour = wants_colour(stream)
        self._lock = threading.Lock()
        self._gone = False

    def lines(self, lines: Sequence[Line]) -> None:
        """Writes each on a line of its own."""
        if lines:
            self.text(joined(lines, colour=self.colour))

    def text(self, text: str) -> None:
        """Writes text as it is."""
        with self._lock:
            if self._gone:
                return
            try:
                self.stream.write(text)
                self.stream.flush()
            except (OSError, ValueError):
                self._gone = True
                silence(self.stream)

    def end(self, report: RunReport, source: Source = no_source) -> None:
        """The summary, the verdict's line and, for a person, the verdict's block."""
        self.lines([*summary(report, source), verdict_line(report)])
        if is_terminal(self.stream):
            from shutil import get_terminal_size

            size = get_terminal_size()
            ink = "█" if can_write(self.stream, "█") else "#"
            self.text(verdict_block(outcome(report), size.columns, size.lines, colour=self.colour, ink=ink))
