"""The part of the HTTP interface that shows who did what is not every operator's to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer.panel import tables
from sequencer.panel.downloads import begun, long_list, table
from sequencer.panel.refusals import ApiError
from sequencer.panel.requests import query
from sequencer.panel.routes import COUNT, NUMBER, TEXT, Parameter, Route, listed, mapping, or_null, record
from sequencer.project.action_log import LogEntry
from sequencer.store.base import LogFilter
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session
    from sequencer.store.base import LogPage

MOST_ON_PAGE = 500


def log(session: Session) -> Response | Mapping[str, object]:
    try:
        damaged = session.report_store.deliver_actions()
    except OSError as error:
        raise ApiError(503, "log", Reason("log_unreadable", detail=error.strerror or str(error))) from error
    form = request.args.get("format")
    if form == "csv":
        return table("log", tables.log_rows(begun(_all(session))))
    if form == "json":
        return long_list("log", "actions", (entry.document() for entry in begun(_all(session))))
    page = _page(session, query("limit", int, 50), request.args.get("cursor") or None)
    return {"actions": [entry.document() for entry in page.entries], "next": page.next, "damaged": damaged}


def _page(session: Session, limit: int, cursor: str | None) -> LogPage:
    try:
        since, until = query("since", float, None), query("until", float, None)
        meant = LogFilter(since, until, request.args.get("user") or None, request.args.get("action") or None)
        return session.store.log(meant, limit=limit, cursor=cursor)
    except ValueError:
        raise ApiError(400, "bad-parameter", "this is not a cursor of this list") from None


def _all(session: Session) -> Iterator[LogEntry]:
    page = _page(session, MOST_ON_PAGE, None)
    yield from page.entries
    while page.next is not None:
        page = _page(session, MOST_ON_PAGE, page.next)
        yield from page.entries


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/log",
        handler=log,
        right="engineer",
        summary="Who did what that is not every operator's to do, newest first, page by page.",
        query=(
            Parameter(name="since", schema=NUMBER, description="Actions at or after this time (Unix seconds)."),
            Parameter(name="until", schema=NUMBER, description="Actions before this time (Unix seconds)."),
            Parameter(name="user", schema=TEXT, description="Whose actions, in capitals or not."),
            Parameter(name="action", schema=TEXT, description="Which actions, as the log calls them: `sync`."),
            Parameter(
                name="limit",
                schema={"type": "integer", "minimum": 1, "maximum": MOST_ON_PAGE},
                description="Default: 50.",
            ),
            Parameter(name="cursor", schema=TEXT, description="The `next` of the page before."),
            Parameter(
                name="format", schema={"enum": ["json", "csv"]}, description="All of them, as a file to download."
            ),
        ),
        answer=mapping(
            actions=listed(record(LogEntry)),
            next=or_null(TEXT),
            damaged={**COUNT, "description": "Lines of the file in the state folder that could not be read just now."},
        ),
        files=("text/csv",),
        errors={503: "the store cannot be reached or is busy (`Retry-After`), or the log cannot be read"},
    ),
)
