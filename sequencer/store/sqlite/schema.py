"""The tables of the embedded database and how older ones become today's.

``PRAGMA user_version`` counts the migrations that were carried out. The outbox has tables of its own in the same file.
What is counted of all runs is in no table of these: it was, until version 6.

``pruned`` are runs whose reports were taken out: ``condensed`` is the compressed text that stays of each, ``number``
the one that the run had, which no other run gets.

``actions`` and ``notes`` hold what is added beside the runs and never changed; ``document`` is JSON, ``run`` the id of
a run, which stays when a complete report takes the place of an aborted one.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import suppress

from sequencer.store.base import StoreError, StoreUnavailable
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import UNTESTED

_VERSION_1 = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    start_time REAL NOT NULL,
    stop_time REAL,
    sequence TEXT NOT NULL,
    sequence_version TEXT,
    serial_number TEXT,
    part_number TEXT,
    stand TEXT,
    user TEXT,
    partial INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    aborted INTEGER NOT NULL,
    cases INTEGER NOT NULL,
    caused_dut_failure_id TEXT,
    error_code INTEGER,
    fingerprint TEXT NOT NULL
);
CREATE INDEX runs_by_time ON runs (start_time, id);
CREATE INDEX runs_by_status ON runs (status, start_time, id);
CREATE INDEX runs_by_sequence ON runs (sequence, start_time, id);
CREATE INDEX runs_by_serial_number ON runs (serial_number, start_time, id);
CREATE INDEX runs_by_part_number ON runs (part_number, start_time, id);
CREATE INDEX runs_by_stand ON runs (stand, start_time, id);
CREATE INDEX runs_by_sequence_and_status ON runs (sequence, status, start_time, id);

CREATE TABLE documents (run INTEGER PRIMARY KEY REFERENCES runs (number), body BLOB NOT NULL);

CREATE TABLE failed_cases (run INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;

CREATE TABLE first_runs (
    sequence TEXT NOT NULL,
    part_number TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    stand TEXT NOT NULL,
    status TEXT NOT NULL,
    start_time REAL NOT NULL,
    PRIMARY KEY (serial_number, sequence, part_number)
) WITHOUT ROWID;
CREATE INDEX first_runs_by_time ON first_runs (start_time);

CREATE TABLE tallies (
    days INTEGER NOT NULL,
    span INTEGER NOT NULL,
    sequence TEXT NOT NULL,
    part_number TEXT NOT NULL,
    stand TEXT NOT NULL,
    passed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    error INTEGER NOT NULL DEFAULT 0,
    stopped INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    units INTEGER NOT NULL DEFAULT 0,
    first_passed INTEGER NOT NULL DEFAULT 0,
    passed_seconds REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (days, span, sequence, part_number, stand)
) WITHOUT ROWID;

CREATE TABLE case_failures (
    days INTEGER NOT NULL,
    span INTEGER NOT NULL,
    sequence TEXT NOT NULL,
    part_number TEXT NOT NULL,
    stand TEXT NOT NULL,
    name TEXT NOT NULL,
    runs INTEGER NOT NULL,
    PRIMARY KEY (days, span, sequence, part_number, stand, name)
) WITHOUT ROWID;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    sequence TEXT NOT NULL,
    case_name TEXT NOT NULL,
    measurement TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (sequence, case_name, measurement, unit)
);
CREATE TABLE limits (id INTEGER PRIMARY KEY, written TEXT NOT NULL UNIQUE);
CREATE TABLE measurements (
    run INTEGER NOT NULL,
    series INTEGER NOT NULL,
    position INTEGER NOT NULL,
    value REAL,
    result INTEGER,
    limits INTEGER,
    PRIMARY KEY (run, series, position)
) WITHOUT ROWID;

CREATE TABLE attachments (sha256 TEXT PRIMARY KEY, media_type TEXT, data BLOB NOT NULL);
CREATE TABLE run_attachments (
    run INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES attachments (sha256),
    PRIMARY KEY (run, sha256)
) WITHOUT ROWID;
"""

_VERSION_2 = """
CREATE TABLE actions (id TEXT PRIMARY KEY, time REAL NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX actions_by_time ON actions (time, id);

CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    time REAL NOT NULL,
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX notes_by_run ON notes (run, time, id);
"""

