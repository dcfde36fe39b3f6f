"""The live display: finished cases scroll by, the running one and a bar stand below them.

Events only change the state; the screen is drawn at most ten times a second, so that a run of thousands of cases pays
nothing for being watched.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from sequencer.report.event import RunStarted, Stamped
from sequencer.report.model import RunReport
from sequencer.terminal.lines import (
    Line,
    Style,
    clean,
    columns,
    cut,
    measurement_line,
    one_line,
    output_lines,
    status_style,
)
from sequencer.terminal.output import can_write, wants_colour
from sequencer.terminal.state import RunningCase, TerminalRunView
from sequencer.terminal.summary import Source, no_source
from sequencer.terminal.writer import Writer
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.status import BAD_STATUSES, FINAL_STATUSES
from sequencer.vocabulary.times import shown_seconds

REFRESH_SECONDS = 0.1
BAR_WIDTH = 30
SHOWN_MEASUREMENTS = 6
SHOWN_MESSAGES = 3
_RICH_STYLES: Mapping[Style, str] = {
    "": "",
    "bold": "bold",
    "dim": "dim",
    "passed": "green",
    "failed": "red",
    "error": "magenta",
    "stopped": "yellow",
    "skipped": "dim",
    "notice": "cyan",
}


class LiveTerminal:
    """Shows one run on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream)
        self._clock = SteadyClock()
        self._colour = wants_colour(stream)
        self._bar = ("█", "░") if can_write(stream, "█░▶") else ("#", ".")
        self._view = TerminalRunView()
        self._pending: list[Line] = []
        self._expected: Mapping[str, float] = {}
        self._lock = threading.Lock()
        self._paused = False
        self._ended = threading.Event()
        self._console = Console(file=stream, no_color=not self._colour, highlight=False, markup=False, emoji=False)
        self._live = self._new_live()
        self._thread = threading.Thread(target=self._draw_until_ended, name="terminal", daemon=True)
        self._thread.start()

    def event(self, stamped: Stamped) -> None:
        """Keeps the event for the next drawing."""
        with self._lock:
            if isinstance(stamped.event, RunStarted):
                self._clock = SteadyClock.set_to(stamped.time)
            self._pending += self._view.apply(stamped)

    def output(self, text: str) -> None:
        """Keeps what a driver printed for the next drawing."""
        with self._lock:
            self._pending += output_lines(text)

    def say(self, line: Line) -> None:
        """Keeps the line for the next drawing; after the last one it is written at once."""
        with self._lock:
            if not self._ended.is_set():
                self._pending.append(line)
                return
        self._writer.lines([line])

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Shows them beside the time that has passed."""
        with self._lock:
            self._expected = dict(seconds)

    def finish(self, report: RunReport, source: Source = no_source) -> None:
        """Takes the live display away and writes the summary."""
        self.close()
        self._writer.end(report, source)

    def close(self) -> None:
        """Takes the live display away; what it still had to write is written."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        self._writer.lines(self._pending)
        self._pending = []

    def pause(self) -> None:
        """Takes the moving part away, so that somebody can type."""
        with self._lock:
            self._paused = True
            self._live.stop()
            lines, self._pending = self._pending, []
            self._writer.lines(lines)

    def resume(self) -> None:
        """Brings the moving part back."""
        with self._lock:
            if not self._ended.is_set():
                # A new one: the old one would first wipe as many lines as it had, which now hold other things.
                self._live = self._new_live()
                self._live.start()
            self._paused = False

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines at once; for the time of a pause."""
        self._writer.lines(lines)

    def prompt(self, text: str) -> None:
        """Writes what stands before the typed answer."""
        self._writer.text(text)

    def _draw_until_ended(self) -> None:
        try:
            with self._lock:
                if not self._paused:
                    self._live.start()
            while not self._ended.wait(REFRESH_SECONDS):
                with self._lock:
                    if not self._paused:
                        self._draw()
            with self._lock:
                self._live.stop()
        except (OSError, ValueError):
            return  # the terminal went away; the run goes on

    def _new_live(self) -> Live:
        return Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )

    def _draw(self) -> None:
        lines, self._pending = self._pending, []
        area = self._area(self._clock.now())
        self._live.update(Text("\n").join(self._text(line) for line in area))
        if lines:
            self._console.print(Text("\n").join(self._text(line) for line in lines), soft_wrap=True)
        else:
            self._live.refresh()

    def _text(self, line: Line) -> Text:
        return Text.assemble(*((text, _RICH_STYLES[style] if self._colour else "") for text, style in line))

    def _area(self, now: float) -> list[Line]:
        size = shutil.get_terminal_size()
        lines: list[Line] = [[(text, "notice")] for text in self._view.operator_messages.values()]
        if self._view.running is not None:
            lines += self._running(self._view.running, now)
        lines = lines[: max(0, size.lines - 3)]
        if self._view.started is None:
            lines.append([("starting ...", "dim")])
        else:
            lines.append(self._progress(now, size.columns))
        return [cut(line, size.columns - 1) for line in lines]

    def _running(self, case: RunningCase, now: float) -> list[Line]:
        took = shown_seconds(max(0.0, now - case.started))
        expected = self._expected.get(case.full_name)
        head: list[tuple[str, Style]] = [("▶ " if self._bar[0] == "█" else "> ", "notice"), (case.full_name, "bold")]
        if case.name != case.full_name:
            head.append((f"  {one_line(case.name)}", ""))
        if case.attempt > 1:
            head.append((f"  attempt {case.attempt}", "stopped"))
        head.append((f"  {took}" + (f" of about {shown_seconds(expected)}" if expected else ""), "dim"))
        if case.step:
            head.append((f"  {one_line(case.step)}", "dim"))
        lines: list[Line] = [head]
        lines += [measurement_line(measured) for measured in case.measurements[-SHOWN_MEASUREMENTS:]]
        lines += [
            [(f"          {clean(text)}".split("\n")[0], "notice")]
            for text in list(case.messages.values())[-SHOWN_MESSAGES:]
        ]
        if case.progress is not None and case.progress.maximum > 0:
            bar = self._filled(case.progress.value / case.progress.maximum)
            label = clean(case.progress.label or "")
            lines.append([(f"          {bar} {case.progress.value:g} of {case.progress.maximum:g} {label}", "notice")])
        return lines

    def _progress(self, now: float, width: int) -> Line:
        view = self._view
        done, total = view.done, max(view.total, 1)
        bad = any(view.counts[status] for status in BAD_STATUSES)
        pieces: list[tuple[str, Style]] = [
            (self._filled(done / total), "failed" if bad else "passed"),
            (f" {done}/{total}", "bold"),
        ]
        counted = [(status, view.counts[status]) for status in FINAL_STATUSES if view.counts[status]]
        pieces += [(f"  {count} {status}", status_style(status)) for status, count in counted]
        if view.started is not None:
            pieces.append((f"  {shown_seconds(max(0.0, now - view.started))}", "dim"))
        if left := self._left(now):
            pieces.append((f"  about {shown_seconds(left)} left", "dim"))
        title = f"  {view.title}"
        if sum(columns(text) for text, _ in pieces) + columns(title) < width:
            pieces.append((title, "dim"))
        return pieces

    def _left(self, now: float) -> float | None:
        """Seconds that the cases to come took before."""
        if not self._expected or self._view.started is None:
            return None
        return max(0.0, sum(self._expected.values()) - (now - self._view.started)) or None

    def _filled(self, part: float) -> str:
        count = round(min(max(part, 0.0), 1.0) * BAR_WIDTH)
        return self._bar[0] * count + self._bar[1] * (BAR_WIDTH - count)
