"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime


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
