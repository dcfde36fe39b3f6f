"""Alarms are raised once, cleared once, and told to real servers until these have them."""

from __future__ import annotations

import json
import socketserver
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sequencer.alarms.book import AlarmBook, AlarmsUnavailable, Notice, RaisedAlarm
from sequencer.alarms.targets import Mail, NotTold, Webhook
from sequencer.alarms.watch import GIVEN_UP_AFTER, AlarmWatch, delay
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures.service import FiguresService
from sequencer.project.settings import AlarmSettings, MailSettings, Secret, WebhookSettings
from sequencer.store.stands import StandDocuments
from sequencer.vocabulary.reason import Reason
from tests.alarms.test_alarm_values import runs
from tests.figures.history import Feed, report_of

KEYS = Path(__file__).parents[1] / "standcloud" / "tls"


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of the book and of who watches."""
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Iterator[AlarmBook]:
    """An empty book."""
    with closing(AlarmBook(tmp_path / "state" / "alarms.sqlite3", clock=clock)) as opened:
        yield opened


def raised(book: AlarmBook, *tell: str, key: str = "{}", block: bool = False) -> RaisedAlarm | None:
    """Raises the alarm “Yield”."""
    return book.raise_alarm("Yield", key, Reason("no_value"), page="/overview", block=block, tell=tell)


def test_an_alarm_is_raised_once_and_told_in_order(book: AlarmBook, clock: Clock) -> None:
    """A second time changes nothing; that it is over is told after that it was raised, however long that takes."""
    alarm = raised(book, "webhook", "mail")
    assert alarm is not None
    assert raised(book, "webhook", "mail") is None
    assert raised(book, "mail", key='{"stand": "B"}') is not None
    told = [(notice.event, notice.target) for notice in book.due()]
    assert told == [("raised", "webhook"), ("raised", "mail"), ("raised", "mail")]
    assert book.clear(alarm.id, ["webhook", "mail"])
    assert not book.clear(alarm.id, ["webhook", "mail"])
    first, second, other = book.due()
    book.settle(first)
    book.put_off(second, "no answer", 60.0)
    assert [(notice.event, notice.target) for notice in book.due() if notice.alarm.id == alarm.id] == [
        ("cleared", "webhook")
    ]
    assert book.problems() == {"mail": "no answer"}
    clock.now += 60
    assert [notice.event for notice in book.due() if notice.target == "mail"] == ["raised", "raised"]
    book.put_off(other, "never", None)
    assert raised(book, "webhook") is not None
    assert [alarm.cleared is None for alarm in book.newest()].count(True) == 2


def test_a_book_of_yesterday_is_read_and_a_damaged_one_is_told(tmp_path: Path, book: AlarmBook, clock: Clock) -> None:
    """Who opens it next knows what was raised; a file that is none blocks whoever asks."""
    path = tmp_path / "state" / "alarms.sqlite3"
    assert book.blocking(["Yield"]) is None
    assert not path.exists()
    alarm = raised(book, block=True)
    assert alarm is not None
    with closing(AlarmBook(path)) as again:
        assert again.blocking(["Yield"]) == alarm
        assert again.blocking(["Another"]) is None
        assert again.acknowledge(alarm.id, "Ann")
        assert not again.acknowledge(alarm.id, "Bob")
        assert again.blocking(["Yield"]) is None
        (known,) = again.newest()
        assert (known.acknowledged_by, known.cleared, known.blocks) == ("Ann", None, False)
    book.close()
    assert raised(book, key="[]", block=True) is not None
    book.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alarms SET code = '{\"code\": '")
    with closing(AlarmBook(path)) as damaged, pytest.raises(AlarmsUnavailable, match="emptied or damaged"):
        damaged.blocking(["Yield"])


def _without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE notices; DROP TABLE alarms; VACUUM")


def _with_a_damaged_index(path: Path) -> None:
    """As if another program had written it: the row is there, and no index leads to it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA writable_schema = ON; CREATE TABLE empty (raised REAL); CREATE INDEX none ON empty (raised);"
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'none') "
            "WHERE name = 'alarms_raised'; DELETE FROM sqlite_master WHERE name IN ('empty', 'none')"
        )


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"nothing of this is a database " * 100),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + bytes(4096) + path.read_bytes()[8192:]),
        _without_tables,
        _with_a_damaged_index,
    ],
    ids=["emptied", "overwritten", "cut off", "a page zeroed", "tables dropped", "index damaged"],
)
@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
def test_a_file_that_lost_its_alarms_is_no_file_without_any(
    tmp_path: Path, damage: Callable[[Path], object], is_open: bool
) -> None:
    """Whoever asks what stops the line is refused, each time, and the file stays as it is for whoever looks at it."""
    path = tmp_path / "alarms.sqlite3"
    with closing(AlarmBook(path)) as book:
        assert raised(book, block=True) is not None
    with closing(AlarmBook(path)) as book:
        if is_open:
            assert book.blocking(["Yield"]) is not None
        damage(path)
        damaged = path.read_bytes()
        for _ in range(2):
            with closing(AlarmBook(path)) as new, pytest.raises(AlarmsUnavailable, match="emptied or damaged") as told:
                new.blocking(["Yield"])
        assert isinstance(told.value.reason, Reason) and told.value.reason.code == "alarms_damaged"
        assert path.read_bytes() == damaged


