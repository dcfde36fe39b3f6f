"""A meter on the network, if there were one."""

from __future__ import annotations


class Meter:
    """Knows its address and reads volts."""

    def __init__(self, address: str = "192.168.1.10") -> None:
        self._address = address

    def where(self) -> str:
        """Its address."""
        return self._address

    def voltage(self) -> float:
        """Volts."""
        return 3.31
