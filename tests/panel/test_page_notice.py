"""Desktop notifications: asked for once, shown once, and why there are none."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.panel.live_page import started, verdict
from tests.panel.test_page_tabs import SEEN, look

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

DESKTOP = """
window.Notification = class extends EventTarget {
  static get permission() { return localStorage.getItem("permission") ?? "default"; }
  static async requestPermission() {
    const answer = navigator.userActivation.isActive ? localStorage.getItem("answer") ?? "granted" : "denied";
    localStorage.setItem("permission", answer);
    window.desktop("asked", "", "");
    return answer;
  }
  constructor(title, options) {
    super();
    this.tag = options.tag;
    window.desktop("shown", title, options.body);
  }
  close() { window.desktop("closed", "", ""); }
};
"""
"""A browser's notifications and the person who is asked; what happens is told to the test's ``desktop``."""

ASKING = """
- record: {dut: {serial_number: "<b>SN1</b>"}}
- dialog: {text: Is the secret 4711 lit?, pass_fail: true}
"""


@pytest.fixture
def desktop() -> list[tuple[str, str, str]]:
    """What happened on the desktop."""
    return []


def opened(panel: Any, browse: Any, desktop: Any, script: str = "") -> Any:
    """A page whose notifications are the test's."""
    page = browse(panel)
    page.context.expose_function("desktop", lambda *what: desktop.append(what))
    page.context.add_init_script(SEEN + "\n" + DESKTOP + script)
    page.reload()
    return started(page)


def told(page: Any, desktop: Any, count: int) -> None:
    """Until so much has happened; the browser tells it while it is asked something."""
    deadline = time.monotonic() + 60
    while len(desktop) < count:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def switch(page: Any) -> Any:
    page.locator(".menu-button").click()
    return page.get_by_role("switch", name="Desktop notifications")


def turn_on(page: Any, desktop: Any) -> None:
    """By hand, in the menu."""
    switch(page).check()
    page.keyboard.press("Escape")
    told(page, desktop, 2)
    assert [what for what, *_ in desktop] == ["asked", "shown"]
    desktop.clear()


def test_a_run_out_of_sight_asks_and_ends_with_one_notification_each(stand: Any, browse: Any, desktop: Any) -> None:
    """However many pages there are; without what the sequence says and without markup; not for whoever looks."""
    stand.steps(ASKING)
    stand.configure('tests_name = "Board & more"\n')
    panel = stand.open()
    page = opened(panel, browse, desktop)
    turn_on(page, desktop)
    another = page.context.new_page()
    another.goto(panel.url)
    started(another)
    another.locator(".start").click()
    another.get_by_role("button", name="Pass", exact=True).click()
    expect(verdict(another)).to_have_text("Pass")
    expect(verdict(page)).to_have_text("Pass")
    page.wait_for_timeout(1000)
    assert desktop == []
    # Both follow the run, as two windows do that another program covers.
    for tab in (page, another):
        tab.evaluate("unseen = true")
    panel.wait_for("ready")
    panel.ask("POST", "/api/start", {})
    told(page, desktop, 1)
    page.wait_for_timeout(1000)
    assert desktop == [("shown", "The run waits for somebody", " b SN1 /b  · Board   more")]
    desktop.clear()
    another.get_by_role("button", name="Fail", exact=True).click()
    told(page, desktop, 2)
    page.wait_for_timeout(1000)
    assert sorted(desktop) == [("closed", "", ""), ("shown", "✕ Fail", " b SN1 /b  · Board   more")]
    assert page.evaluate("localStorage.getItem('permission')") == "granted"


def test_a_long_run_notifies_whoever_looks_in_their_language(stand: Any, browse: Any, desktop: Any) -> None:
    """Nobody watches a minute; and a page that is loaded again asks nobody again."""
    panel = stand.open()
    page = opened(panel, browse, desktop)
    turn_on(page, desktop)
    page.locator(".menu-button").click()
    page.get_by_label("Language").select_option("de")
    page.reload()
    started(page)
    page.evaluate(
        """() => {
          const parse = JSON.parse;
          JSON.parse = (text) => {
            const found = parse(text);
            if (found.run?.start_time) found.run.start_time -= 61;
            return found;
          };
        }"""
    )
    panel.run()
    told(page, desktop, 1)
    assert desktop == [("shown", "✓ Gut", "SN000042 · Board test")]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("Object.defineProperty(window, 'isSecureContext', {get: () => false})", "over https only"),
        ("delete window.Notification", "has no notifications"),
        ("localStorage.setItem('permission', 'denied')", "blocks notifications"),
    ],
)
def test_the_switch_says_why_there_are_none(stand: Any, browse: Any, desktop: Any, script: str, reason: str) -> None:
    """A page from another machine without TLS, a browser without, one that was told not to: nothing to press."""
    panel = stand.open()
    page = opened(panel, browse, desktop, script)
    toggle = switch(page)
    expect(toggle).to_be_disabled()
    expect(toggle).not_to_be_checked()
    expect(page.locator(".menu")).to_contain_text(reason)
    look(page, seen=False)
    panel.run()
    expect(verdict(page)).to_have_text("Pass")
    assert desktop == []


def test_who_says_no_is_not_asked_again(stand: Any, browse: Any, desktop: Any) -> None:
    """The switch goes back, says why, and cannot be pressed again; a phone that shows none for pages is told alike."""
    panel = stand.open()
    page = opened(panel, browse, desktop, "localStorage.setItem('answer', 'denied')")
    switch(page).click()
    expect(page.get_by_role("switch", name="Desktop notifications")).to_be_disabled()
    expect(page.locator(".menu")).to_contain_text("blocks notifications")
    assert desktop == [("asked", "", "")]
    page.evaluate(
        """() => {
          localStorage.setItem("permission", "granted");
          const Phone = function () { throw new TypeError("Illegal constructor"); };
          window.Notification = Object.assign(Phone, { permission: "granted" });
        }"""
    )
    # The menu stays open: a key in the very frame that disables the control with the focus goes nowhere.
    page.get_by_label("Language").select_option("de")
    page.get_by_label("Sprache").select_option("en")
    page.get_by_role("switch", name="Desktop notifications").click()
    expect(page.locator(".menu")).to_contain_text("has no notifications")
    assert page.evaluate("localStorage.getItem('hardseq.notices')") is None
