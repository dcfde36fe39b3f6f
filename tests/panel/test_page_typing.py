"""What somebody is typing is not lost by what happens meanwhile: runs and entries elsewhere, a page drawn anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.panel.live_page import started, verdict
from tests.panel.test_page_batch import HELD_STREAM
from tests.panel.test_retry_after_run import LABELLED

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

BATCH = """
name: Batch
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params:
  serial: {type: string, prompt: Scan the board}
  cycles: {type: integer, min: 1, max: 100, default: 3, prompt: Cycles}
  lot: {type: string, required: false, prompt: Lot}
modules:
  main:
    cases:
      hold: {name: Hold, steps: [{call: bench.wait}, {record: {dut: {serial_number: "${{ params.serial }}"}}}]}
"""
BY_HAND = 150
"""Milliseconds that a person holds a key: one that comes sooner is a scanner's."""
AMID_SCAN = """
    // A letter, then what the stream has told since, then the next letter: pressed one upon the other, as by a scanner.
    (field) => {
      const made = { bubbles: true, cancelable: true };
      const [first, second] = ["1", "2"].map((key) => new KeyboardEvent("keydown", { key, ...made }));
      field.dispatchEvent(first);
      field.value += first.key;
      for (const one of held) one.tell();
      held = null;
      field.dispatchEvent(second);
    }
"""


def start(panel: Any, serial: str) -> None:
    """As another browser does."""
    panel.wait_for("ready")
    assert panel.ask("POST", "/api/start", {"params": {"serial": serial}}).status == 200


def test_a_number_that_is_half_typed_stays(stand: Any, browse: Any) -> None:
    """Another browser fills in the form and starts a run, and the form is drawn anew under whoever types."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    page = browse(panel, "/healthz")
    page.add_init_script(HELD_STREAM)
    page.goto(panel.url)
    field = started(page).get_by_label("Scan the board")
    field.press_sequentially("SN0", delay=BY_HAND)
    page.get_by_label("Lot").press_sequentially("L", delay=BY_HAND)
    entered = {"sequence": "board", "values": {"cycles": 7, "lot": "M"}}
    assert panel.ask("POST", "/api/form", entered).status == 200
    expect(page.get_by_label("Cycles")).to_have_value("7")
    page.keyboard.type("7", delay=BY_HAND)
    expect(page.get_by_label("Lot")).to_have_value("L7")
    page.evaluate("held = []")
    start(panel, "SN000009")
    page.wait_for_function("() => held.some((one) => one.told.includes('running'))")
    # The run takes out what of a scan was in the field, and only that.
    field.evaluate(AMID_SCAN)
    expect(verdict(page)).to_have_text("Testing")
    panel.go()
    expect(verdict(page)).to_have_text("Pass")
    expect(started(page).get_by_label("Scan the board")).to_have_value("SN0")
    expect(page.get_by_label("Lot")).to_have_value("L7")
    field.press("End")
    # In one go: a file that is half written is another matter.
    file = stand.folder / "sequences/board.yaml"
    stand.write("mended", file.read_text().replace("Scan the board", "Scan the unit")).replace(file)
    field = page.get_by_label("Scan the unit")
    expect(field).to_be_focused()
    page.keyboard.type("00001")
    expect(field).to_have_value("SN000001")


def test_a_number_typed_after_a_start_without_an_answer_stays(stand: Any, browse: Any) -> None:
    """The run of that start shows late that it came through: the next number is in the field by then."""
    stand.sequence("board", BATCH)
    panel = stand.open()
    panel.go()
    page = started(browse(panel, strict=False))
    page.route("**/api/start", lambda route: route.abort())
    page.keyboard.type("SN000001\n")
    expect(page.locator(".toast")).to_contain_text("No connection")
    page.keyboard.type("SN000002")
    start(panel, "SN000001")
    expect(verdict(page)).to_have_text("Pass")
    expect(page.get_by_label("Scan the board")).to_have_value("SN000002")


def test_a_comment_and_a_filter_that_are_half_typed_stay(stand: Any, browse: Any) -> None:
    """Steps after the run are tried again elsewhere, and its page is drawn anew; a run comes into the list."""
    record = "steps:\n          - record: {dut: {serial_number: SN1}}\n"
    stand.sequence("labelled", LABELLED.replace("steps:\n", record, 1))
    panel = stand.open()
    panel.go()
    run = panel.run()["id"]
    page, runs = browse(panel, f"/runs/{run}"), browse(panel, "/runs")
    comment = page.get_by_label("Comment", exact=True)
    comment.press_sequentially("cold joint")
    page.get_by_label("What becomes of the unit").select_option("repair")
    comment.press("Home")
    runs.get_by_label("Search", exact=True).press_sequentially("SN")
    expect(page.locator(".retry-after-run")).to_be_enabled()
    stand.write("paper", "")
    assert panel.ask("POST", f"/api/runs/{run}/retry-after-run", {}).status == 200
    expect(page.locator(".retry-after-run")).to_have_count(0)
    page.keyboard.type("a ")
    expect(comment).to_have_value("a cold joint")
    expect(page.get_by_label("What becomes of the unit")).to_have_value("repair")
    panel.run()
    expect(runs.locator(".runs tbody tr")).to_have_count(2)
    expect(runs.get_by_label("Search", exact=True)).to_have_value("SN")
    expect(runs.get_by_label("Search", exact=True)).to_be_focused()
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".notes .note")).to_contain_text("a cold joint")
    expect(comment).to_have_value("")


def test_an_answer_that_is_half_typed_stays(stand: Any, browse: Any) -> None:
    """The connection is lost under it and comes back with the whole state."""
    stand.steps("- dialog: {type: form, title: Seen?, fields: [{name: a, label: First}, {name: b, label: Second}]}")
    panel = stand.open()
    page = started(browse(panel, strict=False))
    page.keyboard.press("Space")
    # Until then Enter is taken for what was pressed before the question was there.
    expect(page.locator("dialog [type=submit]")).to_be_enabled()
    page.get_by_label("First").press_sequentially("one")
    page.get_by_label("Second").press_sequentially("tw")
    streams: list[Any] = []
    # It knows nothing of what was told before.
    page.route("**/api/events*", lambda route: (streams.append(route), route.continue_(url=f"{panel.url}/api/events")))
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".connection")).to_have_class("connection is-lost")
    page.context.set_offline(False)
    expect(page.locator(".connection")).to_have_class("connection")
    assert streams
    page.keyboard.type("o")
    expect(page.get_by_label("First")).to_have_value("one")
    expect(page.get_by_label("Second")).to_have_value("two")
    page.keyboard.press("Enter")
    expect(verdict(page)).to_have_text("Pass")
    (told,) = panel.last()["modules"][0]["cases"][0]["attempts"][0]["dialogs"]
    assert json.dumps(told["value"]) == '{"a": "one", "b": "two"}'
