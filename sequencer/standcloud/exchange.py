"""One exchange with StandCloud over HTTP: every outcome is an answer, and the API key is in the request alone.

``requests`` is loaded with this file: a run that has nothing to send goes without.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from sequencer import __version__
from sequencer.project.address import is_loopback
from sequencer.project.settings import Secret
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason, ReasonOrText

MAX_ANSWER = 65_536
"""Bytes of an answer that are read."""

MAX_TEXT = 4_000
"""Characters of an answer that are kept."""

MAX_RETRY_AFTER = 86_400.0
"""Seconds: a longer time that the server asks for is cut to a day."""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """``status`` is null when there was no answer; then ``reason`` says what happened. ``retry_after`` in seconds."""

    status: int | None
    reason: ReasonOrText
    retry_after: float | None = None

    @property
    def text(self) -> str:
        """What the server said, or what happened in English."""
        return str(self.reason)


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
        answer = ServerAnswer(None, "")
        try:
            answer = self._request(method, path, timeout, body)
        except Exception as error:
            answer = ServerAnswer(None, _reason(error, self._host, self._connect, timeout, self._clean))
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
            said: ReasonOrText = self._clean(_read(response, timeout))
            if response.is_redirect:
                said = Reason("redirected", detail=str(said)[: MAX_TEXT - 100])
            return ServerAnswer(response.status_code, said, _retry_after(response.headers.get("Retry-After")))

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


def _reason(error: Exception, host: str, connect: float, timeout: float, clean: Callable[[str], str]) -> Reason:
    """Why nobody answered, in words of ours: the texts of requests hold addresses of objects and are no help."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Reason("no_connection_within", host=host, seconds=connect)
    if isinstance(error, requests.exceptions.Timeout):
        return Reason("no_answer_within", host=host, seconds=timeout)
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Reason("certificate_refused", host=host, detail=clean(cause.verify_message))
    for cause in causes:
        if isinstance(cause, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
            return Reason("connection_closed", host=host)
        if isinstance(cause, OSError) and cause.strerror:
            return Reason("no_connection", host=host, detail=clean(cause.strerror))
    if isinstance(error, OSError) and "CA certificate bundle" in str(error):
        return Reason("no_ca_bundle")
    return Reason("no_answer_from", host=host, type=type(causes[-1]).__name__)


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
