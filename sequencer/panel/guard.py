"""Who may use the panel.

On loopback the pages are open to whoever sits at the machine; on any other address a person logs in with the
configured token and gets a cookie. Whatever changes state needs the session's token in ``X-Hardseq-Token`` besides,
which only the panel's own page and programs that can read the state folder have, and must not come from another
origin. Names that do not lead here by themselves are refused, so that no web site can borrow a browser's way to
loopback by DNS.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections import defaultdict, deque
from urllib.parse import urlsplit

from flask import Request

from sequencer.panel.errors import ApiError

COOKIE = "hardseq_panel"
HEADER = "X-Hardseq-Token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SHORTEST_LOGIN = 8
_OPEN_PATHS = ("/login", "/healthz")
_LOOPBACK_NAMES = ("localhost",)
_MOST_TRIES = 10
_WITHIN = 60.0


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    name = host.strip("[]").lower()
    if name in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """A session's token."""
    return secrets.token_urlsafe(32)


class Guard:
    """Checks requests. ``login`` is what a person types, ``None`` on loopback."""

    def __init__(self, token: str, *, login: str | None = None) -> None:
        self.token = token
        self.login = login
        self._lock = threading.Lock()
        self._tries: defaultdict[str, deque[float]] = defaultdict(deque)

    def check(self, request: Request) -> None:
        """Raises ``ApiError`` for a request that may not be answered."""
        if self.login is None and not is_loopback(_name(request.host)):
            raise ApiError(421, "wrong-host", "this panel answers to localhost only")
        if request.method not in SAFE_METHODS:
            self._check_origin(request)
        if request.path in _OPEN_PATHS or request.path.startswith("/static/"):
            return
        if not self.knows(request):
            raise ApiError(401, "login-needed", "log in first")
        if request.method not in SAFE_METHODS and not self._has_token(request):
            raise ApiError(403, "token", f"the header {HEADER} does not hold this session's token")

    def knows(self, request: Request) -> bool:
        """Whether the request comes from somebody who logged in, or needs not."""
        if self.login is None or self._has_token(request):
            return True
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self.cookie().encode())

    def cookie(self) -> str:
        """What the cookie of somebody who logged in holds: proof of the token, not the token."""
        return hmac.new((self.login or "").encode(), b"hardseq panel cookie", hashlib.sha256).hexdigest()

    def try_login(self, typed: str, address: str) -> bool:
        """Whether ``typed`` is the token. Raises ``ApiError`` (429) for an address that guesses."""
        now = time.monotonic()
        with self._lock:
            tries = self._tries[address]
            while tries and tries[0] < now - _WITHIN:
                tries.popleft()
            if len(tries) >= _MOST_TRIES:
                raise ApiError(429, "too-many-tries", "too many wrong tokens; wait a minute")
            right = hmac.compare_digest(typed.strip().encode(), (self.login or "").encode())
            if not right:
                tries.append(now)
            if right or not tries:
                self._tries.pop(address, None)
        return right

    def _has_token(self, request: Request) -> bool:
        given = request.headers.get(HEADER, "").encode()
        known = [self.token, *([self.login] if self.login else [])]
        # Each is compared, so that the time taken does not tell which one was nearly right.
        matches = [hmac.compare_digest(given, token.encode()) for token in known]
        return True in matches

    def _check_origin(self, request: Request) -> None:
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.host
        if foreign or site not in (None, "same-origin", "none"):
            raise ApiError(403, "cross-site", "another web site may not use this panel")


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