def test_a_removed_file_is_begun_again(tmp_path: Path) -> None:
    """Also under somebody who has it open, and where a log of the old one is left: nothing of it comes back."""
    path, log = tmp_path / "alarms.sqlite3", tmp_path / "alarms.sqlite3-wal"
    with closing(AlarmBook(path)) as book:
        assert raised(book, block=True) is not None
        left = log.read_bytes()
        assert left
        for file in tmp_path.iterdir():
            file.unlink()
        log.write_bytes(left)
        assert book.blocking(["Yield"]) is None
        assert book.newest() == []
        again = raised(book, block=True)
        with closing(AlarmBook(path)) as other:
            assert other.blocking(["Yield"]) == again
    assert [file.name for file in tmp_path.iterdir()] == ["alarms.sqlite3"]


def test_who_comes_first_makes_the_file(tmp_path: Path) -> None:
    """Of many that want one at the same time; each has what the others raised, and nothing is left beside it."""
    path = tmp_path / "alarms.sqlite3"
    books = [AlarmBook(path) for _ in range(8)]
    together = threading.Barrier(len(books))

    def begin(number: int) -> None:
        together.wait()
        raised(books[number], key=f"[{number}]")

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(len(books))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(book.newest()) for book in books] == [len(books)] * len(books)
    for book in books:
        book.close()
    assert [file.name for file in tmp_path.iterdir()] == ["alarms.sqlite3"]


def notice(event: Any = "raised") -> Notice:
    """What is to be told."""
    alarm = RaisedAlarm(
        id="a-1",
        name="Yield\nof the line",
        key="{}",
        text="the yield is 80%",
        coded_reason=None,
        page="/overview?stand=A",
        block=True,
        raised=1000.0,
        cleared=None if event == "raised" else 2000.0,
    )
    return Notice(1, alarm, event, "webhook", 1000.0, 0)


@contextmanager
def web_server(*statuses: int) -> Iterator[tuple[str, list[tuple[Mapping[str, str], Any]]]]:
    """Answers with these statuses one after the other, then always the last; its address and what was posted."""
    answers, posted = list(statuses), list[tuple[Mapping[str, str], Any]]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((dict(self.headers), json.loads(body)))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/T0/s3cret-path", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hook(url: str) -> Webhook:
    """A webhook at that address."""
    return Webhook(WebhookSettings(url=Secret(url), token=Secret("t0ken")), Path(), "Line 4", "http://panel:8000/")


def test_a_webhook_gets_json() -> None:
    """With the sentence where chat programs look for it, the page as a link, and a key that tells a second try."""
    with web_server(204) as (url, posted):
        hook(url).tell(notice())
    ((headers, document),) = posted
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == "a-1-raised"
    assert document["text"] == "Line 4: Yield\nof the line: the yield is 80%"
    assert (document["event"], document["page"]) == ("raised", "http://panel:8000/overview?stand=A")


@pytest.mark.parametrize(("status", "for_good"), [(500, False), (429, False), (404, True), (302, False)])
def test_a_webhook_that_refuses_is_told_without_its_secret(status: int, for_good: bool) -> None:
    """What it answers decides whether it is tried again; a redirect is not followed."""
    with web_server(status) as (url, _), pytest.raises(NotTold, match=str(status)) as refused:
        hook(url).tell(notice())
    assert refused.value.for_good is for_good


def test_a_webhook_that_is_away_keeps_its_secret() -> None:
    """Neither the error nor what it comes from has the address in it."""
    with web_server(200) as (url, _):
        pass
    with pytest.raises(NotTold, match="cannot be reached") as away:
        hook(url).tell(notice())
    assert "s3cret" not in f"{away.value!r}{away.value.__cause__!r}{away.value.__context__!r}"


