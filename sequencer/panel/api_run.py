"""The part of the HTTP interface that is about one stored run: its report, files, sheet, label, notes, neighbours."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer.figures.index import FiguresUnavailable
from sequencer.panel.actions import WHY
from sequencer.panel.api_history import FILTERS, STORE_AWAY
from sequencer.panel.downloads import file, pieces
from sequencer.panel.people import caller
from sequencer.panel.refusals import ActionRefused, ApiError, InvalidRequest, ResourceNotFound
from sequencer.panel.requests import body, optional_text, run_filter
from sequencer.panel.routes import (
    OBJECT,
    REPORT,
    TEXT,
    TRUE,
    Parameter,
    Right,
    Route,
    listed,
    mapping,
    optional,
    record,
)
from sequencer.report.model import RunReport
from sequencer.report.note import (
    DISPOSITIONS,
    LONGEST_COMMENT,
    Note,
    NoteRefused,
    new_note,
    with_notes,
)
from sequencer.store.base import Neighbours, StoreError
from sequencer.store.facts import was_changed
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.extension import UnusableExtension
from sequencer.vocabulary.json_text import compact
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session
    from sequencer.report.exports.base import Export
    from sequencer.vocabulary.registry import Registry

SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def run(session: Session, run: str) -> Response:
    report = _shown(session, run)
    form = request.args.get("format")
    if not form:
        return Response(utf8(compact(report)), mimetype="application/json")
    try:
        export = exports()[form]
        written = export.parts_of(report, _logo(session) if export.sheet else None)
    except UnusableExtension as unusable:
        raise ApiError(500, "unusable-export", str(unusable)) from unusable
    head = [BOM_UTF8] if export.byte_order_mark else []
    return pieces(f"run-{report['id']}.{export.suffix}", export.media_type, chain(head, written))


def _logo(session: Session) -> str | None:
    """The logo of report sheets; `hardseq check` says why one cannot be shown."""
    from sequencer.project.logo import read_logo
    from sequencer.project.pictures import NoPicture

    try:
        return read_logo(session.folder, session.settings.logo) if session.settings.logo else None
    except NoPicture:
        return None


def run_sheet(session: Session, run: str) -> Response:
    """Unlike the file it is shown, so that a browser prints it; it may load and run nothing."""
    response = Response(exports()["html"].bytes_of(_shown(session, run), _logo(session)), mimetype="text/html")
    response.headers["Content-Security-Policy"] = SHEET_POLICY
    return response


def print_label(session: Session, run: str) -> Mapping[str, object]:
    body()
    refusal = session.print_label(_report(session, run))
    if refusal is not None:
        raise ActionRefused("label", refusal)
    return {"printed": True}


def run_neighbours(session: Session, run: str) -> Mapping[str, object]:
    found = session.store.neighbours(run, run_filter())
    if found is None:
        raise ResourceNotFound(Reason("no_such_run"))
    return found._asdict()


_NOTE_KEYS = ("comment", "disposition", "user", "why")


def _note_demands() -> Right:
    """Only a manager lets a unit pass that did not."""
    return "manager" if body(*_NOTE_KEYS).get("disposition") == "waived" else "operator"


def add_note(session: Session, run: str) -> Mapping[str, object]:
    given = body(*_NOTE_KEYS)
    said = given.get("disposition")
    disposition = next((one for one in DISPOSITIONS if one == said), None)
    if said is not None and disposition is None:
        raise ApiError(400, "wrong-type", f"disposition must be one of {', '.join(DISPOSITIONS)}")
    located = session.report_store.locate(run)
    if located is None:
        raise ResourceNotFound(Reason("no_such_run"))
    try:
        note = new_note(
            located.id,
            user=caller().name_or(optional_text(given, "user", 100)),
            source=f"panel, {request.remote_addr}",
            comment=optional_text(given, "comment", LONGEST_COMMENT) or "",
            disposition=disposition,
        )
    except NoteRefused as refused:
        raise InvalidRequest(refused.reason) from None
    session.report_store.add_note(note, located)
    return {"note": note.document()}


def export_formats(session: Session) -> Mapping[str, object]:
    usable, reasons = exports().all_usable()
    shown = ("name", "label", "media_type", "suffix")
    return {
        "exports": [{key: getattr(export, key) for key in shown} for export in usable.values()],
        "unusable": [str(reason) for reason in reasons],
    }


def exports() -> Registry[Export]:
    """The formats of a report's file."""
    from sequencer.report import exports  # brings templates along, which the live page does without

    return exports.exports()


