"""The part of the HTTP interface that calls instruments by hand, while no run uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sequencer.panel.actions import WHY
from sequencer.panel.refusals import ApiError, ResourceNotFound
from sequencer.panel.requests import body
from sequencer.panel.routes import (
    ANYTHING,
    NUMBER,
    TEXT,
    TRUE,
    Handler,
    Route,
    Schema,
    listed,
    mapping,
    optional,
    or_null,
)
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.bench import Instruments
    from sequencer.panel.session import Session


def instruments(session: Session) -> Mapping[str, object]:
    return _desk(session).instruments()


def open_instrument(session: Session, name: str) -> Mapping[str, object]:
    body("why")
    _desk(session).open(name)
    return {"opened": True}


def close_instrument(session: Session, name: str) -> Mapping[str, object]:
    body("why")
    _desk(session).close_one(name)
    return {"closed": True}


def call_instrument(session: Session, name: str) -> Mapping[str, object]:
    desk = _desk(session)
    return desk.call(name, *_call(body("member", "given", "why")))


def watch_instrument(session: Session, name: str) -> Mapping[str, object]:
    desk = _desk(session)
    desk.watch(name, *_call(body("member", "given", "why")))
    return {"watched": True}


def _desk(session: Session) -> Instruments:
    if session.instruments is None:
        raise ResourceNotFound(Reason("no_instruments"))
    if session.state in ("starting", "running", "stopping", "retrying"):
        raise ApiError(409, "running", Reason("run_in_progress"))
    return session.instruments


def _call(document: Mapping[str, object]) -> tuple[str, Mapping[str, str]]:
    member, given = document.get("member", ""), document.get("given", {})
    texts = {name: each for name, each in given.items() if isinstance(each, str)} if isinstance(given, dict) else {}
    if not isinstance(member, str) or texts != given:
        raise ApiError(400, "wrong-type", "`member` is a string and `given` an object of strings")
    return member, texts


_ARGUMENT = mapping(name=TEXT, required={"type": "boolean"})
_MEMBER = mapping(
    name=TEXT, is_property={"type": "boolean"}, said=TEXT, arguments=listed(_ARGUMENT), others={"type": "boolean"}
)
_INSTRUMENT = mapping(
    name=TEXT,
    use=TEXT,
    kept={"type": "boolean", "description": "The panel keeps it open for runs: it cannot be called by hand."},
    open={"type": "boolean"},
    identity=or_null(TEXT),
    calibration_due=or_null(TEXT),
    members=listed(_MEMBER),
)
_GIVEN: Mapping[str, object] = {"type": "object", "additionalProperties": TEXT}
_WATCHED = mapping(name=TEXT, member=TEXT, given=_GIVEN, value=ANYTHING, seconds=NUMBER, error=or_null(TEXT))
_ERRORS = {
    404: "there are no instruments here",
    409: "a run goes on, the driver cannot be opened, or it does not answer",
    422: "there is no such call",
}


def _post(path: str, handler: Handler, summary: str, answer: Schema, **keys: Schema) -> Route:
    return Route(
        method="POST",
        path=f"/api/instruments/<name>/{path}",
        handler=handler,
        right="engineer",
        summary=summary,
        logged=tuple(keys),
        body=optional(why=WHY, **keys),
        answer=answer,
        errors=_ERRORS,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/instruments",
        handler=instruments,
        right="engineer",
        in_factory=False,
        summary="The drivers of the chosen sequence: whether each is open, who it says it is, and what it can do.",
        answer=mapping(
            instruments=listed(_INSTRUMENT),
            watched=or_null(_WATCHED),
            sequence={**TEXT, "description": "The file whose drivers they are, as the panel's machine has it."},
            simulated={"type": "boolean"},
        ),
        errors=_ERRORS,
    ),
    _post("open", open_instrument, "Opens a driver; no run begins while it is open.", mapping(opened=TRUE)),
    _post("close", close_instrument, "Closes a driver.", mapping(closed=TRUE)),
    _post(
        "call",
        call_instrument,
        "Calls a method of a driver, or reads a property; arguments are JSON where they can be, else texts.",
        mapping(value=ANYTHING, seconds=NUMBER, error=or_null(TEXT)),
        member=TEXT,
        given=_GIVEN,
    ),
    _post(
        "watch",
        watch_instrument,
        "Calls it again every second, for all who look; without `member` no more.",
        mapping(watched=TRUE),
        member=TEXT,
        given=_GIVEN,
    ),
)
