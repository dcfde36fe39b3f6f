"""Where a run is shown: a live display for a person at a terminal, plain lines for everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TextIO

from sequencer.report.event import Stamped
from sequencer.report.model import RunReport
from sequencer.terminal.lines import Line, output_lines
from sequencer.terminal.output import is_terminal
from sequencer.terminal.state import TerminalRunView
from sequencer.terminal.summary import Source, no_source
from sequencer.terminal.writer import Writer


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

    def finish(self, report: RunReport, source: Source = no_source) -> None:
        """Ends the display with the summary and the verdict; what is said afterwards follows them.

        ``source`` gives the lines of code to show with a failure.
        """

    def close(self) -> None:
        """Ends the display without a report. Closing twice is harmless."""


def open_terminal(stream: TextIO) -> Terminal:
    """The display that fits ``stream``."""
    import os

    if is_terminal(stream) and os.environ.get("TERM") != "dumb":
        # Only here: a run in a script or in CI does without its import.
        from sequencer.terminal.live import LiveTerminal

        return LiveTerminal(stream)
    return PlainTerminal(stream)


class PlainLines:
    """Lines that stay where they are written: nothing moves, and nothing is taken away."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream)

    def say(self, line: Line) -> None:
        """Writes it."""
        self._writer.lines([line])

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


class PlainTerminal(PlainLines):
    """Plain lines, one or a few for each case."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._view = TerminalRunView()

    def event(self, stamped: Stamped) -> None:
        """Writes what the event has to say."""
        self._writer.lines(self._view.apply(stamped))

    def output(self, text: str) -> None:
        """Writes what a driver printed."""
        self._writer.lines(output_lines(text))

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Nothing to show for it."""

    def finish(self, report: RunReport, source: Source = no_source) -> None:
        """Writes the summary."""
        self._writer.end(report, source)
