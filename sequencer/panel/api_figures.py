"""The part of the HTTP interface that answers from all stored runs: a call for each question of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer.figures.catalogue import QUESTIONS, Kind, Question, QuestionParameter, QuestionRefused, RowKey
from sequencer.figures.index import FiguresUnavailable
from sequencer.figures.scope import FILTERS, MIDNIGHT, SPANS, Scope, Span
from sequencer.figures.service import FiguresState
from sequencer.panel.actions import WHY
from sequencer.panel.downloads import document, table
from sequencer.panel.refusals import ApiError
from sequencer.panel.requests import body, query
from sequencer.panel.routes import (
    COUNT,
    NUMBER,
    OBJECT,
    TEXT,
    TRUE,
    Handler,
    Parameter,
    Route,
    Schema,
    listed,
    mapping,
    optional,
    or_null,
)
from sequencer.panel.tables import figure_rows
from sequencer.vocabulary.reason import Reason, coded, sentence

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def figures_state(session: Session) -> Mapping[str, object]:
    state = session.figures.state()
    return {
        "runs": state.runs,
        "unreadable": state.unreadable,
        "rebuilding": state.rebuilding,
        **how_far(state),
    }


def rebuild_figures(session: Session) -> Mapping[str, object]:
    body("why")
    session.figures.rebuild()
    return {"started": True}


def _handler(question: Question) -> Handler:
    def figures(session: Session) -> Response | Mapping[str, object]:
        given = {one.name: request.args[one.name] for one in question.parameters if one.name in request.args}
        try:
            found, state = session.figures.ask(question, scope_of_request(session), given)
        except QuestionRefused as refused:
            raise ApiError(400, "bad-parameter", str(refused)) from None
        form = request.args.get("format")
        if form == "csv":
            return table(question.name, figure_rows(found.rows, question.fields))
        said = {**found._asdict(), **how_far(state)}
        return document(question.name, said) if form else said

    figures.__name__ = f"figures_{question.name.replace('-', '_')}"
    return figures


def unavailable(error: FiguresUnavailable) -> ApiError:
    """How figures that cannot be read look over HTTP."""
    return ApiError(503, "figures", Reason("figures_unavailable", detail=str(error)))


def how_far(state: FiguresState) -> dict[str, object]:
    """What an answer says of the index."""
    return {
        "left": state.left,
        "changed": state.changed,
        "problem": sentence(state.problem),
        "coded_reason": coded(state.problem),
    }


def scope_of_request(session: Session) -> Scope:
    """Which runs the query parameters mean."""
    asked = request.args
    scope = Scope(
        since=query("since", float, None),
        until=query("until", float, None),
        clock_since=query("clock_since", float, None),
        clock_until=query("clock_until", float, None),
        by=tuple(dict.fromkeys(asked.getlist("by"))),
        span=query("span", _span, None),
        shifts=session.settings.shifts or MIDNIGHT,
    )
    return scope.of_runs({name: asked.get(name) or None for name in FILTERS})


def _span(written: str) -> Span | None:
    return next((span for span in SPANS if span == written), None)


SCOPE = (
    Parameter(name="since", schema=NUMBER, description="Runs that began at this time or later (Unix seconds)."),
    Parameter(name="until", schema=NUMBER, description="Runs that began before this time (Unix seconds)."),
    Parameter(
        name="clock_since",
        schema=NUMBER,
        description="Runs that began when the clock of their stand showed this or later (seconds, as if it were UTC).",
    ),
    Parameter(
        name="clock_until",
        schema=NUMBER,
        description="Runs that began before the clock of their stand showed this (seconds, as if it were UTC).",
    ),
    *(Parameter(name=name, schema=TEXT, description=f"Only these: {words}.") for name, words in FILTERS.items()),
)
"""By what runs are chosen."""


def _query(question: Question) -> tuple[Parameter, ...]:
    return (
        *(_parameter(parameter) for parameter in question.parameters),
        *SCOPE,
        Parameter(
            name="by",
            schema=listed({"enum": list(question.splits_by)}),
            description="Rows apart by these; may be given several times.",
        ),
        Parameter(
            name="span", schema={"enum": list(SPANS)}, description="Rows apart by these, in the time of the stand."
        ),
        Parameter(name="format", schema={"enum": ["json", "csv"]}, description="The rows as a file to download."),
    )


def _parameter(asked: QuestionParameter) -> Parameter:
    schema: Schema = {"enum": list(asked.choices)} if asked.choices else TEXT
    words = f"{asked.description.capitalize()}."
    return Parameter(name=asked.name, schema=schema, description=words, required=asked.required)


_SCHEMAS: Mapping[Kind, Schema] = {
    "text": or_null(TEXT),
    "count": COUNT,
    "number": or_null(NUMBER),
    "share": or_null({"type": "number", "minimum": 0, "maximum": 1}),
    "moment": or_null(NUMBER),
    "flag": {"type": "boolean"},
    "texts": listed(TEXT),
    "numbers": listed(NUMBER),
}


def _schema(field: RowKey) -> Schema:
    return listed(_object(field.of)) if field.kind == "list" else _SCHEMAS[field.kind]


def _object(fields: tuple[RowKey, ...]) -> Schema:
    return mapping(**{field.name: _schema(field) for field in fields})


def _row(question: Question) -> Schema:
    own = {field.name: _schema(field) for field in question.fields}
    splits: Mapping[str, Schema] = {"by": OBJECT, "span": or_null(TEXT)} if question.splits else {}
    return optional(*own, **own, **splits)


PROBLEM: Mapping[str, Schema] = {
    "changed": {**COUNT, "description": "Of so many runs in the index the report was changed in the store."},
    "problem": {**or_null(TEXT), "description": "Why what came last is not in it; null: nothing is wrong."},
    "coded_reason": or_null(OBJECT),
}
LEFT: Schema = {
    **or_null(COUNT),
    "description": "Runs of the store that are not in the index yet; null: not known, as the store cannot be read.",
}
AWAY = {503: "there are no figures yet, as the store cannot be reached, or the index is in use (`figures`)"}

ROUTES: tuple[Route, ...] = (
    *(
        Route(
            method="GET",
            path=f"/api/figures/{question.name}",
            handler=_handler(question),
            right="look",
            summary=question.summary,
            query=_query(question),
            answer=mapping(
                rows=listed(_row(question)),
                runs={**COUNT, "description": "How many runs the rows rest on."},
                left_out={**COUNT, "description": "How many others match, or cannot be read at all."},
                left=LEFT,
                **PROBLEM,
            ),
            files=("text/csv",),
            errors=AWAY,
        )
        for question in QUESTIONS.values()
    ),
    Route(
        method="GET",
        path="/api/figures/state",
        handler=figures_state,
        right="look",
        summary="How far the index of the figures is.",
        answer=mapping(
            runs={**COUNT, "description": "Runs in the index."},
            left=LEFT,
            unreadable={**COUNT, "description": "Reports that cannot be read and are left out."},
            rebuilding={"type": "boolean", "description": "It was begun anew and is not whole yet."},
            **PROBLEM,
        ),
    ),
    Route(
        method="POST",
        path="/api/figures/rebuild",
        handler=rebuild_figures,
        right="engineer",
        in_factory=True,
        summary="Throws the index of the figures away and makes it anew from the store, in the background.",
        body=optional(why=WHY),
        answer=mapping(started=TRUE),
    ),
)
