"""A sensor that always reads the same."""

from __future__ import annotations


class Sensor:
    """Reads volts, texts, flags and arrays; ``offset`` volts go on top of every voltage."""

    def __init__(self, offset: float = 0.0) -> None:
        self._offset = offset

    def voltage(self) -> float:
        """Volts."""
        return 5.02 + self._offset

    def voltages(self) -> list[float]:
        """Volts of five channels."""
        return [4.97 + self._offset, 5.0, 5.01, 5.03, 4.99]

    def firmware(self) -> str:
        """The version."""
        return "v1.2.0"

    def ready(self) -> bool:
        """Whether it is ready."""
        return True