class MailServer:
    """Takes mails over SMTP; with ``secure`` it has STARTTLS, and takes none without."""

    def __init__(self, *, secure: bool) -> None:
        self.received: list[tuple[list[str], Any]] = []
        kept = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(ssl.SSLError):  # who checks the certificate hangs up
                    self.converse()
                self.connection.close()

            def converse(self) -> None:
                recipients: list[str] = []
                encrypted = False
                self.wfile.write(b"220 ready\r\n")
                while line := self.rfile.readline().decode().strip():
                    verb = line.split(":")[0].upper()
                    if verb.startswith("EHLO"):
                        self.wfile.write(b"250-me\r\n250 STARTTLS\r\n" if secure and not encrypted else b"250 me\r\n")
                    elif verb == "STARTTLS" and secure:
                        self.wfile.write(b"220 go\r\n")
                        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                        context.load_cert_chain(KEYS / "server.pem")
                        self.connection = context.wrap_socket(self.connection, server_side=True)
                        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                        encrypted = True
                    elif verb == "RCPT TO":
                        recipients.append(line.partition(":")[2])
                        self.wfile.write(b"250 ok\r\n")
                    elif verb == "DATA":
                        self.wfile.write(b"354 go\r\n")
                        text = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                        kept.received.append((recipients, message_from_string(text)))
                        self.wfile.write(b"250 ok\r\n")
                    else:
                        self.wfile.write(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
                        if verb == "QUIT":
                            return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def mail(port: int, **more: Any) -> Mail:
    """Mails over that port, in plain text unless said otherwise."""
    settings = MailSettings(
        **{
            "host": "localhost",
            "port": port,
            "security": "none",
            "sender": "line@example.com",
            "recipients": ("ann@example.com", "bob@example.com"),
            **more,
        }
    )
    return Mail(settings, KEYS, "Line 4", "http://panel:8000/")


def test_a_mail_says_what_is_so_and_what_is_over() -> None:
    """To everybody, with a link; the second one belongs to the first, and none has a line end in its subject."""
    with closing(MailServer(secure=False)) as server:
        for event in ("raised", "cleared"):
            mail(server.port).tell(notice(event))
    (recipients, told), (_, over) = server.received
    assert recipients == ["<ann@example.com>", "<bob@example.com>"]
    assert told["Subject"] == "[Line 4] Yield of the line"
    body = told.get_payload(decode=True).decode()
    assert "the yield is 80%" in body
    assert "acknowledged" in body
    assert "http://panel:8000/overview?stand=A" in body
    assert (over["Subject"], over["In-Reply-To"]) == ("[Line 4] Yield of the line: over", told["Message-ID"])


def test_a_mail_goes_over_tls_or_not_at_all() -> None:
    """By default the connection is encrypted and the certificate checked; a server that cannot do so gets nothing."""
    with closing(MailServer(secure=True)) as server, closing(MailServer(secure=False)) as plain:
        mail(server.port, security="starttls", ca_bundle="authority.pem").tell(notice())
        with pytest.raises(NotTold):
            mail(server.port, security="starttls").tell(notice())
        with pytest.raises(NotTold):
            mail(plain.port, security="starttls").tell(notice())
    assert len(server.received) == 1
    assert plain.received == []


class Watched:
    """Who watches a history that grows, and what was shown and told."""

    def __init__(self, book: AlarmBook, clock: Clock, alarm: AlarmSettings, index: FiguresIndex) -> None:
        self.shown: list[Any] = []
        self.told: list[tuple[str, str]] = []
        self.away = False
        self._clock = clock
        self._index = index
        self._history: list[Any] = []
        figures = FiguresService(Feed([]))  # type: ignore[arg-type]
        self.watch = AlarmWatch(
            [alarm], book, figures, targets={"webhook": self, "mail": self}, show=self._show, clock=clock
        )

    def _show(self, alarms: list[dict[str, object]]) -> None:
        self.shown = alarms

    def tell(self, notice: Notice) -> None:
        """As a target does."""
        if self.away:
            raise NotTold("away")
        self.told.append((notice.target, notice.event))

    def run(self, history: str, **about: Any) -> None:
        """These runs were counted, now."""
        start = self._clock.now = self._clock.now + 10_000
        new = [
            report_of(run.named(len(self._history) + place))
            for place, run in enumerate(runs(history, start=start, **about))
        ]
        self._history += new
        follow(self._index, Feed(self._history))  # type: ignore[arg-type]
        self._clock.now += 5_000
        self.watch.evaluate(self._index.ask, self._clock.now)
        self.watch.show()
        self.watch.tell()


@pytest.fixture
def watched(book: AlarmBook, clock: Clock) -> Iterator[Callable[[AlarmSettings], Watched]]:
    """Makes who watches."""
    with FiguresIndex(None) as index:
        yield lambda alarm: Watched(book, clock, alarm, index)


def test_an_alarm_is_told_when_it_is_so_and_when_it_is_over(watched: Callable[[AlarmSettings], Watched]) -> None:
    """Once each, however often somebody looks; what is over is not shown any more."""
    settings = AlarmSettings(name="Yield", when="yield < 0.9", over="10 runs", tell=("panel", "webhook", "mail"))
    line = watched(settings)
    line.run("p" * 10)
    assert (line.shown, line.told) == ([], [])
    line.run("ff")
    line.run("p")
    assert [alarm["text"] for alarm in line.shown] == ["the yield of 10 runs is 80%, the alarm is at 90%: all runs"]
    assert line.told == [("webhook", "raised"), ("mail", "raised")]
    line.run("p" * 10)
    line.run("p")
    assert line.shown == []
    assert line.told[2:] == [("webhook", "cleared"), ("mail", "cleared")]


def test_an_alarm_that_is_not_for_the_panel_is_not_shown_there(watched: Callable[[AlarmSettings], Watched]) -> None:
    """Only who is named is told."""
    line = watched(AlarmSettings(name="Yield", when="yield < 0.9", over="2 runs", tell=("mail",)))
    line.run("ff")
    assert (line.shown, line.told) == ([], [("mail", "raised")])


def test_who_stopped_the_line_lets_it_go_on(watched: Callable[[AlarmSettings], Watched], book: AlarmBook) -> None:
    """It is shown and blocks until it is acknowledged; then three more units have to fail before it blocks again."""
    line = watched(AlarmSettings(name="Stop", when="same_failure >= 3", block=True, tell=("webhook",)))
    line.run("fff")
    (first,) = line.shown
    assert first["blocks"]
    line.run("p")
    assert [alarm["blocks"] for alarm in line.shown] == [True]
    line.watch.acknowledge(first["id"], "Ann")
    assert book.blocking(["Stop"]) is None
    assert line.shown == []
    line.run("fff", part_number="P2")
    (second,) = line.shown
    line.watch.acknowledge(second["id"], "Ann")
    line.run("f", part_number="P3")
    assert book.blocking(["Stop"]) is None
    line.run("ff", part_number="P4")
    assert book.blocking(["Stop"]) is not None


def test_a_target_that_is_away_is_told_later(
    watched: Callable[[AlarmSettings], Watched], book: AlarmBook, clock: Clock
) -> None:
    """After ever longer pauses; after three days nobody wants to know any more."""
    line = watched(AlarmSettings(name="Yield", when="yield < 0.9", over="2 runs", tell=("mail",)))
    line.away = True
    line.run("ff")
    assert book.due() == []
    clock.now += 15
    assert len(book.due()) == 1
    line.watch.tell()
    clock.now += GIVEN_UP_AFTER + 1
    line.watch.tell()
    clock.now += GIVEN_UP_AFTER
    assert book.due() == []
    assert [delay(tries, 0.5) for tries in (0, 1, 2, 50)] == [10.0, 20.0, 40.0, 3600.0]


def test_what_nobody_watches_any_more_is_over(watched: Callable[[AlarmSettings], Watched], book: AlarmBook) -> None:
    """An alarm that was taken out of the configuration does not stay on the pages forever."""
    book.raise_alarm("Former", "{}", Reason("no_value"), page="/", block=False, tell=())
    line = watched(AlarmSettings(name="Yield", when="yield < 0.9", over="2 runs"))
    line.run("pp")
    assert book.shown() == []


def test_a_stand_that_falls_silent_is_told_and_that_it_speaks_again(book: AlarmBook, clock: Clock) -> None:
    """By the service of the factory, which has nothing but the signs of life to go by."""
    known, told = StandDocuments(), list[list[dict[str, object]]]()
    document = {"_id": "live:ICT, panel", "type": "stand", "stand": "ICT", "state": "ready", "closed": False}
    figures = FiguresService(Feed([]))  # type: ignore[arg-type]
    watch = AlarmWatch(
        [AlarmSettings(name="Silent", when="silent > 5 min")],
        book,
        figures,
        targets={},
        show=told.append,
        stands=lambda: known.stands(clock.now),
        clock=clock,
    )
    known.take({**document, "updated": clock.now}, clock.now, new=True)
    for seconds in (300, 2, 60):
        clock.now += seconds
        watch.look()
    known.take({**document, "updated": clock.now}, clock.now, new=True)
    watch.look()
    figures.close()
    assert [[alarm["page"] for alarm in alarms] for alarms in told] == [[], ["/stands"], ["/stands"], []]
    assert [alarm.text for alarm in book.newest()] == ["the stand ICT has been silent for 5 minutes"]
