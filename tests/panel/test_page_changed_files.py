"""Files that change while a verdict is on display: a run writes some, and so do people."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.panel.live import LiveRun
from tests.panel.live_page import started, verdict
from tests.panel.sequences import SIMPLE, SLOTS
from tests.panel.test_page_slots import is_, tile
from tests.panel.test_slots import fill, opened, ready, reports, until

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sequences whose plan was shown, in the order in which that happened."""
    shown: list[str] = []
    plan = LiveRun.plan

    def told(live: LiveRun, sequence: Any, modules: Any) -> None:
        plan(live, sequence, modules)
        shown.append(sequence["name"])

    monkeypatch.setattr(LiveRun, "plan", told)
    return shown


def test_the_verdict_stays_until_the_next_board(stand: Any, browse: Any, read: list[str]) -> None:
    """Whatever the run wrote beside the sequence; another plan is shown in its place, and so is another sequence."""
    panel = stand.open()
    panel.run()
    page = started(browse(panel))
    expect(verdict(page)).to_have_text("Pass")
    stand.write("result.csv", "5.02\n")
    panel.wait_until(lambda: len(read) >= 2)
    panel.wait_for("ready")
    started(page)
    expect(verdict(page)).to_have_text("Pass")
    expect(page.locator(".hero-facts .big dd")).to_have_text("SN000042")
    stand.sequence("board", SIMPLE.replace("name: 5 V rail", "name: 5.0 V rail"))
    expect(verdict(page)).to_have_text("Ready")
    expect(page.locator(".case .case-name").first).to_have_text("5.0 V rail")
    panel.run()
    expect(verdict(page)).to_have_text("Pass")
    stand.sequence("board", SIMPLE.replace("name: 5 V rail", "name: 5.0 V rail").replace("1.4.0", "1.5.0"))
    expect(verdict(page)).to_have_text("Ready")


def test_the_slots_keep_their_verdicts_and_what_was_scanned(stand: Any, browse: Any, read: list[str]) -> None:
    """A board that waits for its start beside one that has passed is not scanned anew because a file was written."""
    panel = opened(stand, "a", "b")
    panel.go()
    fill(panel, "a", "SN1")
    assert panel.ask("POST", "/api/start", {}).status == 200
    reports(panel, 1)
    ready(panel)
    fill(panel, "b", "SN2")
    page = browse(panel)
    is_(page, "a", "passed")
    read.clear()
    stand.write("result.csv", "5.02\n")
    # Each slot, and the stand.
    panel.wait_until(lambda: len(read) >= 3)
    ready(panel)
    is_(page, "a", "passed")
    is_(page, "b", "ready")
    expect(tile(page, "b").locator(".tile-serial")).to_have_text("SN2")
    expect(page).to_have_title("✓ 1 passed · Nests")
    read.clear()
    stand.sequence("nests", SLOTS.replace("default: L1", "default: L2"))
    # The form is another one: what was scanned for the former is scanned anew.
    until(panel, lambda slots: slots["b"]["filled"] is None)
    is_(page, "b", "empty")
