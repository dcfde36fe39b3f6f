"""What a case has proved: steps that judge and never ran prove nothing, and nobody's silence judges the product."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.project import ensure_compiled, write_project
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.runner.run import Run

ROOT = Path(__file__).resolve().parents[2]

BLOCKS = """
steps:
  judge:
    params: {volts: {default: 5}}
    steps:
      - use: judge_more
        with: {volts: "${{ volts }}"}
  judge_more:
    params: {volts: {}}
    steps:
      - {measure: Rail, value: "${{ volts }}", limits: [4, 6]}
"""

SEQUENCE = """
name: Judged
include: blocks.yaml
vars: {nothing: []}
params: {on: {type: boolean, default: false}, rounds: {type: integer, default: 0}}
modules:
  m:
    cases:
      empty_list: {steps: [{for_each: {x: "${{ nothing }}"}, steps: [{check: x > 0}]}]}
      deep:
        steps:
          - {for_each: {x: [1, 2]}, steps: [{steps: [{for_each: {y: "${{ nothing }}"}, steps: [{use: judge}]}]}]}
      rounds: {steps: [{repeat: "${{ params.rounds }}", steps: [{check: true}]}]}
      rounds_of_nothing: {steps: [{repeat: "${{ params.rounds }}", steps: [{message: hello}]}, {check: true}]}
      negative: {steps: [{repeat: "${{ params.rounds - 1 }}", steps: [{check: true}]}]}
      no_output: {steps: [{for_each: {x: "${{ nothing }}"}, steps: [{exec: [python, -c, ""], expect: ok}]}]}
      no_answer: {steps: [{for_each: {x: "${{ nothing }}"}, steps: [{dialog: {text: ok?, pass_fail: true}}]}]}
      superseded:
        steps:
          - {set: {n: 0}}
          - {retry: 2, steps: [{set: {n: "${{ n + 1 }}"}}, {check: false, if: n == 1}]}
      healed:
        attempts: 2
        steps: [{check: false, if: attempt == 1}]
      left_out: {steps: [{check: false, if: params.on}]}
      group_left_out: {steps: [{if: params.on, steps: [{use: judge}, {check: false}]}, {message: hello}]}
      loop_left_out: {steps: [{if: params.on, for_each: {x: "${{ nothing }}"}, steps: [{check: true}]}]}
      other_loop: {steps: [{for_each: {x: "${{ nothing }}"}, steps: [{message: hello}]}, {use: judge, if: params.on}]}
      dialog_left_out: {steps: [{dialog: {text: ok?, pass_fail: true}, if: params.on}]}
      some: {steps: [{check: true}, {for_each: {x: "${{ nothing }}"}, steps: [{check: false}]}]}
      some_left_out: {steps: [{check: true}, {measure: Rail, value: 9, limits: [0, 1], if: params.on}]}
      no_limits: {steps: [{check: true}, {for_each: {x: "${{ nothing }}"}, steps: [{use: judge}]}]}
      nothing_to_judge: {steps: [{for_each: {x: "${{ nothing }}"}, steps: [{message: hello}]}]}
      output: {steps: [{exec: [PYTHON, -c, "print('ok')"], expect: ok}]}
      no_bad_output: {steps: [{exec: [PYTHON, -c, "print('ok')"], refuse: error}]}
      empty_refuse: {steps: [{for_each: {x: "${{ nothing }}"}, steps: [{exec: [PYTHON, -c, ""], refuse: error}]}]}
      retried: {steps: [{retry: 2, steps: [{use: judge}]}]}
""".replace("PYTHON", sys.executable)

FAILED = ("empty_list", "deep", "rounds", "no_output", "no_answer", "superseded", "healed", "no_limits", "empty_refuse")
ERRORS = ("rounds_of_nothing", "negative")
SKIPPED = ("left_out", "group_left_out", "loop_left_out", "other_loop", "dialog_left_out")
PASSED = ("some", "some_left_out", "nothing_to_judge", "retried", "output", "no_bad_output")


def run(folder: Path, text: str, **request: Any) -> dict[str, Any]:
    """The cases of the report by their ids."""
    state = StateFolder(folder / "state")
    path = folder / "s.yaml"
    path.write_text(text)
    compiled = ensure_compiled(path, project=folder, compiled=state.compiled)
    opened = Run(compiled.folder, state, project=folder)
    try:
        opened.start(StartRequest(**request))
        report: Any = opened.wait(60)
    finally:
        opened.close()
    return {case["id"]: case for module in report["modules"] for case in module["cases"]} | {"": report}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project folder with the blocks."""
    folder = tmp_path_factory.mktemp("judged")
    (folder / "blocks.yaml").write_text(BLOCKS)
    return folder


