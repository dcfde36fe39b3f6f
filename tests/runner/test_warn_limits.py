"""``warn_limits``: what misses them is told and fails nothing."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from sequencer.report.exports.csv_rows import to_csv
from sequencer.report.exports.html_page import to_html
from sequencer.report.version1 import lower
from sequencer.terminal.lines import plain
from sequencer.terminal.report_lines import report_lines
from tests.runner.test_judgements import run

SEQUENCE = """
name: Warns
vars: {nothing: null, high: 5.1}
modules:
  main:
    cases:
      warned: {steps: [{measure: Rail, value: 5.15, unit: V, limits: [4.8, 5.2], warn_limits: [4.9, "${{ high }}"]}]}
      good: {steps: [{measure: Rail, value: 5, unit: V, limits: [4.8, 5.2], warn_limits: {nominal: 5, tolerance: 1%}}]}
      alone: {steps: [{check: true}, {measure: Rail, value: 6, warn_limits: [4.9, 5.1]}]}
      empty: {steps: [{check: true}, {measure: Rail, value: 6, warn_limits: [4.9, "${{ nothing }}"]}]}
      cell: {steps: [{check: true}, {measure: Rail, value: 6, warn_limits: "${{ nothing }}"}]}
  other:
    cases:
      failed: {steps: [{measure: Rail, value: 5.3, limits: [4.8, 5.2], warn_limits: [4.9, 5.1]}]}
      wrong: {steps: [{measure: Rail, value: 5, limits: [4.8, 5.2], warn_limits: "${{ high }}"}]}
      missing: {steps: [{measure: Rail, value: null, warn_limits: [4.9, 5.1]}]}
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cases of the sequence above, run."""
    return run(tmp_path_factory.mktemp("warns"), SEQUENCE)


def test_a_warning_is_told_and_fails_nothing(cases: dict[str, Any]) -> None:
    """The case passes; the reason is told with its code; a value that failed is not warned about."""
    statuses = {name: cases[name]["status"] for name in ("warned", "good", "alone", "empty", "cell")}
    assert set(statuses.values()) == {"passed"}
    measured = {name: cases[name]["attempts"][0]["measurements"][0] for name in cases if name and name != "wrong"}
    warned = measured["warned"]
    assert (warned["result"], warned["warn_limits"]) == (True, [4.9, 5.1])
    assert warned["warning"] == "5.15 V is above the upper limit of 5.1 V"
    assert warned["coded_warning"]["code"] == "above"
    assert {name for name, each in measured.items() if "warning" in each} == {"warned", "alone"}
    assert "warn_limits" not in measured["cell"]
    assert measured["failed"]["result"] is False
    assert (cases["missing"]["status"], cases["wrong"]["status"]) == ("failed", "error")


def test_warnings_are_counted_and_exported(cases: dict[str, Any]) -> None:
    """On the terminal, in the page, in columns of their own, and beside what version 1 cannot say."""
    report = cases[""]
    lines = [plain(line) for line in report_lines(report)]
    expected = "Rail = 5.15 V   4.8 V ≤ value ≤ 5.2 V   warning: 5.15 V is above the upper limit of 5.1 V"
    assert f"         {expected}" in lines
    assert any(line.startswith("cases") and ", 2 warnings" in line for line in lines)
    page = to_html(report)
    assert "pass, warning: 5.15 V is above the upper limit of 5.1 V" in page
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert [row["warning"] for row in rows if row["case"] == "warned"] == ["5.15 V is above the upper limit of 5.1 V"]
    assert rows[0]["warn_limits"] == "4.9 V ≤ value ≤ 5.1 V"
    assert "5.15 V is above the upper limit of 5.1 V" in str(lower(report))
