"""The part of the HTTP interface that is about runs that were started together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from sequencer.panel.api_history import STORE_AWAY
from sequencer.panel.refusals import ResourceNotFound
from sequencer.panel.routes import Route, Schema, record
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session


# Imported where it is needed: most panels start nothing in slots, and each run serves a page.
def _schema() -> Schema:
    from sequencer.report.start_timeline import StartTimeline

    return record(StartTimeline)


def timeline(session: Session, start: str) -> Mapping[str, object]:
    from sequencer.report.start_timeline import start_timeline

    reports = session.of_start(start)
    if not reports:
        raise ResourceNotFound(Reason("no_such_start"))
    return asdict(start_timeline(start, reports))


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/starts/<start>",
        handler=timeline,
        right="look",
        summary="The runs of one start side by side on one time axis, and what its slots waited for.",
        answer=_schema,
        errors={404: "no run was started so", **STORE_AWAY},
    ),
)
