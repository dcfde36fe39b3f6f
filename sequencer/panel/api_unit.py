"""The part of the HTTP interface that says what is known of a unit before it is tested again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import request

from sequencer.panel.routes import COUNT, TEXT, Parameter, Route, mapping, or_null, record
from sequencer.report.note import Note
from sequencer.store.base import RunSummary

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def unit(session: Session) -> Mapping[str, object]:
    known = session.units.look_up(
        request.args["serial_number"],
        sequence=request.args["sequence"],
        part_number=request.args.get("part_number") or None,
        without=request.args.get("without") or None,
    )
    runs = {name: run and run._asdict() for name, run in (("latest", known.latest), ("judged", known.judged))}
    said = known.disposition and known.disposition.document()
    return {**known._asdict(), **runs, "disposition": said}


_RUN = or_null(record(RunSummary))

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/unit",
        handler=unit,
        right="operator",
        summary="What earlier runs said of a unit, also those whose reports still wait for the store.",
        query=(
            Parameter(name="serial_number", schema=TEXT, description="The device's serial number.", required=True),
            Parameter(name="sequence", schema=TEXT, description="The sequence's name.", required=True),
            Parameter(name="part_number", schema=TEXT, description="The device's part number; default: any."),
            Parameter(name="without", schema=TEXT, description="The id of a run that is left out: the present one."),
        ),
        answer=mapping(
            latest={**_RUN, "description": "The newest run, whatever came of it."},
            judged={**_RUN, "description": "The newest run that counts for yield."},
            runs={**COUNT, "description": "How many runs count for yield."},
            disposition={
                **or_null(record(Note)),
                "description": "The newest note that says what becomes of the unit, after whichever run and sequence.",
            },
            more={"type": "boolean", "description": "There are more runs than were looked at."},
            complete={"type": "boolean", "description": "Whether the store answered, within two seconds."},
        ),
        errors={503: "too many ask about stored runs at once (`Retry-After`)"},
    ),
)