@pytest.fixture(scope="module")
def judged(folder: Path) -> dict[str, Any]:
    """The cases of the sequence above, run."""
    return run(folder, SEQUENCE)


def test_steps_that_judge_and_never_ran_prove_nothing(judged: dict[str, Any]) -> None:
    """Loops over nothing, zero rounds, judgements that count no more: the case fails in so many words."""
    assert {name: judged[name]["status"] for name in FAILED} == dict.fromkeys(FAILED, "failed")
    for name in set(FAILED) - {"no_limits"}:
        assert judged[name]["attempts"][-1]["failures"][-1]["message"].endswith("nothing was judged"), name
    (failure,) = judged["empty_list"]["attempts"][0]["failures"]
    assert failure["place"] == "s.yaml:9:28"
    (failure,) = judged["no_limits"]["attempts"][0]["failures"]
    assert failure["message"] == "no measurement with limits was recorded"


def test_less_than_one_round_is_an_error(judged: dict[str, Any]) -> None:
    """Whatever the loop holds, and whatever else the case proved."""
    assert {name: judged[name]["status"] for name in ERRORS} == dict.fromkeys(ERRORS, "error")


def test_what_its_own_conditions_left_out_does_not_apply(judged: dict[str, Any]) -> None:
    """The case is skipped as one whose own `if` is false; the `if` of a group around counts too."""
    for name in SKIPPED:
        assert (judged[name]["status"], judged[name]["skip_kind"]) == ("skipped", "condition"), name
        assert judged[name]["reason"] == "every step that judges was left out by its `if`"
        assert judged[name]["attempts"][0]["failures"] == []


def test_one_judgement_is_enough(judged: dict[str, Any]) -> None:
    """What else was left out, or looped over nothing, is the sequence's affair; so is a case that judges nothing."""
    assert {name: judged[name]["status"] for name in PASSED} == dict.fromkeys(PASSED, "passed")


def test_plain_pytest_judges_alike(folder: Path, judged: dict[str, Any]) -> None:
    """The generated tests end as the cases did."""
    (folder / "s.yaml").write_text(SEQUENCE)
    write_project(folder / "s.yaml", project=folder, folder=folder / "plain")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    done = subprocess.run(
        [*command, str(folder / "plain")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    wanted = f"{len(FAILED) + len(ERRORS)} failed, {len(PASSED)} passed, {len(SKIPPED)} skipped"
    assert wanted in done.stdout


CONDITIONS = """
name: Conditions
params: {on: {type: boolean, default: false}}
modules:
  m:
    cases:
      optional: {critical: true, steps: [{check: false, if: params.on}]}
      needs: {depends: "::optional", steps: [{check: true}]}
      without: {depends: {case: "::optional", or_left_out: true}, steps: [{check: true}]}
"""


def test_a_case_that_judged_nothing_by_its_own_conditions_is_left_out(folder: Path) -> None:
    """As one with an `if` of its own: not missing, no ground for others, and critical or not it takes nothing along."""
    cases = run(folder, CONDITIONS)
    assert [cases[name]["status"] for name in ("optional", "needs", "without")] == ["skipped", "skipped", "passed"]
    assert cases[""]["untested"] == "incomplete"


QUESTIONS = """
name: Questions
modules:
  m:
    cases:
      dialog: {steps: [{dialog: {text: ok?, pass_fail: true}, timeout: 100 ms}]}
      case_timeout: {timeout: 100 ms, steps: [{dialog: Ready?}]}
      group_timeout: {steps: [{timeout: 100 ms, steps: [{dialog: Ready?}]}]}
      message: {steps: [{operator_message: {text: Look, blocking: true}, timeout: 100 ms}]}
      hangs: {steps: [{timeout: 100 ms, steps: [{wait: 1 min}]}]}
"""


def test_a_question_that_nobody_answered_is_no_failure_of_the_product(folder: Path) -> None:
    """An error, whichever timeout struck while an operator was waited for; one that strikes a step judges as ever."""
    cases = run(folder, QUESTIONS, attended=True)
    report = cases.pop("")
    assert [case["status"] for case in cases.values()] == ["error", "error", "error", "error", "failed"]
    for name in ("dialog", "case_timeout", "group_timeout", "message"):
        (failure,) = cases[name]["attempts"][0]["failures"]
        assert failure["kind"] == "error", name
        assert failure["message"].endswith("its timeout of 0.1 s: no operator answered")
    assert cases["dialog"]["attempts"][0]["dialogs"][0]["result"] == "timeout"
    assert report["caused_dut_failure_id"] == "m::hangs"
