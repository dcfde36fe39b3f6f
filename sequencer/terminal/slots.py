"""Where several slots are shown: a live display for a person at a terminal, plain lines for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TextIO

from sequencer.report.event import Stamped
from sequencer.terminal.display import PlainLines
from sequencer.terminal.lines import Line, output_lines
from sequencer.terminal.output import is_terminal
from sequencer.terminal.slot_verdicts import SlotVerdict, end_slots
from sequencer.terminal.slot_view import SlotView, beside, lost_lines
from sequencer.terminal.state import DETAILED_UP_TO
from sequencer.terminal.summary import Source, no_source


class SlotsTerminal(Protocol):
    """Shows the runs of several slots. No method but ``finish`` and ``close`` waits for anything; none ever raises."""

    def event(self, slot: str, stamped: Stamped) -> None:
        """Takes an event of a slot's run."""

    def output(self, slot: str, text: str) -> None:
        """Takes what a driver of that slot printed."""

    def lost(self, slot: str, problem: str) -> None:
        """There is no run in that slot."""

    def say(self, line: Line) -> None:
        """Writes a line of the command's own."""

    def finish(self, ends: Sequence[SlotVerdict], source: Source = no_source) -> None:
        """Ends the display with what failed and with the verdicts."""

    def close(self) -> None:
        """Ends the display. Closing twice is harmless."""

    def pause(self) -> None:
        """Takes the moving part away, so that somebody can type."""

    def resume(self) -> None:
        """Brings it back."""

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines at once; for the time of a pause."""

    def prompt(self, text: str) -> None:
        """Writes what stands before the typed answer."""


def open_slots_terminal(stream: TextIO, slots: Sequence[str]) -> SlotsTerminal:
    """The display that fits ``stream``."""
    import os

    if is_terminal(stream) and os.environ.get("TERM") != "dumb":
        from sequencer.terminal.live_slots import LiveSlots

        return LiveSlots(stream, slots)
    return PlainSlots(stream, slots)


class PlainSlots(PlainLines):
    """Plain lines, each with the name of its slot before it."""

    def __init__(self, stream: TextIO, slots: Sequence[str]) -> None:
        super().__init__(stream)
        self._views = {name: SlotView(name, DETAILED_UP_TO) for name in slots}
        self._beside = beside(slots)

    def event(self, slot: str, stamped: Stamped) -> None:
        """Writes what the event has to say."""
        self._writer.lines(self._beside(slot, self._views[slot].apply(stamped)))

    def output(self, slot: str, text: str) -> None:
        """Writes what a driver printed."""
        self._writer.lines(self._beside(slot, output_lines(text)))

    def lost(self, slot: str, problem: str) -> None:
        """Writes why."""
        self._writer.lines(self._beside(slot, lost_lines(problem)))

    def finish(self, ends: Sequence[SlotVerdict], source: Source = no_source) -> None:
        """Writes what failed and the verdicts."""
        end_slots(self._writer, ends, source)
