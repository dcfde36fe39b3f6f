"""Measures curves."""

from __future__ import annotations

import math


class Analyser:
    """A battery that discharges and a low-pass filter of ``corner`` hertz."""

    def __init__(self, corner: float = 1000.0) -> None:
        self._corner = corner

    def discharge(self, minutes: int) -> dict[str, list[float]]:
        """``{minutes, volts, amperes}`` of a cell under load."""
        times = [float(minute) for minute in range(minutes + 1)]
        volts = [round(3.0 + 1.2 * math.exp(-time / 20), 4) for time in times]
        return {"minutes": times, "volts": volts, "amperes": [round(volt / 3, 4) for volt in volts]}

    def response(self, start: float, stop: float, points: int) -> dict[str, list[float]]:
        """``{hertz, decibels}``, frequencies spaced evenly on a logarithmic axis."""
        step = (stop / start) ** (1 / (points - 1))
        hertz = [start * step**number for number in range(points)]
        decibels = [-10 * math.log10(1 + (frequency / self._corner) ** 2) for frequency in hertz]
        return {"hertz": [round(value, 3) for value in hertz], "decibels": [round(value, 3) for value in decibels]}
