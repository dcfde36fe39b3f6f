"""The alarms of a project in a file: each is raised once, cleared once, and told to each target until that has it.

Raising and clearing write what is to be told in the same transaction, so that no crash loses it or tells it twice over.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from sequencer.alarms.book_file import file_identity, is_damage, open_book
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import CodedReason, Reason, ReasonOrText, coded, read_reason

KEPT_SECONDS = 400 * 86_400.0
"""Alarms that are over stay so long."""

AlarmEvent = Literal["raised", "cleared"]

_TABLES = """
CREATE TABLE alarms (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    code TEXT,
    page TEXT NOT NULL,
    block INTEGER NOT NULL,
    raised REAL NOT NULL,
    cleared REAL,
    acknowledged REAL,
    acknowledged_by TEXT
);
CREATE UNIQUE INDEX alarms_open ON alarms (name, key) WHERE cleared IS NULL;
CREATE INDEX alarms_raised ON alarms (raised);
CREATE TABLE notices (
    number INTEGER PRIMARY KEY,
    alarm TEXT NOT NULL REFERENCES alarms (id),
    event TEXT NOT NULL,
    target TEXT NOT NULL,
    queued REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL,
    over REAL,
    problem TEXT,
    UNIQUE (alarm, event, target)
);
CREATE INDEX notices_due ON notices (next_try) WHERE over IS NULL;
"""


class AlarmsUnavailable(ReasonedError):
    """The file of the alarms cannot be used just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedAlarm:
    """An alarm that was raised. ``text`` says what was so then, ``coded_reason`` in codes; ``page`` shows it.

    ``block``: nothing starts before it is ``acknowledged``. Times in Unix seconds.
    """

    id: str
    name: str
    key: str
    text: str
    coded_reason: CodedReason | None
    page: str
    block: bool
    raised: float
    cleared: float | None = None
    acknowledged: float | None = None
    acknowledged_by: str | None = None

    @property
    def reason(self) -> ReasonOrText:
        """What was so."""
        return read_reason(self.coded_reason, self.text)

    @property
    def blocks(self) -> bool:
        """Whether nothing may start because of it."""
        return self.block and self.acknowledged is None

    def document(self) -> dict[str, object]:
        """As JSON; ``subject`` is what it is about."""
        told = {name: value for name, value in asdict(self).items() if name != "key"}
        return {**told, "subject": json.loads(self.key), "blocks": self.blocks}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a target is to be told: that ``alarm`` was raised, or is over. ``queued`` is when that was."""

    number: int
    alarm: RaisedAlarm
    event: AlarmEvent
    target: str
    queued: float
    attempts: int


class AlarmBook:
    """Thread-safe; several processes may have it open. Nothing is opened before it is needed.

    A file that somebody removed is begun again; one that was emptied or damaged is not, as nobody knows what was in it.
    Every method raises ``AlarmsUnavailable``.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def shown(self) -> list[RaisedAlarm]:
        """Those that people have to know of, the newest first."""
        return self._read("cleared IS NULL OR (block AND acknowledged IS NULL) ORDER BY raised DESC, id DESC")

    def newest(self, limit: int = 100) -> list[RaisedAlarm]:
        """All that there were, the newest first."""
        return self._read("TRUE ORDER BY raised DESC, id DESC LIMIT ?", limit)

    def open_of(self, name: str) -> dict[str, RaisedAlarm]:
        """Those of this alarm that are not over, by their keys."""
        return {alarm.key: alarm for alarm in self._read("name = ? AND cleared IS NULL", name)}

    def names_of_open(self) -> set[str]:
        """The names of the alarms that are not over."""
        return {alarm.name for alarm in self._read("cleared IS NULL")}

    def get(self, identity: str) -> RaisedAlarm | None:
        """The alarm with this id."""
        return next(iter(self._read("id = ?", identity)), None)

    def blocking(self, names: Collection[str]) -> RaisedAlarm | None:
        """The oldest of these that somebody has to acknowledge before anything starts. A missing file has none."""
        if not self._path.exists():
            return None
        blocking = self._read("block AND acknowledged IS NULL ORDER BY raised, id")
        return next((alarm for alarm in blocking if alarm.name in names), None)

    def raise_alarm(
        self, name: str, key: str, reason: Reason, *, page: str, block: bool, tell: Sequence[str]
    ) -> RaisedAlarm | None:
        """Raises it, and has it told; ``None`` when it is raised already."""
        now = self._clock()
        alarm = RaisedAlarm(
            id=str(uuid.uuid4()),
            name=name,
            key=key,
            text=str(reason),
            coded_reason=coded(reason),
            page=page,
            block=block,
            raised=now,
        )
        with self._writing() as connection:
            added = connection.execute(
                "INSERT INTO alarms (id, name, key, text, code, page, block, raised) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (alarm.id, name, key, alarm.text, json.dumps(alarm.coded_reason), page, block, now),
            ).rowcount
            if added:
                self._queue(connection, alarm.id, "raised", tell, now)
        return alarm if added else None

    def clear(self, identity: str, tell: Sequence[str]) -> bool:
        """It is over; whoever was told of it hears that. False when it was over already."""
        now = self._clock()
        with self._writing() as connection:
            over = connection.execute(
                "UPDATE alarms SET cleared = ? WHERE id = ? AND cleared IS NULL", (now, identity)
            ).rowcount
            if over:
                self._queue(connection, identity, "cleared", tell, now)
            old = "SELECT id FROM alarms WHERE cleared < ?"
            connection.execute(f"DELETE FROM notices WHERE alarm IN ({old})", (now - KEPT_SECONDS,))
            connection.execute("DELETE FROM alarms WHERE cleared < ?", (now - KEPT_SECONDS,))
        return bool(over)

    def acknowledge(self, identity: str, by: str | None) -> bool:
        """Somebody knows of it, and lets tests go on. False when somebody else was faster."""
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE alarms SET acknowledged = ?, acknowledged_by = ? WHERE id = ? AND acknowledged IS NULL",
                (self._clock(), by, identity),
            ).rowcount
        return bool(done)

    def due(self) -> list[Notice]:
        """What is to be told now. Of one alarm no target hears that it is over before that it was raised."""
        with self._failing(), self._lock:
            rows = (
                self._open()
                .execute(
                    "SELECT number, alarm, event, target, queued, attempts FROM notices n "
                    "WHERE over IS NULL AND next_try <= ? AND NOT EXISTS (SELECT 1 FROM notices e "
                    "WHERE e.alarm = n.alarm AND e.target = n.target AND e.over IS NULL AND e.number < n.number) "
                    "ORDER BY number",
                    (self._clock(),),
                )
                .fetchall()
            )
        found = []
        for number, identity, event, target, queued, attempts in rows:
            if (alarm := self.get(identity)) is not None:
                found.append(Notice(number, alarm, event, target, queued, attempts))
        return found

    def settle(self, notice: Notice) -> None:
        """The target has it."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE notices SET over = ?, attempts = attempts + 1, problem = NULL WHERE number = ?",
                (self._clock(), notice.number),
            )

    def put_off(self, notice: Notice, problem: str, seconds: float | None) -> None:
        """The target did not take it; it is tried again after so many seconds, or never (``None``)."""
        now = self._clock()
        with self._writing() as connection:
            connection.execute(
                "UPDATE notices SET attempts = attempts + 1, problem = ?, next_try = ?, over = ? WHERE number = ?",
                (problem, now + (seconds or 0.0), now if seconds is None else None, notice.number),
            )

    def problems(self) -> dict[str, str]:
        """Why something waits, by target."""
        with self._failing(), self._lock:
            rows = self._open().execute(
                "SELECT target, problem FROM notices WHERE problem IS NOT NULL AND over IS NULL ORDER BY number"
            )
            return {str(target): str(problem) for target, problem in rows.fetchall()}

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._disconnect()

    def _queue(
        self, connection: sqlite3.Connection, alarm: str, event: AlarmEvent, tell: Sequence[str], now: float
    ) -> None:
        connection.executemany(
            "INSERT OR IGNORE INTO notices (alarm, event, target, queued, next_try) VALUES (?, ?, ?, ?, ?)",
            [(alarm, event, target, now, now) for target in tell],
        )

    def _read(self, condition: str, *given: object) -> list[RaisedAlarm]:
        columns = "id, name, key, text, code, page, block, raised, cleared, acknowledged, acknowledged_by"
        with self._failing(), self._lock:
            rows = self._open().execute(f"SELECT {columns} FROM alarms WHERE {condition}", given).fetchall()
            return [_alarm(row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._failing(), self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, ValueError) as error:  # the last for damaged JSON in it
            file, detail = str(self._path), str(error)
            damaged = is_damage(error)
            raise AlarmsUnavailable(
                Reason("alarms_damaged", file=file, detail=detail)
                if damaged
                else Reason("alarms_unavailable", file=file, detail=detail)
            ) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._opened != file_identity(self._path):
            self._disconnect()
        if self._connection is None:
            self._connection = open_book(self._path, _TABLES)
            self._opened = file_identity(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _alarm(row: Sequence[object]) -> RaisedAlarm:
    identity, name, key, text, code, page, block, raised, cleared, acknowledged, by = row
    return RaisedAlarm(
        id=str(identity),
        name=str(name),
        key=str(key),
        text=str(text),
        coded_reason=None if code is None else json.loads(str(code)),
        page=str(page),
        block=bool(block),
        raised=_time(raised) or 0.0,
        cleared=_time(cleared),
        acknowledged=_time(acknowledged),
        acknowledged_by=None if by is None else str(by),
    )


def _time(value: object) -> float | None:
    return value if isinstance(value, float) else None
