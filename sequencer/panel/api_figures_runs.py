"""The part of the HTTP interface that lists runs from the index: part of a text, any order, totals, files of it all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, TypeVar

from flask import Response, request

from sequencer.figures.index import FiguresUnavailable
from sequencer.figures.runs import (
    ORDERS,
    SORTS,
    FoundRun,
    Order,
    RunsChoice,
    Totals,
    all_runs,
    neighbours,
    runs,
    totals,
    write_runs,
)
from sequencer.figures.scope import Ask, Scope
from sequencer.figures.service import FiguresState
from sequencer.panel import workbook
from sequencer.panel.api_figures import AWAY, LEFT, PROBLEM, SCOPE, how_far, scope_of_request, unavailable
from sequencer.panel.api_figures_parquet import MEDIA_TYPE as PARQUET
from sequencer.panel.api_figures_parquet import parquet_file
from sequencer.panel.downloads import opened
from sequencer.panel.refusals import ApiError, ResourceNotFound
from sequencer.panel.requests import query, status_of
from sequencer.panel.routes import COUNT, TEXT, Parameter, Route, listed, mapping, or_null, record
from sequencer.panel.tables import Row, csv
from sequencer.report.note import DISPOSITIONS, Note, disposition_of
from sequencer.store.base import Neighbours, StoreError
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.json_text import compact
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import FINAL_STATUSES
from sequencer.vocabulary.times import moment

if TYPE_CHECKING:
    from sequencer.panel.session import Session

Value = TypeVar("Value")

MOST_ON_PAGE = 500
_AT_ONCE = 20_000
"""Runs that are read at a time for a file."""
_LARGEST_CODE = 2**53

COLUMNS = (*FoundRun._fields, "disposition", "comments")
"""Of a file, in their order."""
_ALWAYS = {"id", "status", "partial", "simulated", "aborted", "untested", "changed", "imported"}
"""In every file: nobody takes a run in it for something else than it was."""


@dataclass(frozen=True, slots=True)
class _View:
    """What is asked for: which runs, in which order, and in a file which columns."""

    scope: Scope
    choice: RunsChoice
    sort: str
    order: Order
    columns: tuple[str, ...]

    def page(self, ask: Ask, limit: int, cursor: str | None) -> tuple[list[FoundRun], str | None, Totals | None]:
        found = runs(ask, self.scope, self.choice, sort=self.sort, order=self.order, limit=limit, cursor=cursor)
        return found.runs, found.next, None if cursor else totals(ask, self.scope, self.choice)

    def all(self, ask: Ask) -> Iterator[FoundRun]:
        return all_runs(ask, self.scope, self.choice, sort=self.sort, order=self.order, at_once=_AT_ONCE)


def figures_runs(session: Session) -> Response | Mapping[str, object]:
    view = _view(session)
    form = request.args.get("format")
    if form is not None:
        media_type, write = _FILES[form]
        content, _ = _read(session, lambda ask: write(session, view, ask))
        return opened(f"runs.{form}", media_type, content)
    limit, cursor = query("limit", int, 50), request.args.get("cursor") or None
    try:
        (rows, following, counted), state = _read(session, lambda ask: view.page(ask, limit, cursor))
    except ValueError:
        raise ApiError(400, "bad-parameter", "this is not a cursor of this list") from None
    return {
        "rows": _listed(session, rows),
        "next": following,
        "totals": counted and counted._asdict(),
        "left_out": state.unreadable,
        **how_far(state),
    }


def figures_neighbours(session: Session) -> Mapping[str, object]:
    run, view = request.args["run"], _view(session)
    found, _ = _read(
        session, lambda ask: neighbours(ask, run, view.scope, view.choice, sort=view.sort, order=view.order)
    )
    if found is None:
        raise ResourceNotFound(Reason("no_such_run"))
    return found._asdict()


def _read(session: Session, work: Callable[[Ask], Value]) -> tuple[Value, FiguresState]:
    try:
        return session.figures.read(work)
    except FiguresUnavailable as error:
        raise unavailable(error) from error


def _choice() -> RunsChoice:
    asked = request.args
    return RunsChoice(
        text=(asked.get("text") or "").strip() or None,
        serial_number=asked.get("serial_number") or None,
        status=query("status", status_of, None),
        case=asked.get("case") or None,
        measurement=asked.get("measurement") or None,
        error_code=query("error_code", int, None),
    )


def _view(session: Session) -> _View:
    asked = {*request.args.getlist("columns")} or {*COLUMNS}
    return _View(
        scope_of_request(session),
        _choice(),
        query("sort", str, "start_time"),
        query("order", _order, "descending"),
        tuple(name for name in COLUMNS if name in asked or name in _ALWAYS),
    )


def _order(written: str) -> Order:
    return next(order for order in ORDERS if order == written)


def _listed(session: Session, rows: Sequence[FoundRun]) -> list[dict[str, object]]:
    """With what was added to each; ``None`` where the store cannot say it just now."""
    try:
        notes = session.report_store.notes([run.id for run in rows])
    except StoreError:
        return [{**run.document(), "disposition": None, "notes": None} for run in rows]
    return [_noted(run, notes.get(run.id, [])) for run in rows]


def _noted(run: FoundRun, notes: Sequence[Note]) -> dict[str, object]:
    return {**run.document(), "disposition": disposition_of(notes), "notes": [note.document() for note in notes]}


def _all_noted(session: Session, found: Iterator[FoundRun]) -> Iterator[tuple[FoundRun, Sequence[Note]]]:
    """Every run with what was added to it. Raises :class:`StoreError`."""
    while some := list(islice(found, MOST_ON_PAGE)):
        notes = session.report_store.notes([run.id for run in some])
        yield from ((run, notes.get(run.id, [])) for run in some)


def _rows(session: Session, view: _View, ask: Ask, time: Callable[[float], object]) -> Iterator[Row]:
    yield view.columns
    for run, notes in _all_noted(session, view.all(ask)):
        comments = "\n".join(note.comment for note in notes if note.comment)
        row = run._asdict() | {"start_time": time(run.start_time), "disposition": disposition_of(notes)}
        row["comments"] = comments
        yield [row[name] for name in view.columns]


def _written(parts: Iterator[str], head: str = "") -> IO[bytes]:
    """A file with these parts, at its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        for part in chain([head], parts):
            file.write(utf8(part))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _csv(session: Session, view: _View, ask: Ask) -> IO[bytes]:
    return _written(csv(_rows(session, view, ask, moment)), "\ufeff")


