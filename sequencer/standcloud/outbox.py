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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sequencer.standcloud import backoff
from sequencer.standcloud import parked as hold
from sequencer.standcloud.delivery import Delivery, Target
from sequencer.standcloud.outbox_tables import OutboxUnavailable, connect, transaction
from sequencer.standcloud.parked import Hold
from sequencer.vocabulary.data import utf8

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
class Claim:
    """A report that its owner alone may send now; ``document`` is null when the stored copy cannot be read."""

    number: int
    run: str
    target: str
    owner: str
    attempts: int
    document: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One report for one target. Times in Unix seconds; ``text`` is the last answer or the receipt."""

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


@dataclass(frozen=True, slots=True)
class Counts:
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

    def claim(self, target: str, owner: str, *, every: bool = False, run: str | None = None) -> Claim | None:
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
        return Claim(row["number"], row["run"], target, owner, attempts, _unpack(row["document"]))

    def settle(self, claim: Claim, target: Target, delivery: Delivery) -> None:
        """Writes down what came of a claim. Success counts even when the lease had run out meanwhile."""
        now = self._clock()
        # Hashing a key is slow by intent: before the write, not in it.
        refusal = hold.refusal(target) if delivery.verdict == "refused" else None
        with self._write() as database:
            if delivery.delivered:
                database.execute(
                    "UPDATE outbox SET state = 'delivered', delivered = ?, status = ?, text = ?, document = NULL, "
                    "lease = 0 WHERE number = ? AND state <> 'delivered'",
                    (now, delivery.status, delivery.text, claim.number),
                )
                return
            database.execute(
                "UPDATE outbox SET state = ?, status = ?, text = ?, next_try = ?, lease = 0 "
                "WHERE number = ? AND owner = ? AND state = 'waiting'",
                (
                    "parked" if delivery.verdict == "parked" else "waiting",
                    delivery.status,
                    delivery.text,
                    now + self._delay(claim.attempts, delivery),
                    claim.number,
                    claim.owner,
                ),
            )
            hold.note(database, target.name, delivery, refusal, now)

    def release(self, claim: Claim) -> None:
        """Gives a claim back untried or interrupted: it is due again at once."""
        with self._write() as database:
            database.execute(
                "UPDATE outbox SET lease = 0, next_try = ? WHERE number = ? AND owner = ? AND state = 'waiting'",
                (self._clock(), claim.number, claim.owner),
            )

    def hold(self, target: Target) -> Hold | None:
        """What keeps every report of ``target`` from being sent now, or ``None``. A changed key lifts its refusal."""
        with self._read() as database:
            found, lifted = hold.look(database, target, self._clock(), _HORIZON)
        if lifted:
            with self._write() as database:
                hold.lift(database, target.name)
        return found

    def lift(self, target: str) -> None:
        """A person wants another try in spite of a refused key or the server's wish to wait."""
        with self._write() as database:
            hold.lift(database, target)

    def awaken(self, target: str) -> None:
        """The target is back: reports that failed only because it was away are due now."""
        away = ", ".join(str(status) for status in backoff.AWAY_STATUSES)
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

    def counts(self, target: str) -> Counts:
        """How many reports for ``target`` are in which state."""
        with self._read() as database:
            counted = "SELECT state, count(*) FROM outbox WHERE target = ? GROUP BY state"
            numbers = {row[0]: row[1] for row in database.execute(counted, (target,))}
            latest = database.execute("SELECT max(delivered) FROM outbox WHERE target = ?", (target,)).fetchone()[0]
            refused = hold.is_refused(database, target)
        waiting = numbers.get("waiting", 0)
        return Counts(
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
    ) -> list[Entry]:
        """At most ``limit`` rows, oldest first; of one state or one run when asked."""
        with self._read() as database:
            refused = hold.is_refused(database, target)
            if (state == "blocked" and not refused) or (state == "waiting" and refused):
                return []
            stored = "waiting" if state == "blocked" else state
            rows = database.execute(
                "SELECT run, target, state, queued, attempts, last_try, next_try, status, text, delivered FROM outbox "
                "WHERE target = ? AND state = coalesce(?, state) AND run = coalesce(?, run) ORDER BY number LIMIT ?",
                (target, stored, run, limit),
            ).fetchall()
        return [_entry(row, refused) for row in rows]

    def _delay(self, attempts: int, failed: Delivery | None = None) -> float:
        away, retry_after = (False, None) if failed is None else (backoff.is_away(failed.status), failed.retry_after)
        return backoff.delay(attempts, self._chance(), away=away, retry_after=retry_after)

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
            raise OutboxUnavailable(f"the outbox cannot be used: {error}") from error


def _unpack(packed: bytes | None) -> dict[str, Any] | None:
    try:
        document = json.loads(zlib.decompress(packed or b""))
    except (zlib.error, ValueError, TypeError):
        return None
    return document if isinstance(document, dict) else None


def _entry(row: sqlite3.Row, refused: bool) -> Entry:
    waiting = row["state"] == "waiting"
    values = {**dict(row), "state": "blocked" if waiting and refused else row["state"]}
    return Entry(**{**values, "next_try": row["next_try"] if waiting and not refused else None})
