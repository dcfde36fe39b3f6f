"""A meter that knows who it is."""

from __future__ import annotations


class BenchMeter:
    """Reads volts."""

    def identity(self) -> dict[str, str]:
        """Name, serial number, firmware and the day when its calibration ends."""
        return {"name": "BM-100", "serial_number": "BM-0007", "revision": "2.1", "calibration_due": "2098-12-31"}

    def voltage(self) -> float:
        """Volts."""
        return 3.3
