"""What the other pages of a stand with slots say of the slots, and what the window and its picture say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import started
from tests.panel.sequences import SLOTS
from tests.panel.test_page_slots import is_
from tests.panel.test_page_titles import MARK
from tests.panel.test_slots import fill, opened, until

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect


def mark(page: Any, name: str) -> None:
    """Until the picture beside the title is this one."""
    page.wait_for_function(f"name => {MARK}.endsWith(name)", arg=name)


def test_every_page_tells_how_many_slots_run_and_how_the_worst_ended(stand: Any, browse: Any) -> None:
    """A bar and a picture while they run; then the sound of the worst, also where the slots are not on display."""
    panel = opened(stand, "a", "b", more='[slots.c]\ntitle = "Right nest"\n[frontend]\nsound_on = true\n')
    page = browse(panel, "/runs")
    expect(page).to_have_title("Runs · Nests")
    bar = page.locator(".run-bar")
    expect(bar).to_be_hidden()
    for slot, serial in (("a", "SN1"), ("c", "SN000003")):
        fill(panel, slot, serial)
    panel.ask("POST", "/api/start", {})
    expect(bar).to_contain_text("2 testing")
    expect(bar.locator(".run-bar-place")).to_be_hidden()
    mark(page, "/marks/run.svg")
    until(panel, lambda slots: all(slots[name]["case"] == "Hold" for name in ("a", "c")))
    expect(bar.locator("progress")).to_have_js_property("value", 0.25)
    panel.ask("POST", "/api/stop", {"slot": "a"})
    expect(bar).to_contain_text("1 testing")
    expect(bar.locator(".run-bar-place")).to_have_text("Right nest")
    expect(bar.locator(".run-bar-device")).to_have_text("SN000003")
    panel.go()
    expect(bar).to_be_hidden()
    expect(page.locator("html")).to_have_attribute("data-sound", "stopped")
    expect(page).to_have_title("Runs · Nests")
    mark(page, "/favicon.svg")
    page.get_by_role("link", name="Live", exact=True).click()
    expect(page).to_have_title("✕ 1 stopped · Nests")
    mark(page, "/marks/stopped.svg")
    panel.wait_for_runs(2)


def test_a_stand_that_can_test_nothing_is_called_so(stand: Any, browse: Any) -> None:
    """Whatever passed before: with slots, on the page of one of them, and without slots."""
    panel = opened(stand, "a", "b")
    panel.go()
    fill(panel, "a", "SN1")
    panel.ask("POST", "/api/start", {})
    page, own = browse(panel), browse(panel, "/slots/a")
    is_(page, "a", "passed")
    expect(page).to_have_title("✓ 1 passed · Nests")
    expect(own).to_have_title("✓ Pass · a · Nests")
    stand.sequence("nests", SLOTS.replace("cases:", "case:"))
    is_(page, "b", "blocked")
    expect(page).to_have_title("✕ 2 not ready · Nests")
    expect(own).to_have_title("✕ Not ready · a · Nests")
    for one in (page, own):
        mark(one, "/marks/error.svg")


def test_a_stand_without_slots_that_can_test_nothing_is_called_so(stand: Any, browse: Any) -> None:
    """The verdict of the last board does not stand in the title over a sequence that is wrong."""
    panel = stand.open()
    panel.run()
    page = started(browse(panel))
    expect(page).to_have_title("✓ Pass · Board test")
    stand.write("sequences/board.yaml", "name: Board test\nmodules: 7\n")
    expect(page).to_have_title("✕ Not ready · Board test")
    mark(page, "/marks/error.svg")
