"""What is not every operator's to do is logged before it is done; the log is on a page, in files and over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sequencer.panel.assets import STATIC
from sequencer.project.action_log import ActionLog
from sequencer.store.base import StoreUnavailable
from tests.panel.live_page import started
from tests.panel.staff import as_user

expect = pytest.importorskip("playwright.sync_api").expect

TEXTS = json.loads((STATIC / "translations/en.json").read_text("utf-8"))
ACTION_TEXTS = {text for name, text in TEXTS.items() if name.startswith("action.")}


def actions(panel: Any, name: str = "Max", **more: Any) -> Any:
    return panel.ask("GET", "/api/log", token=False, headers=as_user(name), **more).json["actions"]


@pytest.mark.slow
def test_what_is_an_engineers_is_logged(staffed: Any) -> None:
    """Who, when, what, why and what came of it; also what was refused; what is an operator's is not, nor is a look."""
    panel = staffed.open()
    panel.wait_for("ready")

    def ask(name: str, path: str, body: dict[str, Any]) -> Any:
        return panel.ask("POST", path, body, token=False, headers=as_user(name))

    assert ask("Oda", "/api/start", {"only": ["main"], "why": "curious"}).status == 403
    assert ask("Eve", "/api/start", {"only": ["nowhere"]}).status == 422
    run = ask("Eve", "/api/start", {"only": ["rails"], "why": "the 5 V rail only"}).json["run"]
    panel.wait_for_runs(1)
    panel.wait_for("ready")
    assert ask("Oda", "/api/start", {}).status == 200
    panel.wait_for_runs(2)
    assert ask("Eve", "/api/sync", {"why": "x" * 501}).status == 400
    assert ask("Max", "/api/sync", {}).status == 200
    assert panel.ask("POST", "/api/sync", {}, token=False).status == 403
    found = actions(panel)
    assert [(one["user"], one["role"], one["action"], one["why"], one["outcome"], one["result"]) for one in found] == [
        ("Max", "manager", "sync", None, "done", None),
        ("Eve", "engineer", "start", "the 5 V rail only", "done", run),
        ("Eve", "engineer", "start", None, "refused", "invalid"),
        ("Oda", "operator", "start", "curious", "refused", "role-needed"),
    ]
    assert found[1]["details"] == {"only": ["rails"]}
    assert found[1]["source"] == "panel, 127.0.0.1"
    text = (staffed.folder / ".hardseq" / "actions.jsonl").read_text()
    assert not [secret for secret in ("-token", "-pin", panel.session.token) if secret in text]
    assert panel.ask("GET", "/api/log", token=False, headers=as_user("Oda")).status == 403


def test_nothing_is_done_that_cannot_be_logged(staffed: Any) -> None:
    """Where the log cannot be written an engineer's action is refused, and an operator's run goes on as ever."""
    panel = staffed.open()
    panel.wait_for("ready")
    (staffed.folder / ".hardseq" / "actions.jsonl").mkdir()
    refused = panel.ask("POST", "/api/start", {"only": ["rails"]}, token=False, headers=as_user("Eve"))
    assert (refused.status, refused.json["error"]["coded_reason"]["code"]) == (503, "log_unwritable")
    assert panel.session.state == "ready"
    assert panel.ask("POST", "/api/start", {}, token=False, headers=as_user("Oda")).status == 200
    panel.wait_for_runs(1)


