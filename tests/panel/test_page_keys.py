"""The panel by keyboard: rows are one stop for the Tab key."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.panel.live_page import row, started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Board
modules:
  first:
    name: First
    cases:
      a: {name: A, steps: [{check: 1 == 1}]}
      b: {name: B, steps: [{check: 1 == 2}]}
  second:
    name: Second
    cases:
      c: {name: C, steps: [{check: 1 == 1}]}
      d: {name: D, steps: [{check: 1 == 1}]}
"""
STOPS = """(selector) => [...document.querySelectorAll(selector)]
    .filter((one) => one.tabIndex >= 0 && one.checkVisibility())
    .map((one) => one.closest(".case")?.dataset.name ?? one.closest("tr, .case").innerText.split("\\n")[0])"""


def stops(page: Any, selector: str = ".case > .case-head, .case > .tick input") -> list[str]:
    """The rows at which the Tab key stops."""
    found: list[str] = page.evaluate(STOPS, selector)
    return found


def head(page: Any, name: str) -> Any:
    """What opens a case."""
    return row(page, name).locator(".case-head")


def test_rows_are_one_stop_and_arrows_go_between_them(stand: Any, browse: Any) -> None:
    """On the live page, also while cases are chosen and filtered, on the page of a run, and in the list of runs."""
    stand.configure("[frontend]\nmanual_collect = true\n")
    stand.sequence("board", SEQUENCE)
    panel = stand.open()
    for _ in range(2):
        panel.run()
    page = started(browse(panel))
    expect(head(page, "first::a")).to_be_visible()
    assert stops(page) == ["first::a"]
    head(page, "first::a").focus()
    for key, there in (
        ("ArrowDown", "first::b"),
        ("ArrowDown", "second::c"),
        ("ArrowUp", "first::b"),
        ("End", "second::d"),
        ("ArrowDown", "second::d"),
        ("Home", "first::a"),
    ):
        page.keyboard.press(key)
        expect(head(page, there)).to_be_focused()
        assert stops(page) == [there]
    page.keyboard.press("Enter")
    expect(row(page, "first::a").locator(".case-details")).to_be_visible()
    page.keyboard.press("Enter")
    # The row that the Tab key leads to is always one that is there.
    page.locator("[data-filter=failed]").click()
    assert stops(page) == ["first::b"]
    page.locator("[data-filter=all]").click()
    page.get_by_role("button", name="Choose cases").click()
    assert stops(page) == ["first::b"]
    head(page, "first::b").focus()
    page.keyboard.press("ArrowLeft")
    tick = row(page, "first::b").get_by_role("checkbox")
    expect(tick).to_be_focused()
    page.keyboard.press("Space")
    expect(tick).not_to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(row(page, "second::c").get_by_role("checkbox")).to_be_focused()
    assert stops(page) == ["second::c"]

    page.goto(panel.url + "/runs/latest")
    heads = page.locator(".case-head")
    expect(heads).to_have_count(4)
    assert len(stops(page)) == 1
    heads.first.focus()
    page.keyboard.press("End")
    expect(heads.last).to_be_focused()

    page.goto(panel.url + "/runs")
    links = page.locator(".runs .row-link")
    expect(links).to_have_count(2)
    assert len(stops(page, ".runs a")) == 1
    expect(links.first).to_have_accessible_name(re.compile("failed$"))
    links.first.focus()
    page.keyboard.press("ArrowDown")
    expect(links.last).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".report-head")).to_be_visible()


EARLY = """
() => new MutationObserver((_, watcher) => {
  const dialog = document.querySelector("dialog.dialog");
  if (!dialog) return;
  watcher.disconnect();
  dialog.dispatchEvent(new KeyboardEvent("keydown", { key: "p", code: "KeyP", bubbles: true }));
}).observe(document.body, { childList: true })
"""
PASS_FAIL = """
- dialog: {title: Does it light?, pass_fail: true}
- dialog: {title: Colour?, type: radio, choices: [red, green], pass_fail: true}
- dialog: {title: Label?, type: text, pass_fail: true}
- dialog: {title: Clean?, pass_fail: true}
"""


