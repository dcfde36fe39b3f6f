"""Where the system forces its colours (high contrast), whatever was said by a colour is still seen."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from tests.panel.live_page import started

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Board
params: {burn_in: {type: boolean, default: true, prompt: Burn-in}}
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      good:
        name: Good
        steps:
          - measure: Volts
            value: 2
            limits: [1, 4]
          - chart: {title: Sweep, series: [{name: U, x: [1, 2, 3], y: [1, 4, 9]}]}
      ask: {name: Ask, steps: [{dialog: {type: radio, text: Colour?, choices: [red, green], pass_fail: true}}]}
      busy: {name: Busy, steps: [{progress: {value: 5, max: 10}}, {call: bench.wait}]}
      bad: {name: Bad, steps: [{check: 1 == 2}]}
"""


class Picture:
    """The pixels of a PNG of 8 bits a channel, as a browser makes it."""

    def __init__(self, png: bytes) -> None:
        self.width, self.height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
        self.size = {2: 3, 6: 4}[png[25]]
        data, at = b"", 8
        while at < len(png):
            length = int.from_bytes(png[at : at + 4])
            if png[at + 4 : at + 8] == b"IDAT":
                data += png[at + 8 : at + 8 + length]
            at += length + 12
        self.lines = self._unfiltered(zlib.decompress(data))

    def _unfiltered(self, raw: bytes) -> list[bytearray]:
        size, stride, lines = self.size, self.width * self.size, list[bytearray]()
        above = bytearray(stride)
        for begin in range(0, len(raw), stride + 1):
            kind, line = raw[begin], bytearray(raw[begin + 1 : begin + 1 + stride])
            if kind == 2:
                line = bytearray((one + up) & 255 for one, up in zip(line, above, strict=True))
            elif kind:
                for at in range(stride):
                    left = line[at - size] if at >= size else 0
                    corner = above[at - size] if at >= size else 0
                    line[at] = (line[at] + predicted(kind, left, above[at], corner)) & 255
            lines.append(line)
            above = line
        return lines

    def _pixel(self, x: int, y: int) -> bytes:
        at = x * self.size
        return bytes(self.lines[y][at : at + 3])

    def light(self, x: float, y: float) -> float:
        """The relative luminance at a place that is given in parts of width and height."""
        return luminance(
            self._pixel(min(int(x * self.width), self.width - 1), min(int(y * self.height), self.height - 1))
        )

    def range(self) -> float:
        """The contrast between the darkest and the lightest of its pixels, as WCAG has it: 1 to 21."""
        colours = {self._pixel(x, y) for x in range(self.width) for y in range(self.height)}
        found = [luminance(colour) for colour in colours]
        return (max(found) + 0.05) / (min(found) + 0.05)


def predicted(kind: int, left: int, above: int, corner: int) -> int:
    """What a filter of PNG takes a byte for that looks to the left."""
    if kind == 1:
        return left
    if kind == 3:
        return (left + above) // 2
    by_left, by_above, by_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if by_left <= by_above and by_left <= by_corner:
        return left
    return above if by_above <= by_corner else corner


def luminance(colour: bytes) -> float:
    """The relative luminance of red, green and blue."""
    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(value: int) -> float:
    """A channel of sRGB without its gamma."""
    part = value / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def picture(element: Any) -> Picture:
    """What is seen of an element."""
    return Picture(element.screenshot(animations="disabled"))


def contrast(one: float, other: float) -> float:
    """Of two luminances."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def mark_is_seen(icon: Any) -> bool:
    """Whether the cross in the icon of a failure stands out from the shape around it, and that from the page."""
    seen = picture(icon)
    shape = seen.light(0.5, 0.15)
    return contrast(seen.light(0.5, 0.5), shape) >= 3 and contrast(seen.light(0.02, 0.02), shape) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_seen_in_forced_colours(stand: Any, browse: Any, scheme: str) -> None:
    """Verdict, icons, buttons, focus, what is chosen, values at their limits, progress and charts."""
    stand.sequence("board", SEQUENCE)
    panel = stand.open()
    # The system's choice counts, not the one that was made in the page's menu.
    page = browse(panel, "/healthz", color_scheme=scheme, forced_colors="active", reduced_motion="reduce")
    page.evaluate(f"localStorage.setItem('hardseq.theme', {'light' if scheme == 'dark' else 'dark'!r})")
    page.goto(panel.url)
    started(page)
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    start = page.locator(".start")
    seen = [page.locator(".connection .dot"), page.get_by_role("switch"), page.locator(".hero .verdict .icon"), start]
    assert [picture(one).range() >= 3 for one in seen] == [True] * len(seen)
    ring = "(one) => getComputedStyle(one).outlineStyle + ' ' + getComputedStyle(one).outlineWidth"
    page.keyboard.press("Tab")
    assert page.locator(":focus-visible").evaluate(ring) == "solid 3px"
    chosen, other = page.locator(".filters [data-filter=all]"), page.locator(".nav-link:not([aria-current])").first
    assert chosen.evaluate(ring) == "solid 2px"
    edge = "(one) => getComputedStyle(one).borderBottomColor"
    assert page.locator(".nav-link[aria-current]").evaluate(edge) != other.evaluate(edge)
    start.click()
    dialog = page.locator("dialog.dialog")
    expect(dialog.get_by_role("button", name="Pass")).to_be_enabled()
    dialog.get_by_label("green").check()
    assert page.locator(".choice", has_text="green").evaluate(ring) in ("solid 2px", "solid 3px")
    for name in ("Pass", "Fail"):
        button = dialog.get_by_role("button", name=name)
        assert button.evaluate("(one) => getComputedStyle(one).borderTopStyle") == "solid"
        assert picture(button).range() >= 4.5
    assert mark_is_seen(dialog.locator(".button.fail .icon"))
    dialog.get_by_role("button", name="Pass").click()
    expect(page.locator(".case-progress:visible")).to_be_visible()
    assert picture(page.locator(".case-progress:visible")).range() >= 3
    assert picture(page.locator(".reading .scale").first).range() >= 3
    chart = page.locator(".chart canvas")
    expect(chart).to_be_visible()
    # Axes and line, on whatever the system has for a background.
    assert picture(chart).range() >= 4.5
    panel.go()
    expect(page.locator(".hero .verdict-word")).to_have_text("Fail")
    assert mark_is_seen(page.locator(".hero .verdict .icon"))
    assert mark_is_seen(page.locator(".case.is-failed > .case-head > .icon"))
    page.goto(panel.url + "/failures")
    meter = page.locator("meter").first
    expect(meter).to_be_visible()
    assert picture(meter).range() >= 3
