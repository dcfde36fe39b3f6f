"""The file of the alarms: made whole or not at all, so that one without its tables was emptied by somebody."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from sequencer.store.sqlite.connections import use_wal

BUSY_SECONDS = 10.0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class BookDamaged(sqlite3.DatabaseError):
    """The file is not what was written: alarms may be missing in it."""


def open_book(path: Path, tables: str) -> sqlite3.Connection:
    """Opens the file, and makes it with these tables where there is none.

    Raises ``OSError``, ``sqlite3.Error``, :class:`BookDamaged` for one that was emptied, cut off or overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path, tables)
    address = f"{path.absolute().as_uri()}?mode=rw"
    opened = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if not path.stat().st_size:  # which SQLite takes for a new one
            raise BookDamaged("it is empty")
        use_wal(opened, BUSY_SECONDS)
        opened.execute("PRAGMA synchronous = FULL")
        found = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"alarms", "notices"} <= found:
            raise BookDamaged("its tables are gone")
        # A damaged index hides rows without a word. The file is small: alarms that are over go after a while.
        (said,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise BookDamaged(str(said))
    except BaseException:
        opened.close()
        raise
    return opened


def file_identity(path: Path) -> tuple[int, int] | None:
    """What tells the file from one that took its place; ``None`` where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_damage(error: Exception) -> bool:
    """Whether the error says that the file is not what was written, rather than that it cannot be used just now."""
    code = getattr(error, "sqlite_errorcode", None)
    gone = isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)
    return isinstance(error, BookDamaged | ValueError) or gone or (code is not None and code & 0xFF in _DAMAGE)


def _make(path: Path, tables: str) -> None:
    """Beside its place first: who is killed meanwhile leaves no half of one there."""
    new = path.with_name(f".{path.name}-{uuid4().hex}")
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.executescript(f"BEGIN; {tables} COMMIT;")
        # What was left beside a file that somebody removed would be taken for the newest part of this one.
        for left in ("-wal", "-shm"):
            if not path.exists():
                path.with_name(f"{path.name}{left}").unlink(missing_ok=True)
        _put(new, path)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def _put(new: Path, path: Path) -> None:
    """In its place, unless another process was faster."""
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        with suppress(FileExistsError):
            if not path.exists():
                new.rename(path)
