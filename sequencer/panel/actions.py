"""Carries out what a request asks for: whether its caller may, and in the log what is not every operator's to do.

This is the one place of both. An action is in the log before it is carried out, then what became of it; so are those
that were refused to somebody who is logged in. A program or a person without a login changes nothing and is not logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Response, request

from sequencer.panel.people import Caller, caller
from sequencer.panel.refusals import ApiError
from sequencer.panel.requests import check_query, json_object, optional_text
from sequencer.panel.routes import Right, Route, Schema
from sequencer.project.action_log import LONGEST_REASON, LogUnwritable
from sequencer.store.base import StoreError
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session

WHY: Schema = {
    "type": ["string", "null"],
    "maxLength": LONGEST_REASON,
    "description": "Why, for the log of actions.",
}
MOST_LOGGED = 200
"""Characters of a text, and texts of a list, that the log has of a request."""
_LOGGED: tuple[Right, ...] = ("engineer", "manager")
_READING = ("GET", "HEAD", "OPTIONS")


def carried_out(route: Route, session: Session, parts: Mapping[str, str]) -> Response | Mapping[str, object]:
    """What the route's handler answers. Raises ``ApiError``, also when the caller has not the right (401, 403)."""
    who = caller()
    right = route.right if route.demands is None else route.demands()
    if route.method in _READING or right not in _LOGGED or who.role is None:
        return _answer(route, session, parts, who, right)
    given = json_object()
    parts = _meant(session, parts)
    logged = {key: given.get(key) for key in route.logged}
    try:
        with session.report_store.actions.action(
            route.name,
            source=f"panel, {request.remote_addr}",
            user=who.name,
            role=who.role if who.named else None,
            details={key: _short(value) for key, value in {**parts, **logged}.items() if value is not None},
            why=optional_text(given, "why", LONGEST_REASON),
        ) as outcome:
            try:
                answer = _answer(route, session, parts, who, right)
            except ApiError as error:
                outcome.refused(error.code)
                raise
            if isinstance(answer, Mapping) and isinstance(run := answer.get("run") or answer.get("start"), str):
                outcome.result = run
            return answer
    except LogUnwritable as unwritable:
        raise ApiError(503, "log", Reason("log_unwritable", detail=str(unwritable))) from unwritable


def _meant(session: Session, parts: Mapping[str, str]) -> Mapping[str, str]:
    """With the id of the run that is the latest now: by the time that somebody reads the log, another one is."""
    located = None
    if parts.get("run") == "latest":
        with suppress(StoreError):  # whatever needs the run says so itself
            located = session.report_store.locate("latest")
    return parts if located is None else {**parts, "run": located.id}


def _short(value: object) -> object:
    """A text or a list of texts, so that nobody fills the disk with requests."""
    if isinstance(value, list):
        more = [f"and {len(value) - MOST_LOGGED} more"] if len(value) > MOST_LOGGED else []
        return [str(one)[:MOST_LOGGED] for one in value[:MOST_LOGGED]] + more
    return str(value)[:MOST_LOGGED]


def _answer(
    route: Route, session: Session, parts: Mapping[str, str], who: Caller, right: Right
) -> Response | Mapping[str, object]:
    who.require(right)
    check_query(route.query)
    return route.handler(session, **parts)
