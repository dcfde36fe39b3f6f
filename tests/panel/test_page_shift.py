"""The counters of the shift on the live page."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.store.base import StoreUnavailable
from tests.panel.live_page import at_sizes, started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

ONE = """
name: Board
params: {serial: {type: string}, volts: {type: number, default: 5.0}}
modules:
  m:
    name: M
    cases:
      c:
        name: Rail
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}"}}
          - {measure: Rail, value: "${{ params.volts }}", unit: V, limits: [4.8, 5.2]}
"""


def counters(page: Any) -> Any:
    return page.locator(".shift")


def test_every_browser_sees_what_the_shift_has_tested(stand: Any, browse: Any) -> None:
    """Live in each of them and after a restart: a retest is another run of the same unit, which failed at first."""
    stand.sequence("board", ONE)
    stand.configure('[frontend]\ntarget = 40\n[stand]\nname = "Stand 3"\n')
    panel = stand.open()
    pages = [started(browse(panel)), started(browse(panel, locale="de-DE"))]
    for page in pages:
        expect(counters(page)).to_contain_text("Tested0Passed0First-pass yield—")
    for serial, volts in (("SN1", 6.0), ("SN1", 5.0), ("SN2", 5.0)):
        panel.run(params={"serial": serial, "volts": volts})
    for page in pages:
        expect(counters(page)).to_contain_text("Tested3Passed2First-pass yield50")
        expect(counters(page)).to_contain_text(" of 40")
        expect(counters(page).get_by_title("1 of 2 units")).to_be_visible()
    for page in pages:
        page.close()
    panel.close()
    page = started(browse(stand.open()))
    expect(counters(page)).to_contain_text("Tested3Passed2First-pass yield50")
    page.locator(".menu-button").click()
    page.get_by_label("Language").select_option("ru")
    expect(counters(page)).to_contain_text("Проверено3Годных2")


def test_without_a_store_there_are_no_numbers(stand: Any, browse: Any) -> None:
    """The page says so instead of old numbers; a report that could not be stored counts where the store can be read."""
    stand.sequence("board", ONE)
    panel = stand.open()
    page = started(browse(panel))
    expect(counters(page)).to_contain_text("Tested0")
    store = panel.report_store.store

    def away(*_: Any) -> None:
        raise StoreUnavailable("the network is down")

    store.save = away
    panel.ask("POST", "/api/start", {"params": {"serial": "SN1"}})
    expect(counters(page)).to_contain_text("Tested1Passed1First-pass yield100")
    store.changes = away
    panel.wait_for("ready")
    panel.ask("POST", "/api/start", {"params": {"serial": "SN2"}})
    expect(counters(page)).to_contain_text("The counters cannot be read at the moment")
    expect(counters(page)).not_to_contain_text("Tested")
    del store.save, store.changes


def test_the_counters_are_quiet(stand: Any, browse: Any) -> None:
    """Beside the filters, in letters a tenth of the verdict's; nothing is pushed out, also where the page is all there
    is."""
    stand.configure('[frontend]\nkiosk = true\ntarget = 40\nshifts = ["06:00", "14:00", "22:00"]\n')
    panel = stand.open()
    panel.run()
    page = started(browse(panel))
    expect(verdict(page)).to_have_text("Pass")
    expect(counters(page)).to_contain_text("Tested1")
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    for width, _ in at_sizes(page, [(360, 740), (1366, 768), (3840, 2160)]):
        assert page.locator(".shift dd").first.evaluate(size) * 4 <= verdict(page).evaluate(size), width
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        filters, shift = (page.locator(part).bounding_box() for part in (".filters", ".shift"))
        if width > 1000:
            assert filters["y"] - 5 <= shift["y"] <= filters["y"] + filters["height"], width
        else:
            assert shift["height"] < 60, width
