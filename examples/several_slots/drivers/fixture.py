"""A fixture that exists only in the computer: a board in each nest, one matrix, one meter."""

from __future__ import annotations

import time
from typing import ClassVar

LOW = "SN666"


class Board:
    """The board in a nest."""

    def __init__(self, port: str) -> None:
        self.port = port

    def boot(self, serial: str) -> str:
        """Takes a moment; the version of the firmware."""
        time.sleep(0.3)
        return "2.1.0"

    def current(self) -> float:
        """Milliamperes."""
        time.sleep(0.1)
        return 18.2


class Matrix:
    """Connects the meter to one nest at a time."""

    connected: ClassVar[tuple[int, str]] = (0, "")

    def connect(self, slot: int, serial: str) -> None:
        """Takes the time of a relay."""
        time.sleep(0.02)
        Matrix.connected = slot, serial


class Meter:
    """Measures where the matrix leads to: somebody else's board, were it not held."""

    def volts(self, rail: str, at: int) -> float:
        """Volts. Raises ``RuntimeError`` when the matrix is connected to another nest than ``at``."""
        time.sleep(0.05)
        slot, serial = Matrix.connected
        if slot != at:
            raise RuntimeError(f"the meter is at nest {slot}, not at {at}")
        return {"5V": 4.4 if serial == LOW else 5.02, "3V3": 3.31}[rail]
