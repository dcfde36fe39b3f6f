"""A shift as a new operator works it: a batch is set up, twenty boards are scanned, and things go wrong between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.live_page import at_one_moment, scanned, started, verdict

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SHIFT = """
name: Shift
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params:
  variant: {type: string, one_of: [basic, pro], default: basic}
  cycles: {type: integer, min: 1, max: 100, default: 3}
  serial: {type: string, pattern: "^SN[0-9]{6}$", prompt: Scan the board}
modules:
  main:
    name: Main
    cases:
      identify: {name: Identify, steps: [{record: {dut: {serial_number: "${{ params.serial }}"}}}, {check: true}]}
      hold: {name: Hold, if: "params.serial[-2:] in '04 05 06 15 18'", steps: [{call: bench.wait}, {check: true}]}
      lid: {name: Lid, if: "params.serial == 'SN000009'", steps: [{dialog: {title: Lid closed?, pass_fail: true}}]}
      label: {name: Label, if: "params.serial == 'SN000010'", steps: [{dialog: {title: Label, type: text}}]}
      rail: {name: Rail, steps: [{check: "params.serial != 'SN000013'"}]}
"""


class Shift:
    """The operator at the page."""

    def __init__(self, stand: Any, browse: Any) -> None:
        stand.configure("[frontend.modal_result]\nenable = true\nauto_dismiss_timeout = 0.2\n")
        stand.sequence("board", SHIFT)
        self.stand = stand
        self.panel = stand.open()
        self.page = started(browse(self.panel, strict=False))
        self.field = self.page.get_by_label("Scan the board")
        self.note = self.page.locator(".toast")
        self.result = self.page.locator("dialog.result")

    def scan(self, number: int | str) -> None:
        """What a keyboard wedge types, wherever the focus is."""
        serial = number if isinstance(number, str) else f"SN{number:06}"
        scanned(self.page, f"{serial}\n")

    def wait(self, number: int, word: str = "Pass") -> None:
        """Until the board has its verdict, which went away by itself, and the next one can be scanned."""
        expect(self.page.locator(".hero-facts .big dd")).to_have_text(f"SN{number:06}")
        expect(verdict(self.page)).to_have_text(word)
        if word == "Pass":
            expect(self.result).to_have_count(0)
            started(self.page)

    def board(self, number: int) -> None:
        self.scan(number)
        self.wait(number)

    def board_read_twice(self, number: int) -> None:
        """The second time before its test is over, which waits for that: afterwards it would be tested again."""
        self.scan(number)
        self.scan(number)
        self.panel.go()
        self.wait(number)
        (self.stand.folder / "go").unlink()


def lose(route: Any) -> None:
    """Lets the request through and loses the answer."""
    route.fetch()
    route.abort()


def set_up(shift: Shift) -> None:
    """The batch, between its first boards."""
    page = shift.page
    page.get_by_label("variant").select_option("pro")
    shift.scan(1)  # the list still has the focus
    shift.wait(1)
    page.get_by_label("cycles").click()
    page.keyboard.press("Control+A")
    shift.page.keyboard.type("7\n")
    shift.board(2)


def scan_wrong(shift: Shift) -> None:
    """Boards 3 and 4."""
    page, field = shift.page, shift.field
    # The label of another product, half a label, and one that was read twice.
    for wrong in ("PB-7", "SN00"):
        shift.scan(wrong)
        expect(page.locator(".field-problem:visible")).to_have_count(1)
    shift.board(3)
    shift.board_read_twice(4)
    expect(field).to_have_value("")


def scan_early(shift: Shift) -> None:
    """Boards 5 to 7."""
    page, field, note = shift.page, shift.field, shift.note
    # The next boards are scanned while one is being tested; then its run ends in the middle of a scan.
    shift.scan(5)
    expect(page.locator(".stop")).to_be_enabled()
    for number in (6, 7):
        shift.scan(number)
        expect(note).to_contain_text("a test is running")
    shift.panel.go()
    shift.wait(5)
    (shift.stand.folder / "go").unlink()
    shift.scan(6)
    expect(page.locator(".stop")).to_be_enabled()
    with at_one_moment(page):
        page.keyboard.type("SN00")
        shift.panel.go()
        started(page)
        page.keyboard.type("0006\n")
    shift.wait(6)
    (shift.stand.folder / "go").unlink()
    expect(field).to_have_value("")
    shift.board(7)


def lose_starts(shift: Shift) -> None:
    """Boards 8 to 10."""
    page, field, note = shift.page, shift.field, shift.note
    # A cable is pulled, a Start gets lost on its way, and one whose answer is lost; then the panel is restarted.
    page.route("**/api/start", lambda route: route.abort())
    shift.scan(8)
    expect(note).to_contain_text("No connection")
    page.unroute("**/api/start")
    shift.board(8)

    page.route("**/api/start", lose)
    shift.scan(9)
    dialog = page.locator("dialog.dialog")
    expect(dialog).to_be_visible()
    page.unroute("**/api/start")
    # A question covers the page: the next board is neither its answer nor started afterwards.
    shift.scan(10)
    expect(note.filter(has_text="scan again")).to_have_count(1)
    dialog.get_by_role("button", name="Pass").click()
    shift.wait(9)
    expect(field).to_have_value("")
    shift.scan(10)
    expect(dialog).to_be_visible()
    scanned(page, "L1\n")
    shift.wait(10)


def restart(shift: Shift) -> None:
    """Board 11."""
    page, note = shift.page, shift.note
    shift.panel.wait_for("ready")
    shift.panel.close()
    expect(verdict(page)).to_have_text("No connection")
    shift.scan(11)
    expect(note).to_contain_text("there is no connection")
    shift.panel = shift.stand.open(shift.panel.port)
    started(page)
    shift.panel.wait_for_runs(10)
    page.keyboard.press("Enter")
    shift.wait(11)


def fail(shift: Shift) -> None:
    """Boards 12 and 13."""
    page, field, note, result = shift.page, shift.field, shift.note, shift.result
    # One fails: its result stays until somebody has seen it, and the scan before that is not used.
    shift.board(12)
    shift.scan(13)
    expect(result).to_be_visible()
    shift.panel.wait_for("ready")
    page.wait_for_timeout(150)
    shift.scan(14)
    expect(note).to_contain_text("scan again")
    result.locator(".result-dismiss").click()
    shift.wait(13, "Fail")
    expect(field).to_have_value("")


def test_twenty_boards_and_nothing_else_is_tested(stand: Any, browse: Any) -> None:
    """Each board once, in order, as the batch was set up: whatever was scanned wrong, twice, too early or elsewhere."""
    shift = Shift(stand, browse)
    for part in (set_up, scan_wrong, scan_early, lose_starts, restart, fail):
        part(shift)
    # Somebody else looks, goes away, and comes back to the page on which the batch is.
    other = started(browse(shift.panel, strict=False))
    expect(other.get_by_label("variant")).to_have_value('"pro"')
    other.get_by_role("link", name="Runs").click()
    other.wait_for_url("**/runs")
    scanned(other, "SN000099\n")
    for number in range(14, 21):
        started(shift.page)
        if number % 3 == 0:
            shift.board_read_twice(number)
        else:
            shift.board(number)

    shift.panel.wait_for_runs(20)
    runs = shift.panel.report_store.store.find().runs[::-1]
    assert [run.serial_number for run in runs] == [f"SN{number:06}" for number in range(1, 21)]
    assert [run.serial_number for run in runs if run.status != "passed"] == ["SN000013"]
    for run in runs:
        report = shift.panel.report_store.store.get(run.id)
        assert report is not None
        cycles = 3 if run.serial_number == "SN000001" else 7
        assert report["params"] == {"variant": "pro", "cycles": cycles, "serial": run.serial_number}
