"""What waits for a target of deliveries, as JSON: for the page *Storage* and ``GET /api/outbox``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sequencer.vocabulary.reason import ReasonOrText, coded, sentence

if TYPE_CHECKING:
    from sequencer.standcloud.delivery import DeliveryTarget
    from sequencer.standcloud.outbox import Outbox


def described_target(
    outbox: Outbox, name: str, target: DeliveryTarget | None, problem: ReasonOrText | None, limit: int
) -> dict[str, object]:
    """One target::

        {target, usable, automatic, problem, coded_reason, waiting, blocked, parked, delivered, last_delivery,
         hold: {reason, status, text, seconds} or null,
         entries: [{run, target, state, queued, attempts, last_try, next_try, status, text, delivered}, ...]}

    ``problem`` says why it is not usable, ``coded_reason`` its code. The reason of ``hold``: ``refused`` (the key;
    until it changes) or ``paused`` (the server asked to wait ``seconds``). ``entries`` are the parked reports, then
    those that wait, at most ``limit`` of each. Times in Unix seconds.
    """
    block = None if target is None else outbox.block_of(target)
    entries = [
        asdict(entry)
        for state in ("parked", "blocked", "waiting")
        for entry in outbox.entries(name, state=state, limit=limit)
    ]
    return {
        "target": name,
        "usable": target is not None,
        "automatic": target is not None and target.automatic,
        "problem": sentence(problem),
        "coded_reason": coded(problem),
        **asdict(outbox.counts(name)),
        "hold": None if block is None else asdict(block),
        "entries": entries,
    }
