"""Serial numbers, part numbers and ids on all pages at all sizes: in one piece, nothing outside without a sign."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import at_sizes, started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SERIAL = "PSB-2026-000.042/A1"
LONGEST = "".join(f"{number:08}" for number in range(16))
NUMBERED = """
name: Power board incoming test
version: 1.2.0
params: {serial: {type: string, prompt: Scan the board}}
stand: {name: Power bench 1, location: Hall B}
modules:
  main:
    name: Rails
    cases:
      rail_5v:
        name: 5 V rail
        steps:
          - record:
              dut: {serial_number: "${{ params.serial }}", part_number: "PN-${{ params.serial }}", name: Power board}
              batch: {serial_number: "B-${{ params.serial }}"}
          - {measure: Output, value: 9.0, unit: V, limits: [4.8, 5.2]}
"""
# What is broken: a number whose letters lie in more than one line, or partly outside what can be seen or scrolled to.
BROKEN = """(numbers) => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const token = node.parentElement.closest(".token");
    const box = token ?? node.parentElement;
    const said = token ? token.textContent : node.data;
    const number = numbers.find((one) => said.includes(one));
    if (!number || !box.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(box);
    if (!token) {
      range.setStart(node, said.indexOf(number));
      range.setEnd(node, said.indexOf(number) + number.length);
    }
    const lines = [...range.getClientRects()].filter((one) => one.width && one.height);
    const broken = Math.max(...lines.map((one) => one.top)) > Math.min(...lines.map((one) => one.bottom));
    if (broken) found.push(`broken: ${said}`);
    const edge = box.closest(".table-scroll") ? Infinity : innerWidth;
    if (box.getBoundingClientRect().right > edge + 1) found.push(`outside: ${said}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the window");
  for (const one of document.querySelectorAll(".token.is-long")) {
    if (one.title !== one.textContent) found.push(`untitled: ${one.textContent}`);
  }
  for (const one of document.querySelectorAll(".table-scroll")) {
    const shadow = getComputedStyle(one).backgroundImage.includes("gradient");
    if (one.scrollWidth > one.clientWidth && !shadow) found.push("no sign of more columns");
  }
  const nav = document.querySelector(".nav");
  const masked = getComputedStyle(nav).maskImage !== "none";
  if (nav.scrollWidth > nav.clientWidth && !masked) found.push("no sign of more pages");
  return found;
}"""


@pytest.fixture(scope="module")
def numbered(shared_stand: Any) -> Any:
    """A panel of a stand that tested a board with a common serial number, then one with the longest there may be."""
    shared_stand.configure("[frontend.modal_result]\nenable = true\n")
    shared_stand.sequence("numbered", NUMBERED)
    panel = shared_stand.open()
    for serial in (SERIAL, LONGEST):
        panel.run(params={"serial": serial})
    return panel


def test_numbers_are_whole_on_every_page(numbered: Any, browse: Any) -> None:
    """In the verdict's box, the result, tables and facts; a long one is shortened in its middle, whole in its title."""
    page = started(browse(numbered, viewport={"width": 360, "height": 740}))
    numbers = [SERIAL, LONGEST]

    def look() -> None:
        for width, _ in at_sizes(page, [(360, 740), (768, 1024), (1366, 768), (1920, 1080)]):
            assert page.evaluate(BROKEN, numbers) == [], (page.url, width)

    look()
    for serial in (SERIAL, LONGEST):
        page.get_by_label("Scan the board").fill(serial)
        page.keyboard.press("Enter")
        overlay = page.locator("dialog.result")
        expect(overlay).to_contain_text(serial)
        look()
        expect(page.locator(".result-dismiss")).to_be_focused()
        page.keyboard.press("Escape")
        expect(overlay).to_have_count(0)
        expect(page.locator(".hero-facts")).to_contain_text(serial)
        look()
        numbered.wait_for("ready")
    for path in ("/runs", "/runs/latest", "/overview", "/failures", "/measurements", "/time", "/storage"):
        page.goto(numbered.url + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("[aria-busy=true]:not(.chart-area)")).to_have_count(0)
        look()
