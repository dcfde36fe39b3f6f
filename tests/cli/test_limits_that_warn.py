"""``warn_limits`` wherever limits are: of fields of a form, of what a ``sample`` took, of tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from sequencer.terminal.lines import plain
from sequencer.terminal.report_lines import report_lines
from tests.cli.test_run_command import run

SEQUENCE = """\
name: Warns
drivers: {meter: bench.Meter}
tables: {rails: {file: rails.csv}}
modules:
  main:
    cases:
      sample:
        steps:
          - sample: {v: {call: meter.read, unit: V}, w: {call: meter.read, unit: V}}
            every: 1 ms
            until: len([v]) == 1
            timeout: 1 min
            limits: {v: {mean: [4, 6], each: {table: rails}}}
            warn_limits: {v: {mean: [4, 4.5]}, w: {last: {le: 4.5}}}
      form:
        steps:
          - dialog:
              type: form
              fields:
                - {name: torque, type: number, unit: Nm, measurement: Torque, limits: [1, 2], warn_limits: [1.2, 1.4]}
                - {name: gap, type: number, measurement: Gap, warn_limits: {lt: 0.1}}
                - {name: empty, type: number, required: false, measurement: Empty, warn_limits: {lt: 0.1}}
          - {dialog: {type: number, text: Force}, measurement: Force, unit: N, limits: [1, 9], warn_limits: [1 N, 3]}
      table:
        steps:
          - {measure: Rail, value: 5010, unit: mV, limits: {table: rails}}
          - {measure: Own, value: 5.01, limits: {table: rails}, warn_limits: [5, 6]}
          - {measure: Missed, value: 7, limits: {table: rails}, on_fail: continue}
"""
TABLE = (
    "measurement,lower,upper,warn_lower,warn_upper,unit\n"
    "v each,4.8,5.2,4.9,5,V\nRail,4.8,5.2,4.9,5,V\nOwn,4.8,5.2,,5,V\nMissed,4.8,5.2,,5,V\n"
)
BENCH = "class Meter:\n    def read(self) -> float:\n        return 5.01\n"
ABOVE = "5.01 V is above the upper limit of 4.5 V"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the sequence above."""
    folder = tmp_path_factory.mktemp("warns")
    (folder / "warns.yaml").write_text(SEQUENCE)
    (folder / "rails.csv").write_text(TABLE)
    (folder / "drivers").mkdir()
    (folder / "drivers" / "bench.py").write_text(BENCH)
    (folder / "answers.yaml").write_text("main::form: [{torque: 1.5, gap: 0.2, empty: null}, 4]\n")
    return folder


@pytest.mark.slow
def test_every_measurement_can_warn(project: Path) -> None:
    """The warnings are told, in the unit of the step, and fail nothing; a value that failed is not warned about."""
    done = run(project, "warns.yaml", "--answers", "answers.yaml", "--report", "report.json")
    assert done.returncode == 1, done.stdout + done.stderr
    report: Any = json.loads((project / "report.json").read_text())
    cases = {case["id"]: case for module in report["modules"] for case in module["cases"]}
    assert {name: case["status"] for name, case in cases.items()} == {
        "sample": "passed",
        "form": "passed",
        "table": "failed",
    }
    found = {
        each["name"]: (each["result"], each.get("warn_limits"), each.get("warning"))
        for case in cases.values()
        for each in case["attempts"][0]["measurements"]
    }
    assert found == {
        "v mean": (True, [4, 4.5], ABOVE),
        "v each": (True, {"each": [4.9, 5]}, "element [0]: 5.01 V is above the upper limit of 5 V"),
        "w last": (None, {"le": 4.5}, ABOVE),
        "Torque": (True, [1.2, 1.4], "1.5 Nm is above the upper limit of 1.4 Nm"),
        "Gap": (None, {"lt": 0.1}, "0.2 is above the upper limit of 0.1"),
        "Force": (True, [1, 3], "4 N is above the upper limit of 3 N"),
        "Rail": (True, [4900, 5000], "5010 mV is above the upper limit of 5000 mV"),
        "Own": (True, [5, 6], None),
        "Missed": (False, {"le": 5}, None),
    }
    assert any("7 warnings" in plain(line) for line in report_lines(report))


def test_the_specification_has_what_warns(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`limits list` in every form, with the rows of tables in the step's unit, also of what warns alone."""
    monkeypatch.chdir(project)

    def listed(form: str) -> str:
        return CliRunner().invoke(command_line, ["limits", "list", "warns.yaml", "--format", form]).stdout

    found = {each["measurement"]: (each["limits"], each["warn_limits"]) for each in json.loads(listed("json"))}
    assert found == {
        "v mean": ([4, 6], [4, 4.5]),
        "v each": ({"each": [4.8, 5.2]}, {"each": [4.9, 5]}),
        "w last": (None, {"le": 4.5}),
        "Torque": ([1, 2], [1.2, 1.4]),
        "Gap": (None, {"lt": 0.1}),
        "Empty": (None, {"lt": 0.1}),
        "Force": ([1, 9], [1, 3]),
        "Rail": ([4800, 5200], [4900, 5000]),
        "Own": ([4.8, 5.2], [5, 6]),
        "Missed": ([4.8, 5.2], {"le": 5}),
    }
    assert "warning: 4900 mV ≤ value ≤ 5000 mV" in listed("text")
    assert "<td>4800 mV ≤ value ≤ 5200 mV</td><td>4900 mV ≤ value ≤ 5000 mV</td>" in listed("html")
    assert listed("csv").splitlines()[0].endswith(",row,warn_limits")
