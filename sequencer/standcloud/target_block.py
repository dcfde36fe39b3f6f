"""What holds up every report of one target at once: a refused key, or a server that asked to be left alone."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Literal, NamedTuple

from sequencer.standcloud.delivery import Delivery, DeliveryTarget
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import CodedReason, ReasonOrText, coded, read_reason, undamaged

_ASKS_TO_WAIT = (429, 503)


@dataclass(frozen=True, slots=True)
class TargetBlock:
    """``refused`` lasts until the key changes, ``paused`` for ``seconds`` from now.

    ``text`` is the server's answer, or what is said in its place, and then has a code.
    """

    reason: Literal["refused", "paused"]
    status: int | None
    text: str
    seconds: float = 0.0
    coded_reason: CodedReason | None = None

    @property
    def said(self) -> ReasonOrText:
        """The text, or the reason that it is the sentence of."""
        return read_reason(self.coded_reason, self.text)


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
    key: str | None
    salt: bytes | None
    if refused is not None:
        key, salt, until = refused.fingerprint, refused.salt, 0.0
    elif delivery.retry_after and delivery.status in _ASKS_TO_WAIT:
        key, salt, until = None, None, now + delivery.retry_after
    else:
        return
    database.execute(
        "INSERT OR REPLACE INTO outbox_targets (target, refused_key, salt, paused_until, status, text, code, since) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (target, key, salt, until, delivery.status, delivery.text, code_column(delivery.reason), now),
    )


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
            return TargetBlock("refused", row["status"], row["text"], 0.0, read_code(row["code"])), False
    elif now < row["paused_until"] < now + horizon:
        left = row["paused_until"] - now
        return TargetBlock("paused", row["status"], row["text"], left, read_code(row["code"])), False
    return None, True


def code_column(reason: ReasonOrText) -> str | None:
    """What the column ``code`` holds beside the ``text``: a reason of hardseq's own as JSON, null for any other."""
    return None if (document := coded(reason)) is None else json.dumps(document)


def read_code(column: str | None) -> CodedReason | None:
    """The reason's code and parameters again; ``None`` where there is none, or it is damaged."""
    try:
        return undamaged(json.loads(column or "null"))
    except ValueError:
        return None


def clear_block(database: sqlite3.Connection, target: str) -> None:
    """Forgets the block."""
    database.execute("DELETE FROM outbox_targets WHERE target = ?", (target,))


def is_refused(database: sqlite3.Connection, target: str) -> bool:
    """Whether the key in use when last tried was refused."""
    row = database.execute("SELECT refused_key IS NOT NULL FROM outbox_targets WHERE target = ?", (target,)).fetchone()
    return bool(row and row[0])
