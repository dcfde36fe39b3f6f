"""The StandCloud client: two calls, every outcome a value, the API key nowhere but in the request itself."""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from sequencer import __version__
from sequencer.project.address import base_address, is_loopback
from sequencer.project.settings import Secret
from sequencer.standcloud.delivery import Delivery, Verdict
from sequencer.vocabulary.data import utf8

MAX_ANSWER = 65_536
"""Bytes of an answer that are read."""

MAX_TEXT = 4_000
"""Characters of an answer that are kept."""

MAX_RETRY_AFTER = 86_400.0
"""Seconds: a longer time that the server asks for is cut to a day."""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """``status`` is null when there was no answer; then ``text`` says what happened. ``retry_after`` in seconds."""

    status: int | None
    text: str
    retry_after: float | None = None


class Exchange:
    """Requests below one base address. Neither its state nor any error shows the key."""

    def __init__(self, base: str, key: Secret, *, verify: bool | str, connect: float) -> None:
        self._base = base
        self._key = key
        self._verify = verify
        self._connect = connect
        self._host = urlsplit(base).netloc
        self._session = _NoRedirectSession()
        # A proxy from the environment must not get to see what is meant for this machine, and is not encrypted.
        self._session.trust_env = not is_loopback(urlsplit(base).hostname or "")

    def close(self) -> None:
        """Closes the kept-alive connections."""
        self._session.close()

    def ask(self, method: str, path: str, *, timeout: float, body: bytes | None = None) -> ServerAnswer:
        """Sends one request; ``timeout`` in seconds for the answer. Only an interruption is raised, never an error."""
        # What requests raises carries the request, headers and key included, and so do the frames of its traceback:
        # nothing of it may leave, not even as the context of another exception. Hence the raise outside the handler.
        interruption: BaseException | None = None
        answer = ServerAnswer(None, "interrupted")
        try:
            answer = self._request(method, path, timeout, body)
        except Exception as error:
            answer = ServerAnswer(None, self._clean(_reason(error, self._host, self._connect, timeout)))
        except BaseException as error:
            interruption = error
        if interruption is not None:
            interruption.__context__ = interruption.__cause__ = None
            raise interruption.with_traceback(None)
        return answer

    def _request(self, method: str, path: str, timeout: float, body: bytes | None) -> ServerAnswer:
        headers = {
            "User-Agent": f"hardseq/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **({} if body is None else {"Content-Type": "application/json"}),
        }
        with self._session.request(
            method,
            f"{self._base}/{path}",
            data=body,
            headers=headers,
            auth=_Bearer(self._key),
            timeout=(self._connect, timeout),
            verify=self._verify,
            allow_redirects=False,
            stream=True,
        ) as response:
            text = _read(response, timeout)
            if response.is_redirect:
                text = f"redirected, but redirects are not followed: {text}"
            return ServerAnswer(
                response.status_code, self._clean(text), _retry_after(response.headers.get("Retry-After"))
            )

    def _clean(self, text: str) -> str:
        """Without the key, should the server have echoed it, and without what could steer a terminal."""
        hidden = text.replace(self._key.reveal(), "***")
        return "".join(letter for letter in hidden if letter.isprintable() or letter in "\n\t").strip()[:MAX_TEXT]


