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
