"""Counts for a person who waits, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from sequencer.terminal.output import is_terminal, say


class LiveCounter:
    """How many of something were looked at; ``what`` names it. Where nobody watches nothing is written."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._live = is_terminal(sys.stderr)
        self._width = 0

    def show(self, looked_at: int) -> None:
        """Tells the number, each time ten more were looked at."""
        if self._live and looked_at % 10 == 0:
            text = f"{looked_at} {self._what}"
            self._width = max(self._width, len(text))
            say(f"\r{text}", err=True, end="")

    def aside(self, tell: Callable[[], object]) -> None:
        """Takes the count away while something else is told."""
        self.end()
        tell()

    def end(self) -> None:
        """Takes the count away."""
        if self._width:
            say("\r" + " " * self._width + "\r", err=True, end="")
            self._width = 0
