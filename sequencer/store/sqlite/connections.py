"""Connections to the embedded database: opened when needed, used by one thread at a time, errors in plain words."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sequencer.store.base import ReportRefused, StoreError, StoreUnavailable
from sequencer.store.sqlite.schema import bring_up_to_date, check_version
from sequencer.vocabulary.reason import Reason

BUSY_SECONDS = 10.0
_REFUSALS = frozenset({sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_RANGE})
_UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_CACHE_KIBIBYTES = 32_768  # at most; a series over a long history touches a page per run

_INCREMENTAL = 2
"""What ``PRAGMA auto_vacuum`` says of a file that can be made smaller bit by bit."""
_PAGES_AT_ONCE = 256
"""Free pages, of 4 KiB, that are taken out in one transaction: a few milliseconds."""
_PAUSE = 0.05
"""Seconds between two of them, in which others write: SQLite lets whoever waits try again after some."""


class _Momentary(sqlite3.Connection):
    """A connection for one question, while nothing can be written."""


class Connections:
    """Hands out connections to the file ``path``, which is created when it does not exist."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in one consistent view of the database."""
        with self._borrowed(self._take_to_read) as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that is on the disk when the block ends well, and undone when it does not."""
        with self._borrowed(self._take) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has rolled back by itself
                    connection.execute("ROLLBACK")
                raise

    def compact(self, *, alone: bool) -> bool:
        """Takes free pages out of the file in steps, between which others write.

        A file of an earlier version has to be written anew for that, once: it is as large again meanwhile, beside it,
        and nobody else can write. That is done only where the caller is ``alone``; otherwise the answer is false.
        """
        with self._borrowed(self._take) as connection:
            if free_pages(connection):
                if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
                    _take_out_free_pages(connection)
                elif alone:
                    connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
                    connection.execute("VACUUM")
                else:
                    return False
            self._empty_log(connection)
        return True

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        """Only then is the file itself smaller. Who reads just now is not waited for: nobody could write meanwhile."""
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * self._busy_seconds)}")

    def close(self) -> None:
        """Closes what is idle now and refuses further use."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _borrowed(self, take: Callable[[], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
        with plain_errors(self.path):
            connection = take()
            try:
                yield connection
            except sqlite3.Error:
                connection.close()  # whatever is wrong with it, the next caller starts afresh
                raise
            except BaseException:
                self._give_back(connection)
                raise
            self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(Reason("database_closed"))
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _take_to_read(self) -> sqlite3.Connection:
        """Also where nothing can be written: reading is no reason to write, but SQLite's way to share a file is."""
        try:
            return self._take()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
                raise
            for connect in (self._connect_alone, self._connect_unchanging):
                with suppress(sqlite3.OperationalError):
                    return connect()
            raise

    def _connect_alone(self) -> sqlite3.Connection:
        """For a moment the only one at the file: then what processes share needs no file beside it."""
        return self._to_read("mode=rw", "PRAGMA locking_mode = EXCLUSIVE")

    def _connect_unchanging(self) -> sqlite3.Connection:
        """For a file that nobody can change; refused when newer runs lie in a log beside it, which would be missing."""
        log = self.path.with_name(f"{self.path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise sqlite3.OperationalError("its newest runs are in a log that cannot be read")
        return self._to_read("mode=ro&immutable=1", "PRAGMA temp_store = MEMORY")

    def _to_read(self, how: str, first: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{how}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=1.0,
        )
        try:
            connection.execute(first)
            check_version(connection)
            connection.execute("PRAGMA query_only = 1")
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and not isinstance(connection, _Momentary):
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            use_wal(connection, self._busy_seconds)
            connection.execute("PRAGMA synchronous = FULL")  # a saved report survives a power cut
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
            bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def free_pages(connection: sqlite3.Connection) -> int:
    """How many pages of the file hold nothing."""
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def _take_out_free_pages(connection: sqlite3.Connection) -> None:
    before, left = math.inf, free_pages(connection)
    while 0 < left < before:
        begun = time.monotonic()
        # Carried out to its end by this alone: `execute` would take out a single page.
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
        time.sleep(max(_PAUSE, time.monotonic() - begun))
        before, left = left, free_pages(connection)


def use_wal(connection: sqlite3.Connection, seconds: float) -> None:
    """Switches a new database to write-ahead logging, in a file that can be made smaller bit by bit.

    SQLite does not wait for others by itself while doing that.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            # In a file that has something in it this would change nothing, but write.
            if not connection.execute("PRAGMA page_count").fetchone()[0]:
                connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


_REASONS = {
    sqlite3.SQLITE_BUSY: "database_locked",
    sqlite3.SQLITE_LOCKED: "database_locked",
    sqlite3.SQLITE_FULL: "database_full",
    sqlite3.SQLITE_READONLY: "database_read_only",
    sqlite3.SQLITE_PERM: "database_not_writable",
    sqlite3.SQLITE_CANTOPEN: "database_not_opened",
    sqlite3.SQLITE_IOERR: "database_disk_error",
    sqlite3.SQLITE_NOTADB: "not_a_database",
    sqlite3.SQLITE_CORRUPT: "database_damaged",
}
"""What keeps the database from being used just now, by SQLite's code."""


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite and the file system raise into :class:`StoreError` with a text that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    except (OverflowError, UnicodeError) as error:  # a number beyond 64 bits, a text without a UTF-8 form
        raise ReportRefused(_told("value_not_stored", path, error)) from error
    except OSError as error:
        raise StoreUnavailable(_told("database_unusable", path, error.strerror or error)) from error


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _REFUSALS or isinstance(error, sqlite3.InterfaceError | sqlite3.ProgrammingError | sqlite3.DataError):
        return ReportRefused(_told("value_not_stored", path, error))
    if code not in _REASONS:
        return StoreError(_told("database_refused", path, error))
    return StoreUnavailable(_told(_REASONS[code], path, error))


def _told(code: str, path: Path, error: object) -> Reason:
    return Reason(code, file=str(path), detail=str(error))
