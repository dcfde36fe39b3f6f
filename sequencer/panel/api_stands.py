"""The part of the HTTP interface that shows all stands of a factory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from sequencer.panel.routes import Route, listed, mapping, record
from sequencer.store.stands import StandNow

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def stands(session: Session) -> Mapping[str, object]:
    return {"stands": [asdict(stand) for stand in session.stands()]}


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/stands",
        handler=stands,
        right="look",
        summary="All stands as `hardseq factory` sees them; none on the panel of a single stand.",
        answer=mapping(stands=listed(record(StandNow))),
    ),
)
