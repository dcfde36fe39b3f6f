"""The part of the HTTP interface that shows what waits for a store or StandCloud, and tries again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sequencer.panel.routes import TEXT, Route, mapping

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def outbox(session: Session) -> Mapping[str, Any]:
    return session.storage()


def sync(session: Session) -> Mapping[str, Any]:
    session.sync()
    return {"started": True}


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/outbox",
        handler=outbox,
        summary="Where reports go, and per target how many wait, are parked and why, and when one went last.",
        answer=mapping(place=TEXT, targets={"type": "array", "items": {"type": "object"}}),
    ),
    Route(
        method="POST",
        path="/api/sync",
        handler=sync,
        summary="Sends whatever waits or is parked now, in the background.",
        answer=mapping(started={"type": "boolean"}),
        errors={409: "it is being sent already"},
    ),
)
