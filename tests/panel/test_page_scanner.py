"""What a barcode scanner types, a key that is held down, and other presses that were not meant, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import scanned, started
from tests.panel.sequences import SIMPLE
from tests.panel.test_page_batch import BATCH

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

TWO_CODES = """
name: Two codes
params:
  operator: {type: string, default: Ann}
  hot: {type: boolean, default: false}
  serial: {type: string, pattern: "^SN[0-9]{6}$", prompt: Board}
  lot: {type: string, pattern: '^L\\w+$', prompt: Lot}
modules:
  main:
    name: Main
    cases:
      identify: {name: Identify, steps: [{record: {dut: {serial_number: "${{ params.serial }}"}}}]}
"""
HELD = """
name: Held up
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      wrong: {name: Wrong, steps: [{call: bench.wait}, {check: 1 > 2}]}
"""
SOON, LATER = 1_800_000_000, 1_800_000_001


def opened(stand: Any, browse: Any) -> tuple[Any, Any]:
    """A panel, and its page once Start can be pressed."""
    panel = stand.open()
    return panel, started(browse(panel))


def timeless(page: Any) -> Any:
    """The page loaded anew with a clock that stands: its own count of time is of one piece, or its Start comes late."""
    page.clock.set_fixed_time(SOON)
    page.reload()
    return started(page)


def asked(stand: Any, browse: Any, steps: str) -> tuple[Any, Any, Any]:
    """Panel, page and dialog of a run of these steps, that takes answers; the page's clock stands."""
    stand.steps(steps)
    panel, page = opened(stand, browse)
    timeless(page).keyboard.press("Space")
    dialog = page.locator("dialog.dialog")
    expect(dialog.locator("[type=submit]").first).to_be_enabled()
    page.clock.set_fixed_time(LATER)
    return panel, page, dialog


def test_scans_go_from_field_to_field_and_start(stand: Any, browse: Any) -> None:
    """The first field to be filled in has the focus; Enter goes on to the next one and starts after the last one."""
    stand.sequence("codes", TWO_CODES)
    panel, page = opened(stand, browse)
    expect(page.get_by_label("Board")).to_be_focused()
    page.keyboard.type("SN12\n")
    expect(page.locator(".field-problem:visible")).to_have_count(1)
    # The next scan takes the place of the wrong one; the blank behind it is the scanner's.
    page.keyboard.type("SN000123 \n")
    expect(page.get_by_label("Lot")).to_be_focused()
    expect(page.locator(".field-problem:visible")).to_have_count(0)
    page.keyboard.type(" Lücke7\t")
    page.get_by_label("Lot").press("Enter")
    expect(page.locator(".verdict-word")).to_have_text("Pass")
    expect(page.get_by_label("Board")).to_be_focused()
    assert panel.last()["params"] == {"operator": "Ann", "hot": False, "serial": "SN000123", "lot": "Lücke7"}


def test_scans_go_from_field_to_field_in_a_dialog(stand: Any, browse: Any) -> None:
    """Enter in a form goes on to the next field that must be answered, and confirms after the last one."""
    fields = "[{name: board, pattern: '^B[0-9]+$'}, {name: note, required: false}, {name: lid}]"
    panel, page, dialog = asked(stand, browse, f"- dialog: {{type: form, title: Scan, fields: {fields}}}")
    page.keyboard.type("B-7\n")
    expect(dialog.locator("[data-field=board] .field-problem")).to_contain_text("right form")
    page.keyboard.type("B7 \n")
    expect(dialog.locator("[data-field=lid] input")).to_be_focused()
    expect(dialog.locator("[data-field=lid] .field-problem")).to_be_empty()
    page.keyboard.type("L9\n")
    expect(page.locator(".verdict-word")).to_have_text("Pass")
    (told,) = panel.last()["modules"][0]["cases"][0]["attempts"][0]["dialogs"]
    assert told["value"] == {"board": "B7", "note": None, "lid": "L9"}


@pytest.mark.parametrize(
    "dialog", ["{title: Lid closed?}", "{title: Lid closed?, type: radio, choices: [a, b], default: a}"]
)
def test_a_scan_confirms_nothing(stand: Any, browse: Any, dialog: str) -> None:
    """The Enter, and the blank, of a scan that was meant for the start form answer no question."""
    panel, page, shown = asked(stand, browse, f"- dialog: {dialog}")
    page.keyboard.type("SN 7\n")
    page.clock.set_fixed_time(LATER + 1)
    expect(shown).to_be_visible()
    assert panel.session.state == "running"
    page.keyboard.press("Enter")
    expect(page.locator(".verdict-word")).to_have_text("Pass")


WATCH = """
() => new MutationObserver((_, watcher) => {
  const field = document.querySelector("dialog.dialog input");
  if (!field) return;
  watcher.disconnect();
  const button = field.form.querySelector("[type=submit]");
  window.disabled = [button.disabled];
  field.value = "L9";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  window.disabled.push(button.disabled);
}).observe(document.body, { childList: true })
"""


