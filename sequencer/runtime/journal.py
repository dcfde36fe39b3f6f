"""The journal: one line per event, appended before anybody else sees the event.

A line is handed to the operating system with one ``write``, so that it outlives the process whatever ends that. Against
a power failure the file is also synchronised: at most once a second while a run goes on, in a thread of its own, and
at the end. On a full disk the reserve that lies beside the journals is given up for what is still to be written.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

from sequencer.project.locks import LockOwner, hold, wait_for

SIZE = 4_000_000
"""Bytes: the events of some ten thousand steps."""

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def reserve_of(journals: Path) -> Path:
    """Where the reserve of these journals lies."""
    return journals / "reserve"


def save_reserve(reserve: Path) -> bool:
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


SYNC_SECONDS = 1.0


class Journal:
    """An open journal. ``write`` raises ``OSError`` when the line could not be stored (a full disk)."""

    def __init__(self, path: Path, owner: LockOwner = "child") -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._reserve = reserve_of(path.parent)
        self._descriptor = os.open(path, flags, 0o644)
        hold(self._descriptor, owner)
        self._torn = self._ends_torn()
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self._syncer: threading.Thread | None = None

    def stays_at(self, path: Path) -> bool:
        """Whether this is the file at ``path``, and will be: whoever had it for himself, and removed it, is done."""
        wait_for(self._descriptor)
        try:
            return os.path.samestat(os.fstat(self._descriptor), path.stat())
        except OSError:
            return False

    def write(self, line: bytes) -> None:
        """Appends one line, newline included."""
        if self._torn:
            # What a dead process left half written stays alone on its line.
            line = b"\n" + line
        self._torn = True
        while line:
            try:
                line = line[os.write(self._descriptor, line) :]
            except OSError as error:
                if not give_up(self._reserve, error):
                    raise
        self._torn = False
        if not self._dirty.is_set():
            self._note_dirty()

    def sync(self) -> None:
        """Waits until the disk has everything. Raises ``OSError``."""
        self._dirty.clear()
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Synchronises and closes; a disk that refuses now has refused before."""
        self._closed.set()
        self._dirty.set()
        if self._syncer is not None:
            self._syncer.join()
        with suppress(OSError):
            os.fsync(self._descriptor)
        os.close(self._descriptor)

    def release(self) -> None:
        """In a process that was forked from the one that writes: the file is closed, and the other one still has it."""
        with suppress(OSError):
            os.close(self._descriptor)

    def _ends_torn(self) -> bool:
        size = os.fstat(self._descriptor).st_size
        if size == 0:
            return False
        os.lseek(self._descriptor, size - 1, os.SEEK_SET)
        return os.read(self._descriptor, 1) != b"\n"

    def _note_dirty(self) -> None:
        self._dirty.set()
        if self._syncer is None:
            self._syncer = threading.Thread(target=self._sync_now_and_then, name="journal", daemon=True)
            self._syncer.start()

    def _sync_now_and_then(self) -> None:
        while not self._closed.wait(SYNC_SECONDS):
            self._dirty.wait()
            if not self._closed.is_set():
                # A failing disk shows at the next write, which is where somebody can act on it.
                with suppress(OSError):
                    self.sync()