def _json(session: Session, view: _View, ask: Ask) -> IO[bytes]:
    rows = (_noted(run, notes) for run, notes in _all_noted(session, view.all(ask)))
    parts = (("," if at else "") + compact(row) for at, row in enumerate(rows))
    state = session.figures.state()
    counted = totals(ask, view.scope, view.choice)
    rest = {"next": None, "totals": counted._asdict(), "left_out": state.unreadable, **how_far(state)}
    return _written(chain(parts, ["],", compact(rest)[1:]]), '{"rows":[')


def _xlsx(session: Session, view: _View, ask: Ask) -> IO[bytes]:
    return workbook.workbook("Runs", _rows(session, view, ask, _time))


def _time(seconds: float) -> object:
    """A time of a calendar where it is one."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return seconds


def _parquet(session: Session, view: _View, ask: Ask) -> IO[bytes]:
    columns = [name for name in view.columns if name in FoundRun._fields]
    return parquet_file(
        lambda file: write_runs(ask, view.scope, view.choice, file, sort=view.sort, order=view.order, columns=columns)
    )


_FILES: Mapping[str, tuple[str, Callable[[Session, _View, Ask], IO[bytes]]]] = {
    "csv": ("text/csv", _csv),
    "json": ("application/json", _json),
    "xlsx": (workbook.MEDIA_TYPE, _xlsx),
    "parquet": (PARQUET, _parquet),
}

_CODE = {"type": "integer", "minimum": -_LARGEST_CODE, "maximum": _LARGEST_CODE}

_CHOICE = (
    *SCOPE,
    Parameter(
        name="text",
        schema=TEXT,
        description="A part of the serial number, part number, batch or error code, or of the id or title of a "
        "case that failed, in capitals or not; or the whole id of a run.",
    ),
    Parameter(name="serial_number", schema=TEXT, description="The device's serial number, whole."),
    Parameter(name="status", schema={"enum": list(FINAL_STATUSES)}, description="The verdict."),
    Parameter(name="case", schema=TEXT, description="module::case that failed, had an error or was stopped."),
    Parameter(name="measurement", schema=TEXT, description="module::case::measurement that missed its limits."),
    Parameter(name="error_code", schema=_CODE, description="The run's error code."),
)
"""By what runs are found."""

_ORDER = (
    Parameter(name="sort", schema={"enum": list(SORTS)}, description="By what; default: `start_time`."),
    Parameter(name="order", schema={"enum": list(ORDERS)}, description="Default: `descending`."),
)

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/figures/runs",
        handler=figures_runs,
        right="look",
        summary="All runs, page by page in any order, found by part of a text, with their totals; or all in one file.",
        query=(
            *_CHOICE,
            *_ORDER,
            Parameter(
                name="limit",
                schema={"type": "integer", "minimum": 1, "maximum": MOST_ON_PAGE},
                description="Default: 50.",
            ),
            Parameter(name="cursor", schema=TEXT, description="The `next` of the page before."),
            Parameter(
                name="format",
                schema={"enum": list(_FILES)},
                description="All that match, as a file to download; Parquet without what was added to runs.",
            ),
            Parameter(
                name="columns",
                schema={"type": "array", "items": {"enum": list(COLUMNS)}},
                description="Of a CSV, XLSX or Parquet file; default: all. There are always `id`, `status` and what "
                "marks a run (`partial`, `simulated`, `aborted`, `untested`, `changed`, `imported`).",
            ),
        ),
        answer=mapping(
            rows=listed(
                mapping(
                    **record(FoundRun)["properties"],
                    disposition=or_null({"enum": list(DISPOSITIONS)}),
                    notes={**or_null(listed(record(Note))), "description": "null: the store cannot say it just now."},
                )
            ),
            next=or_null(TEXT),
            totals={**or_null(record(Totals)), "description": "Of all pages together; with the first page alone."},
            left_out={**COUNT, "description": "How many reports cannot be read at all."},
            left=LEFT,
            **PROBLEM,
        ),
        files=tuple(media_type for form, (media_type, _) in _FILES.items() if form != "json"),
        errors={**AWAY, 503: f"{AWAY[503]}; for a file also as the store cannot be reached (`store-unavailable`)"},
    ),
    Route(
        method="GET",
        path="/api/figures/runs/neighbours",
        handler=figures_neighbours,
        right="look",
        summary="The ids of the runs just above (`newer`) and below (`older`) one in the list of those that match.",
        query=(
            Parameter(name="run", schema=TEXT, description="The id of the run that lies between them.", required=True),
            *_CHOICE,
            *_ORDER,
        ),
        answer=record(Neighbours),
        errors={404: "there is no such run", **AWAY},
    ),
)
