"""The figures of a project whose panel is running: it has the index open, and commands ask it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sequencer.app.exit_codes import Refusal
from sequencer.cli.panel_client import PanelClient
from sequencer.terminal.output import is_terminal, say

_PATIENCE = 1.0
"""Seconds after which a person is told how far it is."""
_LOOK = 0.1
"""Seconds between two looks how far the panel is."""


class FiguresProgress:
    """Says to a person who waits how far it is; ``things`` is what is counted."""

    def __init__(self, things: str = "runs") -> None:
        self._things = things
        self._begun = time.monotonic()
        self._live = is_terminal(sys.stderr)

    def __call__(self, done: int, left: int) -> None:
        """``done`` are done, about ``left`` follow."""
        if self._live and time.monotonic() - self._begun > _PATIENCE:
            say(f"\r\x1b[K{f'{done:,} of {done + left:,} {self._things}' if left else ''}", err=True, end="")


def figures_panel(project: Path) -> PanelClient | None:
    """The project's panel, where one is running that has figures: nobody else can open the index then."""
    try:
        panel = PanelClient(project)
        panel.get("/api/figures/state")
    except Refusal:
        return None
    return panel


def followed(panel: PanelClient) -> tuple[int, int]:
    """How many runs are counted, and reports left out, once the panel has all that the store has, or cannot."""
    progress = FiguresProgress()
    while True:
        state = panel.get("/api/figures/state")
        if state["left"] == 0 or state["problem"] is not None:
            return state["runs"], state["unreadable"]
        progress(state["runs"], state["left"] or 0)
        time.sleep(_LOOK)
