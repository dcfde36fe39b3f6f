"""Prepared answers: dialogs that a file answers where nobody is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sequencer.cli.answers_file import read_answers
from sequencer.vocabulary.problem import InvalidInput
from tests.cli.test_run_command import run

SEQUENCE = """
name: Asks
modules:
  main:
    cases:
      led: {attempts: 2, steps: [{dialog: {text: Lit?, pass_fail: true}}]}
      torque: {steps: [{dialog: {type: number, text: Torque}, measurement: Torque, limits: [1, 2]}]}
      form: {steps: [{dialog: {type: form, fields: [{name: who}, {name: ok, type: switch}]}, save: a}, {check: a.ok}]}
      told: {steps: [{operator_message: {text: Close it, blocking: true}}, {check: true}]}
      more: {steps: [{dialog: First}, {dialog: Second}]}
      other: &form {steps: [{dialog: {type: form, pass_fail: true, fields: [{name: who, default: Bob}]}}]}
      typo: *form
      wrong: {steps: [{dialog: {type: number, text: Number}}]}
  end:
    cases:
      last: {group: teardown, steps: [{dialog: Bye}]}
"""
ANSWERS = """
main::led: [fail, pass]
main::torque: [1.5, 1.6]
main::form: [{who: Ann, ok: true}]
main::more: [confirm]
main::wrong: [much]
main::other: [1.5]
main::typo: [{whoo: Ann}]
end::last: [close]
"""


def test_a_file_answers_the_dialogs(tmp_path: Path) -> None:
    """In the order asked; too few, or one that is not taken, is an error of the case; too many is a warning."""
    (tmp_path / "asks.yaml").write_text(SEQUENCE)
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    done = run(tmp_path, "asks.yaml", "--answers", "answers.yaml", "--report", "report.json")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "answers.yaml:3:21: warning: nothing asked for this answer" in done.stdout + done.stderr
    report: Any = json.loads((tmp_path / "report.json").read_text())
    cases = {case["id"]: case for module in report["modules"] for case in module["cases"]}
    assert {name: case["status"] for name, case in cases.items()} == {
        "led": "passed",
        "torque": "passed",
        "form": "passed",
        "told": "passed",
        "more": "error",
        "wrong": "error",
        "other": "error",
        "typo": "error",
        "last": "stopped",
    }
    assert [attempt["dialogs"][0]["result"] for attempt in cases["led"]["attempts"]] == ["fail", "pass"]
    assert cases["torque"]["attempts"][0]["dialogs"][0]["by"] == "answers file"
    messages = {
        name: cases[name]["attempts"][-1]["failures"][0]["message"] for name in ("more", "wrong", "other", "typo")
    }
    assert messages["more"] == "the file of answers has no answer left for this dialog"
    assert messages["wrong"].startswith("the answer of the file cannot be taken: the answer must be a number")
    assert messages["other"].endswith("cannot be taken: a form is answered with a mapping of its fields, not with 1.5")
    assert messages["typo"].endswith('cannot be taken: the form has no field "whoo"; it has who')


IN_SLOTS = """
name: Asks
modules:
  main:
    cases:
      led: {attempts: 2, steps: [{dialog: {text: "Lit in ${{ slot.name }}?", pass_fail: true}}]}
      torque: {steps: [{dialog: {type: number, text: Torque}, measurement: Torque, limits: [1, 2]}]}
"""
BY_SLOT = """
main::led: [pass, fail]
main::torque: [1.5]
left:
  main::led: [fail, pass, pass]
right:
  main::torque: []
"""


def test_each_slot_has_its_answers(tmp_path: Path) -> None:
    """A slot's own stand in place of those for all; each slot takes its own; one without is an error of its case; what
    no slot took is told."""
    (tmp_path / "hardseq.toml").write_text("[slots.left]\n[slots.right]\n[slots.spare]\n")
    (tmp_path / "asks.yaml").write_text(IN_SLOTS)
    (tmp_path / "answers.yaml").write_text(BY_SLOT)
    done = run(tmp_path, "asks.yaml", "--answers", "answers.yaml", "--report", "reports")
    assert done.returncode == 1, done.stdout + done.stderr
    told = [line for line in done.stderr.splitlines() if "warning" in line]
    unused = "warning: nothing asked for this answer [unused-answer]"
    assert told == [f"answers.yaml:2:19: {unused}", f"answers.yaml:5:27: {unused}"]
    reports: dict[str, Any] = {
        file.stem: json.loads(file.read_text()) for file in sorted((tmp_path / "reports").iterdir())
    }
    found = {
        slot: [
            (case["status"], [each["result"] for attempt in case["attempts"] for each in attempt["dialogs"]])
            for module in report["modules"]
            for case in module["cases"]
        ]
        for slot, report in reports.items()
    }
    assert found == {
        "left": [("passed", ["fail", "pass"]), ("passed", ["confirm"])],
        "right": [("passed", ["pass"]), ("error", [None])],
        "spare": [("passed", ["pass"]), ("passed", ["confirm"])],
    }
    (tmp_path / "answers.yaml").write_text("rigth: {main::led: [pass]}\n")
    refused = run(tmp_path, "asks.yaml", "--answers", "answers.yaml")
    assert refused.returncode == 2
    assert "answers.yaml:1:1: error: there is no slot `rigth`" in refused.stderr
    assert "did you mean `right`?" in refused.stderr


def test_a_file_of_answers_is_checked_before_the_run(tmp_path: Path) -> None:
    """Every problem at its place: an unknown case with the nearest one, and what is no list."""
    file = tmp_path / "answers.yaml"
    file.write_text("main::ledd: [pass]\nmain::led: pass\n")
    with pytest.raises(InvalidInput) as raised:
        read_answers(file, [{"id": "main", "cases": [{"id": "led"}]}], tmp_path)
    found = [(each.place.line, each.place.column, each.code, each.hint) for each in raised.value.problems]
    assert found == [
        (1, 1, "unknown-case", "did you mean `main::led`?"),
        (2, 12, "wrong-type", "write `[...]`"),
    ]
    file.write_text("left: {main::led: pass, main::lid: []}\nmain::ledd: {main::led: [pass]}\n")
    with pytest.raises(InvalidInput) as raised:
        read_answers(file, [{"id": "main", "cases": [{"id": "led"}]}], tmp_path)
    found = [(each.place.line, each.place.column, each.code, each.hint) for each in raised.value.problems]
    assert found == [
        (1, 1, "unknown-slot", "this stand has no slots"),
        (1, 19, "wrong-type", "write `[...]`"),
        (1, 25, "unknown-case", "did you mean `main::led`?"),
        (2, 1, "unknown-slot", "did you mean `main::led`?"),
    ]
    with pytest.raises(InvalidInput):
        read_answers(tmp_path / "none.yaml", [], tmp_path)
