"""Where a run is shown: a live display for a person at a terminal, plain lines for everything else."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol, TextIO

from sequencer.cli.output import can_write, is_terminal, silence, wants_colour
from sequencer.cli.terminal_lines import Line, clean, joined
from sequencer.cli.terminal_state import RunView
from sequencer.cli.terminal_summary import Source, no_source, summary, verdict_line
from sequencer.cli.terminal_verdict import verdict_block
from sequencer.vocabulary.event import Stamped
from sequencer.vocabulary.report import RunReport


class Terminal(Protocol):
    """Shows one run. ``event`` and ``output`` may be called from any thread; none of these ever raises."""

    def event(self, stamped: Stamped) -> None:
        """Takes an event."""

    def output(self, text: str) -> None:
        """Takes a line (or several) that a driver printed."""

    def say(self, line: Line) -> None:
        """Writes a line of the command's own."""

    def expect(self, seconds: Mapping[str, float]) -> None:
        """How long cases took before, by full name."""

    def finish(self, report: RunReport, places: Sequence[str], source: Source = no_source) -> None:
        """Ends the display with the summary and the verdict; ``places`` say where the report is.

        ``source`` gives the lines of code to show with a failure.
        """

    def close(self) -> None:
        """Ends the display without a report. Closing twice is harmless."""


def open_terminal(stream: TextIO) -> Terminal:
    """The display that fits ``stream``."""
    import os

    if is_terminal(stream) and os.environ.get("TERM") != "dumb":
        # Only here: a run in a script or in CI does without its import.
        from sequencer.cli.terminal_live import LiveTerminal

        return LiveTerminal(stream)
    return PlainTerminal(stream)


def output_lines(text: str) -> list[Line]:
    """What a driver printed, set off from what hardseq says."""
    return [[("  | ", "dim"), (clean(line), "")] for line in text.rstrip("\n").split("\n")]


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

    def end(self, report: RunReport, places: Sequence[str], source: Source = no_source) -> None:
        """The summary, the verdict's line and, for a person, the verdict's block."""
        self.lines([*summary(report, list(places), source), verdict_line(report)])
        if is_terminal(self.stream):
            size = shutil.get_terminal_size()
            ink = "█" if can_write(self.stream, "█") else "#"
            self.text(verdict_block(report["status"], size.columns, size.lines, colour=self.colour, ink=ink))


class PlainTerminal:
    """Plain lines, one or a few for each case."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream)
        self._view = RunView()

    def event(self, stamped: Stamped) -> None:
        """Writes what the event has to say."""
        self._writer.lines(self._view.apply(stamped))

    def output(self, text: str) -> None:
        """Writes what a driver printed."""
        self._writer.lines(output_lines(text))

    def say(self, line: Line) -> None:
        """Writes it."""
        self._writer.lines([line])

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Nothing to show for it."""

    def finish(self, report: RunReport, places: Sequence[str], source: Source = no_source) -> None:
        """Writes the summary."""
        self._writer.end(report, places, source)

    def close(self) -> None:
        """Nothing to take away."""

    def pause(self) -> None:
        """Nothing moves here."""

    def resume(self) -> None:
        """Nothing moves here."""

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines."""
        self._writer.lines(lines)

    def prompt(self, text: str) -> None:
        """Writes what stands before the typed answer."""
        self._writer.text(text)
