"""The part of the HTTP interface that says what is known of a unit: before it is tested again, and beside its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flask import request

from sequencer.panel.api_history import STORE_AWAY
from sequencer.panel.routes import COUNT, NUMBER, TEXT, Parameter, Route, listed, mapping, or_null, record
from sequencer.panel.unit_lookup import MOST
from sequencer.report.note import DISPOSITIONS, Note, disposition_of
from sequencer.store.base import RunFilter, RunSummary, StoreError, StoreUnavailable

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


def unit_additions(session: Session) -> Mapping[str, object]:
    page = session.store.find(RunFilter(serial_number=request.args["serial_number"]), limit=MOST)
    notes = session.report_store.notes([run.id for run in page.runs])
    said = sorted((note for found in notes.values() for note in found), key=lambda note: (note.time, note.id))
    files = [file for run in page.runs[:_MOST_READ] for file in _attachments(session, run)]
    return {
        "notes": [note.document() for note in said],
        "disposition": disposition_of(said),
        "attachments": files,
        "more": page.next is not None or len(page.runs) > _MOST_READ,
    }


def _attachments(session: Session, run: RunSummary) -> Iterator[dict[str, object]]:
    try:
        report = session.report(run.id)
    except StoreUnavailable:
        raise
    except StoreError:  # of a damaged report nothing is known
        return
    for module in report["modules"] if report is not None else ():
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for file in attempt["attachments"]:
                    said = {name: file[name] for name in ("name", "sha256", "size", "media_type")}
                    yield {"run": run.id, "start_time": run.start_time, "case": case["name"], **said}


_MOST_READ = 20
"""Reports that are read for their attachments, the newest."""
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
    Route(
        method="GET",
        path="/api/unit/additions",
        handler=unit_additions,
        right="look",
        summary="What was added to the newest runs with a serial number, and the files that were attached in them.",
        query=(Parameter(name="serial_number", schema=TEXT, description="The device's serial number.", required=True),),
        answer=mapping(
            notes={**listed(record(Note)), "description": "The oldest first."},
            disposition=or_null({"enum": list(DISPOSITIONS)}),
            attachments=listed(
                mapping(
                    run=TEXT,
                    start_time=NUMBER,
                    case=TEXT,
                    name=TEXT,
                    sha256=TEXT,
                    size=COUNT,
                    media_type=or_null(TEXT),
                )
            ),
            more={"type": "boolean", "description": "There are older runs that were not looked at."},
        ),
        errors=STORE_AWAY,
    ),
)
