"""The outbox: every report that is to reach a target, until it has, in the stand's embedded database.

Several processes use it at once. A row belongs to whoever claimed it until it is settled or its lease runs out, so that
no two drains send the same report at the same time, and the death of one costs a pause, never a report.
"""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sequencer.standcloud import target_block
from sequencer.standcloud.delivery import Delivery, DeliveryTarget, OutboxUnavailable
from sequencer.standcloud.target_block import TargetBlock
from sequencer.store.sqlite.connections import use_wal
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import CodedReason, Reason, ReasonOrText, read_reason

FIRST_DELAY = 60.0
"""Seconds after the first failed try."""

LONGEST_DELAY = 6 * 3600.0
"""Seconds between two tries of a report that a server keeps answering badly."""

LONGEST_DELAY_AWAY = 300.0
"""Seconds between two tries while the target is away. That is no fault of the report, and it is to go once it can."""

AWAY_STATUSES = (502, 503, 504)
"""Answers of what stands in front of a server that is away: they say nothing about the report."""


def is_away(status: int | None) -> bool:
    """Whether a failed try says that the target is away, rather than something about the report."""
    return status is None or status in AWAY_STATUSES


def delay(attempts: int, spread: float, *, away: bool = False, retry_after: float | None = None) -> float:
    """Seconds to wait after try number ``attempts``: doubling from a minute to the longest delay, varied by a quarter.

    ``spread`` in 0..1 is chance. The server's ``retry_after`` in seconds is never undercut.
    """
    doubled = min(FIRST_DELAY * 2.0 ** min(attempts - 1, 30), LONGEST_DELAY_AWAY if away else LONGEST_DELAY)
    return max(doubled * (0.75 + 0.5 * spread), retry_after or 0.0)


BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process's write."""

# One row per run and target. `document` is the report, zlib over JSON, null once it was delivered: then `text` is the
# receipt. `owner` is the drain that holds the row until `lease` or held it last. `delivered` is a time. The other table
# says what holds up all rows of a target: a refused key (a salted hash of it), or a time the server asked to wait for.
# `code` is that of `text` where hardseq says it.
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
    code TEXT,
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
    since REAL,
    code TEXT
) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database, creating what is missing. Raises ``OutboxUnavailable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise OutboxUnavailable(Reason("outbox_not_opened", file=str(path), detail=str(error))) from error
    try:
        connection.row_factory = sqlite3.Row
        use_wal(connection, BUSY_TIMEOUT)
        with transaction(connection, durable=True):
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            for table in ("outbox", "outbox_targets"):
                # Of an earlier version.
                if "code" not in [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]:
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN code TEXT")
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise OutboxUnavailable(Reason("outbox_not_opened", file=str(path), detail=str(error))) from error
        raise
    return connection


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


State = Literal["waiting", "delivered", "parked", "blocked"]

LEASE = 120.0
"""Seconds that a claimed report stays with a drain that gives no sign: longer than any single try."""

# A clock that was set back would make waiting reports wait for years: no wait of ours is longer than this.
_HORIZON = 2 * 86_400.0

