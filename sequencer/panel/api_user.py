"""The part of the HTTP interface that says who is logged in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sequencer.panel.people import caller
from sequencer.panel.requests import body
from sequencer.panel.routes import NUMBER, TEXT, Route, mapping, or_null
from sequencer.project.users import ROLES

if TYPE_CHECKING:
    from sequencer.panel.session import Session


def user(_: Session) -> Mapping[str, object]:
    found = caller()
    return {"required": found.named, "name": found.name, "role": found.role, "logout_after": found.idle}


def active(session: Session) -> Mapping[str, object]:
    body()
    return user(session)


_USER = mapping(
    required={"type": "boolean", "description": "Whether people log in here."},
    name=or_null(TEXT),
    role=or_null({"enum": list(ROLES)}),
    logout_after=or_null({**NUMBER, "description": "Seconds without anybody doing something; null: never."}),
)

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/user",
        handler=user,
        right="look",
        summary="Who is logged in, and what they may do.",
        answer=_USER,
    ),
    Route(
        method="POST",
        path="/api/user/active",
        handler=active,
        right="operator",
        in_factory=True,
        summary="Says that somebody is at work: whoever is logged in stays so.",
        body=mapping(),
        answer=_USER,
    ),
)
