"""A panel that other machines can reach: nobody gets in without the token."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sequencer.panel.server import PanelRefused

expect = pytest.importorskip("playwright.sync_api").expect

TOKEN = "factory-token-1"


def test_the_login_page_lets_in_who_knows_the_token(stand: Any, browse: Any) -> None:
    """A wrong token is told so; the right one opens the panel and stays known to the browser; logging out ends that."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    page = browse(panel, "/runs", strict=False)
    assert page.url.endswith("/login")
    page.get_by_label("Token").fill("guessed")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("This is not the token.")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".start")).to_be_enabled(timeout=30_000)
    page.keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert TOKEN not in cookie["value"]
    assert TOKEN not in page.content()
    page.locator(".menu-button").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login$"))


def test_without_login_nothing_is_answered(stand: Any) -> None:
    """Pages lead to the login page, calls get 401; health and the login page's own files are open."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    for path in ("/api/state", "/api/events", "/api/runs", "/api/runs/latest", "/api/outbox", "/api/openapi.json"):
        assert panel.ask("GET", path, token=False).json["error"]["code"] == "login-needed"
    assert panel.ask("POST", "/api/start", {}, token=False).status == 401
    assert panel.ask("GET", "/healthz", token=False).status == 200
    assert panel.ask("GET", "/static/css/base.css", token=False).status == 200
    assert panel.ask("GET", "/api/state", token=False, headers={"X-Hardseq-Token": TOKEN}).status == 200
    assert panel.ask("GET", "/api/state").status == 200


def test_guessing_is_slowed_down(stand: Any) -> None:
    """After ten wrong tokens an address must wait, the right token included."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [panel.ask("POST", "/login", b"token=wrong", token=False, headers=form).status for _ in range(11)]
    assert answers == [403] * 10 + [429]
    assert panel.ask("POST", "/login", f"token={TOKEN}".encode(), token=False, headers=form).status == 429


@pytest.mark.parametrize(("lines", "words"), [("", "no token"), ('token = "short"\n', "too short")])
def test_another_host_without_a_good_token_is_refused(stand: Any, lines: str, words: str) -> None:
    """The start is refused rather than leaving the stand open to the network."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\n{lines}')
    with pytest.raises(PanelRefused, match=words):
        stand.open()
