"""A device or service that speaks HTTP, over requests: a gateway under test, a relay with a web page, the MES."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from json import dumps, loads
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import requests


class HttpAnswer(TypedDict):
    """``json`` is null for another body; header names in lower case."""

    status: int
    ok: bool
    text: str
    json: Any
    headers: dict[str, str]
    seconds: float


LARGEST_BODY = 16 << 20
"""Bytes of an answer that are read."""


class HttpError(Exception):
    """No answer, not in time, or not what was asked for."""


class _Exchange:
    """The calls; ``_request`` reaches the device."""

    def get(self, path: str, params: Mapping[str, str | float] | None = None) -> HttpAnswer:
        """``GET``; ``params`` go into the query. The answer whatever its status: a test may want a 404."""
        return self._request("GET", path, params=params)

    def post(self, path: str, json: object = None, text: str | None = None) -> HttpAnswer:
        """``POST`` with a body of JSON or text."""
        return self._request("POST", path, json=json, text=text)

    def put(self, path: str, json: object = None, text: str | None = None) -> HttpAnswer:
        """``PUT`` with a body of JSON or text."""
        return self._request("PUT", path, json=json, text=text)

    def patch(self, path: str, json: object = None) -> HttpAnswer:
        """``PATCH`` with a body of JSON."""
        return self._request("PATCH", path, json=json)

    def delete(self, path: str) -> HttpAnswer:
        """``DELETE``."""
        return self._request("DELETE", path)

    def read(self, path: str, field: str | None = None) -> Any:
        """The JSON behind a path, or the field of it that ``field`` names with dots: ``sensors.0.celsius``. Elements of
        lists are counted from 0, from the end with ``-1``.

        Raises ``HttpError`` for a status other than 2xx, a body that is not JSON, and a field that is not there.
        """
        answer = self.get(path)
        if not answer["ok"]:
            raise HttpError(f"GET {path} was answered with {answer['status']}: {answer['text'][:200]}")
        if answer["json"] is None:
            raise HttpError(f"GET {path} was answered, but not with JSON: {answer['text'][:200]!r}")
        return _field(answer["json"], field, path)

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: object = None,
        text: str | None = None,
    ) -> HttpAnswer:
        raise NotImplementedError


class Client(_Exchange):
    """Calls below ``url`` such as ``http://192.168.0.30``.

    ``timeout`` in seconds for the whole of an answer, from the call to its last byte. ``token`` is sent as
    ``Authorization: Bearer``, ``user`` and ``password`` as basic authentication; none of them appears in an error. TLS
    certificates are verified; ``ca_bundle`` names the file of a private authority.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 5.0,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        user: str | None = None,
        password: str | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        import requests

        from sequencer.drivers._deadline import LimitedAdapter, ResponseDeadline

        self.url = url.rstrip("/")
        self._timeout = timeout
        self._failure = requests.RequestException
        self._deadline = ResponseDeadline()
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, LimitedAdapter(self._deadline))
        self._session.headers.update(headers or {})
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"
        elif user is not None:
            self._session.auth = (user, password or "")
        if ca_bundle is not None:
            self._session.verify = ca_bundle

    def close(self) -> None:
        """Closes the kept-alive connection."""
        self._session.close()

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: object = None,
        text: str | None = None,
    ) -> HttpAnswer:
        started = time.monotonic()
        data = None if text is None else text.encode()
        self._deadline.start(self._timeout)
        body, reason = b"", ""
        try:
            with self._session.request(
                method, self._address(path), params=params, json=json, data=data, timeout=self._timeout, stream=True
            ) as response:
                body = self._body(response)
        except self._failure as error:
            reason = _reason(error).replace(self.url, "...")
        finally:
            self._deadline.stop()
        if self._deadline.passed:  # what came until then can look like a whole answer
            reason = f"timed out: the complete answer did not arrive within {self._timeout:g} s"
        if reason:
            raise HttpError(f"{method} {path} got no answer: {reason}")
        return _answer(response.status_code, response.headers, body, time.monotonic() - started)

    def _address(self, path: str) -> str:
        return f"{self.url}/{path.lstrip('/')}"

    def _body(self, response: requests.Response) -> bytes:
        body = b""
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > LARGEST_BODY:
                raise HttpError(f"the answer of {response.request.path_url} is larger than {LARGEST_BODY} bytes")
        return body


class Simulated(_Exchange):
    """A simulated service.

    ``answers`` gives by ``METHOD path`` the JSON that is answered with 200, or ``{status: ..., json: ...}``:
    ``simulate: {use: http.Simulated, with: {answers: {GET /health: {ready: true}}}}``. A ``*`` stands for any text:
    ``GET /units/*``; the path itself wins, then the first that fits. Anything else is a 404.
    ``sent`` is every call in order, with its body.
    """

    def __init__(
        self,
        url: str = "http://simulated",
        *,
        answers: Mapping[str, object] | None = None,
        timeout: float = 5.0,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        user: str | None = None,
        password: str | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self.url = url
        self.sent: list[tuple[str, object]] = []
        self._answers = dict(answers or {})

    def close(self) -> None:
        """Nothing to close."""

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: object = None,
        text: str | None = None,
    ) -> HttpAnswer:
        call = f"{method} {path}"
        self.sent.append((call, text if json is None else json))
        said = self._answers[call] if call in self._answers else self._like(call)
        status, body = 200, said
        if isinstance(said, Mapping) and "status" in said:
            status, body = int(said["status"]), said.get("json")
        return _answer(status, {"Content-Type": "application/json"}, dumps(body).encode(), 0.0)

    def _like(self, call: str) -> object:
        for pattern, said in self._answers.items():
            if "*" in pattern and re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), call, re.DOTALL):
                return said
        return {"status": 404, "json": {"error": "not simulated"}}


def _answer(status: int, headers: Mapping[str, str], body: bytes, seconds: float) -> HttpAnswer:
    text = body.decode("utf-8", "replace")
    try:
        document = loads(text.removeprefix("\ufeff"))
    except ValueError:
        document = None
    return {
        "status": status,
        "ok": 200 <= status < 300,
        "text": text,
        "json": document,
        "headers": {name.lower(): value for name, value in headers.items()},
        "seconds": seconds,
    }


def _field(document: Any, field: str | None, path: str) -> Any:
    value = document
    for part in field.split(".") if field else ():
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise HttpError(f"the answer of GET {path} has no {field!r} (there is no {part!r})") from None
    return value


def _reason(error: BaseException) -> str:
    """What lies at the bottom of requests' and urllib3's chain: ``[Errno 111] Connection refused``."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return str(error) or type(error).__name__
