"""The part of the HTTP interface that reads stored runs."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer.panel import tables
from sequencer.panel.actions import WHY
from sequencer.panel.downloads import begun, document, file, long_list, table
from sequencer.panel.people import caller
from sequencer.panel.requests import (
    ActionRefused,
    ApiError,
    InvalidRequest,
    ResourceNotFound,
    body,
    optional_text,
    query,
    run_filter,
)
from sequencer.panel.routes import (
    COUNT,
    NUMBER,
    OBJECT,
    REPORT,
    TEXT,
    TRUE,
    Parameter,
    Right,
    Route,
    Schema,
    listed,
    mapping,
    optional,
    or_null,
    record,
)
from sequencer.report.capability import Capability, capability
from sequencer.report.model import RunReport
from sequencer.report.note import (
    DISPOSITIONS,
    LONGEST_COMMENT,
    Note,
    NoteRefused,
    disposition_of,
    new_note,
    with_notes,
)
from sequencer.store.base import (
    CaseFailures,
    Neighbours,
    RunFilter,
    RunPage,
    RunSummary,
    SeriesName,
    SeriesPoint,
    Statistics,
    StoreError,
)
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.extension import UnusableExtension
from sequencer.vocabulary.json_text import compact
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import FINAL_STATUSES

if TYPE_CHECKING:
    from sequencer.panel.session import Session
    from sequencer.report.exports.base import Export
    from sequencer.vocabulary.registry import Registry

SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
MOST_ON_PAGE = 500
MOST_VALUES = 10_000
MOST_EXPORTED = 1_000_000
"""Values in one file."""
_COUNTED = ("passed", "failed", "error", "stopped", "skipped", "runs", "judged")


def runs(session: Session) -> Response | Mapping[str, object]:
    wanted = run_filter()
    form = request.args.get("format")
    if form == "csv":
        return table("runs", tables.run_rows(begun(_all(session, wanted))))
    if form == "json":
        return long_list("runs", "runs", (_listed(run, notes) for run, notes in begun(_all(session, wanted))))
    page = _find(session, wanted, query("limit", int, 50), request.args.get("cursor") or None)
    return {"runs": [_listed(run, notes) for run, notes in _noted(session, page)], "next": page.next}


def _noted(session: Session, page: RunPage) -> list[tuple[RunSummary, list[Note]]]:
    """The page's runs, each with what was added to it."""
    notes = session.store.notes([run.id for run in page.runs])
    return [(run, notes.get(run.id, [])) for run in page.runs]


def _listed(run: RunSummary, notes: list[Note]) -> dict[str, object]:
    return {**run._asdict(), "disposition": disposition_of(notes), "notes": [note.document() for note in notes]}


def _find(session: Session, wanted: RunFilter, limit: int, cursor: str | None) -> RunPage:
    try:
        return session.store.find(wanted, limit=limit, cursor=cursor)
    except ValueError:
        raise ApiError(400, "bad-parameter", "this is not a cursor of this list") from None


def _all(session: Session, wanted: RunFilter) -> Iterator[tuple[RunSummary, list[Note]]]:
    cursor: str | None = None
    while True:
        page = _find(session, wanted, MOST_ON_PAGE, cursor)
        yield from _noted(session, page)
        cursor = page.next
        if cursor is None:
            return


def run(session: Session, run: str) -> Response:
    report = _shown(session, run)
    form = request.args.get("format")
    if not form:
        return Response(utf8(compact(report)), mimetype="application/json")
    try:
        export = exports()[form]
        written = export.bytes_of(report, _logo(session) if export.sheet else None)
    except UnusableExtension as unusable:
        raise ApiError(500, "unusable-export", str(unusable)) from unusable
    head = BOM_UTF8 if export.byte_order_mark else b""
    return file(f"run-{report['id']}.{export.suffix}", export.media_type, [], head=head + written)


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
    try:
        note = new_note(
            _report(session, run)["id"],
            user=caller().name_or(optional_text(given, "user", 100)),
            source=f"panel, {request.remote_addr}",
            comment=optional_text(given, "comment", LONGEST_COMMENT) or "",
            disposition=disposition,
        )
    except NoteRefused as refused:
        raise InvalidRequest(refused.reason) from None
    session.store.add_note(note)
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
    return with_notes(report, session.store.notes([report["id"]]).get(report["id"], []))


def _report(session: Session, run: str) -> RunReport:
    report = session.store.latest() if run == "latest" else session.store.get(run)
    if report is None:
        raise ResourceNotFound(Reason("no_such_run"))
    return report


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


def statistics(session: Session) -> Response | Mapping[str, object]:
    found = session.store.statistics(run_filter())
    form = request.args.get("format")
    if form == "csv":
        return table("statistics", tables.statistics_rows(found))
    return document("statistics", _statistics(found)) if form else _statistics(found)


def _statistics(found: Statistics) -> dict[str, object]:
    return {
        **{name: getattr(found, name) for name in _COUNTED},
        "units": found.units,
        "first_passed": found.first_passed,
        "yield": found.total_yield,
        "first_pass_yield": found.first_pass_yield,
        "mean_seconds": found.mean_seconds,
        "failures": [failure._asdict() for failure in found.failures],
    }