def test_the_log_reaches_the_store_by_itself_once_that_is_back(staffed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to look for it; while the store is away the page says so."""
    from sequencer.panel import report_keeping

    monkeypatch.setattr(report_keeping, "STORAGE_SECONDS", 0.05)
    monkeypatch.setattr(report_keeping, "ADDITIONS_SECONDS", 0.05)
    panel = staffed.open()
    panel.wait_for("ready")
    store = panel.report_store.store

    def away(_: object) -> None:
        raise StoreUnavailable("the database is locked")

    store.add_to_log = away
    assert panel.ask("POST", "/api/sync", {}, token=False, headers=as_user("Eve")).status == 200
    answer = panel.ask("GET", "/api/log", token=False, headers=as_user("Eve"))
    assert (answer.status, answer.json["error"]["code"]) == (503, "store-unavailable")
    del store.add_to_log
    panel.wait_until(lambda: len(store.log().entries) == 1)


def test_the_log_is_a_page_for_those_who_may_see_it(staffed: Any, browse: Any) -> None:
    """An engineer finds it in the navigation, reads it page by page and saves it; an operator has neither."""
    panel = staffed.open()
    panel.wait_for("ready")
    log = ActionLog(staffed.folder / ".hardseq" / "actions.jsonl", "Bench 3")
    for number in range(60):
        with log.action("users change", source="command line, ann@bench-3", details={"name": f"<b>{number}</b>"}):
            pass
    run = panel.ask("POST", "/api/start", {"only": ["rails"], "why": "only this"}, token=False, headers=as_user("Eve"))
    panel.wait_for_runs(1)
    page = browse(panel, "/login", strict=False)
    page.get_by_label("Badge").fill("Oda-badge")
    page.keyboard.press("Enter")
    expect(page.locator(".person")).to_contain_text("Oda")
    expect(page.get_by_role("link", name="Log", exact=True)).to_be_hidden()
    page.goto(panel.url + "/log")
    expect(page.locator("main").get_by_role("status")).to_contain_text("needs the role Engineer")
    other = browse(panel, "/login", strict=False)
    other.get_by_label("Badge").fill("Eve-badge")
    other.keyboard.press("Enter")
    other.get_by_role("link", name="Log", exact=True).click()
    expect(other).to_have_title(re.compile("^Log · "))
    rows = other.locator(".log tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("Eve")
    expect(rows.first).to_contain_text("Start with chosen cases")
    expect(rows.first).to_contain_text("only this")
    expect(rows.nth(1)).to_contain_text("<b>59</b>")
    other.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(61)
    with other.expect_download() as saved:
        other.get_by_role("link", name="JSON").click()
    found = json.loads(saved.value.path().read_text())
    assert (len(found["actions"]), found["actions"][0]["result"]) == (61, run.json["run"])
    other.set_viewport_size({"width": 360, "height": 740})
    assert other.evaluate("document.documentElement.scrollWidth") <= 360
    rows.first.get_by_role("link").click()
    expect(other.locator(".report-head")).to_be_visible()


def test_who_sends_says_why_and_the_log_is_narrowed_to_that(staffed: Any, browse: Any, free_port: int) -> None:
    """Beside the button of the storage page is a field for the reason; the log is filtered by who and by what."""
    staffed.configure(f'[stand_cloud]\naddress = "http://127.0.0.1:{free_port}"\napi_key = "k"\nautosync = true\n')
    panel = staffed.open()
    panel.wait_for("ready")
    log = ActionLog(staffed.folder / ".hardseq" / "actions.jsonl")
    for name in ("Eve", "Max"):
        with log.action("users change", source="command line", user=name):
            pass
    page = browse(panel, "/login?next=/storage", strict=False)
    page.get_by_label("Badge").fill("Eve-badge")
    page.keyboard.press("Enter")
    why = page.get_by_label("Why (for the log)")
    why.fill("the network is back")
    page.get_by_role("button", name="Try again now").click()
    expect(why).to_have_value("")
    (sent,) = (one for one in actions(panel) if one["action"] == "sync")
    assert (sent["user"], sent["why"]) == ("Eve", "the network is back")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Log", exact=True).click()
    rows = page.locator(".log tbody tr")
    expect(rows).to_have_count(3)
    what = page.get_by_label("What")
    assert actions_of(what) == ACTION_TEXTS
    page.get_by_label("Who").fill("eve")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    what.select_option(label="Send what waits")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("the network is back")
    csv = page.get_by_role("link", name="CSV").get_attribute("href")
    answer = panel.ask("GET", csv, token=False, headers=as_user("Eve"))
    assert (answer.status, answer.body.count(b"\n")) == (200, 2)
    page.get_by_label("Who").fill("Oda")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(0)
    expect(page.locator("main .empty")).to_have_text("No actions match.")


def actions_of(select: Any) -> set[str]:
    """What can be chosen, but for any."""
    return set(select.locator("option").all_text_contents()[1:])


def test_who_chooses_cases_can_say_why_on_the_page(staffed: Any, browse: Any) -> None:
    """Beside the choice is a field for it, and what is typed there starts nothing; the log has it."""
    staffed.configure("[frontend]\nmanual_collect = true\n")
    panel = staffed.open()
    page = browse(panel, "/login", strict=False)
    page.get_by_label("Badge").fill("Eve-badge")
    page.keyboard.press("Enter")
    started(page)
    why = page.get_by_label("Why only these")
    expect(why).to_be_hidden()
    page.get_by_role("button", name="Choose cases").click()
    page.locator(".case .tick input").first.uncheck()
    why.fill("only the second rail")
    why.press("Space")
    assert panel.session.state == "ready"
    page.locator(".start").click()
    panel.wait_for_runs(1)
    (entry,) = actions(panel)
    assert (entry["why"], entry["user"]) == ("only the second rail", "Eve")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
