"""Steps that end their case, or the run, with a reason: ``fail``, ``error``, ``skip`` and ``stop``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runner.test_judgements import run

CASES = """
name: Ends
modules:
  main:
    cases:
      good: {steps: [{check: true}, {fail: never, if: 1 > 2}]}
      radio:
        critical: true
        steps: [{measure: Rail, value: 5, limits: [4, 6]}, {skip: "no radio in ${{ 'A' }}"}, {check: false}]
      after: {depends: [{case: "::radio", or_left_out: true}], steps: [{check: true}]}
      inside: {steps: [{on_fail: continue, steps: [{skip: nested}]}, {check: false}]}
"""

FAILURES = """
name: Ends
modules:
  main:
    cases:
      bad: {steps: [{check: false, on_fail: continue}, {skip: not here}]}
      retried: {attempts: 2, steps: [{fail: first, if: attempt == 1}, {skip: x}]}
      failed: {steps: [{fail: "bad ${{ 1 + 1 }}", error_code: 12}, {check: true}]}
      goes_on: {steps: [{fail: seen, on_fail: continue}, {message: reached}]}
      broken: {steps: [{error: interlock open, error_code: 7}]}
"""

STOP = """
name: Ends
modules:
  main:
    cases:
      good: {steps: [{check: true}]}
      asks:
        attempts: 3
        steps: [{retry: 3, steps: [{on_fail: continue, steps: [{stop: "the MES says ${{ 'no' }}"}]}]}]
      rest: {steps: [{check: true}]}
  off: {group: teardown, cases: {off: {steps: [{message: off}]}}}
"""


def message(case: dict[str, Any]) -> str:
    """That of the last failure."""
    text: str = case["attempts"][-1]["failures"][-1]["message"]
    return text


def test_a_case_that_skips_itself_does_not_apply(tmp_path: Path) -> None:
    """Skipped as by its own `if`, what it measured stays, a critical one takes nothing with it: the run passes."""
    cases = run(tmp_path, CASES)
    assert cases[""]["status"] == "passed"
    radio = cases["radio"]
    assert (radio["status"], radio["skip_kind"], radio["reason"]) == ("skipped", "condition", "no radio in A")
    assert [taken["value"] for taken in radio["attempts"][0]["measurements"]] == [5]
    assert radio["attempts"][0]["failures"] == []
    assert (cases["after"]["status"], cases["inside"]["status"]) == ("passed", "skipped")


def test_nothing_that_failed_is_skipped_away(tmp_path: Path) -> None:
    """After a failure, in this attempt or an earlier one, a skip is a failure; reasons and codes are in the report."""
    cases = run(tmp_path, FAILURES)
    assert cases[""]["status"] == "failed"
    after = "left out only after something failed: "
    assert (cases["bad"]["status"], message(cases["bad"])) == ("failed", f"{after}not here")
    assert (cases["retried"]["status"], message(cases["retried"])) == ("failed", f"{after}x")
    [failure] = cases["failed"]["attempts"][0]["failures"]
    assert (failure["kind"], failure["message"], failure["error_code"]) == ("failed", "bad 2", 12)
    assert cases["goes_on"]["status"] == "failed" and "reached" in str(cases["goes_on"]["attempts"][0]["messages"])
    [failure] = cases["broken"]["attempts"][0]["failures"]
    assert (cases["broken"]["status"], failure["message"], failure["error_code"]) == ("error", "interlock open", 7)


def test_a_skip_after_a_failed_try_is_a_failure(tmp_path: Path) -> None:
    """What the first try of a group missed does not cease to apply with the second."""
    text = """
name: Ends
modules:
  main:
    cases:
      tried:
        steps:
          - set: {first: true}
          - retry: 2
            steps:
              - {skip: not here, if: not first}
              - set: {first: false}
              - {fail: first}
"""
    cases = run(tmp_path, text)
    assert (cases["tried"]["status"], cases[""]["status"]) == ("failed", "failed")
    assert message(cases["tried"]) == "left out only after something failed: not here"


def test_a_step_stops_the_run(tmp_path: Path) -> None:
    """No retry, attempt or `on_fail` keeps it; teardown runs; the reason is that of the run, which has no verdict."""
    cases = run(tmp_path, STOP)
    assert (cases[""]["status"], cases[""]["stop_reason"]) == ("stopped", "the MES says no")
    ended = {name: cases[name]["status"] for name in ("good", "asks", "rest", "off")}
    assert ended == {"good": "passed", "asks": "stopped", "rest": "skipped", "off": "passed"}
    assert len(cases["asks"]["attempts"]) == 1


@pytest.mark.parametrize("verb", ["fail", "error", "skip", "stop"])
def test_a_reason_that_cannot_be_told_is_an_error(tmp_path: Path, verb: str) -> None:
    """An expression in it that fails lets nothing pass, and skips nothing."""
    text = f"""
name: Ends
modules: {{main: {{cases: {{a: {{steps: [{{{verb}: "${{{{ 1 / 0 }}}}"}}]}}, b: {{steps: [{{check: true}}]}}}}}}}}
"""
    cases = run(tmp_path, text)
    assert (cases["a"]["status"], cases[""]["status"]) == ("error", "error")
