"""Three rails."""

from __future__ import annotations

VOLTS = {"3V3": 3.31, "5V": 5.02, "12V": 11.94}


class Rails:
    """Reads rails by name."""

    def voltage(self, rail: str) -> float:
        """Volts without load."""
        return VOLTS[rail]

    def sag(self, rail: str, amperes: float) -> float:
        """Millivolts that a rail gives way under load."""
        return round(20 * amperes + VOLTS[rail], 2)
