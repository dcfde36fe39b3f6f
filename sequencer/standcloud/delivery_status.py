"""What a person sees of the outbox, as JSON-safe data for the panel and the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sequencer.standcloud.delivery import Target
from sequencer.standcloud.outbox import Outbox


def describe(outbox: Outbox, name: str, target: Target | None, problem: str | None, limit: int) -> dict[str, Any]:
    """One target::

        {target, usable, automatic, problem, waiting, blocked, parked, delivered, last_delivery,
         hold: {reason, status, text, seconds} or null,
         entries: [{run, target, state, queued, attempts, last_try, next_try, status, text, delivered}, ...]}

    ``problem`` says why it is not usable. ``hold``: ``refused`` (the key; until it changes) or ``paused`` (the server
    asked to wait ``seconds``). ``entries`` are the parked reports, then those that wait, at most ``limit`` of each.
    Times in Unix seconds.
    """
    hold = None if target is None else outbox.hold(target)
    entries = [
        asdict(entry)
        for state in ("parked", "blocked", "waiting")
        for entry in outbox.entries(name, state=state, limit=limit)
    ]
    return {
        "target": name,
        "usable": target is not None,
        "automatic": target is not None and target.automatic,
        "problem": problem,
        **asdict(outbox.counts(name)),
        "hold": None if hold is None else asdict(hold),
        "entries": entries,
    }
