"""The page of a stand with slots, in a browser: scanned into, started, answered and looked at by one operator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.panel.axe import violations
from tests.panel.live_page import at_sizes, scanned, settled, verdict
from tests.panel.sequences import SIMPLE
from tests.panel.test_slots import ASKING, fill, opened, ready, until

expect = pytest.importorskip("playwright.sync_api").expect

SIZES = [(1366, 768), (360, 740), (1920, 1080), (3840, 2160)]


def tile(page: Any, name: str) -> Any:
    return page.locator(f".slot-tile[data-slot='{name}']")


def scan(page: Any, text: str) -> None:
    """As a scanner does it: wherever the focus is, all at once, and Enter."""
    scanned(page, f"{text}\n")


def is_(page: Any, name: str, status: str) -> None:
    expect(tile(page, name)).to_have_class(f"slot-tile is-{status}")


def stop(page: Any, button: Any, stopped: Any) -> None:
    """Presses Stop, and means it: a run that is older than ten seconds, on a busy machine, is asked about."""
    button.click()
    confirm = page.locator(".stop-confirm")
    expect(confirm.or_(stopped).first).to_be_visible()
    if confirm.is_visible():
        confirm.click()
    expect(stopped.first).to_be_visible()


def grid(browse: Any, panel: Any, path: str = "/", **options: Any) -> Any:
    page = browse(panel, path, **options)
    expect(page.locator(".slot-tile.is-empty").first).to_be_visible()
    return page


def test_scans_fill_the_slots_in_order_and_one_start_tests_them(stand: Any, browse: Any) -> None:
    """The next empty slot, or the one whose code was scanned; twice the same product is refused; Enter starts them."""
    panel = opened(stand, "a", "b", "c", "d")
    page = grid(browse, panel, strict=False)  # what is refused stands in the console
    other = grid(browse, panel)
    expect(page.locator(".start")).to_be_disabled()
    page.locator("body").click(position={"x": 5, "y": 300})
    scan(page, "SN1")
    is_(page, "a", "ready")
    is_(other, "a", "ready")
    expect(tile(other, "a").locator(".tile-serial")).to_have_text("SN1")
    scan(page, "SN1")
    expect(page.locator(".toast.is-failed")).to_contain_text("have the same unit, SN1")
    is_(page, "b", "empty")
    scan(page, "NEST-c")
    scan(page, "NEST-c")
    expect(tile(page, "c")).to_have_class("slot-tile is-empty is-marked")
    expect(page.locator(".grid-mark")).to_contain_text("goes to c")
    page.keyboard.press("Escape")
    is_(page, "c", "empty")
    scan(page, "NEST-c")
    scan(page, "SN3")
    is_(page, "c", "ready")
    scan(page, "SN2")
    is_(page, "b", "ready")
    tile(page, "b").locator(".tile-empty").click()
    is_(page, "b", "empty")
    expect(page.locator(".start")).to_contain_text("Start (2)")
    page.keyboard.press("Enter")
    for one in (page, other):
        for name in ("a", "c"):
            is_(one, name, "run")
            expect(tile(one, name).locator(".tile-case")).to_have_text("Hold")
            expect(tile(one, name).locator(".tile-serial")).to_have_text({"a": "SN1", "c": "SN3"}[name])
        is_(one, "b", "empty")
    expect(page).to_have_title("2 testing · Nests")
    scan(page, "NEST-a")
    expect(page.locator(".toast.is-warning")).to_contain_text("a is testing")
    stop(page, tile(page, "c").locator(".tile-stop"), page.locator(".slot-tile.is-stopped[data-slot='c']"))
    is_(page, "c", "stopped")
    is_(page, "a", "run")
    panel.go()
    is_(page, "a", "passed")
    expect(page).to_have_title("✕ 1 stopped · Nests")
    expect(page.locator("main [role=status].for-readers")).to_contain_text("Pass")
    # After its verdict a slot takes the next product.
    ready(panel)
    scan(page, "SN5")
    is_(page, "a", "ready")
    expect(tile(page, "a").locator(".tile-serial")).to_have_text("SN5")
    panel.wait_for_runs(2)


def test_each_starts_when_it_is_filled_and_all_are_stopped_at_once(stand: Any, browse: Any) -> None:
    """While others run; the space bar starts nothing; Stop all stops what runs."""
    panel = opened(stand, "a", "b", start="each")
    page = grid(browse, panel)
    expect(page.locator(".start")).to_be_hidden()
    scan(page, "SN1")
    is_(page, "a", "run")
    scan(page, "SN2")
    is_(page, "b", "run")
    scan(page, "SN3")
    expect(page.locator(".toast.is-warning")).to_contain_text("No slot is free")
    stop(page, page.locator(".stop"), page.locator(".slot-tile.is-stopped"))
    for name in ("a", "b"):
        is_(page, name, "stopped")
    panel.wait_for_runs(2)


def test_a_slot_opens_to_the_page_of_a_run_and_leads_back(stand: Any, browse: Any) -> None:
    """By keys: from the field down to the tiles, a digit to its slot, Enter opens it, Escape goes back."""
    panel = opened(stand, "a", "b", "c")
    fill(panel, "b", "SN2")
    page = grid(browse, panel)
    expect(page.locator(".start-form input").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(tile(page, "a").locator("a")).to_be_focused()
    page.wait_for_timeout(200)  # a digit right after another key is part of a scan
    page.keyboard.press("3")
    expect(tile(page, "c").locator("a")).to_be_focused()
    expect(page.locator(".start-form input").first).to_have_value("")
    page.wait_for_timeout(200)
    page.keyboard.press("2")
    expect(tile(page, "b").locator("a")).to_be_focused()
    page.keyboard.press("Delete")
    is_(page, "b", "empty")
    tile(page, "b").locator("a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/slots/b")
    expect(page.locator(".to-slots .slot-line")).to_have_text("2b")
    expect(page.locator(".start")).to_be_enabled()
    scan(page, "SN7")
    expect(verdict(page)).to_have_text("Testing")
    expect(page.locator(".hero-facts .big dd")).to_have_text("SN7")
    expect(page).to_have_title("Testing · b · Nests")
    assert until(panel, lambda slots: slots["b"]["case"] == "Hold")["a"]["status"] == "ready"
    stop(page, page.locator(".stop"), page.locator(".hero.is-stopped"))
    expect(verdict(page)).to_have_text("Stopped")
    field = page.locator(".start-form input").first
    expect(field).to_be_focused()
    field.fill("SN")
    page.keyboard.press("Escape")  # not while somebody types
    field.fill("")
    page.keyboard.press("Escape")
    expect(tile(page, "b")).to_have_class("slot-tile is-stopped")
    missing = browse(panel, "/slots/none", strict=False)
    expect(missing.locator("main")).to_contain_text("/slots/none")
    panel.wait_for_runs(1)


def test_questions_say_which_slot_asks_and_come_one_after_the_other(stand: Any, browse: Any) -> None:
    """On the page of all slots, the oldest first; P and F answer the one on display."""
    panel = opened(stand, "a", "b", sequence=ASKING, more='[slots.c]\ntitle = "Right nest"\n')
    fill(panel, "a", "SN1")
    panel.ask("POST", "/api/start", {})
    until(panel, lambda slots: slots["a"]["dialogs"])
    fill(panel, "c", "SN3")
    panel.ask("POST", "/api/start", {})
    until(panel, lambda slots: slots["c"]["dialogs"])
    page = browse(panel)
    question = page.locator("dialog.dialog")
    expect(question.locator(".slot-line")).to_have_text("1a")
    expect(question.locator("h2")).to_have_text("Close a")
    expect(tile(page, "c").locator(".tile-asks")).to_be_visible()
    expect(question.locator("[value=pass]")).to_be_enabled()
    page.keyboard.press("p")
    expect(question.locator(".slot-line")).to_have_text("3Right nest")
    expect(question.locator("[value=fail]")).to_be_enabled()
    page.keyboard.press("f")
    expect(question).to_have_count(0)
    is_(page, "a", "passed")
    is_(page, "c", "failed")
    expect(tile(page, "c").locator(".tile-case")).not_to_be_empty()
    expect(page).to_have_title("✕ 1 failed · Asking")
    own = browse(panel, "/slots/c")
    expect(verdict(own)).to_have_text("Fail")
    panel.wait_for_runs(2)


@pytest.mark.slow
def test_sixty_four_slots_are_seen_at_every_size(stand: Any, browse: Any) -> None:
    """No word is cut off and nothing lies over another; axe finds nothing, forced colours keep the edges of a tile."""
    names = [f"s{number}" for number in range(1, 65)]
    panel = opened(stand, *names, sequence=SIMPLE)
    panel.ask("POST", "/api/start", {"slots": {name: {} for name in names[:8]}})
    until(panel, lambda slots: all(slots[name]["status"] == "passed" for name in names[:8]))
    page = grid(browse, panel)
    expect(page.locator(".slot-tile.is-passed")).to_have_count(8)
    for width, height in at_sizes(settled(page), SIZES):
        wrong = page.evaluate(
            """() => [...document.querySelectorAll(".slot-tile")].filter((one) => {
              const box = one.getBoundingClientRect();
              const word = one.querySelector(".tile-word").getBoundingClientRect();
              return word.right > box.right || word.bottom > box.bottom || word.top < box.top;
            }).length"""
        )
        assert not wrong, (width, height)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, height)
        letters = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.tile-verdict')).fontSize)")
        assert letters >= 20, (width, height)
    found = violations(page)
    assert not found, json.dumps(found, indent=1)[:3000]
    page.emulate_media(forced_colors="active")
    edge = page.evaluate("getComputedStyle(document.querySelector('.slot-tile.is-passed')).borderTopColor")
    assert edge == page.evaluate("getComputedStyle(document.body).color")
    panel.wait_until(lambda: len(panel.report_store.store.find(limit=100).runs) == 8)


def test_a_page_stays_right_over_a_restart_of_the_panel(stand: Any, browse: Any) -> None:
    """It comes back by itself; what was scanned and not started is scanned anew, and scans go in again."""
    panel = opened(stand, "a", "b")
    page = grid(browse, panel, strict=False)
    scan(page, "SN1")
    is_(page, "a", "ready")
    port = panel.port
    panel.close()
    stand.panels.remove(panel)
    is_(page, "a", "offline")
    again = stand.open(port=port)
    ready(again)
    is_(page, "a", "empty")
    scan(page, "SN2")
    is_(page, "a", "ready")
    expect(tile(page, "a").locator(".tile-serial")).to_have_text("SN2")


def test_a_stand_without_slots_speaks_of_none(stand: Any, browse: Any) -> None:
    """Its page and its state are as they always were."""
    panel = stand.open()
    panel.wait_for("ready")
    state = panel.ask("GET", "/api/state").json
    assert "slots" not in state
    assert "slot" not in state["session"]
    assert not {"slot", "start"} & set(state["run"])
    page = browse(panel)
    expect(page.locator(".start")).to_be_enabled()
    assert page.locator(".slot-tile, .slot-line, .to-slots").count() == 0
    assert panel.ask("GET", "/slots/a", headers={"Accept": "text/html"}).status == 404
