"""Identifiers of runs: UUID version 7 (RFC 9562, section 5.7), so that they sort by the time they were made."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

_TICKS = 4096
"""Ticks in a millisecond: the 12 bits of ``rand_a`` hold a fraction of it (RFC 9562, section 6.2, method 3)."""


def run_ids(clock: Callable[[], int] = time.time_ns) -> Callable[[], str]:
    """A source of identifiers in text form, each greater than the one before, even when ``clock`` (ns) goes back."""
    lock = threading.Lock()
    last = 0

    def new() -> str:
        nonlocal last
        with lock:
            last = ticks = max(last + 1, clock() * _TICKS // 1_000_000)
        milliseconds, fraction = divmod(ticks, _TICKS)
        # os.urandom and not `secrets` or `uuid`, whose imports cost more than everything before the first case.
        random = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
        bits = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random
        digits = f"{bits:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    return new


new_run_id = run_ids()
"""A new identifier; within a process each is greater than the one before."""
