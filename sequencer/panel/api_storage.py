"""The part of the HTTP interface that shows what waits for a store or StandCloud, and tries again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sequencer.panel.actions import WHY
from sequencer.panel.requests import body
from sequencer.panel.routes import OBJECT, TEXT, TRUE, Route, listed, mapping, optional, or_null, record
from sequencer.standcloud.outbox import OutboxCounts, OutboxEntry
from sequencer.standcloud.target_block import TargetBlock

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def outbox(session: Session) -> Mapping[str, object]:
    return session.storage()


def sync(session: Session) -> Mapping[str, object]:
    body("why")
    session.sync()
    return {"started": True}


_TARGET: Mapping[str, object] = mapping(
    target=TEXT,
    usable={"type": "boolean"},
    automatic={"type": "boolean"},
    problem=or_null(TEXT),
    coded_reason=or_null(OBJECT),
    **record(OutboxCounts)["properties"],
    hold=or_null(record(TargetBlock)),
    entries=listed(record(OutboxEntry)),
)

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/outbox",
        handler=outbox,
        right="look",
        summary="Where reports go, and per target how many wait, are parked and why, and when one went last.",
        answer=mapping(
            place=or_null(TEXT),
            problem=or_null(TEXT),
            coded_reason=or_null(OBJECT),
            sending={"type": "boolean"},
            targets=listed(_TARGET),
        ),
    ),
    Route(
        method="POST",
        path="/api/sync",
        handler=sync,
        right="engineer",
        summary="Sends whatever waits or is parked now, in the background.",
        body=optional(why=WHY),
        answer=mapping(started=TRUE),
        errors={409: "it is already being sent"},
    ),
)
