"""A driver that tells what it does."""

from __future__ import annotations

import logging
from pathlib import Path

log = logging.getLogger(__name__)


class Talkative:
    """Logs each reading, to whoever listens and into the file ``path``."""

    def __init__(self, path: str = "readings.log") -> None:
        self._path = Path(path)
        self._path.write_text("", encoding="utf-8")

    def read(self, channel: int) -> float:
        """Volts of a channel."""
        volts = 5.0 + channel / 100
        log.warning("channel %d: %.2f V", channel, volts)
        print(f"printed: channel {channel} is read")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"channel {channel}: {volts:.2f} V\n")
        return volts
