"""Who is told of alarms beside the panel: a web server that takes JSON, people by mail. No error holds a secret."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Protocol

from sequencer.alarms.book import Notice
from sequencer.project.settings import MailSettings, Secret, Settings, WebhookSettings
from sequencer.vocabulary.json_text import compact

TIMEOUT = 10.0
"""Seconds to wait for a server, each time."""
MOST_SHOWN = 200
"""Characters of an answer within a problem."""
_LATER = (408, 425, 429)


class NotTold(Exception):
    """The target did not take it. The text holds no secret; ``for_good``: it would not the next time either."""

    def __init__(self, text: str, *, for_good: bool = False) -> None:
        super().__init__(text)
        self.for_good = for_good


class AlarmTarget(Protocol):
    """Takes notices."""

    def tell(self, notice: Notice) -> None:
        """Raises ``NotTold``."""


def open_targets(settings: Settings, folder: Path, *, source: str, address: str | None) -> dict[str, AlarmTarget]:
    """Those that are configured. ``source`` is what tells, ``address`` where its pages are."""
    found: dict[str, AlarmTarget] = {}
    if settings.webhook.url is not None:
        found["webhook"] = Webhook(settings.webhook, folder, source, address)
    if settings.mail.host is not None and settings.mail.sender is not None:
        found["mail"] = Mail(settings.mail, folder, source, address)
    return found


def _line(notice: Notice) -> str:
    return notice.alarm.name if notice.event == "raised" else f"{notice.alarm.name}: over"


class Webhook:
    """Posts each notice as JSON: ``{event, id, name, text, coded_reason, page, time, source, block}``.

    ``text`` is what chat programs show. A notice that may come twice has the same ``Idempotency-Key``.
    """

    def __init__(self, settings: WebhookSettings, folder: Path, source: str, address: str | None) -> None:
        self._settings = settings
        self._verify = None if settings.ca_bundle is None else str(folder / settings.ca_bundle)
        self._source = source
        self._address = address

    def tell(self, notice: Notice) -> None:
        """Posts it."""
        # What requests raises has the address in it: nothing of it may leave, not even as a context.
        problem = self._post(notice)
        if problem is not None:
            raise problem

    def _post(self, notice: Notice) -> NotTold | None:
        import requests  # it takes its time, and few have a webhook

        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{notice.alarm.id}-{notice.event}"}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token.reveal()}"
        url = self._settings.url or Secret("")
        try:
            with requests.post(
                url.reveal(),
                data=compact(self._document(notice)).encode(),
                headers=headers,
                timeout=TIMEOUT,
                verify=self._verify or True,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.exceptions.SSLError:
            return NotTold("the webhook's certificate is not valid")
        except requests.exceptions.Timeout:
            return NotTold(f"the webhook did not answer within {TIMEOUT:g} s")
        except (requests.exceptions.RequestException, ValueError, OSError) as error:
            return NotTold(f"the webhook cannot be reached ({type(error).__name__})")
        if 200 <= status < 300:
            return None
        return NotTold(f"the webhook answered {status}", for_good=400 <= status < 500 and status not in _LATER)

    def _document(self, notice: Notice) -> Mapping[str, object]:
        alarm = notice.alarm
        page = alarm.page if self._address is None else f"{self._address.rstrip('/')}{alarm.page}"
        return {
            "event": notice.event,
            "id": alarm.id,
            "name": alarm.name,
            "text": f"{self._source}: {_line(notice)}: {alarm.text}",
            "reason": alarm.text,
            "coded_reason": alarm.coded_reason,
            "page": page,
            "time": alarm.raised if notice.event == "raised" else alarm.cleared,
            "source": self._source,
            "block": alarm.block,
        }


class Mail:
    """Sends each notice as a plain mail. One that may come twice has the same ``Message-ID``."""

    def __init__(self, settings: MailSettings, folder: Path, source: str, address: str | None) -> None:
        self._settings = settings
        self._ca_bundle = None if settings.ca_bundle is None else str(folder / settings.ca_bundle)
        self._source = source
        self._address = address

    def tell(self, notice: Notice) -> None:
        """Sends it."""
        problem = self._send(self._message(notice))
        if problem is not None:
            raise problem

    def _send(self, message: EmailMessage) -> NotTold | None:
        try:
            with self._connected() as server:
                server.send_message(message)
            return None
        except smtplib.SMTPAuthenticationError as error:
            return NotTold(f"the mail server refuses user or password ({error.smtp_code})")
        except smtplib.SMTPRecipientsRefused:
            return NotTold("the mail server takes no mail for any recipient")
        except smtplib.SMTPResponseException as error:
            return NotTold(f"the mail server answered {error.smtp_code}")
        except ssl.SSLError as error:
            return NotTold(f"no secure connection to the mail server ({error.reason or 'TLS'})")
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return NotTold(f"the mail server cannot be reached ({type(error).__name__})")

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        host, port = settings.host or "", settings.port
        server: smtplib.SMTP
        if settings.security == "tls":
            server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=self._context())
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT)
        try:
            if settings.security == "starttls":
                server.starttls(context=self._context())  # raises where the server has none: never in plain text
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password.reveal())
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_bundle)

    def _message(self, notice: Notice) -> EmailMessage:
        settings, alarm = self._settings, notice.alarm
        message = EmailMessage()
        message["Subject"] = _one_line(f"[{self._source}] {_line(notice)}")
        message["From"] = settings.sender or ""
        message["To"] = ", ".join(settings.recipients)
        message["Date"] = formatdate(alarm.raised if notice.event == "raised" else alarm.cleared)
        message["Message-ID"] = f"<{alarm.id}.{notice.event}@hardseq>"
        if notice.event == "cleared":
            message["In-Reply-To"] = f"<{alarm.id}.raised@hardseq>"
        lines = [f"{alarm.name}: {alarm.text}"]
        if notice.event == "cleared":
            lines = [f"{alarm.name} is over. It was raised because:", alarm.text]
            if alarm.acknowledged_by is not None:
                lines.append(f"Acknowledged by {alarm.acknowledged_by}.")
        elif alarm.block:
            lines.append("Nothing starts until somebody has acknowledged this on the panel.")
        if self._address is not None:
            lines += ["", f"{self._address.rstrip('/')}{alarm.page}"]
        message.set_content("\n".join(lines) + "\n")
        return message


def _one_line(text: str) -> str:
    return " ".join(text.split())
