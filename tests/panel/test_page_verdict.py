"""The verdict beside the plan: large at the top, one line while the page scrolls, and what failed in sight."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import MOVING, row, settled, started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

CASES = 30
BAD = 9
LONG = "\n".join(
    [
        "name: Board",
        "version: 1.0.0",
        "drivers: {bench: {use: bench.Bench, with: {here: HERE}}}",
        "params: {serial: {type: string, prompt: Scan the board}}",
        "modules:",
        "  main:",
        "    name: Main",
        "    cases:",
        *(
            line
            for number in range(CASES)
            for line in (
                f"      case_{number}:",
                f"        name: Case {number}",
                "        steps:",
                '          - record: {dut: {serial_number: "${{ params.serial }}", part_number: PB-7, name: Board}}',
                f"          - {{measure: Output, value: {9.0 if number == BAD else 5.0}, unit: V, limits: [4.8, 5.2]}}",
                *(["          - call: bench.wait"] if number == CASES - 1 else []),
            )
        ),
        "",
    ]
)
# The part of the window, from 0 to 1, that the verdict takes.
TAKEN = "document.querySelector('.hero').getBoundingClientRect().height / innerHeight"
# As a person does with the wheel, at once.
SCROLL = "(top) => { dispatchEvent(new Event('wheel')); scrollTo({ top, behavior: 'instant' }); }"
# What lies over the corners and the middle of a row is the row: nothing covers it, and it is in the window.
IN_SIGHT = """(row) => {
  const { left, right, top, bottom } = row.getBoundingClientRect();
  const points = [[left + 6, top + 3], [(left + right) / 2, (top + bottom) / 2], [right - 6, bottom - 3]];
  return points.every(([x, y]) => row.contains(document.elementFromPoint(x, y)));
}"""


@pytest.mark.parametrize(("width", "height", "most"), [(360, 740, 0.55), (1366, 768, 0.36), (1920, 1080, 0.36)])
def test_the_verdict_leaves_room_and_the_first_failed_case_is_whole(
    stand: Any, browse: Any, width: int, height: int, most: float
) -> None:
    """It is a line while one scrolls, with Stop; after a failure the page opens on it, also a page that comes later."""
    stand.sequence("board", LONG)
    panel = stand.open()
    page = started(browse(panel, viewport={"width": width, "height": height}, **MOVING))
    assert settled(page).evaluate(TAKEN) <= most
    field = page.get_by_label("Scan the board")
    field.fill("SN000123")
    page.keyboard.press("Enter")
    expect(row(page, f"main::case_{CASES - 1}")).to_be_visible()
    expect(verdict(page)).to_have_text("Testing")
    page.evaluate(SCROLL, 2000)
    expect(page.locator(".hero-place.is-small")).to_be_visible()
    assert page.evaluate(TAKEN) <= 0.1
    for part in (".verdict-word", ".hero-facts .big", ".stop"):
        expect(page.locator(part)).to_be_in_viewport()
    page.evaluate(SCROLL, 0)
    expect(page.locator(".hero-place.is-small")).to_have_count(0)
    # Who scrolled is not moved for a while.
    page.evaluate("(now) => { Date.now = () => now + 10000 }", page.evaluate("Date.now()"))
    panel.go()
    expect(verdict(page)).to_have_text("Fail")
    bad = row(page, f"main::case_{BAD}")
    panel.wait_for("ready")
    expect(page.locator(".start")).to_be_enabled()
    assert bad.evaluate(IN_SIGHT)
    expect(page.locator(".verdict-word")).to_be_in_viewport()
    # The next scan goes into the form, and then that is what one sees.
    page.keyboard.type("SN1")
    expect(field).to_have_value("SN1")
    expect(page.locator(".hero-place.is-small")).to_have_count(0)
    expect(field).to_be_in_viewport()
    assert page.evaluate(TAKEN) <= most

    later = started(browse(panel, viewport={"width": width, "height": height}, **MOVING))
    later.wait_for_function(IN_SIGHT, arg=row(later, f"main::case_{BAD}").element_handle())
    expect(later.locator(".verdict-word")).to_be_in_viewport()