def test_p_and_f_are_pass_and_fail(stand: Any, browse: Any) -> None:
    """One letter that nothing follows, once the buttons can be pressed: a scan, a field, a held key answer nothing."""
    stand.steps(PASS_FAIL)
    panel = stand.open()
    page = started(browse(panel, clock=True))
    # As soon as it appears: the press was meant for what stood there before.
    page.evaluate(EARLY)
    page.locator(".start").click()
    dialog = page.locator("dialog.dialog")
    # From here on time passes only where it is said, however long the keys take.
    expect(dialog).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)

    def shown(title: str) -> None:
        """The question stands, and its buttons can be pressed; a quick letter before that was not meant."""
        expect(dialog.get_by_role("heading")).to_have_text(title)
        page.clock.run_for(400)
        expect(dialog.get_by_role("heading")).to_have_text(title)
        expect(dialog.get_by_role("button", name="Pass")).to_be_enabled()

    shown("Does it light?")
    expect(dialog.get_by_role("button", name="Pass")).to_have_attribute("aria-keyshortcuts", "P")
    for scan in ("PF123", "F1\n", "SN12P\n", "P P", "pp"):
        page.keyboard.type(scan)
        shown("Does it light?")
    for key in ("Control+p", "Alt+f"):
        page.keyboard.press(key)
        shown("Does it light?")
    page.keyboard.press("p")
    page.mouse.click(5, 5)
    shown("Does it light?")
    # It is held down: the repeats are for no other question.
    page.keyboard.down("p")
    page.clock.run_for(400)
    for _ in range(3):
        page.keyboard.down("p")
    page.keyboard.up("p")
    shown("Colour?")
    dialog.get_by_label("green").check()
    page.keyboard.press("P")
    page.clock.run_for(400)
    shown("Label?")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("f")
    shown("Label?")
    dialog.get_by_role("button", name="Pass").click()
    shown("Clean?")
    page.keyboard.press("f")
    page.clock.run_for(400)
    expect(page.locator(".hero .verdict-word")).to_have_text("Fail")
    dialogs = panel.last()["modules"][0]["cases"][0]["attempts"][0]["dialogs"]
    assert [told["result"] for told in dialogs] == ["pass", "pass", "pass", "fail"]
    assert [told["value"] for told in dialogs] == [None, "green", "f", None]


def test_a_question_mark_shows_the_keys(stand: Any, browse: Any) -> None:
    """On every page, and from the menu, in the page's language; not in a field, nor over a question.

    A scan that follows goes into the form, also when a pointer closed it.
    """
    stand.sequence(
        "asking",
        "name: Asking\nparams: {note: {required: false}}\nmodules: {m: {cases: {c: {steps: [{dialog: Ready?}]}}}}\n",
    )
    panel = stand.open()
    page = started(browse(panel))
    keys = page.locator("dialog.keys")
    page.get_by_label("note").press("?")
    page.wait_for_timeout(300)
    expect(keys).to_have_count(0)
    page.get_by_label("note").fill("kept")
    page.get_by_label("note").blur()
    page.wait_for_timeout(150)
    for path in ("/", "/runs", "/overview", "/failures", "/measurements", "/time", "/storage"):
        if path != "/":
            page.goto(panel.url + path)
            expect(page.locator("main h1")).to_be_visible()
        page.keyboard.press("?")
        expect(keys.get_by_role("heading", name="Keys")).to_be_visible()
        expect(keys.locator("kbd", has_text="F")).to_be_visible()
        expect(keys.get_by_role("button", name="Close")).to_be_focused()
        if path == "/":
            keys.get_by_role("button", name="Close").click()
            expect(page.get_by_label("note")).to_have_value("kept")
            page.keyboard.type("SN1")
            expect(page.get_by_label("note")).to_have_value("SN1")
        else:
            page.keyboard.press("Escape")
        expect(keys).to_have_count(0)
    page.evaluate("localStorage.setItem('hardseq.language', 'de')")
    page.goto(panel.url)
    started(page)
    page.locator(".menu-button").click()
    page.get_by_role("button", name="Tasten").click()
    expect(keys.locator("kbd", has_text="Leertaste")).to_be_visible()
    expect(keys.locator(".primary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(keys).to_have_count(0)
    page.locator(".start").click()
    expect(page.locator("dialog.dialog")).to_be_visible()
    page.wait_for_timeout(400)
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    expect(keys).to_have_count(0)
