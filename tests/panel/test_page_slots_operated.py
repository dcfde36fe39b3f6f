"""The page of a stand with slots as an operator has it: in a kiosk, with several codes per product, told something."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.sequences import SLOTS
from tests.panel.test_page_slots import grid, is_, scan, tile
from tests.panel.test_slots import opened, ready, slots_of, until

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.mark.slow
@pytest.mark.parametrize("by", ["setting", "address"])
def test_a_kiosk_has_the_slots_and_no_way_from_them(stand: Any, browse: Any, by: str) -> None:
    """A slot opens, and leads back; the navigation is on neither page, and scans and Start are as ever."""
    panel = opened(stand, "a", "b", more="[frontend]\nkiosk = true\n" if by == "setting" else "")
    page = grid(browse, panel, "/" if by == "setting" else "/?kiosk")
    home = page.url
    expect(page.get_by_role("navigation")).to_have_count(0)
    for key in ("h", "g", "?"):
        page.keyboard.press(key)
    page.locator(".brand").click()
    assert page.url == home
    tile(page, "b").locator("a").click()
    expect(page.locator(".to-slots .slot-line")).to_have_text("2b")
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.locator(".start")).to_be_enabled()
    page.locator(".to-slots").click()
    expect(tile(page, "b")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert page.url == home
    tile(page, "a").locator("a").click()
    expect(page.locator(".to-slots .slot-line")).to_have_text("1a")
    page.locator(".brand").click()
    page.keyboard.press("Escape")
    expect(tile(page, "a")).to_be_visible()
    assert page.url == home
    scan(page, "SN1")
    is_(page, "a", "ready")
    page.keyboard.press("Enter")
    is_(page, "a", "run")
    panel.go()
    is_(page, "a", "passed")
    panel.wait_for_runs(1)


TWO_CODES = SLOTS.replace(
    "params:\n  serial: {",
    'dut: {serial_number: "${{ params.serial }}"}\n'
    "params:\n  fixture: {type: string, required: true, each_run: true}\n  serial: {each_run: true, ",
)


def test_several_codes_of_a_product_are_scanned_one_after_the_other(stand: Any, browse: Any) -> None:
    """Then it is in the next slot, or in that whose code came in between; nobody need touch the screen."""
    panel = opened(stand, "a", "b", "c", sequence=TWO_CODES)
    page = grid(browse, panel)
    fixture, serial = (page.locator(".start-form input").nth(number) for number in (0, 1))
    scan(page, "F1")
    expect(serial).to_be_focused()
    expect(fixture).to_have_value("F1")
    is_(page, "a", "empty")
    scan(page, "SN1")
    is_(page, "a", "ready")
    expect(tile(page, "a").locator(".tile-serial")).to_have_text("SN1")
    expect(fixture).to_be_focused()
    expect(fixture).to_have_value("")
    scan(page, "F2")
    expect(serial).to_be_focused()
    scan(page, "NEST-c")
    expect(tile(page, "c")).to_have_class("slot-tile is-empty is-marked")
    expect(serial).to_have_value("")
    expect(fixture).to_have_value("F2")
    scan(page, "SN2")
    is_(page, "c", "ready")
    scan(page, "F1")
    scan(page, "SN3")
    is_(page, "b", "ready")
    assert {name: slot["filled"]["params"] for name, slot in slots_of(panel).items()} == {
        "a": {"fixture": "F1", "serial": "SN1"},
        "b": {"fixture": "F1", "serial": "SN3"},
        "c": {"fixture": "F2", "serial": "SN2"},
    }
    expect(page.locator(".start")).to_contain_text("Start (3)")


TELLING = """
name: Telling
params: {serial: {type: string, required: true}}
modules:
  main:
    name: Main
    cases:
      tell:
        name: Tell
        steps:
          - operator_message: {title: "Warm ${{ slot.name }}", text: "Heats for ${{ params.serial }}", key: heat}
          - operator_message: {title: "Lid ${{ slot.name }}", text: Close the lid, blocking: true}
"""


def test_messages_say_which_slot_they_are_of(stand: Any, browse: Any) -> None:
    """With the same key in two slots each is of its own: one is taken away or confirmed, and the other one stays."""
    panel = opened(stand, "a", "b", sequence=TELLING)
    panel.ask("POST", "/api/start", {"slots": {"a": {"params": {"serial": "SN1"}}, "b": {"params": {"serial": "SN2"}}}})
    until(panel, lambda slots: all(len(slot["messages"]) == 2 for slot in slots.values()))
    page = browse(panel)
    notes, lid = page.locator(".message"), page.locator("dialog.dialog")
    expect(notes).to_have_count(2)
    for slot, told in (("1a", "Heats for SN1"), ("2b", "Heats for SN2")):
        expect(notes.filter(has_text=told).locator(".slot-line")).to_have_text(slot)
    first = lid.locator(".slot-line").text_content()
    asked = {"1a": ("a", "b"), "2b": ("b", "a")}[first]
    expect(lid.locator("h2")).to_have_text(f"Lid {asked[0]}")
    for name in asked:
        expect(tile(page, name).locator(".tile-asks")).to_be_visible()
    lid.get_by_role("button", name="Confirm").click()
    expect(lid.locator("h2")).to_have_text(f"Lid {asked[1]}")
    is_(page, asked[0], "passed")
    assert slots_of(panel)[asked[1]]["status"] == "run"
    lid.get_by_role("button", name="Confirm").click()
    expect(lid).to_have_count(0)
    is_(page, asked[1], "passed")
    ready(panel)
    panel.wait_for_runs(2)