_CLAIM = """
SELECT number, run, attempts, document FROM outbox
WHERE target = :target AND state = 'waiting' AND (lease <= :now OR lease > :now + :horizon)
AND {which} ORDER BY next_try LIMIT 1
"""
_DUE = "(next_try <= :now OR next_try > :now + :horizon)"
_NOT_YET_TRIED = "owner <> :owner"
_ONE_RUN = "run = :run"


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A report that its owner alone may send now; ``document`` is null when the stored copy cannot be read."""

    number: int
    run: str
    target: str
    owner: str
    attempts: int
    document: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One report for one target. Times in Unix seconds; ``text`` is the last answer or the receipt, or why there was
    none, and then has a code."""

    run: str
    target: str
    state: State
    queued: float
    attempts: int
    last_try: float | None
    next_try: float | None
    status: int | None
    text: str
    delivered: float | None
    coded_reason: CodedReason | None = None

    @property
    def reason(self) -> ReasonOrText:
        """The text, or the reason that it is the sentence of."""
        return read_reason(self.coded_reason, self.text)


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many reports are in which state, and when the last one was delivered."""

    waiting: int = 0
    blocked: int = 0
    parked: int = 0
    delivered: int = 0
    last_delivery: float | None = None


class Outbox:
    """One connection, safe to use from several threads. Every method may raise ``OutboxUnavailable``."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        lease: float = LEASE,
    ) -> None:
        self._connection = connect(path)
        self._lock = threading.Lock()
        self._clock = clock
        self._chance = chance
        self._lease = lease

    def close(self) -> None:
        """Closes the connection. Closing twice is harmless."""
        with self._lock:
            self._connection.close()

    def put(self, run_id: str, target: str, document: Mapping[str, object], *, anew: bool = False) -> None:
        """Keeps ``document`` for ``target``, on the disk when this returns.

        Putting it again does nothing; another document for the same run replaces the one that has not been delivered.
        ``anew``: it is to be delivered also where one of the run was.
        """
        again = ", state = 'waiting', delivered = NULL, attempts = 0, next_try = excluded.next_try"
        also = again if anew else " WHERE state <> 'delivered'"
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        packed = zlib.compress(utf8(text))
        now = self._clock()
        with self._write(durable=True) as database:
            database.execute(
                "INSERT INTO outbox (run, target, queued, next_try, document) VALUES (?, ?, ?, ?, ?) "
                f"ON CONFLICT (run, target) DO UPDATE SET document = excluded.document{also}",
                (run_id, target, now, now, packed),
            )

    def claim(self, target: str, owner: str, *, every: bool = False, run: str | None = None) -> DeliveryClaim | None:
        """Takes the next report that is due, counting a try, or ``None``.

        ``every``: also those that are not due, each once for this ``owner``. ``run``: this one or none.
        """
        which = _ONE_RUN if run is not None else _NOT_YET_TRIED if every else _DUE
        now = self._clock()
        values = {"target": target, "owner": owner, "run": run, "now": now, "horizon": _HORIZON}
        with self._write() as database:
            row = database.execute(_CLAIM.format(which=which), values).fetchone()
            if row is None:
                return None
            attempts = row["attempts"] + 1
            # The next try is set already now: a report that kills its process is later and later tried again, too.
            database.execute(
                "UPDATE outbox SET owner = ?, lease = ?, attempts = ?, last_try = ?, next_try = ? WHERE number = ?",
                (owner, now + self._lease, attempts, now, now + self._delay(attempts), row["number"]),
            )
        return DeliveryClaim(row["number"], row["run"], target, owner, attempts, _unpack(row["document"]))

    def settle(self, claim: DeliveryClaim, target: DeliveryTarget, delivery: Delivery) -> None:
        """Writes down what came of a claim. Success counts even when the lease had run out meanwhile."""
        now = self._clock()
        # Hashing a key is slow by intent: before the write, not in it.
        refusal = target_block.refused_key(target) if delivery.verdict == "refused" else None
        code = target_block.code_column(delivery.reason)
        with self._write() as database:
            if delivery.delivered:
                database.execute(
                    "UPDATE outbox SET state = 'delivered', delivered = ?, status = ?, text = ?, code = ?, "
                    "document = NULL, lease = 0 WHERE number = ? AND state <> 'delivered'",
                    (now, delivery.status, delivery.text, code, claim.number),
                )
                return
            database.execute(
                "UPDATE outbox SET state = ?, status = ?, text = ?, code = ?, next_try = ?, lease = 0 "
                "WHERE number = ? AND owner = ? AND state = 'waiting'",
                (
                    "parked" if delivery.verdict == "parked" else "waiting",
                    delivery.status,
                    delivery.text,
                    code,
                    now + self._delay(claim.attempts, delivery),
                    claim.number,
                    claim.owner,
                ),
            )
            target_block.note_failure(database, target.name, delivery, refusal, now)

    def release(self, claim: DeliveryClaim) -> None:
        """Gives a claim back untried or interrupted: it is due again at once."""
        with self._write() as database:
            database.execute(
                "UPDATE outbox SET lease = 0, next_try = ? WHERE number = ? AND owner = ? AND state = 'waiting'",
                (self._clock(), claim.number, claim.owner),
            )

    def block_of(self, target: DeliveryTarget) -> TargetBlock | None:
        """What keeps every report of ``target`` from being sent now, or ``None``. A changed key lifts its refusal."""
        with self._read() as database:
            found, lifted = target_block.find_block(database, target, self._clock(), _HORIZON)
        if lifted:
            with self._write() as database:
                target_block.clear_block(database, target.name)
        return found

    def clear_block(self, target: str) -> None:
        """A person wants another try in spite of a refused key or a server that asked to wait."""
        with self._write() as database:
            target_block.clear_block(database, target)

    def make_due(self, target: str) -> None:
        """The target is back: reports that failed only because it was away are due now."""
        away = ", ".join(str(status) for status in AWAY_STATUSES)
        with self._write() as database:
            database.execute(
                "UPDATE outbox SET next_try = ? WHERE target = ? AND state = 'waiting' AND next_try > ? "
                f"AND lease = 0 AND attempts > 0 AND (status IS NULL OR status IN ({away}))",
                (now := self._clock(), target, now),
            )

    def resend(self, target: str, run: str | None = None) -> int:
        """Parked reports (or the one of ``run``) wait again, due at once; returns how many."""
        with self._write() as database:
            return database.execute(
                "UPDATE outbox SET state = 'waiting', next_try = ?, attempts = 0 "
                "WHERE target = ? AND state = 'parked' AND run = coalesce(?, run)",
                (self._clock(), target, run),
            ).rowcount

    def counts(self, target: str) -> OutboxCounts:
        """How many reports for ``target`` are in which state."""
        with self._read() as database:
            counted = "SELECT state, count(*) FROM outbox WHERE target = ? GROUP BY state"
            numbers = {row[0]: row[1] for row in database.execute(counted, (target,))}
            latest = database.execute("SELECT max(delivered) FROM outbox WHERE target = ?", (target,)).fetchone()[0]
            refused = target_block.is_refused(database, target)
        waiting = numbers.get("waiting", 0)
        return OutboxCounts(
            waiting=0 if refused else waiting,
            blocked=waiting if refused else 0,
            parked=numbers.get("parked", 0),
            delivered=numbers.get("delivered", 0),
            last_delivery=latest,
        )

    def targets(self) -> list[str]:
        """Every target that a report was ever put for."""
        with self._read() as database:
            return [row[0] for row in database.execute("SELECT DISTINCT target FROM outbox ORDER BY target")]

    def entries(
        self, target: str, *, state: State | None = None, run: str | None = None, limit: int = 50
    ) -> list[OutboxEntry]:
        """At most ``limit`` rows, oldest first; of one state or one run when asked."""
        with self._read() as database:
            refused = target_block.is_refused(database, target)
            if (state == "blocked" and not refused) or (state == "waiting" and refused):
                return []
            stored = "waiting" if state == "blocked" else state
            rows = database.execute(
                "SELECT run, target, state, queued, attempts, last_try, next_try, status, text, delivered, code "
                "FROM outbox "
                "WHERE target = ? AND state = coalesce(?, state) AND run = coalesce(?, run) ORDER BY number LIMIT ?",
                (target, stored, run, limit),
            ).fetchall()
        return [_entry(row, refused) for row in rows]

    def undelivered(self) -> set[str]:
        """The ids of the runs whose reports some target lacks."""
        with self._read() as database:
            return {row[0] for row in database.execute("SELECT run FROM outbox WHERE state IN ('waiting', 'parked')")}

    def documents(self, target: str, *, after: int = 0, limit: int) -> list[tuple[int, dict[str, object] | None]]:
        """At most ``limit`` reports that ``target`` lacks, with their numbers, which are above ``after`` and ascend.

        ``None``: the stored copy cannot be read.
        """
        with self._read() as database:
            # By the index of what is not delivered: that is few rows, however many there were.
            rows = database.execute(
                "SELECT number, document FROM outbox WHERE target = ? AND state IN ('waiting', 'parked') "
                "AND +number > ? ORDER BY number LIMIT ?",
                (target, after, limit),
            ).fetchall()
        return [(row["number"], _unpack(row["document"])) for row in rows]

    def document(self, target: str, run: str) -> dict[str, object] | None:
        """The report of a run that ``target`` lacks; ``None`` also when the stored copy cannot be read."""
        with self._read() as database:
            row = database.execute(
                "SELECT document FROM outbox WHERE target = ? AND run = ? AND state <> 'delivered'", (target, run)
            ).fetchone()
        return None if row is None else _unpack(row["document"])

    def _delay(self, attempts: int, failed: Delivery | None = None) -> float:
        away, retry_after = (False, None) if failed is None else (is_away(failed.status), failed.retry_after)
        return delay(attempts, self._chance(), away=away, retry_after=retry_after)

    @contextmanager
    def _write(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        with self._read() as database, transaction(database, durable=durable):
            yield database

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._connection
        except sqlite3.Error as error:
            raise OutboxUnavailable(Reason("outbox_unusable", detail=str(error))) from error


def _unpack(packed: bytes | None) -> dict[str, object] | None:
    try:
        document = json.loads(zlib.decompress(packed or b""))
    except (zlib.error, ValueError, TypeError):
        return None
    return document if isinstance(document, dict) else None


def _entry(row: sqlite3.Row, refused: bool) -> OutboxEntry:
    waiting = row["state"] == "waiting"
    values = {**dict(row), "state": "blocked" if waiting and refused else row["state"]}
    values["coded_reason"] = target_block.read_code(values.pop("code"))
    return OutboxEntry(**{**values, "next_try": row["next_try"] if waiting and not refused else None})
