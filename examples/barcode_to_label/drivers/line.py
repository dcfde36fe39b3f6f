"""The line: its MES, and a stand with a supply under test that exists only in the computer."""

from __future__ import annotations

import time


class Mes:
    """Knows which units may be tested."""

    def release(self, serial: str) -> dict[str, object]:
        """Whether this one may, and why not."""
        blocked = serial.endswith("666")
        return {"released": not blocked, "reason": "blocked by quality" if blocked else "released"}


class Supply:
    """The supply under test with the instruments around it."""

    def __init__(self) -> None:
        self.set_volts = 0.0
        self._began: float | None = None

    def volts(self) -> float:
        """Its output: it rises within 50 ms after the first look at it."""
        now = time.monotonic()
        if not self.set_volts:
            self._began = None
        elif self._began is None:
            self._began = now
        rise = min(1.0, (now - (self._began or now)) / 0.05)
        return round(self.set_volts * (0.2 + 0.8 * rise), 3)

    def efficiency(self, amperes: float) -> float:
        """Percent at this load."""
        return round(93.0 - 2.0 * abs(amperes - 1.0), 2)

    def off(self) -> None:
        """Leaves it without input."""
        self.set_volts = 0.0
        self._began = None


class Fan:
    """The fan's tachometer."""

    def rpm(self) -> int:
        """Turns per minute."""
        return 2310
