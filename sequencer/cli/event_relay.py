"""Between a run, which begins first, and the displays, which come up while it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.report.event import Stamped


class EventRelay:
    """Stands between the run, which begins first, and the displays, which come up while it does."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Stamped], None]] = []
        self.printed: Callable[[str], None] = lambda text: None

    def event(self, stamped: Stamped) -> None:
        """Passes an event on. A display that breaks is left out from then on: it must not end a run."""
        for listener in tuple(self.listeners):
            try:
                listener(stamped)
            except Exception:
                import traceback

                self.listeners.remove(listener)
                traceback.print_exc()

    def output(self, text: str) -> None:
        """Passes on what a driver printed."""
        self.printed(text)
