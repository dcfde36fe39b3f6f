"""A panel that other machines can reach: nobody gets in without the token."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest

from sequencer.panel.guard import AccessGuard
from sequencer.panel.server import PanelRefused
from tests.panel.live_page import started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

TOKEN = "factory-token-1"


def test_the_login_page_lets_in_who_knows_the_token(stand: Any, browse: Any) -> None:
    """A wrong token is told so; the right one opens the panel and stays known to the browser; logging out ends that."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    page = browse(panel, strict=False)
    assert page.url.endswith("/login")
    page.get_by_label("Token").fill("guessed")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("This is not the token.")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    started(page)
    page.keyboard.press("Space")
    expect(page.locator(".hero .verdict-word")).to_have_text("Pass")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert TOKEN not in cookie["value"]
    assert TOKEN not in page.content()
    page.locator(".menu-button").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login$"))


def test_a_link_leads_through_the_login_page(stand: Any, browse: Any) -> None:
    """A colleague's link shows what it means once the token is typed, and later without asking."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    page = browse(panel, "/runs?serial_number=SN%201&status=failed", strict=False)
    assert page.locator(".login.card").evaluate("card => getComputedStyle(card).borderRadius") != "0px"
    page.get_by_label("Token").fill("guessed")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{panel.url}/runs?serial_number=SN%201&status=failed")
    link = f"<a href='{panel.url}/overview'>look</a>"
    page.route("http://elsewhere.example/", lambda route: route.fulfill(content_type="text/html", body=link))
    page.goto("http://elsewhere.example/")
    page.get_by_text("look").click()
    expect(page).to_have_url(f"{panel.url}/overview")


def test_the_login_page_leads_nowhere_else(stand: Any) -> None:
    """Whatever a link says, who has typed the token stays on this panel."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for wanted, led in (
        ("/runs?status=failed", "/runs?status=failed"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ):
        connection = HTTPConnection("localhost", panel.port, timeout=30)
        connection.request("POST", f"/login?{urlencode({'next': wanted})}", f"token={TOKEN}", form)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (302, led), wanted
        connection.close()


def test_the_cookie_is_this_panels_alone(stand: Any) -> None:
    """Panels of one machine share a browser's cookies: each has another name for it; behind TLS it is for TLS."""
    names = set()
    for token in (TOKEN, "another-token"):
        stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{token}"\n')
        panel = stand.open()
        connection = HTTPConnection("localhost", panel.port, timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://localhost:{panel.port}"}
        connection.request("POST", "/login", f"token={token}", headers)
        cookie = connection.getresponse().headers["Set-Cookie"]
        connection.close()
        panel.close()
        names.add(cookie.partition("=")[0])
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert len(names) == 2


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


def test_a_page_of_before_a_restart_is_no_guess(stand: Any) -> None:
    """Who is logged in and sends the token of an earlier start is told so, as often as that happens."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    guard = AccessGuard("", login=TOKEN)
    known = {"Cookie": f"{guard.cookie_name}={guard.cookie()}"}
    for _ in range(12):
        old = panel.ask("POST", "/api/stop", {}, token=False, headers={**known, "X-Hardseq-Token": "old"})
        assert (old.status, old.json["error"]["code"]) == (403, "token")
    assert panel.ask("POST", "/api/stop", {}, headers=known).json["error"]["code"] == "not-running"


def test_guessing_at_calls_is_slowed_down(stand: Any) -> None:
    """The header is no way round the login page's patience."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    guesses = [{"X-Hardseq-Token": f"guess {number}"} for number in range(11)]
    answers = [panel.ask("GET", "/api/state", token=False, headers=headers).status for headers in guesses]
    assert answers == [403] * 10 + [429]
    assert panel.ask("GET", "/api/state").status == 429


def test_guessing_is_slowed_down(stand: Any) -> None:
    """After ten wrong tokens an address must wait, the right token included."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\ntoken = "{TOKEN}"\n')
    panel = stand.open()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [panel.ask("POST", "/login", b"token=wrong", token=False, headers=form).status for _ in range(11)]
    assert answers == [403] * 10 + [429]
    waits = panel.ask("POST", "/login", f"token={TOKEN}".encode(), token=False, headers=form)
    assert waits.status == 429 and "Wait a minute" in waits.body.decode()


@pytest.mark.parametrize(("lines", "words"), [("", "no token"), ('token = "short"\n', "too short")])
def test_another_host_without_a_good_token_is_refused(stand: Any, lines: str, words: str) -> None:
    """The start is refused rather than leaving the stand open to the network."""
    stand.configure(f'[frontend]\nhost = "0.0.0.0"\n{lines}')
    with pytest.raises(PanelRefused, match=words):
        stand.open()
