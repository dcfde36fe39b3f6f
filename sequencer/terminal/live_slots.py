"""The live display of several slots: a line for each, and above them what did not pass, with the slot's name."""

from __future__ import annotations

from collections.abc import Sequence
from os import terminal_size
from typing import TextIO

from sequencer.report.event import RunStarted, Stamped
from sequencer.terminal.lines import Line, Style, columns, cut, measurement_line, one_line, output_lines
from sequencer.terminal.live_display import LiveDisplay
from sequencer.terminal.slot_verdicts import SlotVerdict, end_slots
from sequencer.terminal.slot_view import NAME_COLUMNS, SlotView, beside, lost_lines
from sequencer.terminal.state import RunningCase
from sequencer.terminal.summary import Source, no_source
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.times import shown_seconds

_SLOT_BAR = 12
_CELL = 26


class LiveSlots(LiveDisplay):
    """Shows the runs of several slots on a terminal."""

    def __init__(self, stream: TextIO, slots: Sequence[str]) -> None:
        # Only what did not pass is written above the lines of the slots.
        self._views = {name: SlotView(name, 0) for name in slots}
        self._name = min(NAME_COLUMNS, max(map(len, slots)))
        self._beside = beside(slots)
        super().__init__(stream)

    def event(self, slot: str, stamped: Stamped) -> None:
        """Keeps the event for the next drawing."""
        with self._lock:
            view = self._views[slot]
            lines = view.apply(stamped)
            if isinstance(stamped.event, RunStarted):
                self._clock = SteadyClock.set_to(stamped.time)
                lines = []  # the same for all slots, and in the line of each
            self._pending += self._beside(slot, lines)

    def output(self, slot: str, text: str) -> None:
        """Keeps what a driver printed for the next drawing."""
        with self._lock:
            self._pending += self._beside(slot, output_lines(text))

    def lost(self, slot: str, problem: str) -> None:
        """Keeps the reason for the next drawing."""
        with self._lock:
            self._views[slot].problem = problem
            self._pending += self._beside(slot, lost_lines(problem))

    def finish(self, ends: Sequence[SlotVerdict], source: Source = no_source) -> None:
        """Takes the live display away and writes what failed and the verdicts."""
        self.close()
        end_slots(self._writer, ends, source)

    def area(self, now: float, size: terminal_size) -> list[Line]:
        """A line a slot; where there are more slots than rows, several side by side, in short."""
        views = list(self._views.values())
        rows = max(1, size.lines - 3)
        if len(views) <= rows:
            return [self._line(view, now) for view in views]
        across = max(1, size.columns // _CELL)
        down = min(rows, -(-len(views) // across))
        by_row = [views[row::down][:across] for row in range(down)]
        lines: list[Line] = [[piece for view in shown for piece in self._cell(view)] for shown in by_row]
        if (hidden := len(views) - down * across) > 0:
            lines[-1] = [(f"... and {hidden} more slots", "dim")]
        return lines

    def _cell(self, view: SlotView) -> Line:
        done = f"{view.run.done}/{view.run.total}" if view.run.started is not None else "..."
        word = "ERROR" if view.problem else view.ended.status.upper() if view.ended else "asks" if view.asks else done
        written = f"{word} "
        name = _padded(view.name, _CELL - len(written) - 1)
        return [(f"{name} ", "bold"), (written, "notice" if word == "asks" else view.style)]

    def _line(self, view: SlotView, now: float) -> Line:
        pieces: list[tuple[str, Style]] = [(f"{_padded(view.name, self._name)}  ", "bold")]
        if view.problem:
            return [*pieces, ("ERROR  ", "error"), (one_line(view.problem), "")]
        if view.run.started is None:
            return [*pieces, ("starting ...", "dim")]
        done, total = view.run.done, view.run.total
        pieces.append((self.filled(done / max(total, 1), _SLOT_BAR), view.style))
        pieces.append((f" {done:>{len(str(total))}}/{total}  ", ""))
        if view.ended is not None:
            return [*pieces, (view.ended.status.upper(), view.style)]
        if view.asks:
            return [*pieces, (f"? {view.asks}", "notice")]
        return [*pieces, *(self._running(view.run.running, now) if view.run.running is not None else ())]

    def _running(self, case: RunningCase, now: float) -> Line:
        pieces: list[tuple[str, Style]] = [
            (case.full_name, "bold"),
            (f"  {shown_seconds(max(0.0, now - case.started))}", "dim"),
        ]
        if case.waiting is not None:
            pieces.append((f"  waits for {one_line(', '.join(case.waiting.names))}", "stopped"))
        if case.measurements:
            (name, style), *rest = measurement_line(case.measurements[-1])
            pieces += [(f"  {name.strip()}", style), *rest[:2]]
        elif case.messages:
            pieces.append((f"  {one_line(list(case.messages.values())[-1])}", "notice"))
        return pieces


def _padded(text: str, width: int) -> str:
    shown = "".join(piece for piece, _ in cut([(text, "")], width))
    return shown + " " * (width - columns(shown))
