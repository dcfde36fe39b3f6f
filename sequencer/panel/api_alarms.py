"""The part of the HTTP interface that shows alarms, and says that somebody knows of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sequencer.alarms.book import AlarmsUnavailable
from sequencer.panel.actions import WHY
from sequencer.panel.people import caller
from sequencer.panel.refusals import ApiError, ResourceNotFound
from sequencer.panel.requests import body, optional_text
from sequencer.panel.routes import NUMBER, OBJECT, TEXT, Route, listed, mapping, optional, or_null
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def alarms(session: Session) -> Mapping[str, object]:
    watch = session.alarms
    try:
        return {"alarms": [] if watch is None else [alarm.document() for alarm in watch.newest()]}
    except AlarmsUnavailable as error:
        raise _unavailable(error) from error


def acknowledge_alarm(session: Session, alarm: str) -> Mapping[str, object]:
    given = body("user", "why")
    watch, found = session.alarms, None
    try:
        if watch is not None:
            found = watch.acknowledge(alarm, caller().name_or(optional_text(given, "user", 100)))
    except AlarmsUnavailable as error:
        raise _unavailable(error) from error
    if found is None:
        raise ResourceNotFound(Reason("no_such_alarm"))
    return {"alarm": found.document()}


def _unavailable(error: AlarmsUnavailable) -> ApiError:
    return ApiError(503, "alarms", error.reason)


_ALARM = mapping(
    id=TEXT,
    name=TEXT,
    subject={"type": "object", "description": "What it is about, by names of the figures: stand, part_number, ..."},
    text=TEXT,
    coded_reason=or_null(OBJECT),
    page={"type": "string", "description": "The page that shows it."},
    block={"type": "boolean", "description": "Nothing starts before it is acknowledged."},
    blocks={"type": "boolean", "description": "Nothing starts now because of it."},
    raised=NUMBER,
    cleared=or_null(NUMBER),
    acknowledged=or_null(NUMBER),
    acknowledged_by=or_null(TEXT),
)
_AWAY = {503: "the file of the alarms cannot be used"}

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/alarms",
        handler=alarms,
        right="look",
        summary="The alarms that were raised, the newest first, at most 100.",
        answer=mapping(alarms=listed(_ALARM)),
        errors=_AWAY,
    ),
    Route(
        method="POST",
        path="/api/alarms/<alarm>/acknowledge",
        handler=acknowledge_alarm,
        right="engineer",
        in_factory=True,
        summary="Says that somebody knows of an alarm; what it blocked can start.",
        body=optional(user={"type": ["string", "null"], "maxLength": 100, "description": "Who does it."}, why=WHY),
        answer=mapping(alarm=_ALARM),
        errors={404: "there is no such alarm", **_AWAY},
    ),
)
