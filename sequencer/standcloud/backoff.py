"""When to try again: later and later, never in step with other stands. Pure."""

from __future__ import annotations

FIRST_DELAY = 60.0
"""Seconds after the first failed try."""

LONGEST_DELAY = 6 * 3600.0
"""Seconds between two tries of a report that a server keeps answering badly."""

LONGEST_DELAY_AWAY = 300.0
"""Seconds between two tries while the target is away. That is no fault of the report, and it is to go once it can."""

AWAY_STATUSES = (502, 503, 504)
"""Answers of what stands in front of a server that is away: they say nothing about the report."""


def is_away(status: int | None) -> bool:
    """Whether a failed try says that the target is away, rather than something about the report."""
    return status is None or status in AWAY_STATUSES


def delay(attempts: int, spread: float, *, away: bool = False, retry_after: float | None = None) -> float:
    """Seconds to wait after try number ``attempts``: doubling from a minute to the longest delay, varied by a quarter.

    ``spread`` in 0..1 is chance. The server's ``retry_after`` in seconds is never undercut.
    """
    doubled = min(FIRST_DELAY * 2.0 ** min(attempts - 1, 30), LONGEST_DELAY_AWAY if away else LONGEST_DELAY)
    return max(doubled * (0.75 + 0.5 * spread), retry_after or 0.0)
