"""A chamber and the loggers in it, which exist only in the computer."""

from __future__ import annotations

import time


class Logger:
    """A temperature logger."""

    def ask(self, broken: bool) -> str:
        """``OK``, unless it is broken."""
        return "" if broken else "OK"

    def temperature(self, chamber: float) -> float:
        """Degrees Celsius that it shows at ``chamber`` degrees."""
        return round(chamber * 1.002, 2)


class Chamber:
    """A temperature chamber that heats fast."""

    def __init__(self) -> None:
        self._celsius = 25.0

    def heat(self, celsius: float) -> None:
        """Takes its time."""
        time.sleep(0.5)
        self._celsius = celsius

    def temperature(self) -> float:
        """Degrees Celsius."""
        return self._celsius

    def off(self) -> None:
        """Switches the heater off."""
        self._celsius = 25.0
