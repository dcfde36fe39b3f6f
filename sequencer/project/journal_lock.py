"""Who works on a journal holds a lock on it; who wants to recover it needs all of them.

POSIX has shared locks (``flock``). Windows has exclusive byte locks only, so that each party there takes a byte of its
own, far behind the end of the file.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

Party = Literal["child", "runner"]
_BYTES: dict[Party, int] = {"child": 1 << 40, "runner": (1 << 40) + 1}

if sys.platform == "win32":
    import msvcrt

    def hold(descriptor: int, party: Party) -> None:
        """Marks the open journal as being worked on until ``descriptor`` is closed. Never waits."""
        _lock_byte(descriptor, _BYTES[party])

    def hold_alone(descriptor: int) -> bool:
        """Takes the journal for oneself; false, at once, when somebody works on it."""
        return all(_lock_byte(descriptor, byte) for byte in _BYTES.values())

    def _lock_byte(descriptor: int, byte: int) -> bool:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, byte, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
        return True

else:
    import fcntl

    def hold(descriptor: int, party: Party) -> None:
        """Marks the open journal as being worked on until ``descriptor`` is closed. Never waits."""
        _flock(descriptor, fcntl.LOCK_SH)

    def hold_alone(descriptor: int) -> bool:
        """Takes the journal for oneself; false, at once, when somebody works on it."""
        return _flock(descriptor, fcntl.LOCK_EX)

    def _flock(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:  # held by another, or a file system without locks, where nobody may claim to be alone
            return False
        return True
