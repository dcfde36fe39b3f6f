"""The StandCloud client: two calls, every outcome a value, the API key nowhere but in the request itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sequencer.project.address import base_address
from sequencer.project.settings import Secret
from sequencer.standcloud.delivery import Delivery, Verdict
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from sequencer.standcloud.exchange import Exchange

REPORT_TIMEOUT = 20.0
"""Seconds to wait for the answer to a report."""

CHECK_TIMEOUT = 10.0
"""Seconds to wait for a connection, and for the answer to anything but a report."""

MOST_SHOWN = 400
"""Characters of an answer within the reason why StandCloud cannot be reached."""

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
_KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Health:
    """Whether StandCloud can be reached; ``reason`` and its ``text`` say why not."""

    up: bool
    status: int | None = None
    reason: ReasonOrText = ""

    @property
    def text(self) -> str:
        """The reason in English."""
        return str(self.reason)


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
            raise UnusableValue(Reason("bad_api_key"))

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
            return Health(False, None, answer.reason)
        if answer.status != 200:
            said = Reason("server_answered", address=self.base, status=answer.status, detail=_shortened(answer.reason))
            return Health(False, answer.status, said)
        try:
            up = json.loads(answer.text) == {}
        except ValueError:
            up = False
        return Health(up, 200, "" if up else Reason("not_stand_cloud", address=self.base))

    def send(self, document: Mapping[str, object]) -> Delivery:
        """Posts a report that was lowered to version 1; status 201 alone is success."""
        try:
            text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (ValueError, TypeError) as error:
            return Delivery(verdict="parked", reason=Reason("report_not_json", detail=str(error)))
        body = utf8(text)
        answer = self._session().ask("POST", "test_report", body=body, timeout=REPORT_TIMEOUT)
        return Delivery(
            verdict=_verdict(answer.status), status=answer.status, reason=answer.reason, retry_after=answer.retry_after
        )

    def fingerprint(self, salt: bytes) -> str:
        """A slow salted hash of the key, to tell whether it changed without keeping it."""
        return hashlib.pbkdf2_hmac("sha256", self._key.reveal().encode(), salt, 100_000).hex()

    def _session(self) -> Exchange:
        if self._exchange is None:
            # Imported here: `requests` takes its time, and a run that has nothing to send goes without.
            from sequencer.standcloud.exchange import Exchange

            self._exchange = Exchange(self.base, self._key, verify=self._ca_bundle or True, connect=CHECK_TIMEOUT)
        return self._exchange


def _shortened(reason: ReasonOrText) -> ReasonOrText:
    """An answer may be a whole page."""
    return reason[:MOST_SHOWN] if isinstance(reason, str) else reason


def _is_one_word(key: Secret) -> bool:
    text = key.reveal()
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _verdict(status: int | None) -> Verdict:
    if status == 201:
        return "delivered"
    if status is None or status < 400 or status >= 500 or status in _WORTH_ANOTHER_TRY:
        return "again"
    return "refused" if status in _KEY_REFUSED else "parked"
