"""What a panel says of its stand to whoever watches all stands (:mod:`sequencer.store.stands`)."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sequencer import __version__

if TYPE_CHECKING:
    from sequencer.panel.session import Session
    from sequencer.report.model import RunReport


def heartbeat(session: Session, stand: Mapping[str, object]) -> dict[str, object]:
    """The fields of the stand's heartbeat; ``stand`` is what every report says of it."""
    session.live.asked()
    number = stand.get("number")
    return {
        "stand": stand.get("name"),
        "stand_number": None if number is None else str(number),
        "host": platform.node(),
        "hardseq": __version__,
        "slots": [
            {"slot": slot.slot, "title": slot.title, "state": session.of_slot(slot.slot).state}
            for slot in session.stand_slots
        ],
        **session.live.look(_shown),
    }


def _shown(report: RunReport, session: Mapping[str, object]) -> dict[str, object]:
    sequence: Mapping[str, object] = report["sequence"]
    storage = session["storage"]
    targets = storage.get("targets", ()) if isinstance(storage, dict) else ()
    problem = session["problem"]
    return {
        "state": session["state"],
        "problem": problem.get("message") if isinstance(problem, dict) else None,
        "sequence": sequence.get("name") or None,
        "sequence_version": sequence.get("version"),
        "waiting": sum(target["waiting"] + target["blocked"] for target in targets),
        "refused": sum(target["parked"] for target in targets),
        "shift": session["shift"],
    }
