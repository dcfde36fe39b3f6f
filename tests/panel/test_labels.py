"""Labels that the panel prints by itself: one for each unit that passed, and none is forgotten or printed twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.keeping_printer import KeepingPrinter

SEQUENCE = """
name: Board
params: {serial: {type: string}}
modules:
  main:
    cases:
      first: {steps: [{record: {dut: {serial_number: "${{ params.serial }}"}}}, {check: 1 == 1}]}
after_run:
  - exec: [test, -e, paper]
"""


def label(serial: str) -> bytes:
    return f"^XA^CI28^FH_^FD{serial}^FS^XZ".encode()


def unlabelled(panel: Any) -> list[str]:
    """The runs of which pages say that they lack a label."""
    alerts = panel.ask("GET", "/api/state").json["session"]["alerts"]
    return [alert["run"] for alert in alerts if alert["code"] == "label"]


@pytest.mark.slow
def test_each_unit_has_one_label(stand: Any) -> None:
    """Each unit that lacks its label is told until that one is printed; what is done again after a run prints none."""
    stand.sequence("labelled", SEQUENCE)
    stand.write("unit.zpl", "^XA^FD{{serial_number}}^FS^XZ")
    printer = KeepingPrinter()
    stand.configure(f'[label]\nprinter = "tcp://127.0.0.1:{printer.port}"\ntemplate = "unit.zpl"\non_pass = true\n')
    printer.close()
    panel = stand.open()
    first = panel.run(params={"serial": "SN1"})["id"]
    panel.wait_until(lambda: unlabelled(panel) == [first])
    second = panel.run(params={"serial": "SN2"})["id"]
    panel.wait_until(lambda: unlabelled(panel) == [first, second])
    assert panel.ask("POST", f"/api/runs/{second}/label", {}).status == 409
    assert unlabelled(panel) == [first, second]
    printer = KeepingPrinter(printer.port)
    assert panel.ask("POST", f"/api/runs/{second}/label", {}).status == 200
    assert printer.wait() == label("SN2")
    assert unlabelled(panel) == [first]
    assert panel.ask("POST", f"/api/runs/{first}/label", {}).status == 200
    assert printer.wait() == label("SN1")
    assert unlabelled(panel) == []
    stand.write("paper", "")
    assert panel.ask("POST", "/api/runs/latest/retry-after-run", {}).json == {"run": second}
    panel.wait_for("ready")
    panel.run(params={"serial": "SN3"})
    assert printer.wait() == label("SN3")
    printer.close()
