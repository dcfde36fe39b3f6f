"""The device of the minute example: a clock that tells the current minute."""

from __future__ import annotations

import os
from datetime import datetime


class MinuteClock:
    """Tells the minute of the local time.

    ``minute`` (or the environment variable ``HARDSEQ_MINUTE``) stands in for the time of day, so that a demonstration
    or a test need not wait for an even minute. Raises ``ValueError`` for a minute that no clock shows.
    """

    def __init__(self, minute: int | None = None) -> None:
        preset = os.environ.get("HARDSEQ_MINUTE")
        if minute is None and preset:
            minute = int(preset)
        if minute is not None and not 0 <= minute <= 59:
            raise ValueError(f"a clock shows the minutes 0 to 59, not {minute}")
        self._minute = minute

    def current_minute(self) -> int:
        """The minute of the hour, 0 to 59."""
        return datetime.now().minute if self._minute is None else self._minute
