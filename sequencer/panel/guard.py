"""Who may use the panel.

Where there are users (``people``), a browser has the session of one of them, a program its user's token; who may do
what each call says itself (``Route.right``). Without users it is as follows.

On loopback the pages are open to whoever sits at the machine; on any other address a person logs in with the
configured token and gets a cookie. Whatever changes state needs the session's token in ``X-Hardseq-Token`` besides,
which only the panel's own page and programs that can read the state folder have, and must not come from another
origin. Names that do not lead here by themselves are refused, so that no web site can borrow a browser's way to
loopback by DNS; so is what another web site's page fetches, even if the browser would not let it read the answer.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from sequencer.panel.assets import FAVICON, MANIFEST
from sequencer.panel.people import EVERYBODY, NOBODY, THIS_MACHINE, Caller, People
from sequencer.panel.refusals import ApiError
from sequencer.project.address import is_loopback
from sequencer.project.users import User
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from flask import Request

HEADER = "X-Hardseq-Token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SHORTEST_LOGIN = 8
_OPEN_PATHS = ("/login", "/healthz", FAVICON, MANIFEST)
_MOST_TRIES = 10
_WITHIN = 60.0
_MOST_REMEMBERED = 10_000

Found = TypeVar("Found")


def new_token() -> str:
    """A session's token."""
    # As `secrets.token_hex` makes it; each run with a page begins here, and that module loads what it does not need.
    return os.urandom(32).hex()


