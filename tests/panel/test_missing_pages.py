"""Addresses at which nothing is: a page for a browser, JSON for a program."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from tests.panel.live_page import started

expect = pytest.importorskip("playwright.sync_api").expect

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def panel(shared_stand: Any) -> Any:
    """A panel that nobody changes."""
    return shared_stand.open()


@pytest.mark.parametrize("path", ["/nonsense", "/runs/a/b", "/Runs", "/logout"])
def test_who_asks_decides_what_an_unknown_address_says(panel: Any, path: str) -> None:
    """The status is the same for both; a page only for who prefers one."""
    page = panel.ask("GET", path, headers=BROWSER)
    assert page.headers["Content-Type"].startswith("text/html")
    assert b'<div id="app">' in page.body
    for accept in ("application/json", "*/*", "application/json, text/html;q=0.5"):
        answer = panel.ask("GET", path, headers={"Accept": accept})
        assert answer.status == page.status
        assert answer.json["error"]["code"] in ("not-found", "method-not-allowed")
    assert page.status == (405 if path == "/logout" else 404)


@pytest.mark.parametrize("path", ["/api/nonsense", "/static/nonsense", "/static/v-0/nonsense"])
def test_no_page_is_where_programs_ask_and_where_everybody_may(panel: Any, path: str) -> None:
    """What is open to all may not hold the page's token; a program's addresses speak JSON whatever it accepts."""
    answer = panel.ask("GET", path, headers=BROWSER)
    assert (answer.status, answer.json["error"]["code"]) == (404, "not-found")


def test_only_who_is_logged_in_sees_that_there_is_no_page(stand: Any) -> None:
    """The others are led to the login page, as everywhere; the token in the page is not for them."""
    stand.configure('[frontend]\nhost = "0.0.0.0"\ntoken = "long enough"\n')
    panel = stand.open()
    answer = panel.ask("GET", "/nonsense", token=False, headers=BROWSER)
    assert b"data-token" not in answer.body


def test_the_panel_can_be_installed_as_an_application(panel: Any, stand: Any) -> None:
    """The manifest names icons that are there, in the sizes it says; both are also for who is not logged in."""
    answer = panel.ask("GET", "/manifest.webmanifest", token=False)
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    described = answer.json
    assert (described["start_url"], described["display"]) == ("/", "standalone")
    assert {icon["sizes"] for icon in described["icons"]} == {"192x192", "512x512"}
    assert {icon["purpose"] for icon in described["icons"]} == {"any", "maskable"}
    for icon in described["icons"]:
        picture = panel.ask("GET", icon["src"]).body
        assert picture.startswith(b"\x89PNG")
        assert "{}x{}".format(*struct.unpack(">II", picture[16:24])) == icon["sizes"]
    page = panel.ask("GET", "/").body.decode()
    assert 'rel="manifest" href="/manifest.webmanifest"' in page
    stand.configure('tests_name = "Linie 2"\n[frontend]\nhost = "0.0.0.0"\ntoken = "long enough"\n')
    remote = stand.open()
    assert remote.ask("GET", "/manifest.webmanifest", token=False).json["name"] == "Linie 2"
    for accept in ("text/html", "image/*"):
        icon = remote.ask("GET", "/favicon.ico", token=False, headers={"Accept": accept})
        assert (icon.status, icon.headers["Content-Type"], icon.body[:4]) == (200, "image/png", b"\x89PNG")


@pytest.mark.slow
def test_a_browser_gets_a_page_in_its_language(panel: Any, browse: Any) -> None:
    """With the header, the state of the stand and a way on; a slash too many at the end leads to the page meant."""
    page = browse(panel, "/nonsense", strict=False)
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page).to_have_title("There is no such page")
    expect(page.locator("main")).to_contain_text("/nonsense")
    page.get_by_role("button", name="Menu").click()
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", name="Diese Seite gibt es nicht")).to_be_visible()
    page.get_by_role("link", name="Zur Live-Seite").click()
    started(page)
    page.goto(f"{panel.url}/overview/?since=all")
    expect(page.locator("main h1")).to_have_text("Übersicht")
    assert page.url == f"{panel.url}/overview?since=all"
