"""All stands of a factory on one page: a real stand, its CouchDB, the factory's service and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.factory import opened_factory
from sequencer.panel.factory_session import FactorySession
from sequencer.panel.heartbeat import heartbeat
from sequencer.panel.server import PanelServer
from sequencer.project.project_folder import open_project
from sequencer.store.base import StoreUnavailable
from sequencer.store.couchdb.factory import set_up_factory
from sequencer.store.couchdb.heartbeat import Heartbeat
from sequencer.store.open import open_heartbeat
from sequencer.store.stands import StandNow
from tests.panel.axe import violations
from tests.panel.conftest import Answer, Panel
from tests.store.conftest import Server, run_server

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

CONFIGURATION = """
[database]
url = "{url}"
name = "factory"
user = "{user}"
password = "{password}"
[stand]
name = "ICT"
number = 7
"""


@pytest.fixture(scope="module")
def central() -> Iterator[Server]:
    """The factory's CouchDB, with an account that only reads."""
    with run_server() as server:
        couch = server.connect()
        set_up_factory(couch, "factory", [], ["reader"], lambda: "reader-password")
        couch.close()
        yield server


class Factory:
    """The factory's service, as ``hardseq factory`` opens it."""

    def __init__(self, folder: Path, central: Server) -> None:
        text = CONFIGURATION.format(url=central.url, user="reader", password="reader-password")
        (folder / "hardseq.toml").write_text(text)
        self.told: list[str] = []
        self._opened = ExitStack()
        self.session = self._opened.enter_context(opened_factory(open_project(folder), self.told.append))
        self.server = PanelServer(self.session, "localhost", 0)
        self._opened.callback(self.server.close)
        self.session.open()
        self.server.start()
        self.url = f"http://localhost:{self.server.port}"

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Like that of a panel."""
        return Panel.ask(self, method, path, body)  # type: ignore[arg-type]

    def close(self) -> None:
        """Ends it."""
        self._opened.close()


@pytest.fixture
def factory(tmp_path_factory: pytest.TempPathFactory, central: Server) -> Iterator[Factory]:
    """A factory's service."""
    served = Factory(tmp_path_factory.mktemp("factory"), central)
    yield served
    served.close()


@pytest.fixture
def ict(stand: Any, central: Server) -> Panel:
    """The panel of a stand whose reports go there."""
    stand.configure(CONFIGURATION.format(url=central.url, user=central.user, password=central.password))
    panel: Panel = stand.open()
    return panel


def beating(panel: Panel) -> Heartbeat:
    """What tells the factory of the stand, as ``hardseq panel`` starts it."""
    stand = panel.project.settings.stand.recorded()
    found = open_heartbeat(panel.project.settings, panel.report_store.store, lambda: heartbeat(panel.session, stand))
    assert found is not None
    found.start()
    assert found.written.wait(60)
    return found


def test_the_factory_sees_what_its_stands_do(ict: Panel, factory: Factory, browse: Any) -> None:
    """A stand is there while nothing runs and when its panel ends, without reloading; its runs are only read."""
    ict.wait_for("ready")
    beat = beating(ict)
    page = browse(factory, "/")
    card = page.locator(".stand[data-stand='ICT #7']")
    expect(card.locator(".chip")).to_have_text("Idle")
    report = ict.run(params={})
    assert page.url == f"{factory.url}/stands"
    expect(page.locator(".nav-link[aria-current=page]")).to_have_text("Stands")
    expect(page.locator(".nav-link", has_text="Live")).to_have_count(0)
    assert violations(page) == []
    (row,) = factory.ask("GET", "/api/stands").json["stands"]
    assert (row["name"], row["number"], row["sequence"], row["waiting"]) == ("ICT", "7", report["sequence"]["name"], 0)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    beat.close(60)
    expect(card.locator(".chip")).to_have_text("Off")
    expect(card.locator(".stand-warnings")).to_contain_text("Last heard")

    run = f"/api/runs/{report['id']}"
    assert factory.ask("GET", run).json["id"] == report["id"]
    for path in ("/api/start", "/api/stop", f"{run}/notes", "/api/sync"):
        assert factory.ask("POST", path, {}).status in (404, 405), path
    paths = factory.ask("GET", "/api/openapi.json").json["paths"]
    assert {path for path, methods in paths.items() if "post" in methods} == {
        "/api/user/active",
        "/api/figures/rebuild",
        "/api/alarms/{alarm}/acknowledge",
    }
    figures = factory.ask("GET", "/api/figures/yield?by=stand").json
    assert [(row["by"], row["runs"], row["passed"]) for row in figures["rows"]] == [({"stand": "ICT"}, 1, 1)]
    assert factory.ask("GET", "/healthz").json["state"] == "watching"
    page.goto(f"{factory.url}/runs/{report['id']}")
    expect(page.locator(".report-head")).to_be_visible()
    expect(page.locator(".note-form")).to_have_count(0)


class Coming:
    """Stands whose server is away at first."""

    def __init__(self) -> None:
        self.away = True

    def look(self, now: float) -> list[StandNow]:
        """Nobody there, then nobody of them."""
        if self.away:
            raise StoreUnavailable("CouchDB at central: nobody there")
        return []


def test_a_server_that_is_away_is_waited_for(factory: Factory) -> None:
    """It is said once to whoever started it, on every page while it is so, and that it answers again."""
    watched, told = Coming(), list[str]()
    kept = factory.session
    session = FactorySession(
        watched=watched,
        tell=told.append,
        store=kept.store,
        report_store=kept.report_store,
        folder=kept.folder,
        settings=kept.settings,
    )
    session.look()
    session.look()
    assert session.live.look(lambda _, shown: shown["alerts"]) != []
    watched.away = False
    session.look()
    assert session.live.look(lambda _, shown: shown["alerts"]) == []
    assert len(told) == 2
    assert "waiting for it" in told[0]
    assert "answers again" in told[1]
    session.close()
