"""Variants on the panel: an unknown one goes no further than the form, and the stored run says which it was."""

from __future__ import annotations

from typing import Any

import pytest

SEQUENCE = """
name: Supply
params: {part: {type: string, prompt: Part number, each_run: false}}
variants: {by: "${{ params.part }}", PSB-24: {volts: 24.0}, PSB-12: {volts: 12.0}}
drivers: {supply: {use: supply.Supply, with: {volts: "${{ volts }}"}, scope: stand}}
modules:
  main:
    cases:
      rail:
        steps: [{measure: Input, call: supply.read, unit: V, limits: ["${{ volts - 1 }}", "${{ volts + 1 }}"]}]
"""
DRIVER = """
from pathlib import Path


class Supply:
    def __init__(self, volts):
        self.volts = volts
        with Path(HERE, "opened").open("a") as file:
            file.write(f"{volts}\\n")

    def read(self):
        return self.volts

    def close(self):
        pass
"""


@pytest.fixture
def panel(stand: Any) -> Any:
    stand.write("drivers/supply.py", DRIVER.replace("HERE", repr(str(stand.folder))))
    stand.sequence("supply", SEQUENCE)
    panel = stand.open()
    panel.wait_for("ready")
    return panel


def test_an_unknown_variant_is_refused_at_start(stand: Any, panel: Any) -> None:
    """A program is told the parameter, a code and what there is; no driver was opened for it."""
    refused = panel.ask("POST", "/api/start", {"params": {"part": "PSB-99"}})
    (field,) = refused.json["error"]["fields"]
    assert (refused.status, field["field"], field["code"]) == (422, "part", "variant")
    assert field["coded_reason"]["parameters"] == {"variant": "PSB-99", "choices": ["PSB-24", "PSB-12"]}
    assert not (stand.folder / "opened").exists()


def test_each_run_is_one_of_its_variant(stand: Any, panel: Any) -> None:
    """A driver that stays open is opened again where its arguments are those of another product."""
    for part, limits in (("PSB-12", [11.0, 13.0]), ("PSB-24", [23.0, 25.0])):
        run = panel.ask("POST", "/api/start", {"params": {"part": part}}).json["run"]
        panel.wait_for("ready")
        report = panel.ask("GET", f"/api/runs/{run}").json
        assert (report["variant"], report["status"]) == (part, "passed")
        assert report["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["limits"] == limits
    assert (stand.folder / "opened").read_text().split() == ["12.0", "24.0"]
