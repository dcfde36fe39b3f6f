"""What a delivery is: one try to bring one report to one target, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal

from sequencer.store.base import StoreUnavailable
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import ReasonOrText

STAND_CLOUD = "stand_cloud"
COUCHDB = "couchdb"
SERVER_STORES = (COUCHDB,)
"""Stores on a server, by their ``storage_type``, which is their name as a target: while they are away reports wait."""

FIRST_AFTER = 30.0
"""Seconds from the start of the job that sends them to its first drain."""


class OutboxUnavailable(StoreUnavailable):
    """The embedded database cannot be read or written (a full disk, a missing right, another program's lock)."""


Verdict = Literal["delivered", "again", "refused", "parked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outcome of one try.

    ``verdict``: ``delivered``; ``again``: worth another try later; ``refused``: the key is not accepted, no try makes
    sense until it changes; ``parked``: this report is not accepted, a person must look. ``status`` is the HTTP status,
    null when there was no answer. ``reason`` is the server's answer as text, or why there is none; bounded, without
    secrets. ``retry_after`` is in seconds, as the server asked.
    """

    verdict: Verdict
    status: int | None = None
    reason: ReasonOrText = ""
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the target has the report."""
        return self.verdict == "delivered"

    @property
    def text(self) -> str:
        """The reason in English."""
        return str(self.reason)

    def as_answer(self) -> dict[str, Data]:
        """What ``upload`` saves: ``{delivered, status, text}``."""
        return {"delivered": self.delivered, "status": self.status, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTarget:
    """Where reports go. ``deliver`` takes a ``RunReport`` and never raises for what a server or a network does.

    ``fingerprint`` turns a salt into a hash of the key in use, for a target that has a key; by it the outbox knows
    whether a refused key has changed, without knowing the key. ``automatic``: reports are sent without being asked for.
    """

    name: str
    deliver: Callable[[Mapping[str, object]], Delivery]
    fingerprint: Callable[[bytes], str] | None = field(default=None, repr=False)
    automatic: bool = True
