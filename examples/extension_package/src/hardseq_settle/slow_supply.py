"""A simulated supply whose output needs some readings to get where it is told to."""


class Supply:
    """Each reading comes nearer to what was set, by the share ``speed`` of what is left."""

    def __init__(self, speed: float = 0.5) -> None:
        self.speed = speed
        self._set = self._output = 0.0

    def set_voltage(self, volts: float) -> None:
        """Sets the output, in volts."""
        self._set = volts

    def voltage(self) -> float:
        """Reads the output, in volts."""
        self._output += (self._set - self._output) * self.speed
        return round(self._output, 6)
