"""Durations as people write them: ``500 ms``, ``1.5 s``, ``2 min``, ``1 h``."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

MAX_SECONDS = 366 * 86400
"""A year; clocks of operating systems take no times without bound."""
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_PATTERN = r"(?a)\s*(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|min|h)\s*"


def parse_duration(text: str) -> float:
    """The duration in seconds. Raises ``ValueError`` with a plain sentence for anything that is not one."""
    match = re.fullmatch(_PATTERN, text) if isinstance(text, str) else None
    if match is None:
        raise UnusableValue(Reason("not_duration", found=repr(text)))
    number, unit = match.groups()
    # Dividing keeps 500 ms exactly 0.5 s, where multiplying by 0.001 may round.
    seconds = float(number) / 1000 if unit == "ms" else float(number) * _UNITS[unit]
    if seconds > MAX_SECONDS:
        raise UnusableValue(Reason("long_duration", found=repr(text[:40])))
    return seconds


def shown_seconds(seconds: float) -> str:
    """``120 ms``, ``12.3 s``, ``3:05``, ``1:02:03``.

    The page's ``duration`` (``text.js``) reckons and writes the same; a test holds the two equal.
    """
    milliseconds = math.floor(max(0.0, seconds) * 1000 + 0.5)
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        tenths = (milliseconds + 50) // 100
        return f"{tenths // 10}.{tenths % 10} s"
    minutes, rest = divmod(milliseconds // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def moment(time: float | None) -> str:
    """Unix seconds as ISO 8601 in UTC with milliseconds; empty when there is no time, or none of a calendar."""
    if time is None:
        return ""
    try:
        return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return ""


def shown_time(seconds: float | None) -> str:
    """``2026-11-22 13:00:05`` in this machine's time."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(seconds)
