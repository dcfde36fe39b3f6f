"""What holds up every report of one target at once: a refused key, or the server's wish to be left alone."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sequencer.standcloud.delivery import Delivery, Target

_ASKS_TO_WAIT = (429, 503)


@dataclass(frozen=True, slots=True)
class Hold:
    """``refused`` lasts until the key changes, ``paused`` for ``seconds`` from now. ``text`` is the server's answer."""

    reason: Literal["refused", "paused"]
    status: int | None
    text: str
    seconds: float = 0.0


class Refusal(NamedTuple):
    """The key that was refused, as a salted hash."""

    salt: bytes
    fingerprint: str


def refusal(target: Target) -> Refusal:
    """The hash of the key that ``target`` uses now; empty for a target without a key."""
    salt = secrets.token_bytes(16)
    return Refusal(salt, "" if target.fingerprint is None else target.fingerprint(salt))


def note(database: sqlite3.Connection, target: str, delivery: Delivery, refused: Refusal | None, now: float) -> None:
    """Writes down what a failed try says about the whole target, if anything."""
    values: tuple[str | bytes | float | None, ...]
    if refused is not None:
        values = (target, refused.fingerprint, refused.salt, 0.0, delivery.status, delivery.text, now)
    elif delivery.retry_after and delivery.status in _ASKS_TO_WAIT:
        values = (target, None, None, now + delivery.retry_after, delivery.status, delivery.text, now)
    else:
        return
    database.execute("INSERT OR REPLACE INTO outbox_targets VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def look(database: sqlite3.Connection, target: Target, now: float, horizon: float) -> tuple[Hold | None, bool]:
    """The hold of ``target``, and whether one stands there that no longer holds."""
    row = database.execute("SELECT * FROM outbox_targets WHERE target = ?", (target.name,)).fetchone()
    if row is None:
        return None, False
    if row["refused_key"] is not None:
        present = "" if target.fingerprint is None else target.fingerprint(row["salt"])
        if secrets.compare_digest(present, row["refused_key"]):
            return Hold("refused", row["status"], row["text"]), False
    elif now < row["paused_until"] < now + horizon:
        return Hold("paused", row["status"], row["text"], row["paused_until"] - now), False
    return None, True


def lift(database: sqlite3.Connection, target: str) -> None:
    """Forgets the hold."""
    database.execute("DELETE FROM outbox_targets WHERE target = ?", (target,))


def is_refused(database: sqlite3.Connection, target: str) -> bool:
    """Whether the key in use when last tried was refused."""
    row = database.execute("SELECT refused_key IS NOT NULL FROM outbox_targets WHERE target = ?", (target,)).fetchone()
    return bool(row and row[0])