class _NoRedirectSession(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: the key goes to no other address. (requests would also read the whole body of a redirect.)"""
        return None


class _Bearer(requests.auth.AuthBase):
    """Sets the header on the request alone. As ``auth`` it also keeps requests from taking a password of ``.netrc``."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return r


def _read(response: requests.Response, timeout: float) -> str:
    """The body as far as it is read: bounded in size and time, and never the reason for losing a status."""
    deadline = time.monotonic() + timeout
    body = b""
    read = getattr(response.raw, "read1", response.raw.read)
    try:
        while len(body) < MAX_ANSWER and time.monotonic() < deadline:
            part = read(MAX_ANSWER - len(body), decode_content=False)
            if not part:
                # Up to Python 3.11 read1 does not notice that this was the end, and the connection would not be kept.
                response.raw.read(1, decode_content=False)
                break
            body += part
    except Exception:
        pass  # the status has arrived, and the status alone decides
    return body.decode("utf-8", "replace")


def _retry_after(header: str | None) -> float | None:
    """Seconds from ``Retry-After``, which is a number of them or a date (RFC 9110); None for anything else."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER)


def _reason(error: Exception, host: str, connect: float, timeout: float) -> str:
    """Why nobody answered, in words of ours: the texts of requests hold addresses of objects and are no help."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection to {host} within {connect:g} s"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer from {host} within {timeout:g} s; it may have taken the report nevertheless"
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {host} cannot be trusted: {cause.verify_message}"
    for cause in causes:
        if isinstance(cause, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
            return f"{host} closed the connection without an answer; it may have taken the report nevertheless"
        if isinstance(cause, OSError) and cause.strerror:
            return f"no connection to {host}: {cause.strerror}"
    if isinstance(error, OSError) and "CA certificate bundle" in str(error):
        return "the file named by ca_bundle does not exist"
    return f"no answer from {host}: {type(causes[-1]).__name__}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what caused it, as requests and urllib3 nest them: in arguments, ``reason`` and ``__context__``."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


REPORT_TIMEOUT = 20.0
"""Seconds to wait for the answer to a report."""

CHECK_TIMEOUT = 10.0
"""Seconds to wait for a connection, and for the answer to anything but a report."""

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
_KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Health:
    """Whether StandCloud can be reached; ``text`` says why not."""

    up: bool
    status: int | None = None
    text: str = ""


class StandCloud:
    """StandCloud's HTTP interface, over one kept-alive session.

    Raises ``ValueError`` for an address or a key that cannot be one; after that no call raises for what a server or a
    network does. Threads may share it.
    """

    def __init__(self, address: str, api_key: Secret, *, ca_bundle: str | None = None) -> None:
        self.base = base_address(address)
        self._key = api_key
        self._ca_bundle = ca_bundle
        self._exchange: Exchange | None = None
        # Asked in a function that raises nothing: the key would be among the variables of the traceback.
        if not _is_one_word(self._key):
            raise ValueError("the StandCloud API key must be one word of ASCII letters, digits and signs")

    def __repr__(self) -> str:
        return f"StandCloud({self.base!r})"

    def __enter__(self) -> StandCloud:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the session; the next call opens a new one."""
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None

    def health(self) -> Health:
        """Asks ``healthcheck``: up when the status is 200 and the body is ``{}``."""
        answer = self._session().ask("GET", "healthcheck", timeout=CHECK_TIMEOUT)
        if answer.status is None:
            return Health(False, None, answer.text)
        if answer.status != 200:
            return Health(False, answer.status, f"{self.base} answered {answer.status}: {answer.text}"[:500])
        try:
            up = json.loads(answer.text) == {}
        except ValueError:
            up = False
        return Health(up, 200, "" if up else f"{self.base} answered, but not as StandCloud does")

    def send(self, document: Mapping[str, object]) -> Delivery:
        """Posts a report that was lowered to version 1; status 201 alone is success."""
        try:
            text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (ValueError, TypeError) as error:
            return Delivery(verdict="parked", text=f"the report cannot be written as JSON: {error}")
        body = utf8(text)
        answer = self._session().ask("POST", "test_report", body=body, timeout=REPORT_TIMEOUT)
        return Delivery(
            verdict=_verdict(answer.status), status=answer.status, text=answer.text, retry_after=answer.retry_after
        )

    def fingerprint(self, salt: bytes) -> str:
        """A slow salted hash of the key, to tell whether it changed without keeping it."""
        return hashlib.pbkdf2_hmac("sha256", self._key.reveal().encode(), salt, 100_000).hex()

    def _session(self) -> Exchange:
        if self._exchange is None:
            self._exchange = Exchange(self.base, self._key, verify=self._ca_bundle or True, connect=CHECK_TIMEOUT)
        return self._exchange


def _is_one_word(key: Secret) -> bool:
    text = key.reveal()
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _verdict(status: int | None) -> Verdict:
    if status == 201:
        return "delivered"
    if status is None or status < 400 or status >= 500 or status in _WORTH_ANOTHER_TRY:
        return "again"
    return "refused" if status in _KEY_REFUSED else "parked"
