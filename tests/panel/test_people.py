"""People log in, and each may do what their role says: in a browser, and over HTTP."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from sequencer.panel import broadcast
from sequencer.panel.app import ROUTES
from sequencer.panel.guard import AccessGuard
from sequencer.panel.people import People
from sequencer.panel.refusals import ApiError
from sequencer.panel.server import PanelRefused
from sequencer.project.users import ROLES, User, UsersFile
from tests.panel.live_page import started, verdict
from tests.panel.staff import as_user

expect = pytest.importorskip("playwright.sync_api").expect
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
RIGHTS = ("anyone", "look", *ROLES)


CALLS = {
    "/api/start": {"params": {"none": 1}},
    "/api/choice": {"name": "none"},
    "/api/dialogs/<dialog>": {"result": "confirm"},
}
"""Bodies with which a call does nothing that lasts."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [None, "Oda", "Eve", "Max"])
def test_each_call_is_for_those_who_have_its_right(staffed: Any, name: str | None) -> None:
    """Whoever has the right gets an answer of the call, whoever has not is refused before it does anything."""
    panel = staffed.open()
    panel.wait_for("ready")
    has = "look" if name is None else {"Oda": "operator", "Eve": "engineer", "Max": "manager"}[name]
    page_token = re.search('data-token="([^"]+)"', panel.ask("GET", "/", token=False).body.decode())
    assert page_token is not None
    headers = {"X-Hardseq-Token": page_token[1]} if name is None else as_user(name)
    for route in ROUTES:
        if route.path == "/api/events":
            continue  # never ends; `look`, as the state is
        path = re.sub("<[^>]+>", "none", route.path)
        body = None if route.method == "GET" else CALLS.get(route.path, {})
        answer = panel.ask(route.method, path, body, token=False, headers=headers)
        code = answer.json.get("error", {}).get("code") if answer.status >= 400 else None
        refused = {"look": "login-needed"}.get(has, "role-needed")
        allowed = RIGHTS.index(has) >= RIGHTS.index(route.right)
        assert (code not in ("login-needed", "role-needed", "token")) if allowed else (code == refused), route
    assert [route.path for route in ROUTES if route.method != "GET" and route.right not in ROLES] == []


def test_the_page_gives_nobody_a_right(staffed: Any) -> None:
    """What a page holds starts nothing without a user; choosing cases is an engineer's, however it is asked for."""
    panel = staffed.open()
    panel.wait_for("ready")
    page = panel.ask("GET", "/", token=False).body.decode()
    assert panel.session.token not in page
    choices: list[dict[str, Any]] = [
        {"only": ["rails"]},
        {"tags": ["quick"]},
        {"only": []},
        {"tags": []},
        {"only": None, "tags": "x"},
    ]
    for chosen in choices:
        operator = panel.ask("POST", "/api/start", chosen, token=False, headers=as_user("Oda"))
        assert (operator.status, operator.json["error"]["coded_reason"]) == (
            403,
            {"code": "role_needed", "parameters": {"role": "engineer"}},
        ), chosen
    assert panel.ask("POST", "/api/start", {}, token=False).json["error"]["code"] == "token"
    wrong = panel.ask("POST", "/api/start", {}, token=False, headers=as_user("Tim"))
    assert (wrong.status, wrong.json["error"]["code"]) == (403, "token")
    report = panel.run(user="Max")
    assert report["user"] is None, "a program of this machine is none of the users, whatever it says"
    assert panel.ask("GET", "/api/user", token=False, headers=as_user("Eve")).json["name"] == "Eve"


def test_the_user_of_a_run_is_who_is_logged_in(staffed: Any) -> None:
    """Whatever the request says: the report has the name of the user whose token or session it came with."""
    panel = staffed.open()
    panel.wait_for("ready")
    answer = panel.ask("POST", "/api/start", {"user": "Max"}, token=False, headers=as_user("Oda"))
    assert answer.status == 200
    panel.wait_for_runs(1)
    assert panel.last()["user"] == "Oda"


def test_a_panel_with_users_on_the_network_needs_no_shared_token(staffed: Any) -> None:
    """Other machines see nothing without a user; the shared token, where there is one, shows and does nothing more."""
    staffed.configure('[frontend]\nhost = "0.0.0.0"\ntoken = "factory-token-1"\n')
    panel = staffed.open()
    assert panel.ask("GET", "/api/state", token=False).json["error"]["code"] == "login-needed"
    assert panel.ask("GET", "/api/state", token=False, headers=as_user("Oda")).status == 200
    shared = {"X-Hardseq-Token": "factory-token-1"}
    assert panel.ask("GET", "/api/state", token=False, headers=shared).status == 200
    assert panel.ask("POST", "/api/stop", {}, token=False, headers=shared).json["error"]["code"] == "login-needed"
    login = panel.ask("GET", "/login", token=False).body.decode()
    assert "Oda" not in login, "who works here is nothing for the network"
    panel.close()
    staffed.configure('[frontend]\nhost = "0.0.0.0"\n')
    assert staffed.open().ask("GET", "/api/user", token=False, headers=as_user("Max")).json["role"] == "manager"


