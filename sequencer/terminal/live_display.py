"""The moving lower part of a terminal, above which finished lines scroll by.

Whatever happens only changes the state; the screen is drawn at most ten times a second, so that a run of thousands of
cases pays nothing for being watched.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from os import terminal_size
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from sequencer.terminal.lines import Line, Style, cut
from sequencer.terminal.output import can_write, wants_colour
from sequencer.terminal.writer import Writer
from sequencer.vocabulary.clock import SteadyClock

REFRESH_SECONDS = 0.1
BAR_WIDTH = 30
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


class LiveDisplay:
    """A terminal with a moving part, whose lines ``area`` gives. What it shows is changed under ``_lock``."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream)
        self._clock = SteadyClock()
        self._colour = wants_colour(stream)
        self._bar = ("█", "░") if can_write(stream, "█░▶") else ("#", ".")
        self._pending: list[Line] = []
        self._lock = threading.Lock()
        self._paused = False
        self._ended = threading.Event()
        self._console = Console(file=stream, no_color=not self._colour, highlight=False, markup=False, emoji=False)
        self._live = self._new_live()
        self._thread = threading.Thread(target=self._draw_until_ended, name="terminal", daemon=True)
        self._thread.start()

    def area(self, now: float, size: terminal_size) -> Sequence[Line]:
        """The lines of the moving part."""
        raise NotImplementedError

    def say(self, line: Line) -> None:
        """Keeps the line for the next drawing; after the last one it is written at once."""
        with self._lock:
            if not self._ended.is_set():
                self._pending.append(line)
                return
        self._writer.lines([line])

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
        size = shutil.get_terminal_size()
        area = [cut(line, size.columns - 1) for line in self.area(self._clock.now(), size)]
        self._live.update(Text("\n").join(self._text(line) for line in area))
        if lines:
            self._console.print(Text("\n").join(self._text(line) for line in lines), soft_wrap=True)
        else:
            self._live.refresh()

    def _text(self, line: Line) -> Text:
        return Text.assemble(*((text, _RICH_STYLES[style] if self._colour else "") for text, style in line))

    def filled(self, part: float, width: int = BAR_WIDTH) -> str:
        """A bar of which ``part`` (0 to 1) is filled."""
        count = round(min(max(part, 0.0), 1.0) * width)
        return self._bar[0] * count + self._bar[1] * (width - count)
