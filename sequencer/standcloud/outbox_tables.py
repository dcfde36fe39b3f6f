"""The outbox's tables in the embedded database, and opening them when several processes do so at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sequencer.store.base import StoreUnavailable

BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process's write."""

# One row per run and target. `document` is the report, zlib over JSON, null once it was delivered: then `text` is the
# receipt. `owner` is the drain that holds the row until `lease` or held it last. `delivered` is a time. The other table
# says what holds up all rows of a target: a refused key (a salted hash of it), or a time the server asked to wait for.
_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'parked')),
    queued REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_try REAL,
    next_try REAL NOT NULL,
    lease REAL NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    status INTEGER,
    text TEXT NOT NULL DEFAULT '',
    delivered REAL,
    document BLOB,
    UNIQUE (run, target)
);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (target, state, next_try);
CREATE INDEX IF NOT EXISTS outbox_delivered ON outbox (target, delivered);
CREATE TABLE IF NOT EXISTS outbox_targets (
    target TEXT PRIMARY KEY,
    refused_key TEXT,
    salt BLOB,
    paused_until REAL NOT NULL DEFAULT 0,
    status INTEGER,
    text TEXT NOT NULL DEFAULT '',
    since REAL
) WITHOUT ROWID;
"""


class OutboxUnavailable(StoreUnavailable):
    """The embedded database cannot be read or written (a full disk, a missing right, another program's lock)."""


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database, creating what is missing. Raises ``OutboxUnavailable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise OutboxUnavailable(f"the outbox {path} cannot be opened: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        _switch_to_wal(connection)
        with transaction(connection, durable=True):
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise OutboxUnavailable(f"the outbox {path} cannot be opened: {error}") from error
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for others when the journal mode changes: two first starts at once would fail."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def transaction(connection: sqlite3.Connection, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
    """One write, whole or not at all. ``durable``: on the disk before it returns, for what exists nowhere else."""
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back by itself
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