def test_users_that_cannot_be_read_let_nobody_in(staffed: Any) -> None:
    """A file that is damaged or gone while the panel runs ends every session; it does not end the need for one."""
    panel = staffed.open()
    panel.wait_for("ready")
    path = staffed.folder / "users.toml"
    path.write_text("users = 1")
    answer = panel.ask("POST", "/api/start", {}, token=False, headers=as_user("Max"))
    assert (answer.status, answer.json["error"]["code"]) == (503, "users-unusable")
    assert panel.ask("POST", "/login", b"name=Max&pin=Max-pin", token=False, headers=FORM).status == 503
    path.unlink()
    assert panel.ask("POST", "/api/start", {}, token=False, headers=as_user("Max")).status == 503
    panel.close()
    staffed.configure('[frontend]\nhost = "0.0.0.0"\n')
    with pytest.raises(PanelRefused, match="users"):
        staffed.open()


def test_guessing_a_pin_is_slowed_down(staffed: Any) -> None:
    """Ten wrong PINs within a minute and nobody from there gets in, with the right one neither."""
    panel = staffed.open()
    guesses = [
        panel.ask("POST", "/login", f"name=Oda&pin={number:04}".encode(), token=False, headers=FORM).status
        for number in range(11)
    ]
    assert guesses == [403] * 10 + [429]
    assert panel.ask("POST", "/login", b"name=Oda&pin=Oda-pin", token=False, headers=FORM).status == 429


def test_guesses_at_once_are_no_more_than_guesses(tmp_path: Path) -> None:
    """Of forty wrong PINs at once ten are looked at, the others wait and are refused; right ones do not count."""
    tried = []

    class Slow(People):
        def who(self, *, badge: str, name: str, pin: str) -> User | None:
            tried.append(pin)
            time.sleep(0.05)
            return User(name, "operator") if pin == "right" else None

    def guess(pin: str, address: str) -> str:
        try:
            return "in" if guard.user(badge="", name="Oda", pin=pin, address=address) else "wrong"
        except ApiError as error:
            return error.code

    guard = AccessGuard("token", people=Slow(UsersFile(tmp_path / "users.toml")))
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda number: guess(str(number), "10.0.0.1"), range(40)))
        assert Counter(answers) == {"wrong": 10, "too-many-tries": 30}
        assert len(tried) == 10
        honest = list(threads.map(lambda _: guess("right", "10.0.0.2"), range(40)))
    assert honest == ["in"] * 40