class AccessGuard:
    """Checks requests. ``login`` is what a person types, ``None`` on loopback; ``remote``: others can reach it.

    ``page_token`` is what the panel's own page sends. It shows that a call comes from there, and no more: whoever may
    see the page has it, so that where there are users it is nobody's.
    """

    def __init__(
        self, token: str, *, login: str | None = None, people: People | None = None, remote: bool = False
    ) -> None:
        self.token = token
        self.page_token = new_token()
        self.login = login
        self.people = people or People()
        self.remote = remote or login is not None
        self._settled = threading.Condition()
        self._tries: dict[str, list[float]] = {}
        self._being_tried: Counter[str] = Counter()

    def check(self, request: Request) -> Caller:
        """Whose request it is. Raises ``ApiError`` for one that may not be answered, whatever it asks for."""
        if not self.remote and not is_loopback(_name(request.host)):
            raise ApiError(421, "wrong-host", "this panel answers to localhost only")
        if _is_foreign(request):
            raise ApiError(403, "cross-site", "another web site may not use this panel")
        if request.path in _OPEN_PATHS or request.path.startswith("/static/"):
            return NOBODY
        given = request.headers.get(HEADER, "")
        if self.people.enabled:
            return self._person(request, given)
        if given and not self._is_token(given, request):
            raise ApiError(403, "token", f"the header {HEADER} does not contain this session's token")
        if not given and not self._has_cookie(request):
            raise ApiError(401, "login-needed", Reason("login_needed"))
        if not given and request.method not in SAFE_METHODS:
            raise ApiError(403, "token", f"the header {HEADER} must contain this session's token")
        return EVERYBODY

    def _person(self, request: Request, given: str) -> Caller:
        """As ``check``, where there are users."""
        safe = request.method in SAFE_METHODS
        person = self.people.logged_in(request.cookies.get(self.people.cookie_name, ""), active=not safe)
        if given and not _is_among(given.encode("latin-1", "replace"), [self.page_token]):
            if person is not None:  # a page that was open before the panel was restarted: nobody guesses here
                raise ApiError(403, "token", f"the header {HEADER} does not contain this session's token")
            person = self._tried(lambda: self._program(given), request.remote_addr or "")
            if person is None:
                raise ApiError(403, "token", f"the header {HEADER} contains nobody's token")
        elif not given and not safe:
            raise ApiError(403, "token", f"the header {HEADER} must contain a token")
        if person is None and self.remote and request.path != "/logout":
            raise ApiError(401, "login-needed", Reason("login_needed"))
        return person or NOBODY

    def _program(self, given: str) -> Caller | None:
        written = given.encode("latin-1", "replace")
        if _is_among(written, [self.token]):
            return THIS_MACHINE
        if self.login is not None and _is_among(written, [self.login]):
            return NOBODY  # the token of all: to look, as on this machine
        return self.people.with_token(given)

    def user(self, *, badge: str, name: str, pin: str, address: str) -> User | None:
        """Whom these let in. Raises ``ApiError``: 429 for an address that guesses, 503."""
        return self._tried(lambda: self.people.who(badge=badge, name=name, pin=pin), address)

    @property
    def cookie_name(self) -> str:
        """Browsers share cookies between the ports of a machine: panels with other tokens have other names for it."""
        return f"hardseq_panel_{self._proof('name')[:8]}"

    def cookie(self) -> str:
        """What the cookie of somebody who logged in holds: proof of the token, not the token."""
        return self._proof("cookie")

    def try_login(self, typed: str, address: str) -> bool:
        """Whether ``typed`` is the token. Raises ``ApiError`` (429) for an address that guesses."""
        return self._guess(typed.strip().encode(), [self.login or ""], address)

    def _proof(self, of: str) -> str:
        return hmac.new((self.login or "").encode(), f"hardseq panel {of}".encode(), hashlib.sha256).hexdigest()

    def _has_cookie(self, request: Request) -> bool:
        given = request.cookies.get(self.cookie_name, "").encode()
        return self.login is None or hmac.compare_digest(given, self.cookie().encode())

    def _is_token(self, given: str, request: Request) -> bool:
        # WSGI hands headers over as Latin-1, whatever they hold.
        written = given.encode("latin-1", "replace")
        known = [self.token, self.page_token, *([] if self.login is None else [self.login])]
        if self._has_cookie(request):
            # Nobody guesses here: a page that was open before the panel was restarted has the old token.
            return _is_among(written, known)
        return self._guess(written, known, request.remote_addr or "")

    def _guess(self, given: bytes, known: list[str], address: str) -> bool:
        """Whether ``given`` is one of ``known``; each wrong one counts against the network it comes from."""
        return self._tried(lambda: _is_among(given, known) or None, address) is not None

    def _tried(self, find: Callable[[], Found | None], address: str) -> Found | None:
        """What ``find`` finds; each time that is nothing counts against the network it comes from.

        Those that are being looked at could all be wrong: a further one waits until it is known that it is allowed.
        """
        network = _network(address)
        with self._settled:
            while (wrong := self._wrong(network)) < _MOST_TRIES <= wrong + self._being_tried[network]:
                self._settled.wait()
            if wrong >= _MOST_TRIES:
                raise ApiError(429, "too-many-tries", Reason("too_many_tries"))
            self._being_tried[network] += 1
        failed = False
        try:
            found = find()
            failed = found is None
            return found
        finally:
            with self._settled:
                self._being_tried -= Counter([network])
                if failed:
                    self._count_wrong(network)
                self._settled.notify_all()

    def _wrong(self, network: str) -> int:
        """How many wrong tries of the last minute count."""
        since = time.monotonic() - _WITHIN
        return sum(at > since for at in self._tries.get(network, ()))

    def _count_wrong(self, network: str) -> None:
        now = time.monotonic()
        if len(self._tries) > _MOST_REMEMBERED:
            self._tries = {name: tries for name, tries in self._tries.items() if tries[-1] > now - _WITHIN}
        self._tries[network] = [*(at for at in self._tries.get(network, ()) if at > now - _WITHIN), now]


def _is_among(given: bytes, known: list[str]) -> bool:
    # Each is compared, so that the time taken does not tell which one was nearly right.
    return True in [hmac.compare_digest(given, token.encode()) for token in known]


def _is_foreign(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        # A link elsewhere may lead to a page; neither a picture, a script nor a frame elsewhere may.
        return request.method not in SAFE_METHODS or request.headers.get("Sec-Fetch-Dest") != "document"
    origin = request.headers.get("Origin")
    return origin is not None and origin not in (f"http://{request.host}", f"https://{request.host}")


def _network(address: str) -> str:
    """Who counts as one: a single machine has as many addresses of IPv6 as it likes."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(known) if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
