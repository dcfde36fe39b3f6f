"""How the page of all slots looks when much is said at once: long names, all kinds of verdicts, messages of many."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import at_sizes, settled
from tests.panel.sequences import SLOTS
from tests.panel.test_page_slots import SIZES, is_
from tests.panel.test_slots import fill, nests, ready

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

TELLING = SLOTS.replace(
    "steps: [{call: bench.wait}]",
    "steps: [{operator_message: {text: Remove the cover}}, {call: bench.wait}, {check: slot.number != 7}]",
)
OVERLAPPING = """
() => [...document.querySelectorAll(".slot-tile")].filter((tile) => {
  const word = tile.querySelector(".tile-word").getBoundingClientRect();
  return [...tile.querySelectorAll(".tile-button:not([hidden])")].some((button) => {
    const box = button.getBoundingClientRect();
    return box.left < word.right && box.right > word.left && box.top < word.bottom - 4 && box.bottom > word.top + 4;
  });
}).map((tile) => tile.dataset.slot)
"""


def started(panel: Any, *slots: str) -> None:
    """Starts these slots, whose boards have long numbers."""
    for slot in slots:
        assert fill(panel, slot, f"SN-2026-0007-ABCDEFGH-{slot}").status == 200
    assert panel.ask("POST", "/api/start", {}).status == 200


def test_long_names_and_many_messages_leave_the_verdicts_in_sight(stand: Any, browse: Any) -> None:
    """At every size: no button lies over a verdict, the title keeps its line, nothing scrolls where there is room."""
    names = [f"s{number}" for number in range(1, 9)]
    stand.configure('tests_name = "Charger line 4, final test"\n' + nests(*names))
    stand.sequence("nests", TELLING)
    panel = stand.open()
    ready(panel)
    panel.go()
    started(panel, "s6", "s7", "s8")
    panel.wait_for_runs(3)
    (stand.folder / "go").unlink()
    ready(panel)
    started(panel, "s1", "s2", "s3", "s4")
    assert fill(panel, "s5", "SN-2026-0007-ABCDEFGH-s5").status == 200
    page = browse(panel)
    kinds = ("run", "run", "run", "run", "ready", "passed", "failed", "passed")
    for name, kind in zip(names, kinds, strict=True):
        is_(page, name, kind)
    expect(page.locator(".message")).to_have_count(7)
    for width, height in at_sizes(settled(page), SIZES):
        assert page.evaluate(OVERLAPPING) == [], (width, height)
        title = page.locator(".grid-about h1")
        assert title.evaluate(
            "one => one.getBoundingClientRect().height < 2 * parseFloat(getComputedStyle(one).fontSize)"
        )
        assert page.locator(".messages").evaluate("one => one.getBoundingClientRect().height <= innerHeight * 0.31")
        if width > 1000:
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (width, height)
    panel.go()
    panel.wait_for_runs(7)
