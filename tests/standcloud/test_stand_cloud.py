"""The StandCloud client against real servers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import Secret
from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.standcloud import client as stand_cloud
from sequencer.standcloud.client import CHECK_TIMEOUT, REPORT_TIMEOUT, StandCloud
from sequencer.standcloud.exchange import MAX_RETRY_AFTER, MAX_TEXT
from sequencer.vocabulary.reason import code_of

Serve = Callable[..., Any]


@pytest.fixture
def client(standin: Any, key: Secret) -> Iterator[StandCloud]:
    with StandCloud(standin.address, key) as opened:
        yield opened


@pytest.fixture
def document(report: Callable[..., RunReport]) -> dict[str, Any]:
    return lower(report("0190b6a0-0000-7000-8000-000000000001"), stand_cloud=True)


def http(status: str, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_the_timeouts_are_those_of_the_design() -> None:
    """20 s for a report, 10 s for everything else."""
    assert (REPORT_TIMEOUT, CHECK_TIMEOUT) == (20.0, 10.0)


def test_a_report_arrives_with_201(standin: Any, client: StandCloud, document: dict[str, Any]) -> None:
    """The lowered report is taken by a server that refuses unknown keys, and its answer is the receipt."""
    delivery = client.send(document)
    assert (delivery.verdict, delivery.status, delivery.delivered) == ("delivered", 201, True)
    assert document["id"] in delivery.text
    assert standin.control("GET", f"reports/{document['id']}") == document


def test_a_report_with_an_unknown_key_is_parked(client: StandCloud, document: dict[str, Any]) -> None:
    """The server's words about a report that it does not take are kept."""
    delivery = client.send({**document, "surprise": 1})
    assert (delivery.verdict, delivery.status) == ("parked", 422)
    assert "surprise" in delivery.text


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, "again") for status in (200, 202, 204, 206, 300, 302, 304, 307, 308)),
        *((status, "again") for status in (408, 425, 429, 500, 501, 502, 503, 504, 599)),
        *((status, "refused") for status in (401, 403)),
        *((status, "parked") for status in (400, 402, 404, 405, 409, 410, 413, 415, 418, 422, 451)),
    ],
)
def test_every_status_has_its_meaning(
    standin: Any, client: StandCloud, document: dict[str, Any], status: int, verdict: str
) -> None:
    """201 alone is success; the others are tried again, refused or parked as the design says."""
    standin.fail(status=status, text="because")
    delivery = client.send(document)
    assert (delivery.verdict, delivery.status, delivery.delivered) == (verdict, status, False)
    assert standin.copies == {}


@pytest.mark.parametrize(("wrong", "status"), [("other-key", 401)])
def test_a_wrong_key_is_refused(standin: Any, document: dict[str, Any], wrong: str, status: int) -> None:
    """The server's 401 stops further tries."""
    with StandCloud(standin.address, Secret(wrong)) as client:
        delivery = client.send(document)
    assert (delivery.verdict, delivery.status) == ("refused", status)


def test_a_connection_dropped_before_the_answer_is_tried_again(
    standin: Any, client: StandCloud, document: dict[str, Any]
) -> None:
    """Without an answer the status is null, and the same client succeeds the next time."""
    standin.fail(drop="before", times=1)
    first = client.send(document)
    assert (first.verdict, first.status) == ("again", None)
    assert "closed the connection" in first.text
    assert client.send(document).delivered
    assert standin.copies == {document["id"]: 1}


def test_an_answer_lost_after_storing_is_recognised_by_the_id(
    standin: Any, client: StandCloud, document: dict[str, Any]
) -> None:
    """A try that may have succeeded is repeated, and the server sees the same id twice."""
    standin.fail(drop="after", times=1)
    assert client.send(document).verdict == "again"
    assert client.send(document).delivered
    assert standin.copies == {document["id"]: 2}


