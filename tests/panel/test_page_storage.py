"""The storage page, and history while its store is away, in a real browser."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sequencer.panel import report_keeping
from sequencer.store.base import StoreUnavailable
from sequencer.vocabulary.reason import Reason, ReasonOrText
from tests.standcloud.conftest import StandInProcess

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

KEY = "secret-key-1"
CONFIGURATION = f'[stand_cloud]\naddress = "http://127.0.0.1:{{}}"\napi_key = "{KEY}"\nautosync = true\n'


@pytest.fixture
def panel(stand: Any, free_port: int) -> Any:
    """A panel whose StandCloud is not there yet."""
    stand.configure(CONFIGURATION.format(free_port))
    return stand.open()


@pytest.fixture
def stand_cloud(panel: Any, free_port: int) -> Iterator[Any]:
    """Starts the stand-in where the panel expects StandCloud."""
    started: list[StandInProcess] = []

    def start() -> StandInProcess:
        started.append(StandInProcess(free_port, KEY))
        return started[-1]

    yield start
    for server in started:
        server.stop()


LOOK = 5000
"""Milliseconds between two looks of the page."""


def outbox(panel: Any) -> Any:
    return panel.ask("GET", "/api/outbox").json


def tried(panel: Any, page: Any) -> None:
    """Waits until the report was sent, in vain: nothing more happens to it by itself."""
    panel.wait_until(lambda: any(entry["attempts"] for entry in outbox(panel)["targets"][0]["entries"]))
    page.clock.fast_forward(LOOK)
    expect(page.locator(".target tbody tr")).to_contain_text(re.compile("refused|reach|connect", re.IGNORECASE))


def test_what_waits_is_told_and_tried_again(panel: Any, stand_cloud: Any, browse: Any) -> None:
    """Nobody there, refused, refused key, delivered: the page says which and why as it happens, and in its language."""
    run = panel.run()["id"]
    page = browse(panel, "/storage", clock=True)
    target = page.locator(".target", has_text="StandCloud")
    again = page.get_by_role("button", name="Try again now")

    def counts(*waiting_blocked_parked_delivered: int) -> None:
        expect(target.locator(".figures dd")).to_have_text([str(count) for count in waiting_blocked_parked_delivered])

    counts(1, 0, 0, 0)
    tried(panel, page)
    expect(page.locator(".nav .badge")).to_contain_text("1")
    german = browse(panel, "/storage")
    german.evaluate("localStorage.setItem('hardseq.language', 'de')")
    german.reload()
    expect(german.locator(".target tbody tr")).to_contain_text("keine Verbindung zu 127.0.0.1")
    german.close()
    server = stand_cloud()
    server.fail(status=400, text="a wrong key")
    again.click()
    counts(0, 0, 1, 0)
    expect(target.locator("tbody tr")).to_contain_text("400 a wrong key")
    server.behave()
    server.fail(status=401, text="who are you")
    again.click()
    counts(0, 1, 0, 0)
    expect(target).to_contain_text("The API key was refused: who are you")
    server.behave()
    again.click()
    counts(0, 0, 0, 1)
    expect(target).not_to_contain_text("never")
    expect(page.locator(".nav .badge")).to_be_hidden()
    assert server.copies == {run: 1}
    assert KEY not in page.content()
    assert KEY not in json.dumps(panel.ask("GET", "/api/outbox").json)


def test_while_it_is_sent_nobody_sends_again(
    stand: Any, free_port: int, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a server takes its time every page says so and the button cannot be pressed, and a second call is refused;
    pages hear of the end at once."""
    monkeypatch.setattr(report_keeping, "STORAGE_SECONDS", 600.0)  # nobody looks by chance
    stand.configure(CONFIGURATION.format(free_port))
    panel = stand.open()
    panel.run()
    page = browse(panel, "/storage", clock=True)
    again = page.get_by_role("button", name="Try again now")
    expect(again).to_be_enabled()
    tried(panel, page)
    with socket.create_server(("127.0.0.1", free_port)):  # takes connections and never answers
        again.click()
        expect(page.get_by_role("button", name="Sending …")).to_be_disabled()
        assert panel.ask("POST", "/api/sync", {}).json["error"]["code"] == "syncing"
        panel.wait_until(lambda: panel.ask("GET", "/api/state").json["session"]["storage"]["sending"])
    expect(again).to_be_enabled()
    expect(page.locator(".figures dd").first).to_have_text("1")


def test_a_table_that_did_not_change_is_left_alone(panel: Any, browse: Any) -> None:
    """Whoever reads or selects something in the table is not disturbed by the next look."""
    panel.run()
    page = browse(panel, "/storage", clock=True)
    tried(panel, page)
    link = page.locator(".target tbody a")
    link.focus()
    with page.expect_response("**/api/outbox"):
        page.clock.fast_forward(LOOK)
    expect(link).to_be_focused()


def test_a_store_that_is_away_is_asked_again(stand: Any, browse: Any) -> None:
    """The page says in words that the store is away, and shows its runs as soon as it is back."""
    panel = stand.open()
    panel.run()
    page = browse(panel, "/storage", strict=False, clock=True)
    with away(panel):
        page.goto(f"{panel.url}/runs/latest")
        empty = page.locator(".empty")
        expect(empty).to_contain_text("The stored runs cannot be read at the moment; trying again.")
        expect(empty).to_contain_text("CouchDB at factory cannot be reached")
    page.clock.fast_forward(LOOK)
    expect(page.locator(".report-head")).to_be_visible()
    with away(panel):
        for form in ("csv", "json"):
            assert panel.ask("GET", f"/api/runs?format={form}").status == 503


def test_what_a_store_says_is_in_the_pages_language(stand: Any, browse: Any) -> None:
    """A server that is away and a full disk are told to a person as whatever else hardseq says, on each page."""
    stand.configure('[frontend]\nlanguage = "de"\n')
    panel = stand.open()
    full = Reason("database_full", file="reports.sqlite3", detail="disk I/O")
    panel.session.report_store = Away(Reason("couch_away", address="factory", detail="no route"))
    page = browse(panel, "/runs/latest", strict=False)
    expect(page.locator(".empty")).to_contain_text("CouchDB auf factory ist nicht erreichbar: no route")
    panel.session.report_store = Away(full)
    panel.session.alert("sync", full)
    page.goto(f"{panel.url}/storage")
    told = "die eingebettete Datenbank reports.sqlite3 kann nicht wachsen: der Datenträger ist voll (disk I/O)"
    expect(page.locator(".storage-place .field-problem")).to_have_text(told)
    page.goto(panel.url)
    expect(page.locator(".alert")).to_contain_text(told)
    answer = panel.ask("GET", "/api/outbox").json
    assert (answer["problem"], answer["coded_reason"]) == (str(full), full.document())


@contextmanager
def away(panel: Any) -> Iterator[None]:
    """Its store does not answer, whoever asks it for runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("get", "latest"):
            patch.setattr(panel.report_store.store, name, getattr(Away(), name))
        patch.setattr(panel.session, "store", Away())
        yield


class Away:
    """A store whose server does not answer."""

    place = "CouchDB at factory"

    def __init__(self, reason: ReasonOrText = f"{place} cannot be reached") -> None:
        self.reason = reason

    def __getattr__(self, name: str) -> Any:
        def call(*_: object, **__: object) -> None:
            raise StoreUnavailable(self.reason)

        return call
