"""Reports in one file of this machine: the embedded database, on SQLite from the standard library.

A run is one row of narrow columns for lists and filters, and one compressed JSON document. Everything that belongs to
a run is written in one transaction that is on the disk before ``save`` returns. Any number of processes may use the
file at the same time; it must lie on a local disk.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import cast

from sequencer.project.action_log import LogEntry, read_entry
from sequencer.report.model import RunReport
from sequencer.report.note import Note
from sequencer.store import facts
from sequencer.store.base import (
    ANY,
    EVERY_ACTION,
    Change,
    CheckedRuns,
    LogFilter,
    LogPage,
    Neighbours,
    PrunedRun,
    RunFilter,
    RunPage,
    RunSummary,
    StoreChanges,
    StoredRun,
    StoreError,
    change,
)
from sequencer.store.facts import after, position
from sequencer.store.sqlite.connections import BUSY_SECONDS, Connections
from sequencer.vocabulary.reason import Reason

_COLUMNS = ", ".join(RunSummary._fields)
_INSERT = f"INSERT INTO runs (number, {_COLUMNS}, fingerprint) VALUES ({'?, ' * len(RunSummary._fields)}?, ?)"
_NEWEST = "SELECT max(coalesce((SELECT max(number) FROM runs), 0), coalesce((SELECT max(number) FROM pruned), 0))"
_CHANGED = """
SELECT * FROM (
    SELECT number, id, fingerprint, body, 0 AS gone FROM runs JOIN documents ON run = number
    UNION ALL SELECT number, id, fingerprint, condensed, 1 FROM pruned
) WHERE number > ? ORDER BY number LIMIT ?"""
_MOST_VALUES = 500
"""Values in one statement; SQLite may be built with a bound of 999."""
_MOST_BYTES = 32_000_000
"""Of compressed reports that are read at a time."""
_COMPRESSION = 1  # a report shrinks to about a tenth; higher levels gain little and cost much


class SqliteStore:
    """The embedded store in the file ``path``; ``attachments`` is where files wait that reports name.

    Nothing is opened before it is needed, so that building one costs nothing and cannot fail.
    """

    def __init__(self, path: Path, attachments: Path | None = None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._connections = Connections(path, busy_seconds)
        self._attachments = attachments

    @property
    def place(self) -> str:
        """Where reports go, for people."""
        return str(self._connections.path)

    def save(self, report: RunReport) -> None:
        """Keeps the report and the waiting files that it names."""
        run = facts.summary(report)
        encoded = facts.encode(report)
        fingerprint = facts.fingerprint(encoded)
        body = zlib.compress(encoded, _COMPRESSION)
        with self._connections.writing() as connection:
            if (what := self._change(connection, run, fingerprint, report)) == "all":
                _insert(connection, run, fingerprint, body)
            elif what == "after_run":
                _amend(connection, run.id, fingerprint, body)
            kept = self._keep_waiting_files(connection, report)
        for file in kept:
            with suppress(OSError):  # somebody reads it just now: it stays
                file.unlink()

    def _change(self, connection: sqlite3.Connection, run: RunSummary, fingerprint: str, report: RunReport) -> Change:
        """What is to be written; a report that is to be replaced is out already."""
        stored = connection.execute(
            "SELECT number, fingerprint, body FROM runs JOIN documents ON run = number WHERE id = ?", (run.id,)
        ).fetchone()
        if stored is None:
            return "none" if _is_pruned(connection, run.id, fingerprint) else "all"
        number, known_fingerprint, body = stored
        if known_fingerprint == fingerprint:
            return "none"
        what = change(report, _decoded(body), self.place)
        if what == "all":
            _remove(connection, number)
        return what

    def _keep_waiting_files(self, connection: sqlite3.Connection, report: RunReport) -> list[Path]:
        kept = []
        for sha256, media_type in facts.attachments(report).items():
            file = None if self._attachments is None else self._attachments / sha256
            if file is not None and file.is_file():
                _insert_attachment(connection, sha256, file.read_bytes(), media_type)
                kept.append(file)
            # A file that an earlier run brought along belongs to this run as well.
            connection.execute(
                "INSERT INTO run_attachments SELECT number, sha256 FROM runs, attachments "
                "WHERE runs.id = ? AND sha256 = ? ON CONFLICT DO NOTHING",
                (report["id"], sha256),
            )
        return kept

    def get(self, run_id: str) -> RunReport | None:
        """The whole report."""
        return self._document("runs.id = ?", run_id)

    def latest(self) -> RunReport | None:
        """The run that started last."""
        return self._document("1 ORDER BY start_time DESC, runs.id DESC LIMIT 1")

    def _document(self, where: str, *values: str) -> RunReport | None:
        with self._connections.reading() as connection:
            row = connection.execute(
                f"SELECT body, fingerprint FROM runs JOIN documents ON run = number WHERE {where}", values
            ).fetchone()
        return None if row is None else _checked(*row)

    def find(self, runs: RunFilter = ANY, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """One page of runs, newest first."""
        where, values = _conditions(runs)
        if cursor is not None:
            where += " AND (start_time, id) < (?, ?)"
            values += position(cursor)
        with self._connections.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM runs WHERE {where} ORDER BY start_time DESC, id DESC LIMIT ?",
                (*values, limit + 1),
            ).fetchall()
        found = [_summary(row) for row in rows[:limit]]
        return RunPage(found, after(found[-1]) if found and len(rows) > limit else None)

    def neighbours(self, run_id: str, runs: RunFilter = ANY) -> Neighbours | None:
        """The runs above and below this one."""
        where, values = _conditions(runs)

        def nearest(connection: sqlite3.Connection, side: str, order: str) -> str | None:
            row = connection.execute(
                f"SELECT id FROM runs WHERE {where} AND (start_time, id) {side} (?, ?) "
                f"ORDER BY start_time {order}, id {order} LIMIT 1",
                (*values, *place, run_id),
            ).fetchone()
            return None if row is None else str(row[0])

        with self._connections.reading() as connection:
            place = connection.execute("SELECT start_time FROM runs WHERE id = ?", (run_id,)).fetchone()
            if place is None:
                return None
            return Neighbours(nearest(connection, ">", "ASC"), nearest(connection, "<", "DESC"))

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        """The runs that came after those before ``since``."""
        runs: list[StoredRun] = []
        size = 0
        with self._connections.reading() as connection:
            last = _number_at(connection, since)
            place = since if since and last else ""
            newest = connection.execute(_NEWEST).fetchone()[0]
            for number, run, fingerprint, body, gone in connection.execute(_CHANGED, (last, limit)):
                runs.append(_pruned_run(run, fingerprint, body) if gone else _stored_run(run, fingerprint, body))
                last, place = number, f"{number} {fingerprint} {run}"
                size += len(body)
                if size > _MOST_BYTES:
                    break
        return StoreChanges(runs, place, max(0, newest - last))

    def checked(self, after: str | None = None, *, limit: int = 50) -> CheckedRuns:
        """The next runs by their numbers; whoever writes into the file leaves their fingerprints as they are."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT number, id, fingerprint, body FROM runs JOIN documents ON run = number "
                "WHERE number > ? ORDER BY number LIMIT ?",
                (int(after or 0), limit),
            ).fetchall()
        unchanged = {run: _is_as_saved(body, fingerprint) for _, run, fingerprint, body in rows}
        return CheckedRuns(unchanged, str(rows[-1][0]) if len(rows) == limit else None)

    def stored(self, runs: Sequence[str]) -> list[StoredRun]:
        """Those of these runs that are here."""
        found: list[StoredRun] = []
        with self._connections.reading() as connection:
            for start in range(0, len(runs), _MOST_VALUES):
                wanted = runs[start : start + _MOST_VALUES]
                rows = connection.execute(
                    "SELECT id, fingerprint, body FROM runs JOIN documents ON run = number "
                    f"WHERE id IN ({', '.join('?' * len(wanted))})",
                    wanted,
                )
                found += [_stored_run(*row) for row in rows]
        return found

    def prune(self, runs: Sequence[PrunedRun]) -> int:
        """Takes these reports out. The run that came last stays: whoever asked for changes knows its place by it."""
        gone = 0
        with self._connections.writing() as connection:
            newest = connection.execute(_NEWEST).fetchone()[0]
            for run in runs:
                row = connection.execute(
                    "SELECT number FROM runs WHERE id = ? AND fingerprint = ? AND number < ?",
                    (run.id, run.digest, newest),
                ).fetchone()
                if row is not None:
                    _take_out(connection, row[0])
                    _keep_condensed(connection, row[0], run)
                    gone += 1
        return gone

    def condensed(self, run_id: str) -> str | None:
        """What is kept in place of the report."""
        with self._connections.reading() as connection:
            row = connection.execute("SELECT condensed FROM pruned WHERE id = ?", (run_id,)).fetchone()
        return None if row is None else _text_of(row[0])

    def keep_pruned(self, runs: Sequence[PrunedRun]) -> None:
        """Keeps what is left of runs of which there is nothing here."""
        with self._connections.writing() as connection:
            for run in runs:
                if connection.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone() is None:
                    number = int(connection.execute(_NEWEST).fetchone()[0]) + 1
                    _keep_condensed(connection, number, run)

    def at_factory(self, runs: Sequence[str]) -> set[str] | None:
        """Runs of this store are not copied to a factory."""
        return None

    def compact(self, *, alone: bool = False) -> bool:
        """Takes free pages out in small steps. A file of an earlier version is written anew for that, once."""
        return self._connections.compact(alone=alone)

    def save_attachment(self, run_id: str, sha256: str, data: bytes, media_type: str | None = None) -> None:
        """Keeps a file's bytes with the run."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"the attachment's bytes do not have the sha256 {sha256}")
        with self._connections.writing() as connection:
            row = connection.execute("SELECT number FROM runs WHERE id = ?", (run_id,)).fetchone()
            if row is None:
                raise StoreError(Reason("run_not_stored", run=run_id, place=self.place))
            _insert_attachment(connection, sha256, data, media_type)
            connection.execute("INSERT INTO run_attachments VALUES (?, ?) ON CONFLICT DO NOTHING", (row[0], sha256))

    def attachment(self, run_id: str, sha256: str) -> bytes | None:
        """The file's bytes."""
        with self._connections.reading() as connection:
            row = connection.execute(
                "SELECT data FROM runs JOIN run_attachments ON run = number JOIN attachments USING (sha256) "
                "WHERE runs.id = ? AND sha256 = ?",
                (run_id, sha256),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def add_to_log(self, entries: Sequence[LogEntry]) -> None:
        """Keeps what people did, each once."""
        with self._connections.writing() as connection:
            connection.executemany(
                "INSERT INTO actions VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(entry.id, entry.time, json.dumps(entry.document())) for entry in entries],
            )

    def log(self, actions: LogFilter = EVERY_ACTION, *, limit: int = 50, cursor: str | None = None) -> LogPage:
        """One page of actions, newest first."""
        return facts.log_page(partial(self._log, actions), actions, limit, cursor, facts.cursor)

    def _log(self, actions: LogFilter, limit: int, cursor: str | None) -> LogPage:
        where = "time >= ? AND time < ?"
        since, until = actions.since, actions.until
        values: list[object] = [0.0 if since is None else since, math.inf if until is None else until]
        if cursor is not None:
            where += " AND (time, id) < (?, ?)"
            values += position(cursor)
        with self._connections.reading() as connection:
            rows = connection.execute(
                f"SELECT time, id, document FROM actions WHERE {where} ORDER BY time DESC, id DESC LIMIT ?",
                (*values, limit + 1),
            ).fetchall()
        entries = [entry for _, _, document in rows[:limit] if (entry := read_entry(json.loads(document))) is not None]
        return LogPage(entries, facts.cursor(*rows[limit - 1][:2]) if len(rows) > limit else None)

    def add_note(self, note: Note) -> None:
        """Adds to a run."""
        with self._connections.writing() as connection:
            connection.execute(
                "INSERT INTO notes VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (note.id, note.run, note.time, json.dumps(note.document())),
            )

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """What was added to these runs."""
        rows: list[tuple[str]] = []
        with self._connections.reading() as connection:
            for start in range(0, len(runs), _MOST_VALUES):
                wanted = runs[start : start + _MOST_VALUES]
                rows += connection.execute(
                    f"SELECT document FROM notes WHERE run IN ({', '.join('?' * len(wanted))}) ORDER BY time, id",
                    wanted,
                ).fetchall()
        return facts.by_run(json.loads(document) for (document,) in rows)

    def write_copy(self, file: Path) -> None:
        """Writes all that is kept here, as of one moment, into the new database ``file``, on the disk on return."""
        with self._connections.reading() as connection, closing(sqlite3.connect(file)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # all in one file
        with file.open("rb+") as written:
            os.fsync(written.fileno())

    def close(self) -> None:
        """Closes the file."""
        self._connections.close()


def _number_at(connection: sqlite3.Connection, place: str | None) -> int:
    """The number of the newest run that is before ``place``, 0 when all come after it.

    The number of the newest run is given again when that one is replaced.
    """
    written, _, known = (place or "").partition(" ")
    fingerprint, _, run = known.partition(" ")
    number = int(written) if written.isdecimal() and len(written) < 19 else 0
    row = connection.execute(
        "SELECT id, fingerprint FROM runs WHERE number = ?1 "
        "UNION ALL SELECT id, fingerprint FROM pruned WHERE number = ?1",
        (number,),
    ).fetchone()
    if row is None or row[0] != run:
        return 0
    return number if row[1] == fingerprint else number - 1


def _insert(connection: sqlite3.Connection, run: RunSummary, fingerprint: str, body: bytes) -> None:
    number = int(connection.execute(_NEWEST).fetchone()[0]) + 1
    connection.execute(_INSERT, (number, *run, fingerprint))
    connection.execute("INSERT INTO documents VALUES (?, ?)", (number, body))


def _amend(connection: sqlite3.Connection, run_id: str, fingerprint: str, body: bytes) -> None:
    """Only the document changes: what follows a run is no part of any figure."""
    connection.execute(
        "UPDATE documents SET body = ? WHERE run = (SELECT number FROM runs WHERE id = ?)", (body, run_id)
    )
    connection.execute("UPDATE runs SET fingerprint = ? WHERE id = ?", (fingerprint, run_id))


def _remove(connection: sqlite3.Connection, number: int) -> None:
    """Takes out a run whose better report is about to come in; in the same transaction, so that nothing is lost."""
    for table in ("documents", "run_attachments"):
        connection.execute(f"DELETE FROM {table} WHERE run = ?", (number,))
    connection.execute("DELETE FROM runs WHERE number = ?", (number,))


def _is_pruned(connection: sqlite3.Connection, run_id: str, fingerprint: str) -> bool:
    """Whether this report was here; what is kept of another report of the same run is out then."""
    row = connection.execute("SELECT number, fingerprint FROM pruned WHERE id = ?", (run_id,)).fetchone()
    if row is not None and row[1] != fingerprint:
        connection.execute("DELETE FROM pruned WHERE number = ?", (row[0],))
    return row is not None and row[1] == fingerprint


def _take_out(connection: sqlite3.Connection, number: int) -> None:
    """The report, what lists say of the run, and files that no other run has."""
    files = connection.execute("SELECT sha256 FROM run_attachments WHERE run = ?", (number,)).fetchall()
    _remove(connection, number)
    connection.executemany(
        "DELETE FROM attachments WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM run_attachments WHERE sha256 = ?1)",
        files,
    )


def _keep_condensed(connection: sqlite3.Connection, number: int, run: PrunedRun) -> None:
    body = zlib.compress(run.condensed.encode(), _COMPRESSION)
    row = number, run.id, run.digest, body
    connection.execute("INSERT INTO pruned VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row)


def _stored_run(run: str, fingerprint: str, body: bytes) -> StoredRun:
    return StoredRun(run, fingerprint, partial(_as_saved, body, fingerprint))


def _pruned_run(run: str, fingerprint: str, condensed: bytes) -> StoredRun:
    def read() -> RunReport:
        raise StoreError(Reason("run_pruned", run=run))

    return StoredRun(run, fingerprint, read, _text_of(condensed))


def _text_of(condensed: bytes) -> str:
    """What was kept of a pruned run; nothing where it is damaged."""
    try:
        return zlib.decompress(condensed).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""


def _as_saved(body: bytes, fingerprint: str) -> RunReport:
    """The report; one that is byte for byte what was saved needs no second look."""
    with suppress(zlib.error, ValueError, RecursionError):
        encoded = zlib.decompress(body)
        if facts.fingerprint(encoded) == fingerprint:
            return cast(RunReport, facts.decode(encoded))
    return _checked(body, fingerprint)


def _is_as_saved(body: bytes, fingerprint: str) -> bool:
    try:
        return facts.fingerprint(zlib.decompress(body)) == fingerprint
    except zlib.error:
        return False


def _decoded(body: bytes) -> RunReport:
    return _checked(body, None)


def _checked(body: bytes, fingerprint: str | None) -> RunReport:
    """The report; one that is not what was saved under this ``fingerprint`` says so, and is no passed one."""
    from sequencer.report.reader import doubt, read_report

    try:
        encoded = zlib.decompress(body)
        report = read_report(json.loads(encoded))
        if fingerprint is not None and facts.fingerprint(encoded) != fingerprint:
            doubt(report, Reason("not_as_stored"))
        return report
    except (zlib.error, ValueError, RecursionError) as error:
        raise StoreError(Reason("report_damaged", detail=str(error))) from None


def _insert_attachment(connection: sqlite3.Connection, sha256: str, data: bytes, media_type: str | None) -> None:
    connection.execute("INSERT INTO attachments VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (sha256, media_type, data))


def _summary(row: tuple[object, ...]) -> RunSummary:
    run = RunSummary._make(row)
    return run._replace(partial=bool(run.partial), simulated=bool(run.simulated), aborted=bool(run.aborted))


def _conditions(runs: RunFilter) -> tuple[str, list[object]]:
    """The filter as the text of a ``WHERE`` and its values."""
    terms: list[str] = ["1"]
    values: list[object] = []
    for column, wanted in runs.equalities().items():
        terms.append(f"{column} = ?")
        values.append(wanted)
    for comparison, time in (("start_time >= ?", runs.since), ("start_time < ?", runs.until)):
        if time is not None:
            terms.append(comparison)
            values.append(time)
    return " AND ".join(terms), values