def test_an_open_stream_ends_with_the_session(staffed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever logs out, or is removed, gets nothing more of what goes on; who stays goes on reading."""
    monkeypatch.setattr(broadcast, "ASK_SECONDS", 0.0)
    staffed.configure('[frontend]\nhost = "0.0.0.0"\n')
    panel = staffed.open()
    panel.wait_for("ready")
    with ExitStack() as opened:

        def ask(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> HTTPResponse:
            connection = opened.enter_context(closing(HTTPConnection("localhost", panel.port, timeout=20)))
            connection.request(method, path, body, headers)
            return opened.enter_context(closing(connection.getresponse()))

        login = ask("POST", "/login", b"name=Oda&pin=Oda-pin", FORM)
        cookie = {"Cookie": login.headers["Set-Cookie"].partition(";")[0]}
        oda, eve, maximilian = streams = [
            ask("GET", "/api/events", None, who) for who in (cookie, as_user("Eve"), as_user("Max"))
        ]
        for stream in streams:
            assert any(line.startswith(b"event: snapshot") for line in iter(stream.readline, b""))
        page_token = re.search('data-token="([^"]+)"', ask("GET", "/", None, cookie).read().decode())
        assert page_token is not None
        ask("POST", "/logout", b"", {**cookie, "X-Hardseq-Token": page_token[1]})
        panel.session.alert("test", "after Oda left")
        assert b"after Oda left" not in oda.read()
        UsersFile(staffed.folder / "users.toml").change(lambda found: found.without("Eve"))
        panel.session.alert("test", "after Eve left")
        seen = eve.read()
        assert b"after Oda left" in seen and b"after Eve left" not in seen
        assert any(b"after Eve left" in line for line in maximilian)


def test_a_session_ends_with_time_and_with_its_user(staffed: Any) -> None:
    """After the idle time, after another PIN or role, and after the user is removed; each alone, the other goes on."""
    now = [0.0]
    file = UsersFile(staffed.folder / "users.toml")
    people = People(file, idle=60.0, clock=lambda: now[0])
    oda, eve = (people.who(badge="", name=name, pin=f"{name}-pin") for name in ("Oda", "Eve"))
    assert oda is not None and eve is not None
    first, second = people.log_in(oda, ""), people.log_in(eve, "")
    now[0] = 59.0
    assert people.logged_in(first, active=True) and people.logged_in(second, active=False)
    now[0] = 61.0
    assert people.logged_in(first, active=False) and people.logged_in(second, active=False) is None
    file.change(lambda found: found.put(User("Oda", "manager", oda.pin, oda.badge, oda.token)))
    assert people.logged_in(first, active=True) is None
    tim = people.who(badge="", name="Tim", pin="")
    assert tim is None
    assert People(file, without_pin=True).who(badge="", name="Tim", pin="") == User("Tim", "operator")
    assert People(file, without_pin=True).who(badge="", name="Oda", pin="") is None
    file.change(lambda found: found.put(User("Ned", "engineer")))
    assert People(file, without_pin=True).who(badge="", name="Ned", pin="") is None


def test_a_page_that_only_looks_keeps_nobody_logged_in(staffed: Any) -> None:
    """Pages ask by themselves all the time; only what somebody does counts as work."""
    now = [0.0]
    people = People(UsersFile(staffed.folder / "users.toml"), idle=60.0, clock=lambda: now[0])
    eve = people.who(badge="", name="Eve", pin="Eve-pin")
    assert eve is not None
    guard = AccessGuard("token", people=people)
    sent = {"Cookie": f"{people.cookie_name}={people.log_in(eve, '')}", "X-Hardseq-Token": guard.page_token}

    def after(seconds: float, method: str) -> str | None:
        now[0] += seconds
        return guard.check(
            Request(EnvironBuilder("/api/user", method=method, headers=[*sent.items()]).get_environ())
        ).name

    assert [after(40.0, "POST"), after(40.0, "GET"), after(30.0, "GET")] == ["Eve", "Eve", None]


@pytest.mark.slow
def test_people_log_in_work_and_change(staffed: Any, browse: Any) -> None:
    """Start leads to the login page; a badge or a PIN lets in; the page shows who works and hides what is not theirs.

    Two browsers have two users."""
    staffed.configure("[frontend]\nmanual_collect = true\n")
    panel = staffed.open()
    page = browse(panel, strict=False)
    started(page)
    expect(page.locator(".start")).to_contain_text("Log in")
    expect(page.locator(".person")).to_have_text("Log in")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"/login\?next=%2F$"))
    page.get_by_label("Badge").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Nobody has this badge or this PIN.")
    expect(page.get_by_label("Badge")).to_be_focused()
    page.keyboard.type("Oda-badge")
    page.keyboard.press("Enter")
    started(page)
    expect(page.locator(".person")).to_contain_text("Oda Operator")
    expect(page.get_by_role("button", name="Choose cases")).to_be_hidden()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    page.keyboard.press("Space")
    expect(verdict(page)).to_have_text("Pass")
    panel.wait_for_runs(1)
    assert panel.last()["user"] == "Oda"
    other = browse(panel, "/login", strict=False)
    other.get_by_label("Name").select_option("Eve")
    other.get_by_label("PIN").fill("Eve-pin")
    other.keyboard.press("Enter")
    expect(other.locator(".person")).to_contain_text("Eve Engineer")
    expect(page.locator(".person")).to_contain_text("Oda")
    page.locator(".menu-button").click()
    expect(page.get_by_label("Operator")).to_have_count(0)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Badge")).to_be_focused()
    other.reload()
    expect(other.locator(".person")).to_contain_text("Eve")


@pytest.mark.slow
def test_idle_time_logs_out_and_the_run_goes_on(staffed: Any, browse: Any) -> None:
    """Nobody at work is nobody logged in: the page says so by itself, and the run that is going on is not touched."""
    from tests.panel.sequences import WAITING

    staffed.configure("[frontend]\nlogout_after = 0.05\n")
    staffed.sequence("board", WAITING)
    panel = staffed.open()
    page = browse(panel, "/login", strict=False)
    page.get_by_label("Badge").fill("Oda-badge")
    page.keyboard.press("Enter")
    started(page)
    page.keyboard.press("Space")
    panel.wait_for("running")
    expect(page.locator(".person")).to_have_text("Log in")
    assert panel.session.state == "running"
    panel.go()
    panel.wait_for_runs(1)
    assert panel.last()["status"] == "passed"
