"""The part of the HTTP interface that reads many stored runs: lists, statistics, series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer.figures import formulas
from sequencer.figures import history as figures
from sequencer.figures.history import CaseFailures, SeriesName, SeriesPoint, Statistics
from sequencer.panel import tables
from sequencer.panel.downloads import begun, document, long_list, table
from sequencer.panel.refusals import ApiError
from sequencer.panel.requests import query, run_filter
from sequencer.panel.routes import (
    COUNT,
    NUMBER,
    TEXT,
    Parameter,
    Route,
    Schema,
    listed,
    mapping,
    optional,
    or_null,
    record,
)
from sequencer.report.note import (
    DISPOSITIONS,
    Note,
    disposition_of,
)
from sequencer.store.base import RunFilter, RunPage, RunSummary, StoreError
from sequencer.vocabulary.status import FINAL_STATUSES

if TYPE_CHECKING:
    from sequencer.panel.session import Session

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
    notes = session.report_store.notes([run.id for run in page.runs])
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


def statistics(session: Session) -> Response | Mapping[str, object]:
    wanted = run_filter()
    found = session.figures.complete(partial(figures.statistics, runs=wanted))
    by_slot = _by_slot(session, wanted)
    form = request.args.get("format")
    if form == "csv":
        return table("statistics", tables.statistics_rows(found, by_slot))
    slots = [{**one._asdict(), **_yield(by_slot[one.slot])} for one in session.stand_slots if one.slot in by_slot]
    said = {**_statistics(found), **({"slots": slots} if slots else {})}
    return document("statistics", said) if form else said


def _by_slot(session: Session, wanted: RunFilter) -> dict[str, Statistics]:
    """The same of each slot of the stand; nothing where one is meant alone."""
    if wanted.slot is not None:
        return {}
    slots = [one.slot for one in session.stand_slots]
    return session.figures.complete(
        lambda ask: {slot: figures.statistics(ask, wanted._replace(slot=slot)) for slot in slots}
    )


def _statistics(found: Statistics) -> dict[str, object]:
    return {
        **_yield(found),
        "mean_seconds": found.mean_seconds,
        "failures": [failure._asdict() for failure in found.failures],
    }


def _yield(found: Statistics) -> dict[str, object]:
    return {
        **{name: getattr(found, name) for name in _COUNTED},
        "units": found.units,
        "first_passed": found.first_passed,
        "yield": found.total_yield,
        "first_pass_yield": found.first_pass_yield,
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
        newest = session.figures.complete(lambda ask: figures.series(ask, *name, wanted, limit=1))
        unit = (newest[0].unit or "") if newest else ""
    return session.figures.complete(lambda ask: figures.series(ask, *name, wanted, unit=unit, limit=limit))


def _capability(points: list[SeriesPoint]) -> dict[str, object]:
    """Against the limits of the newest point; ``missing`` counts what was no number."""
    values = [point.value for point in points if point.value is not None]
    lower, upper = (points[-1].lower, points[-1].upper) if points else (None, None)
    mean = math.fsum(values) / len(values) if values else None
    sigma = formulas.overall_sigma(mean, formulas.sample_sigma(values))
    return {
        "count": len(values),
        "mean": mean,
        "stdev": sigma,
        "cp": formulas.spread_index(sigma, lower, upper),
        "cpk": formulas.nearest_index(mean, sigma, lower, upper),
        "missing": len(points) - len(values),
        "minimum": min(values, default=None),
        "maximum": max(values, default=None),
        "lower": lower,
        "upper": upper,
        "limits_changed": any((point.lower, point.upper) != (lower, upper) for point in points),
    }


def series_names(session: Session) -> Mapping[str, object]:
    found = session.figures.complete(partial(figures.series_names, sequence=request.args.get("sequence") or None))
    return {"series": [name._asdict() for name in found]}


def store_problem(error: StoreError) -> ApiError:
    """How a store that is away looks over HTTP."""
    return ApiError(503, "store-unavailable", error.reason)


FILTERS = (
    Parameter(name="serial_number", schema=TEXT, description="The device's serial number."),
    Parameter(name="part_number", schema=TEXT, description="The device's part number."),
    Parameter(name="sequence", schema=TEXT, description="The sequence's name."),
    Parameter(name="status", schema={"enum": list(FINAL_STATUSES)}, description="The verdict."),
    Parameter(name="stand", schema=TEXT, description="The stand's name."),
    Parameter(name="slot", schema=TEXT, description="The name of the slot that the product was in."),
    Parameter(name="start", schema=TEXT, description="The id of what several runs were started with."),
    Parameter(name="since", schema=NUMBER, description="Runs that started at or after this time (Unix seconds)."),
    Parameter(name="until", schema=NUMBER, description="Runs that started before this time (Unix seconds)."),
)
_FORMAT = Parameter(
    name="format", schema={"enum": ["json", "csv"]}, description="All matching runs, as a file to download."
)
_LIMIT: Schema = {"type": "integer", "minimum": 1}
_SHARE = or_null({"type": "number", "minimum": 0, "maximum": 1})
_YIELD: Schema = {
    **dict.fromkeys((*_COUNTED, "units", "first_passed"), COUNT),
    "yield": _SHARE,
    "first_pass_yield": _SHARE,
}
_STATISTICS = optional(
    *_YIELD,
    "mean_seconds",
    "failures",
    **_YIELD,
    mean_seconds=or_null(NUMBER),
    failures=listed(record(CaseFailures)),
    slots={
        **listed(mapping(slot=TEXT, number=COUNT, title=or_null(TEXT), **_YIELD)),
        "description": "Of each slot of the stand, by number, where it has slots and none is meant alone.",
    },
)
_SERIES = mapping(
    case=TEXT,
    measurement=TEXT,
    unit=or_null(TEXT),
    points=listed(record(SeriesPoint)),
    capability=mapping(
        count=COUNT,
        missing=COUNT,
        **dict.fromkeys(("mean", "stdev", "cp", "cpk", "minimum", "maximum", "lower", "upper"), or_null(NUMBER)),
        limits_changed={"type": "boolean"},
    ),
)
STORE_AWAY = {503: "the store cannot be reached or is busy (`Retry-After`)"}

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/runs",
        handler=runs,
        right="look",
        summary="Stored runs, newest first, page by page.",
        query=(
            *FILTERS,
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
        errors=STORE_AWAY,
    ),
    Route(
        method="GET",
        path="/api/statistics",
        handler=statistics,
        right="look",
        summary="Yield, first-pass yield and failures by case; where there are slots, the yield of each.",
        query=(*FILTERS, _FORMAT),
        answer=_STATISTICS,
        files=("text/csv",),
        errors=STORE_AWAY,
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
            *FILTERS,
            Parameter(name="unit", schema=TEXT, description="The unit of the values; default: that of the newest."),
            Parameter(name="limit", schema={**_LIMIT, "maximum": MOST_VALUES}, description="Default: 1000."),
            _FORMAT,
        ),
        answer=_SERIES,
        files=("text/csv",),
        errors=STORE_AWAY,
    ),
    Route(
        method="GET",
        path="/api/series/names",
        handler=series_names,
        right="look",
        summary="The measurements that have stored values.",
        query=(Parameter(name="sequence", schema=TEXT, description="Of this sequence only."),),
        answer=mapping(series=listed(record(SeriesName))),
        errors=STORE_AWAY,
    ),
)
