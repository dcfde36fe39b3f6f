"""A bench supply that tells what happens to it."""

from __future__ import annotations


class Supply:
    """Its board draws ``idle_current`` amperes."""

    def __init__(self, idle_current: float = 1.8) -> None:
        self._idle_current = idle_current
        self._on = False

    def on(self) -> None:
        """Switches on."""
        self._on = True

    def off(self) -> None:
        """Switches off."""
        self._on = False

    def current(self) -> float:
        """Amperes."""
        return self._idle_current if self._on else 0.0
