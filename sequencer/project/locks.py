"""Files that one process at a time holds, for as long as it lives: who wants what it stands for is told who has it."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

_LARGEST_NOTE = 4096
_NOTE_SECONDS = 0.2


class ProcessLock:
    """The lock of one file. It ends with its process, whatever ends that; the file stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, **about: str) -> dict[str, object] | None:
        """Takes it and writes down ``about``; or what its holder wrote, which is ``{}`` when that cannot be read.

        Raises ``OSError`` when there can be no such file.
        """
        if self._descriptor is not None:
            return None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        if not hold_alone(descriptor):
            holder = _read(descriptor)
            if _is_gone(holder):
                # Whoever has just taken it over from a dead process has yet to write its own note.
                time.sleep(_NOTE_SECONDS)
                holder = _read(descriptor)
            if not _is_gone(holder):
                os.close(descriptor)
                return holder
            # A file system without locks: nobody can hold it there, and whoever wrote last is dead.
        self._descriptor = descriptor
        note = {"pid": os.getpid(), "host": platform.node(), "since": round(time.time(), 3), **about}
        with suppress(OSError):  # a full disk: the lock counts, not what the file says
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, json.dumps(note).encode())
        return None

    def release(self) -> None:
        """Lets go. Releasing twice is harmless."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)


class SharedLock:
    """A file that several processes hold at once, each as long as it lives; others see whether anybody does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Holds it from now on, and writes down by whom. Raises ``OSError`` when there can be no such file."""
        if self._descriptor is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        hold_with_others(descriptor)
        self._descriptor = descriptor
        note = {"pid": os.getpid(), "host": platform.node(), "since": round(time.time(), 3)}
        with suppress(OSError):  # a full disk: the lock counts, not what the file says
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(note).encode())

    def release(self) -> None:
        """Lets go. Releasing twice is harmless."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def holder(self) -> dict[str, object] | None:
        """What the last of those that hold it wrote, ``{}`` when that one is gone; ``None`` when nobody holds it."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except OSError:
            return None
        try:
            if not is_held(descriptor):
                return None
            holder = _read(descriptor)
            return {} if _is_gone(holder) else holder
        finally:
            os.close(descriptor)


def described(holder: Mapping[str, object]) -> str:
    """``process 4711 on bench-3, since 12:03:04``, as far as it is known."""
    if not holder:
        return "another process"
    place = "" if holder.get("host") in (None, "", platform.node()) else f" on {holder['host']}"
    since = holder.get("since")
    begun = f", since {time.strftime('%H:%M:%S', time.localtime(since))}" if isinstance(since, int | float) else ""
    return f"process {holder.get('pid')}{place}{begun}"


def _read(descriptor: int) -> dict[str, object]:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        found = json.loads(os.read(descriptor, _LARGEST_NOTE))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_gone(holder: Mapping[str, object]) -> bool:
    """Whether the holder is certainly dead."""
    pid = holder.get("pid")
    if holder.get("host") != platform.node() or not isinstance(pid, int):
        return False
    # Imported here: only somebody who is about to be refused waits for it.
    import psutil

    return not psutil.pid_exists(pid)


LockOwner = Literal["child", "runner"]
_BYTES: dict[LockOwner, int] = {"child": 1 << 40, "runner": (1 << 40) + 1}

if sys.platform == "win32":
    import msvcrt

    # Of those that hold a file together each has a byte of its own, by its number, which is a multiple of four.
    _FIRST_SHARED, _SHARED_BYTES, _PID_STEP = 1 << 41, 1 << 30, 4
    _LOOKS, _LOOK_SECONDS = 50, 0.01

    def hold_with_others(descriptor: int) -> None:
        """Holds the file, as others may, until ``descriptor`` is closed. Who just looks is waited for."""
        byte = _FIRST_SHARED + os.getpid() // _PID_STEP % _SHARED_BYTES
        for _ in range(_LOOKS):
            if _lock_byte(descriptor, byte):
                return
            time.sleep(_LOOK_SECONDS)

    def is_held(descriptor: int) -> bool:
        """Whether anybody holds the file so."""
        if not _lock_byte(descriptor, _FIRST_SHARED, _SHARED_BYTES):
            return True
        os.lseek(descriptor, _FIRST_SHARED, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, _SHARED_BYTES)
        return False

    def hold(descriptor: int, owner: LockOwner) -> None:
        """Marks the open journal as being worked on until ``descriptor`` is closed. Never waits."""
        _lock_byte(descriptor, _BYTES[owner])

    def wait_for(descriptor: int) -> None:
        """Waits until nobody has the journal for himself, who could remove it. Not here: no open file is removed."""

    def hold_alone(descriptor: int) -> bool:
        """Takes the journal for oneself; false, at once, when somebody works on it."""
        return all(_lock_byte(descriptor, byte) for byte in _BYTES.values())

    def _lock_byte(descriptor: int, byte: int, count: int = 1) -> bool:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, byte, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, count)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
        return True

else:
    import fcntl

    def hold_with_others(descriptor: int) -> None:
        """Holds the file, as others may, until ``descriptor`` is closed. Who just looks is waited for."""
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)

    def is_held(descriptor: int) -> bool:
        """Whether anybody holds the file so."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks: nobody can hold it there
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False

    def hold(descriptor: int, owner: LockOwner) -> None:
        """Marks the open journal as being worked on until ``descriptor`` is closed. Never waits."""
        _flock(descriptor, fcntl.LOCK_SH)

    def wait_for(descriptor: int) -> None:
        """Waits until nobody has the journal for himself, who could remove it; from then on it is held."""
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)

    def hold_alone(descriptor: int) -> bool:
        """Takes the journal for oneself; false, at once, when somebody works on it."""
        return _flock(descriptor, fcntl.LOCK_EX)

    def _flock(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:  # held by another, or a file system without locks, where nobody may claim to be alone
            return False
        return True
