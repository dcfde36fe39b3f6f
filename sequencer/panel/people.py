"""Who works at the panel: users who log in in a browser, and what each caller may do.

A browser's session lies in the memory of the panel: it ends with the panel, after ``idle`` seconds without a key, a
scan or a click, and as soon as the user is removed or gets another PIN, badge or role.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from sequencer.panel.refusals import ApiError
from sequencer.project.users import ROLES, Role, User, Users, UsersFile, UsersUnusable
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.panel.routes import Right

_MOST_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is. ``name`` is that of a user, ``role`` ``None`` of somebody who may only look.

    ``named``: people log in here. ``idle``: seconds after which the caller is logged out. ``stays`` says whether what
    let the caller in still does, for an answer that goes on and on.
    """

    name: str | None = None
    role: Role | None = None
    named: bool = True
    idle: float | None = None
    stays: Callable[[], bool] = field(default=lambda: True, compare=False)

    def name_or(self, said: str | None) -> str | None:
        """Who it is; what the request says of that counts only where nobody logs in."""
        return self.name if self.named else said

    def require(self, right: Right) -> None:
        """Raises ``ApiError`` (401, 403) for whoever has not this right."""
        if right in ("anyone", "look"):
            return
        if self.role is None:
            raise ApiError(401, "login-needed", Reason("login_needed"))
        if ROLES.index(self.role) < ROLES.index(right):
            raise ApiError(403, "role-needed", Reason("role_needed", role=right))


NOBODY = Caller()
EVERYBODY = Caller(role="manager", named=False)
"""Where nobody logs in, everybody may do everything."""
THIS_MACHINE = Caller(role="engineer")
"""Who has the session's token can read the state folder: programs of the stand's own account."""


def caller() -> Caller:
    """Whose the present request is."""
    # Imported here: this module is loaded before there is any request.
    from flask import g

    found = g.caller
    assert isinstance(found, Caller)
    return found


@dataclass(slots=True)
class _LoggedIn:
    user: User
    active: float


class People:
    """The users of a panel and their sessions. Thread-safe. Once there were users, nobody works without logging in."""

    def __init__(
        self,
        file: UsersFile | None = None,
        *,
        idle: float = 900.0,
        without_pin: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._idle = idle
        self._without_pin = without_pin
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _LoggedIn] = {}
        self._once = False

    @property
    def enabled(self) -> bool:
        """Whether people log in here."""
        self._once = self._once or (self._file is not None and self._file.enabled)
        return self._once

    @property
    def cookie_name(self) -> str:
        """Browsers share cookies between the ports of a machine: stands with other users have other names for it."""
        path = "" if self._file is None else str(self._file.path)
        return f"hardseq_user_{hashlib.sha256(path.encode('utf-8', 'replace')).hexdigest()[:8]}"

    def names(self) -> list[str]:
        """Everybody's name, for a list to choose from."""
        return [user.name for user in self._users().users]

    def who(self, *, badge: str, name: str, pin: str) -> User | None:
        """Whom these let in. Raises ``ApiError`` (503)."""
        users = self._users()
        if badge:
            return users.with_badge(badge)
        user = users.named(name)
        if not pin and self._without_pin and user is not None and user.role == "operator" and not user.pin:
            return user
        return users.with_pin(name, pin)

    def with_token(self, token: str) -> Caller | None:
        """The user with this token. Raises ``ApiError`` (503)."""
        user = self._users().with_token(token)
        return None if user is None else Caller(user.name, user.role, stays=lambda: self._knows(user))

    def log_in(self, user: User, before: str) -> str:
        """Begins a session instead of the one ``before``; what the browser's cookie holds."""
        # Imported here: each run with a page loads this module, and few have users.
        from secrets import token_urlsafe

        secret = token_urlsafe(32)
        with self._lock:
            self._sessions.pop(_key(before), None)
            while len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[_key(secret)] = _LoggedIn(user, self._clock())
        return secret

    def log_out(self, secret: str) -> None:
        """Ends the session. Nothing else changes: a run goes on."""
        with self._lock:
            self._sessions.pop(_key(secret), None)

    def logged_in(self, secret: str, *, active: bool) -> Caller | None:
        """Whose session it is; ``active``: somebody did something just now. Raises ``ApiError`` (503)."""
        with self._lock:
            found = self._sessions.get(_key(secret)) if secret else None
        if found is None:
            return None
        now = self._clock()
        if now - found.active >= self._idle or self._users().named(found.user.name) != found.user:
            self.log_out(secret)
            return None
        if active:
            found.active = now
        stays = partial(self._stays, secret)
        return Caller(found.user.name, found.user.role, idle=self._idle, stays=stays)

    def _stays(self, secret: str) -> bool:
        try:
            return self.logged_in(secret, active=False) is not None
        except ApiError:
            return False

    def _knows(self, user: User) -> bool:
        try:
            return self._users().named(user.name) == user
        except ApiError:
            return False

    def _users(self) -> Users:
        assert self._file is not None
        try:
            return self._file.read()
        except UsersUnusable as unusable:
            raise ApiError(503, "users-unusable", unusable.reason) from None


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
