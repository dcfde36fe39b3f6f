"""A bench with a board on it, of the kind that its supply voltage tells."""

from __future__ import annotations


class Bench:
    """Supply, meter and the board's serial port."""

    def __init__(self) -> None:
        self._volts = 0.0

    def power_on(self, volts: float) -> None:
        """Supplies the board."""
        self._volts = volts

    def power_off(self) -> None:
        """Leaves the board without supply."""
        self._volts = 0.0

    def current(self) -> float:
        """Amperes that the board takes: 22 W."""
        return round(22.0 / self._volts, 3)

    def rail(self) -> float:
        """Volts of the 5 V rail."""
        return 5.03

    def ripple(self) -> float:
        """Millivolts, peak to peak."""
        return 24.5

    def ask(self, text: str) -> str:
        """What the board answers."""
        return "PSB-24" if text == "ID?" else ""
