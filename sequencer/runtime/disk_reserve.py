"""Room on the disk that is put by while there is some, so that a run that is going on ends whole on a full disk.

A file of random bytes (a file system may keep zeros for nothing) beside the journals; whoever cannot write a journal
gives it up. Made anew before the next run, when there is room again.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

SIZE = 4_000_000
"""Bytes: the events of some ten thousand steps."""

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def reserve_of(journals: Path) -> Path:
    """Where the reserve of these journals lies."""
    return journals / "reserve"


def put_by(reserve: Path) -> bool:
    """Makes the reserve when it is not there; false when there is no room for it."""
    with suppress(OSError):
        if reserve.stat().st_size == SIZE:
            return True
    try:
        reserve.parent.mkdir(parents=True, exist_ok=True)
        reserve.write_bytes(os.urandom(SIZE))
    except OSError:
        with suppress(OSError):  # half of it is room that others need
            reserve.unlink()
        return False
    return True


def give_up(reserve: Path, error: OSError) -> bool:
    """Frees the reserve when ``error`` says that the disk, or what this user may have of it, is full.

    True when there was one, and writing may be tried again.
    """
    if error.errno not in _FULL:
        return False
    try:
        reserve.unlink()
    except OSError:
        return False
    return True