_VERSION_3 = """
ALTER TABLE runs ADD COLUMN slot TEXT;
ALTER TABLE runs ADD COLUMN start TEXT;
CREATE INDEX runs_by_slot ON runs (slot, start_time, id) WHERE slot IS NOT NULL;
CREATE INDEX runs_by_start ON runs (start, start_time, id) WHERE start IS NOT NULL;
ALTER TABLE first_runs ADD COLUMN slot TEXT NOT NULL DEFAULT '';
ALTER TABLE first_runs ADD COLUMN start TEXT NOT NULL DEFAULT '';

CREATE TABLE tallies_by_slot (
    days INTEGER NOT NULL,
    span INTEGER NOT NULL,
    sequence TEXT NOT NULL,
    part_number TEXT NOT NULL,
    stand TEXT NOT NULL,
    slot TEXT NOT NULL,
    passed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    error INTEGER NOT NULL DEFAULT 0,
    stopped INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    units INTEGER NOT NULL DEFAULT 0,
    first_passed INTEGER NOT NULL DEFAULT 0,
    passed_seconds REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (days, span, sequence, part_number, stand, slot)
) WITHOUT ROWID;
INSERT INTO tallies_by_slot
    SELECT days, span, sequence, part_number, stand, '',
           passed, failed, error, stopped, skipped, units, first_passed, passed_seconds
    FROM tallies;
DROP TABLE tallies;
ALTER TABLE tallies_by_slot RENAME TO tallies;

CREATE TABLE case_failures_by_slot (
    days INTEGER NOT NULL,
    span INTEGER NOT NULL,
    sequence TEXT NOT NULL,
    part_number TEXT NOT NULL,
    stand TEXT NOT NULL,
    slot TEXT NOT NULL,
    name TEXT NOT NULL,
    runs INTEGER NOT NULL,
    PRIMARY KEY (days, span, sequence, part_number, stand, slot, name)
) WITHOUT ROWID;
INSERT INTO case_failures_by_slot
    SELECT days, span, sequence, part_number, stand, '', name, runs FROM case_failures;
DROP TABLE case_failures;
ALTER TABLE case_failures_by_slot RENAME TO case_failures;
"""

_VERSION_4 = """
ALTER TABLE runs ADD COLUMN untested TEXT;
UPDATE runs SET untested = untested_of((SELECT body FROM documents WHERE run = number)) WHERE status = 'skipped';
"""

_VERSION_5 = """
CREATE TABLE pruned (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    condensed BLOB NOT NULL
);
"""

_VERSION_6 = """
DROP TABLE IF EXISTS tallies;
DROP TABLE IF EXISTS case_failures;
DROP TABLE IF EXISTS first_runs;
DROP TABLE IF EXISTS failed_cases;
DROP TABLE IF EXISTS measurements;
DROP TABLE IF EXISTS series;
DROP TABLE IF EXISTS limits;
"""
"""The figures have an index of their own, and all of this is in the reports."""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)

_UNTESTED = "CASE status WHEN 'skipped' THEN untested_of((SELECT body FROM documents WHERE run = number)) END"
_SINCE: Mapping[int, Mapping[str, str]] = {
    3: {"runs": "NULL AS slot, NULL AS start"},
    4: {"runs": f"{_UNTESTED} AS untested"},
}
"""What the tables of before a version lack, as it reads there."""


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Creates or upgrades the tables, all or nothing, whatever other process does the same at the same time.

    Raises :class:`StoreError` for a database that a newer hardseq wrote.
    """
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been faster
        if version > len(MIGRATIONS):
            raise newer(version)
        connection.create_function("untested_of", 1, _untested_of)
        for script in MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back by itself
            connection.execute("ROLLBACK")
        raise


def check_version(connection: sqlite3.Connection) -> None:
    """Raises :class:`StoreError` for a database that cannot be read as it is, and is not to be changed.

    An earlier one lacks tables and columns and nothing else: this connection has them in memory.
    """
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise newer(version)
    if version == 0:
        raise StoreUnavailable(Reason("database_old"))
    connection.execute("PRAGMA temp_store = MEMORY")
    for since, script in ((2, _VERSION_2), (5, _VERSION_5)):
        for statement in (found for found in script.split(";") if "CREATE TABLE" in found and version < since):
            connection.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))
    connection.create_function("untested_of", 1, _untested_of)
    lacking: dict[str, list[str]] = {}
    for since, tables in _SINCE.items():
        for table, columns in tables.items() if version < since else ():
            lacking.setdefault(table, []).append(columns)
    for table, found in lacking.items():
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT *, {', '.join(found)} FROM main.{table}")


def _untested_of(body: bytes | None) -> str | None:
    """What the report of a skipped run says that it lacks; nothing where it does not say it or cannot be read."""
    with suppress(zlib.error, ValueError, RecursionError, TypeError):
        report = json.loads(zlib.decompress(body or b""))
        found = report.get("untested") if isinstance(report, dict) else None
        return next((name for name in UNTESTED if name == found), None)
    return None


def newer(version: int) -> StoreError:
    """Of a database that a newer hardseq wrote."""
    return StoreError(Reason("database_new", version=version))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
