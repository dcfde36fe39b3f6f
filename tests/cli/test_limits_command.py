"""``hardseq limits list``: the test specification of each variant, whatever the limits are made of."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line

SEQUENCE = """\
name: =Supply <A>
version: "2"
params: {part: {type: string}, margin: {type: number, default: 1}}
vars: {step: 0.5}
variants:
  by: ${{ params.part }}
  PSB-24: {volts: 24.0, uart: true}
  PSB-12: {volts: 12.0, uart: false}
tables:
  rails: {file: rails.csv}
include: blocks.yaml
modules:
  main:
    cases:
      rails:
        for_each: {rail: [Input, Aux]}
        steps:
          - {measure: "${{ rail }}", value: 5, unit: V, limits: {table: rails}}
      own:
        steps:
          - set: {half: "${{ volts / 2 }}"}
          - {measure: Half, value: 5, unit: V, limits: ["${{ half - step }}", "${{ half + step }}"]}
          - set: {half: 1}
            if: params.margin > 3
          - {measure: Open, value: 5, unit: V, limits: {le: "${{ half }}"}}
          - for_each: {load: [1, 2]}
            steps:
              - {measure: "Ripple ${{ load }} A", value: 5, unit: mV, limits: {le: "${{ load * 10 }}"}}
          - use: answer
            with: {wanted: v1}
          - {measure: Nothing, value: 5}
      uart:
        if: uart
        steps: [{measure: Baud, value: 9600, limits: {one_of: [9600, 19200]}}]
"""
BLOCKS = (
    "steps: {answer: {params: {wanted: null}, steps: [{measure: Answer, value: v1, limits: {eq: '${{ wanted }}'}}]}}\n"
)
TABLE = (
    "variant,measurement,lower,upper,unit\nPSB-24,Input,23,25,V\nPSB-12,Input,,13000,mV\n"
    "PSB-24,Aux,1,2,\nPSB-12,Aux,1,2,\n"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "supply.yaml").write_text(SEQUENCE)
    (tmp_path / "blocks.yaml").write_text(BLOCKS)
    (tmp_path / "rails.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, ["limits", "list", "supply.yaml", *arguments])


def rows(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(listed("--format", "json", *arguments).stdout)
    return found


@pytest.mark.usefixtures("project")
def test_each_measurement_of_each_variant_with_its_limits() -> None:
    """Of tables with their row and in the step's unit; values of variants, rows, loops and blocks are put in; what the
    run alone knows stays as it is written."""
    found = rows("--variant", "PSB-12")
    assert found[0] == {
        "variant": "PSB-12",
        "case": "main::rails[Input]",
        "measurement": "Input",
        "limits": {"le": 13},
        "unit": "V",
        "place": "supply.yaml:18:13",
        "table": "rails",
        "row": 3,
        "warn_limits": None,
    }
    assert [(each["case"], each["measurement"], each["limits"], each["table"], each["row"]) for each in found[1:]] == [
        ("main::rails[Aux]", "Aux", [1, 2], "rails", 5),
        ("main::own", "Half", [5.5, 6.5], None, None),
        ("main::own", "Open", {"le": "${{ half }}"}, None, None),
        ("main::own", "Ripple 1 A", {"le": 10}, None, None),
        ("main::own", "Ripple 2 A", {"le": 20}, None, None),
        ("main::own", "Answer", {"eq": "v1"}, None, None),
    ]
    both = rows()
    assert [each["variant"] for each in both] == ["PSB-24"] * 8 + ["PSB-12"] * 7
    assert both[7]["measurement"] == "Baud"


@pytest.mark.usefixtures("project")
def test_to_read_and_to_print() -> None:
    """Text, CSV and HTML say the same; nothing of the sequence is markup or a formula."""
    text = listed().stdout
    assert "main::rails[Input]  Input       23 V ≤ value ≤ 25 V" in text
    assert "rails, row 2" in text
    table = list(csv.DictReader(listed("--format", "csv").stdout.splitlines()))
    assert (table[0]["limits"], table[0]["lower_limit"], table[0]["row"]) == ("23 V ≤ value ≤ 25 V", "23", "2")
    page = listed("--format", "html").stdout
    assert "=Supply &lt;A&gt; 2" in page
    assert "<h2>PSB-12</h2>" in page
    assert "<td>value ≤ 13 V</td>" in page
    assert "<script" not in page


def test_what_cannot_be_listed_is_refused(project: Path) -> None:
    """An unknown variant with the list of the known ones, a sequence with errors with these."""
    unknown = listed("--variant", "PSB-5")
    assert unknown.exit_code == 2
    assert "the sequence has no such variant" in unknown.output
    assert "it has PSB-24, PSB-12" in unknown.output
    (project / "rails.csv").write_text(TABLE.replace("23,25", "25,23"))
    wrong = listed()
    assert wrong.exit_code == 2
    assert "rails.csv:2:14: error: the lower limit 25 V is above the upper limit 23 V" in wrong.output
