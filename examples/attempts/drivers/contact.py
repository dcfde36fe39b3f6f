"""A probe that must bite through oxide."""

from __future__ import annotations


class Contact:
    """Has a low resistance from touch number ``good_at`` on."""

    def __init__(self, good_at: int = 3) -> None:
        self._good_at = good_at
        self._touches = 0

    def touch(self) -> float:
        """Puts the probe down; returns ohms."""
        self._touches += 1
        return 0.05 if self._touches >= self._good_at else 12.0 / self._touches
