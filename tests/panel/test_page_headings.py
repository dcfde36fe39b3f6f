"""Who reads with a screen reader goes from heading to heading: each page and dialog has its order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.panel.live_page import started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Board
modules:
  main:
    name: Main
    cases:
      ask:
        name: Ask
        steps:
          - record: {artifact: {case: {firmware: 1.2}, module: {lot: 3}}}
          - operator_message: {title: Warm-up, text: It is hot}
          - measure: Volts
            value: 1
            limits: [2, 3]
          - dialog: {type: steps, title: Assembly, steps: [{title: Board, text: In}, {title: Lid, text: On}]}
          - operator_message: {title: Lid, text: Close it, blocking: true}
          - message: Done
"""
LEVELS = """(root) => [...document.querySelector(root).querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .filter((one) => one.checkVisibility() && (root !== "body" || !one.closest("dialog")))
    .map((one) => Number(one.tagName[1]))"""


def levels(page: Any, root: str = "body") -> list[int]:
    """The levels of the headings of a page, or within ``root``."""
    found: list[int] = page.evaluate(LEVELS, root)
    return found


def check(page: Any) -> list[int]:
    """The page's headings: one of the first level, at the beginning, and none that leaves out a level."""
    found = levels(page)
    assert (found[0], found.count(1)) == (1, 1), (page.url, found)
    assert all(level <= before + 1 for before, level in pairwise(found)), (page.url, found)
    return found


def test_headings_begin_with_the_one_of_the_page_and_leave_out_no_level(stand: Any, browse: Any) -> None:
    """On each page, with all that can be opened, and in each dialog, which begins below the page's own."""
    stand.configure("[frontend.modal_result]\nenable = true\n")
    stand.sequence("board", SEQUENCE)
    panel = stand.open()
    page = started(browse(panel, strict=False))
    check(page)
    page.locator(".start").click()
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("button", name="Next")).to_be_enabled()
    assert levels(page, "dialog") == [2, 3]
    dialog.get_by_role("button", name="Next").click()
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_contain_text("Close it")
    assert levels(page, "dialog") == [2]
    dialog.get_by_role("button", name="Confirm").click()
    expect(page.locator("dialog.result")).to_be_visible()
    assert levels(page, "dialog") == [2]
    expect(page.locator(".result-dismiss")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(".case-head").click()
    expect(page.locator(".detail-section").first).to_be_visible()
    assert 3 in check(page)
    panel.wait_for("ready")
    for path in (
        "/runs",
        "/runs?stand=none",
        "/runs/latest",
        "/units?serial_number=none",
        "/runs/none",
        "/overview",
        "/failures",
        "/measurements",
        "/measurements/one?case=main::rail&measurement=Rail",
        "/time",
        "/storage",
        "/no",
    ):
        page.goto(panel.url + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("[aria-busy=true]:not(.chart-area)")).to_have_count(0)
        for head in page.locator(".case-head").all():
            head.click()
        check(page)
