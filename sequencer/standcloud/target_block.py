"""What holds up every report of one target at once: a refused key, or a server that asked to be left alone."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Literal, NamedTuple

from sequencer.standcloud.delivery import Delivery, DeliveryTarget
from sequencer.vocabulary.dataclass import dataclass

_ASKS_TO_WAIT = (429, 503)


@dataclass(frozen=True, slots=True)
class TargetBlock:
    """``refused`` lasts until the key changes, ``paused`` for ``seconds`` from now. ``text`` is the server's answer."""

    reason: Literal["refused", "paused"]
    status: int | None
    text: str
    seconds: float = 0.0


class RefusedKey(NamedTuple):
    """The key that was refused, as a salted hash."""

    salt: bytes
    fingerprint: str


def refused_key(target: DeliveryTarget) -> RefusedKey:
    """The hash of the key that ``target`` uses now; empty for a target without a key."""
    salt = secrets.token_bytes(16)
    return RefusedKey(salt, "" if target.fingerprint is None else target.fingerprint(salt))


def note_failure(
    database: sqlite3.Connection, target: str, delivery: Delivery, refused: RefusedKey | None, now: float
) -> None:
    """Writes down what a failed try says about the whole target, if anything."""
    values: tuple[str | bytes | float | None, ...]
    if refused is not None:
        values = (target, refused.fingerprint, refused.salt, 0.0, delivery.status, delivery.text, now)
    elif delivery.retry_after and delivery.status in _ASKS_TO_WAIT:
        values = (target, None, None, now + delivery.retry_after, delivery.status, delivery.text, now)
    else:
        return
    database.execute("INSERT OR REPLACE INTO outbox_targets VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def find_block(
    database: sqlite3.Connection, target: DeliveryTarget, now: float, horizon: float
) -> tuple[TargetBlock | None, bool]:
    """The block of ``target``, and whether one stands there that is over."""
    row = database.execute("SELECT * FROM outbox_targets WHERE target = ?", (target.name,)).fetchone()
    if row is None:
        return None, False
    if row["refused_key"] is not None:
        present = "" if target.fingerprint is None else target.fingerprint(row["salt"])
        if secrets.compare_digest(present, row["refused_key"]):
            return TargetBlock("refused", row["status"], row["text"]), False
    elif now < row["paused_until"] < now + horizon:
        return TargetBlock("paused", row["status"], row["text"], row["paused_until"] - now), False
    return None, True


def clear_block(database: sqlite3.Connection, target: str) -> None:
    """Forgets the block."""
    database.execute("DELETE FROM outbox_targets WHERE target = ?", (target,))


def is_refused(database: sqlite3.Connection, target: str) -> bool:
    """Whether the key in use when last tried was refused."""
    row = database.execute("SELECT refused_key IS NOT NULL FROM outbox_targets WHERE target = ?", (target,)).fetchone()
    return bool(row and row[0])