def test_a_mute_server_costs_the_timeout_alone(
    serve: Serve, key: Secret, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out is a try that may have succeeded: it says so and is repeated."""
    monkeypatch.setattr(stand_cloud, "REPORT_TIMEOUT", 0.2)
    over = threading.Event()

    def mute() -> Iterator[bytes]:
        over.wait(30)
        yield b""

    server = serve(mute())
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        delivery = client.send(document)
    over.set()
    assert (delivery.verdict, delivery.status) == ("again", None)
    assert "may have taken the report" in delivery.text


def test_nobody_there_is_said_plainly(key: Secret, document: dict[str, Any], free_port: int) -> None:
    """A refused connection and a name that does not exist are failures in words, without object addresses."""
    with StandCloud(f"http://127.0.0.1:{free_port}", key) as client:
        delivery = client.send(document)
        health = client.health()
    assert (delivery.verdict, delivery.status) == ("again", None)
    assert delivery.text == health.text == f"no connection to 127.0.0.1:{free_port}: Connection refused"
    assert code_of(health.reason) == "no_connection"
    with StandCloud("https://no-such-host.invalid", key) as client:
        delivery = client.send(document)
    assert delivery.text.startswith("no connection to no-such-host.invalid: ") and "0x" not in delivery.text


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("99999999999999999999", MAX_RETRY_AFTER),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_written(
    standin: Any, client: StandCloud, document: dict[str, Any], header: str, seconds: float | None
) -> None:
    """Numbers and dates are understood and bounded; anything else is no wish."""
    standin.fail(status=429, retry_after=header)
    assert client.send(document).retry_after == seconds


def test_retry_after_may_be_a_date(standin: Any, client: StandCloud, document: dict[str, Any]) -> None:
    """A date in the future becomes the seconds until then."""
    then = datetime.now(UTC) + timedelta(minutes=10)
    standin.fail(status=503, retry_after=format_datetime(then, usegmt=True))
    assert client.send(document).retry_after == pytest.approx(600, abs=60)


def test_one_connection_carries_all(standin: Any, client: StandCloud, document: dict[str, Any]) -> None:
    """The session is kept alive, through failures too."""
    standin.fail(status=500, every=3)
    for _ in range(30):
        client.send(document)
    client.health()
    counted = standin.control("GET", "reports")
    assert (counted["connections"], counted["requests"]) == (1, 31)


def test_a_redirect_is_not_followed(serve: Serve, key: Secret, document: dict[str, Any]) -> None:
    """The key and the report go to the configured address and to no other."""
    elsewhere = serve(http("201 Created"))
    server = serve(http("307 Temporary Redirect", location=f"http://127.0.0.1:{elsewhere.port}/"))
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        delivery = client.send(document)
    assert (delivery.verdict, delivery.status) == ("again", 307)
    assert delivery.text.startswith("redirected")
    assert elsewhere.received == []


@pytest.mark.parametrize("status", ["201 Created", "302 Found", "500 Oops"])
def test_an_endless_answer_is_read_in_part(serve: Serve, key: Secret, document: dict[str, Any], status: str) -> None:
    """A body without end costs neither memory nor time; the status that came first counts."""

    def endless() -> Iterator[bytes]:
        yield f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\n\r\n".encode()
        while True:
            yield b"x" * 65_536

    server = serve(endless())
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        delivery = client.send(document)
    assert delivery.status == int(status[:3])
    assert delivery.delivered == (status[:3] == "201")
    assert len(delivery.text) <= MAX_TEXT


def test_a_receipt_that_breaks_off_is_still_a_receipt(serve: Serve, key: Secret, document: dict[str, Any]) -> None:
    """Once 201 has arrived the report is delivered, whatever becomes of the body."""
    server = serve(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\nhalf")
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        delivery = client.send(document)
    assert (delivery.verdict, delivery.text) == ("delivered", "half")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 201 Created\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
def test_garbage_is_no_answer(serve: Serve, key: Secret, document: dict[str, Any], answer: bytes) -> None:
    """Whatever is no HTTP is a try to repeat, never an exception."""
    server = serve(answer)
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        delivery = client.send(document)
    assert (delivery.verdict, delivery.status) == ("again", None)


def test_control_characters_of_a_server_reach_no_terminal(serve: Serve, key: Secret, document: dict[str, Any]) -> None:
    """Escape sequences in an answer are taken out, letters of any language stay."""
    server = serve(http("422 Wrong", "\x1b[2Jгде\x07\x00 unit?\n\x9b".encode()))
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        assert client.send(document).text == "[2Jгде unit?"


def test_a_document_that_is_no_json_is_parked(client: StandCloud, document: dict[str, Any]) -> None:
    """NaN never leaves as invalid JSON; the report is parked with the reason."""
    delivery = client.send({**document, "error_code": float("nan")})
    assert (delivery.verdict, delivery.status) == ("parked", None)
    assert "JSON" in delivery.text


def test_text_without_utf_8_form_is_sent_all_the_same(client: StandCloud, document: dict[str, Any]) -> None:
    """A lone surrogate out of a driver's text does not keep a report from going."""
    assert client.send({**document, "user": "\udc80"}).delivered


@pytest.mark.parametrize(
    ("answer", "up"),
    [
        (http("200 OK", b"{}"), True),
        (http("200 OK", b"{}\n"), True),
        (http("200 OK", b'{"status": "ok"}'), False),
        (http("200 OK", b"[]"), False),
        (http("200 OK", b""), False),
        (http("200 OK", b"<html>Log in to the hotel's network"), False),
        (http("201 Created", b"{}"), False),
        (http("204 No Content", b""), False),
        (http("401 Unauthorized", b"{}"), False),
        (http("503 Unavailable", b"{}"), False),
        (b"garbage", False),
    ],
)
def test_healthcheck_is_up_for_200_and_an_empty_object_alone(
    serve: Serve, key: Secret, answer: bytes, up: bool
) -> None:
    """Anything but status 200 with ``{}`` is not StandCloud, and the reason is said."""
    server = serve(answer)
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        health = client.health()
    assert health.up is up
    assert bool(health.text) is not up
    assert up or code_of(health.reason) in ("server_answered", "not_stand_cloud", "no_answer_from", "connection_closed")


def test_healthcheck_sends_the_key(standin: Any, client: StandCloud) -> None:
    """The stand-in answers ``{}`` for its key and 401 for another."""
    assert client.health().up
    with StandCloud(standin.address, Secret("other")) as other:
        assert other.health().status == 401


def test_a_certificate_is_always_verified(
    serve: Serve, tls: ssl.SSLContext, authority: Path, key: Secret, document: dict[str, Any], tmp_path: Path
) -> None:
    """An unknown authority gets nothing; with its certificate as ca_bundle the report goes."""
    server = serve(http("201 Created"), tls)
    address = f"https://localhost:{server.port}"
    with StandCloud(address, key) as client:
        refused = client.send(document)
    assert (refused.verdict, refused.status) == ("again", None)
    assert "certificate" in refused.text
    assert server.received == []
    with StandCloud(address, key, ca_bundle=str(authority)) as client:
        assert client.send(document).delivered
    with StandCloud(f"https://127.0.0.1.nip.invalid:{server.port}", key, ca_bundle=str(authority)) as client:
        assert client.send(document).verdict == "again"
    with StandCloud(address, key, ca_bundle=str(tmp_path / "missing.pem")) as client:
        assert "ca_bundle" in client.send(document).text


def test_neither_proxy_nor_netrc_of_the_environment_gets_in_the_way(
    standin: Any,
    client: StandCloud,
    document: dict[str, Any],
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """For this machine no proxy is asked, and a password in ``.netrc`` does not replace the key."""
    proxy = serve(http("201 Created"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert client.send(document).delivered
    assert proxy.received == []
    assert standin.copies == {document["id"]: 1}
