"""The one place that talks to CouchDB: CouchDB-Python with timeouts, and every failure as one of three errors.

Why this client, and what is kept away from it, stands in ``docs/decisions/0005-couchdb-client.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, TypeVar

import couchdb.http

from sequencer.store import facts
from sequencer.store.base import ReportRefused, StoreError, StoreUnavailable
from sequencer.store.couchdb.login import Login
from sequencer.store.couchdb.transport import ConnectionPool, RequestTimeouts
from sequencer.vocabulary.reason import Reason

Value = TypeVar("Value")

CouchDocument = dict[str, Any]
"""A document, or a row of a view, as CouchDB has it: anybody may have written into it."""

_SHOWN = 500  # characters
_LONG = 100_000  # bytes of an answer: below, what decodes it faster is not worth its import
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
ANSWER_TIMES = 6
"""A long answer may take this many timeouts in all."""
QUESTION_TIMES = 2
"""A question of many requests may take this many."""
_FORBIDDEN = (401, 403)
_REFUSED = (400, 413)  # what was sent is at fault
_CONFLICT = (409, 412)
_PERMANENT = (405, 414, 415, 431)
_LOCKED = "account is temporarily locked"
_RIGHTS = ("server admin", "access this db")
_CONFLICTING = "error_saving_ddoc"  # what a conflict between two who make the same index looks like, with status 500
# What comes through the library besides its own errors; all of them mean that no sensible answer came.
_ODD = (OSError, HTTPException, ValueError)
# The library tells these statuses by a type, all others in the arguments of its error.
_STATUS = {
    couchdb.http.Unauthorized: HTTPStatus.UNAUTHORIZED,
    couchdb.http.Forbidden: HTTPStatus.FORBIDDEN,
    couchdb.http.ResourceNotFound: HTTPStatus.NOT_FOUND,
    couchdb.http.ResourceConflict: HTTPStatus.CONFLICT,
    couchdb.http.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
}


class DocumentNotFound(StoreUnavailable):
    """There is no such document or database."""


class DocumentConflict(StoreUnavailable):
    """The document was changed by somebody else, or exists already."""


class ConnectionBroken(StoreUnavailable):
    """The connection broke while something was sent. CouchDB does that, too, to a large body that it will not take: for
    a database that is missing, or from a user whom it refuses."""


class CouchClient:
    """A CouchDB server. ``address`` has neither user nor password; ``timeout`` in seconds is per socket operation.

    Threads share one. Nothing is sent before the first call. Every call raises :class:`StoreUnavailable` when the
    server is away, slow, full, refuses the password or answers nonsense. A password that was refused is not sent again
    for as long as CouchDB may lock the account because of it.
    """

    def __init__(
        self,
        address: str,
        *,
        user: str | None = None,
        password: str | None = None,
        timeout: float = 10.0,
        ca_bundle: str | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self.credentials: tuple[str | None, str] = (user, password or "")
        self._login = Login(timeout)
        self._timeout = timeout
        self._timeouts = RequestTimeouts(timeout, timeout * ANSWER_TIMES)
        self._pool = ConnectionPool(self.address, self._timeouts, ca_bundle)
        self._session = couchdb.http.Session()
        self._session.connection_pool = self._pool

    def get(self, *path: str, **query: object) -> Any:
        """The JSON answer to a GET; ``query`` values as they are, ``path`` parts are quoted."""
        return self._json("GET", path, None, query)

    def get_read(self, read: Callable[[bytes], Value], *path: str, **query: object) -> Value:
        """What ``read`` makes of the JSON answer to a GET; it raises ``ValueError`` for what CouchDB does not say."""
        return _expect(read, *self._send("GET", path, None, None, query), self.address)

    def put(self, *path: str, body: Mapping[str, object] | None = None, **query: object) -> Any:
        """The JSON answer to a PUT."""
        return self._json("PUT", path, body, query)

    def post(self, *path: str, body: Mapping[str, object], **query: object) -> Any:
        """The JSON answer to a POST. May be sent twice when the connection breaks: only for what bears it."""
        return self._json("POST", path, body, query)

    def delete(self, *path: str, **query: object) -> object:
        """The JSON answer to a DELETE."""
        return self._json("DELETE", path, None, query)

    def put_bytes(self, *path: str, data: bytes, media_type: str, **query: object) -> object:
        """Sends an attachment."""
        return _expect(_decode, *self._send("PUT", path, data, media_type, query), self.address)

    def get_bytes(self, *path: str, **query: object) -> bytes:
        """Fetches an attachment."""
        return self._send("GET", path, None, None, query)[1]

    def question(self) -> AbstractContextManager[None]:
        """All that this thread asks in the block is one question of a person, who does not wait forever."""
        return self._timeouts.within(self._timeout * QUESTION_TIMES)

    def close(self) -> None:
        """Closes the idle connections; the object stays usable."""
        self._pool.close()

    def _json(
        self, method: str, path: tuple[str, ...], body: Mapping[str, object] | None, query: Mapping[str, object]
    ) -> Any:
        data = None if body is None else encode(body)
        return _expect(_decode, *self._send(method, path, data, "application/json", query), self.address)

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        data: bytes | None,
        media_type: str | None,
        query: Mapping[str, object],
    ) -> tuple[str, bytes]:
        url = couchdb.http.urljoin(self.address, *_addressed(path), **query)
        headers = {} if media_type is None else {"Content-Type": media_type}

        def ask() -> tuple[str, bytes]:
            try:
                _, answered, body = self._session.request(
                    method, url, data, {**headers}, None if self.credentials[0] is None else self.credentials
                )
                self._login.accepted()
                return answered["content-type"], b"" if body is None else body.read()
            except couchdb.http.HTTPError as error:
                raise self._explained(error, path) from None
            except _ODD as error:
                raise self._unreachable(error, sent=data is not None) from error
            finally:
                self._pool.drop()

        return self._login.attempt(ask)

    def _unreachable(self, error: Exception, *, sent: bool) -> StoreUnavailable:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        kind = (
            ConnectionBroken if sent and isinstance(error, ConnectionResetError | BrokenPipeError) else StoreUnavailable
        )
        said = _printable(reason) or type(error).__name__
        return kind(Reason("couch_away", address=self.address, detail=said))

    def _explained(self, error: Exception, path: tuple[str, ...]) -> StoreError:
        status, said = (_STATUS[type(error)], error.args[0]) if type(error) in _STATUS else error.args[0]
        reason = _printable(": ".join(filter(None, said)))
        if status in _FORBIDDEN:
            return self._forbidden(status, reason, path)
        self._login.accepted()
        if status == HTTPStatus.NOT_FOUND:
            return DocumentNotFound(Reason("couch_missing", address=self.address, detail=reason))
        if status in _REFUSED:
            return ReportRefused(
                Reason("couch_document_refused", address=self.address, status=int(status), detail=reason)
            )
        if status in _CONFLICT or _CONFLICTING in reason:
            return DocumentConflict(Reason("couch_conflict", address=self.address, detail=reason))
        kind = StoreError if status in _PERMANENT else StoreUnavailable
        answered = Reason("couch_answered", address=self.address, status=int(status), detail=reason)
        return kind(Reason("couch_log", reason=answered) if "internal_server_error" in reason else answered)

    def _forbidden(self, status: int, reason: str, path: tuple[str, ...]) -> StoreUnavailable:
        user, address, status = self.credentials[0], self.address, int(status)
        if user is None and path:
            return StoreUnavailable(Reason("couch_no_user_there", name=path[0], address=address, status=status))
        if user is None:
            return StoreUnavailable(Reason("couch_no_user", address=address, status=status))
        if _LOCKED in reason.lower():
            return self._login.refused(Reason("couch_locked", user=user, detail=reason, address=address, status=status))
        # Some 401s are about what a user may do, whose password is right.
        if status == HTTPStatus.UNAUTHORIZED and not any(right in reason for right in _RIGHTS):
            return self._login.refused(Reason("couch_login", user=user, address=address, status=status))
        self._login.accepted()
        if path:
            return StoreUnavailable(
                Reason(
                    "couch_not_allowed_there", user=user, name=path[0], detail=reason, address=address, status=status
                )
            )
        return StoreUnavailable(Reason("couch_not_allowed", user=user, detail=reason, address=address, status=status))


def _addressed(path: tuple[str, ...]) -> list[str]:
    """The parts of an address: a design document has a slash in its name, by which CouchDB answers with a redirect."""
    design = len(path) > 1 and path[1].startswith("_design/")
    return [path[0], *path[1].split("/", 1), *path[2:]] if design else [*path]


def encode(document: Mapping[str, object]) -> bytes:
    """Compact JSON as CouchDB takes it: a lone surrogate, which it refuses, becomes U+FFFD."""
    text = _json(document)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


def _decode(body: bytes) -> object:
    return json.loads(body) if len(body) < _LONG else facts.decode(body)


def _expect(read: Callable[[bytes], Value], media_type: str, body: bytes, address: str) -> Value:
    try:
        return read(body)
    except ValueError as error:
        kind = _printable(media_type.partition(";")[0]) or "something"
        raise StoreUnavailable(Reason("not_couch", address=address, found=kind)) from error


def _printable(text: str) -> str:
    """What a server sent, bounded and without what could steer a terminal: people are shown it."""
    return "".join(letter for letter in text if letter.isprintable())[:_SHOWN].strip()
