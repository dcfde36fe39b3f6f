"""Labels from the panel: by itself after a pass, by a button, and again when the printer was away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.keeping_printer import KeepingPrinter

pytestmark = pytest.mark.slow

expect = pytest.importorskip("playwright.sync_api").expect

SEQUENCE = """
name: Board
params: {serial: {type: string}, level: {type: number, default: 5}}
modules:
  main:
    cases:
      first: {steps: [{record: {dut: {serial_number: "${{ params.serial }}"}}}, {check: params.level < 6}]}
      second: {steps: [{check: 1 == 1}]}
"""
LABEL = "^XA^CI28^FH_^FD{}^FS^XZ"


def configure(stand: Any, port: int) -> None:
    stand.configure(f'[label]\nprinter = "tcp://127.0.0.1:{port}"\ntemplate = "unit.zpl"\non_pass = true\n')


def test_labels_by_themselves_by_button_and_again(stand: Any, browse: Any) -> None:
    """A unit that passed gets one, a failed or partly tested one does not; a printer that is away holds up nothing and
    is told with a button that tries again."""
    stand.sequence("board", SEQUENCE)
    stand.write("unit.zpl", "^XA^FD{{serial_number}}^FS^XZ")
    printer = KeepingPrinter()
    configure(stand, printer.port)
    panel = stand.open()
    panel.run(params={"serial": "BAD", "level": 9})
    panel.run(params={"serial": "PART"}, only=["main::second"])
    passed = panel.run(params={"serial": "SN1"})["id"]
    assert printer.wait().decode() == LABEL.format("SN1")
    page = browse(panel, f"/runs/{passed}")
    page.get_by_role("button", name="Print label").click()
    expect(page.locator(".toast")).to_contain_text("The label was printed.")
    assert printer.wait().decode() == LABEL.format("SN1")
    printer.close()
    away = panel.run(params={"serial": "SN2"})
    assert away["status"] == "passed"
    page = browse(panel, strict=False)
    again = page.get_by_role("button", name="Print it again")
    expect(page.locator(".alert")).to_contain_text("did not take it")
    again.click()
    expect(page.locator(".toast")).to_contain_text("did not take it")
    refused = panel.ask("POST", f"/api/runs/{away['id']}/label", {})
    assert (refused.status, refused.json["error"]["code"]) == (409, "label")
    for number in range(3, 7):
        panel.run(params={"serial": f"SN{number}"})
    alerts = page.locator(".alert")
    expect(alerts).to_contain_text(["SN2: ", "SN3: ", "SN4: ", "2 more units lack their labels."])
    printer = KeepingPrinter(printer.port)
    again.nth(1).click()
    assert printer.wait().decode() == LABEL.format("SN3")
    expect(alerts).to_contain_text(["SN2: ", "SN4: ", "SN5: ", "1 more unit lacks its label."])
    for serial in ("SN2", "SN4", "SN5", "SN6"):
        alerts.filter(has_text=serial).get_by_role("button").click()
        assert printer.wait().decode() == LABEL.format(serial)
    expect(alerts).to_have_count(0)
    printer.close()