def series(session: Session) -> Response | Mapping[str, object]:
    form = request.args.get("format")
    points = _points(session, MOST_EXPORTED if form else query("limit", int, 1000))
    if form == "csv":
        return table("series", tables.series_rows(points))
    found = {
        "case": request.args["case"],
        "measurement": request.args["measurement"],
        "unit": points[-1].unit if points else request.args.get("unit") or None,
        "points": [point._asdict() for point in points],
        "capability": _capability(points),
    }
    return document("series", found) if form else found


def _points(session: Session, limit: int) -> list[SeriesPoint]:
    """Values of one unit: volts and millivolts together have no mean."""
    name = request.args["case"], request.args["measurement"]
    wanted, unit = run_filter(), request.args.get("unit")
    if unit is None:
        newest = session.store.series(*name, wanted, limit=1)
        unit = (newest[0].unit or "") if newest else ""
    return session.store.series(*name, wanted, unit=unit, limit=limit)


def _capability(points: list[SeriesPoint]) -> dict[str, object]:
    """Against the limits of the newest point; ``missing`` counts what was no number."""
    values = [point.value for point in points if point.value is not None]
    lower, upper = (points[-1].lower, points[-1].upper) if points else (None, None)
    return {
        **asdict(capability(values, lower, upper)),
        "missing": len(points) - len(values),
        "minimum": min(values, default=None),
        "maximum": max(values, default=None),
        "lower": lower,
        "upper": upper,
        "limits_changed": any((point.lower, point.upper) != (lower, upper) for point in points),
    }


def series_names(session: Session) -> Mapping[str, object]:
    return {"series": [name._asdict() for name in session.store.series_names(request.args.get("sequence") or None)]}


def store_problem(error: StoreError) -> ApiError:
    """How a store that is away looks over HTTP."""
    return ApiError(503, "store-unavailable", error.reason)


_FILTERS = (
    Parameter(name="serial_number", schema=TEXT, description="The device's serial number."),
    Parameter(name="part_number", schema=TEXT, description="The device's part number."),
    Parameter(name="sequence", schema=TEXT, description="The sequence's name."),
    Parameter(name="status", schema={"enum": list(FINAL_STATUSES)}, description="The verdict."),
    Parameter(name="stand", schema=TEXT, description="The stand's name."),
    Parameter(name="since", schema=NUMBER, description="Runs that started at or after this time (Unix seconds)."),
    Parameter(name="until", schema=NUMBER, description="Runs that started before this time (Unix seconds)."),
)
_FORMAT = Parameter(
    name="format", schema={"enum": ["json", "csv"]}, description="All matching runs, as a file to download."
)
_LIMIT: Schema = {"type": "integer", "minimum": 1}
_SHARE = or_null({"type": "number", "minimum": 0, "maximum": 1})
_STATISTICS = mapping(
    **dict.fromkeys((*_COUNTED, "units", "first_passed"), COUNT),
    **{"yield": _SHARE},
    first_pass_yield=_SHARE,
    mean_seconds=or_null(NUMBER),
    failures=listed(record(CaseFailures)),
)
_SERIES = mapping(
    case=TEXT,
    measurement=TEXT,
    unit=or_null(TEXT),
    points=listed(record(SeriesPoint)),
    capability=mapping(
        **record(Capability)["properties"],
        missing=COUNT,
        **dict.fromkeys(("minimum", "maximum", "lower", "upper"), or_null(NUMBER)),
        limits_changed={"type": "boolean"},
    ),
)
_AWAY = {503: "the store cannot be reached or is busy (`Retry-After`)"}
_GONE = {404: "there is no such run", **_AWAY}

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/runs",
        handler=runs,
        right="look",
        summary="Stored runs, newest first, page by page.",
        query=(
            *_FILTERS,
            Parameter(name="limit", schema={**_LIMIT, "maximum": MOST_ON_PAGE}, description="Default: 50."),
            Parameter(name="cursor", schema=TEXT, description="The `next` of the page before."),
            _FORMAT,
        ),
        answer=mapping(
            runs=listed(
                mapping(
                    **record(RunSummary)["properties"],
                    disposition=or_null({"enum": list(DISPOSITIONS)}),
                    notes=listed(record(Note)),
                )
            ),
            next=or_null(TEXT),
        ),
        files=("text/csv",),
        errors=_AWAY,
    ),
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
        query=_FILTERS,
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
    Route(
        method="GET",
        path="/api/statistics",
        handler=statistics,
        right="look",
        summary="Yield, first-pass yield and failures by case.",
        query=(*_FILTERS, _FORMAT),
        answer=_STATISTICS,
        files=("text/csv",),
        errors=_AWAY,
    ),
    Route(
        method="GET",
        path="/api/series",
        handler=series,
        right="look",
        summary="A measurement's values over runs with their limits, and its capability (Cp, Cpk).",
        query=(
            Parameter(name="case", schema=TEXT, description="module::case", required=True),
            Parameter(name="measurement", schema=TEXT, description="The measurement's name.", required=True),
            *_FILTERS,
            Parameter(name="unit", schema=TEXT, description="The unit of the values; default: that of the newest."),
            Parameter(name="limit", schema={**_LIMIT, "maximum": MOST_VALUES}, description="Default: 1000."),
            _FORMAT,
        ),
        answer=_SERIES,
        files=("text/csv",),
        errors=_AWAY,
    ),
    Route(
        method="GET",
        path="/api/series/names",
        handler=series_names,
        right="look",
        summary="The measurements that have stored values.",
        query=(Parameter(name="sequence", schema=TEXT, description="Of this sequence only."),),
        answer=mapping(series=listed(record(SeriesName))),
        errors=_AWAY,
    ),
)
