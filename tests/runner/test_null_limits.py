"""Limits that equal null: the value is known to be missing, which no expression says by accident."""

from __future__ import annotations

from pathlib import Path

from tests.runner.test_judgements import run

SEQUENCE = """
name: Nulls
vars: {nothing: null, wanted: {eq: null}}
modules:
  main:
    cases:
      written: {steps: [{measure: A, value: null, limits: {eq: null}}]}
      given: {steps: [{measure: A, value: null, limits: {eq: "${{ nothing }}"}}]}
      whole: {steps: [{measure: A, value: null, limits: "${{ wanted }}"}]}
      list: {steps: [{measure: A, value: [1, 2], limits: {eq: [1, "${{ 1 + 1 }}"]}}]}
"""


def test_only_a_written_null_is_a_limit(tmp_path: Path) -> None:
    """A null of an expression is an error of its case; other values of expressions are compared."""
    cases = run(tmp_path, SEQUENCE)
    statuses = {name: cases[name]["status"] for name in ("written", "given", "whole", "list")}
    assert statuses == {"written": "passed", "given": "error", "whole": "error", "list": "passed"}
    (failure,) = cases["given"]["attempts"][0]["failures"]
    assert failure["message"].endswith(
        "a driver gave null to compare with; write null itself in the sequence if it is meant"
    )
    (measured,) = cases["list"]["attempts"][0]["measurements"]
    assert measured["limits"] == {"eq": [1, 2]}
