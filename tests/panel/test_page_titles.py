"""What a window is called, and that a run goes on, as each page shows it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.panel.live_page import started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

NAMED = """
name: Board
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params: {serial: {type: string}, volts: {type: number}}
modules:
  main:
    name: Main
    cases:
      rail:
        name: Rail
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}"}}
          - {measure: Output, value: "${{ params.volts }}", unit: V, limits: [4.8, 5.2]}
      hold: {name: Hold, steps: [{call: bench.wait}]}
"""
MARK = "document.querySelector('link[rel=icon]').href"


def test_each_page_has_its_own_title_and_shows_the_run_that_goes_on(stand: Any, browse: Any) -> None:
    """A stored run is called by its own verdict, whatever passed last; a run in progress is on each page."""
    stand.configure('tests_name = "Line 2"')
    stand.sequence("board", NAMED)
    panel = stand.open()
    panel.go()
    failed = panel.run(params={"serial": "SN000123", "volts": 9.0})
    panel.run(params={"serial": "SN000124", "volts": 5.0})
    page = started(browse(panel))
    expect(page).to_have_title("✓ Pass · Line 2")
    assert page.evaluate(MARK).endswith("/marks/passed.svg")
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page).to_have_title("Runs · Line 2")
    assert page.evaluate(MARK).endswith("/favicon.svg")
    page.goto(f"{panel.url}/runs/{failed['id']}")
    expect(page).to_have_title("FAIL SN000123 · Board")

    (panel.project.folder / "go").unlink()
    assert panel.ask("POST", "/api/start", {"params": {"serial": "SN000125", "volts": 5.0}}).status == 200
    bar = page.locator(".run-bar")
    expect(bar).to_contain_text("Testing")
    expect(bar).to_contain_text("SN000125")
    assert page.evaluate(MARK).endswith("/marks/run.svg")
    expect(page).to_have_title("FAIL SN000123 · Board")
    bar.click()
    expect(verdict(page)).to_have_text("Testing")
    expect(bar).to_be_hidden()
    expect(page).to_have_title("Testing · Line 2")
    page.get_by_role("link", name="Overview").click()
    expect(bar).to_be_visible()
    panel.go()
    expect(bar).to_be_hidden()
    expect(page).to_have_title("Overview · Line 2")
    page.go_back()
    expect(page).to_have_title(re.compile("Pass"))