def _media_types() -> tuple[str, ...]:
    """Those that a report's file may have beside JSON."""
    found = (export.media_type for export in exports().all_usable()[0].values())
    return tuple(dict.fromkeys(kind for kind in found if kind != "application/json"))


def _shown(session: Session, run: str) -> RunReport:
    """The report with what was added to it later."""
    report = _report(session, run)
    return with_notes(report, session.report_store.notes([report["id"]]).get(report["id"], []))


def _report(session: Session, run: str) -> RunReport:
    report = session.report(run)
    if report is None:
        raise ResourceNotFound(_why_none(session, run))
    if was_changed(report):  # the figures may not know it yet
        session.figures.read_again(report["id"])
    return report


def _why_none(session: Session, run: str) -> Reason:
    """Why there is no report of the run: it was pruned, or never was."""
    from sequencer.figures.condensed import pruned_reason

    if (pruned := pruned_reason(session.store, run)) is not None:
        return pruned
    return Reason("run_pruned", run=run) if _is_counted(session, run) else Reason("no_such_run")


def _is_counted(session: Session, run: str) -> bool:
    """Whether the figures know the run, whose report is gone."""
    try:
        rows, _ = session.figures.read(lambda ask: ask("SELECT 1 FROM runs WHERE id = ?", [run]))
    except (FiguresUnavailable, StoreError):
        return False
    return bool(rows)


def attachment(session: Session, run: str, sha256: str) -> Response:
    report = _report(session, run)
    named = [
        found
        for module in report["modules"]
        for case in module["cases"]
        for attempt in case["attempts"]
        for found in attempt["attachments"]
        if found["sha256"] == sha256
    ]
    data = session.store.attachment(report["id"], sha256) if named else None
    if data is None:
        raise ResourceNotFound(Reason("no_such_attachment"))
    # Whatever it is, it is saved and not shown: it comes from a device and may be anything.
    return file(named[0]["name"], "application/octet-stream", [], head=data)


_GONE = {404: "there is no such run", **STORE_AWAY}

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/runs/<run>",
        handler=run,
        right="look",
        summary="A whole report; `latest` names the newest.",
        query=(
            Parameter(
                name="format",
                schema=lambda: {"enum": list(exports())},
                description="A file to save, in this format.",
            ),
        ),
        answer={
            "anyOf": [REPORT, OBJECT],
            "description": "hardseq's report; with `format=standcloud` version 1 of the report format.",
        },
        files=_media_types,
        errors=_GONE,
    ),
    Route(
        method="POST",
        path="/api/runs/<run>/notes",
        handler=add_note,
        right="operator",
        demands=_note_demands,
        logged=("comment", "disposition"),
        summary="Adds a comment, or what is to become of the unit, to a stored run. Its report stays as it is.",
        body=optional(
            comment={"type": ["string", "null"], "maxLength": LONGEST_COMMENT, "description": "Needed to waive."},
            disposition={"enum": [*DISPOSITIONS, None], "description": "`waived` is a manager's."},
            user={"type": ["string", "null"], "maxLength": 100, "description": "Who does it, where nobody logs in."},
            why=WHY,
        ),
        answer=mapping(note=record(Note)),
        errors={**_GONE, 422: "it says nothing, or waives without a reason or a name"},
    ),
    Route(
        method="GET",
        path="/api/runs/<run>/sheet",
        handler=run_sheet,
        right="look",
        summary="The report as a page to print.",
        answer=TEXT,
        media_type="text/html",
        errors=_GONE,
    ),
    Route(
        method="POST",
        path="/api/runs/<run>/label",
        handler=print_label,
        right="operator",
        summary="Prints the label of the unit that the run tested.",
        body=mapping(),
        answer=mapping(printed=TRUE),
        errors={**_GONE, 409: "there is nothing to print, or the printer did not take it"},
    ),
    Route(
        method="GET",
        path="/api/runs/<run>/neighbours",
        handler=run_neighbours,
        right="look",
        summary="The ids of the next newer and the next older run, among those that match.",
        query=FILTERS,
        answer=record(Neighbours),
        errors=_GONE,
    ),
    Route(
        method="GET",
        path="/api/exports",
        handler=export_formats,
        right="look",
        summary="The formats in which a report can be had, those of installed packages included.",
        answer=mapping(
            exports=listed(mapping(**dict.fromkeys(("name", "label", "media_type", "suffix"), TEXT))),
            unusable=listed(TEXT),
        ),
    ),
    Route(
        method="GET",
        path="/api/runs/<run>/attachments/<sha256>",
        handler=attachment,
        right="look",
        summary="A file that was attached to the run.",
        answer={},
        media_type="application/octet-stream",
        errors=_GONE,
    ),
)