@pytest.mark.parametrize(("before", "disabled"), [("B7\n", [True, False]), ("B7", [True, True])])
def test_a_scan_into_a_fresh_question_is_its_answer(stand: Any, browse: Any, before: str, disabled: list[bool]) -> None:
    """Enter counts at once behind what was typed into the question, but not behind a scan that began before it came."""
    stand.sequence("held", HELD.replace("{check: 1 > 2}", "{dialog: {type: text, title: Lid}}"))
    panel, page = opened(stand, browse)
    timeless(page).keyboard.press("Space")
    expect(page.locator(".stop")).to_be_enabled()
    page.evaluate(WATCH)
    page.keyboard.type(before)
    panel.go()
    dialog = page.locator("dialog.dialog")
    expect(dialog).to_be_visible()
    assert page.evaluate("window.disabled") == disabled
    expect(dialog.get_by_role("button", name="Confirm")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.locator(".verdict-word")).to_have_text("Pass")
    assert panel.last()["modules"][0]["cases"][0]["attempts"][0]["dialogs"][0]["value"] == "L9"


def test_enter_in_a_field_is_neither_pass_nor_fail(stand: Any, browse: Any) -> None:
    """Not even while the pointer happens to rest on Fail."""
    panel, page, dialog = asked(stand, browse, "- dialog: {type: text, pass_fail: true, title: Label readable?}")
    dialog.get_by_role("button", name="Fail").hover()
    page.keyboard.type("yes\n")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Pass").click()
    expect(page.locator(".verdict-word")).to_have_text("Pass")
    assert panel.last()["modules"][0]["cases"][0]["attempts"][0]["dialogs"][0]["value"] == "yes"


def test_a_key_that_is_held_down_answers_one_question(stand: Any, browse: Any) -> None:
    """The repeats of Enter do not confirm the questions that follow."""
    _, page, dialog = asked(stand, browse, "- dialog: {title: One}\n- dialog: {title: Two}")
    page.keyboard.down("Enter")
    expect(dialog.get_by_role("heading", name="Two")).to_be_visible()
    expect(dialog.get_by_role("button", name="Confirm")).to_be_focused()
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(dialog.get_by_role("heading", name="Two")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".verdict-word")).to_have_text("Pass")


def test_a_scan_does_not_take_a_failed_result_away(stand: Any, browse: Any) -> None:
    """Somebody has to see it, and is told to scan again; the next run, started elsewhere, takes it away."""
    stand.configure("[frontend.modal_result]\nenable = true\n")
    stand.sequence("held", HELD)
    panel, page = opened(stand, browse)
    panel.go()
    timeless(page).keyboard.press("Space")
    result = page.locator("dialog.result")
    expect(result).to_be_visible()
    panel.wait_for("ready")
    page.clock.set_fixed_time(LATER)
    page.keyboard.type("SN000124\n")
    expect(page.locator(".toast")).to_contain_text("scan again")
    expect(result).to_be_visible()
    (panel.project.folder / "go").unlink()
    assert panel.ask("POST", "/api/start", {}).status == 200
    expect(result).to_have_count(0)
    expect(page.locator(".verdict-word")).to_have_text("Testing")
    panel.go()
    expect(result).to_be_visible()


def test_the_next_scan_takes_a_passed_result_away_and_starts(stand: Any, browse: Any) -> None:
    """As on the free page; a result that did not pass stays, and the note of the refused scan goes with it."""
    stand.configure("[frontend.modal_result]\nenable = true\nauto_dismiss_pass = false\n")
    stand.sequence("board", BATCH.replace("{check: true}]", "{check: params.serial != 'SN000009'}]", 1))
    panel, page = opened(stand, browse)
    timeless(page)
    result, note = page.locator("dialog.result"), page.locator(".toast")
    for number, serial in enumerate(("SN000001", "SN000002", "SN000009")):
        page.keyboard.type(f"{serial}\n")
        expect(result).to_contain_text(serial)
        started(page)
        page.clock.set_fixed_time(LATER + number)
    page.keyboard.type("SN000004\n")
    expect(note).to_contain_text("scan again")
    expect(result).to_contain_text("SN000009")
    result.locator(".result-dismiss").click()
    expect(result).to_have_count(0)
    expect(note).to_have_count(0)
    expect(page.get_by_label("Scan the board")).to_have_value("")
    panel.wait_for("ready")
    assert [run.serial_number for run in panel.report_store.store.find().runs] == ["SN000009", "SN000002", "SN000001"]


def test_the_second_half_of_a_double_click_hits_nothing_else(stand: Any, browse: Any) -> None:
    """On a phone Stop lies where Confirm was: a double click on Confirm does not stop the run, two clicks do."""
    stand.steps("- dialog: {title: Lid closed?}\n- wait: 5 min")
    panel = stand.open()
    page = started(browse(panel, viewport={"width": 390, "height": 844}))
    page.locator(".start").click()
    confirm = page.get_by_role("button", name="Confirm")
    expect(confirm).to_be_enabled()
    box = confirm.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("dialog")).to_have_count(0)
    at = page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('button')?.className", [195, 800])
    assert at == "button stop"
    page.mouse.move(195, 800)
    for count in (2, 1):
        page.wait_for_timeout(100)
        assert panel.session.state == "running"
        page.mouse.down(click_count=count)
        page.mouse.up(click_count=count)
    panel.wait_for("ready")
    assert panel.last()["status"] == "stopped"


def test_a_scan_on_another_page_presses_nothing(stand: Any, browse: Any) -> None:
    """A link or button that has the focus there is pressed by a person's Enter alone."""
    stand.sequence("board", SIMPLE)
    panel = stand.open()
    panel.run()
    page = browse(panel, "/runs")
    link = page.locator(".row-link")
    link.focus()
    scanned(page, "SN000001\n")
    page.wait_for_timeout(150)
    expect(page).to_have_url(f"{panel.url}/runs")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".report-head")).to_be_visible()
