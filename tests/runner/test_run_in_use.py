"""A run as panel and command line use it: listeners, dialogs, sequences from YAML."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.project import ensure_compiled
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import RunNotPossible, RunRefused, StartRequest
from sequencer.report.event import DialogAsked, OperatorMessageShown
from sequencer.runner.child import Child
from sequencer.runner.run import Run
from sequencer.vocabulary.reason import code_of

ROOT = Path(__file__).resolve().parents[2]

SEQUENCE = """
name: Everything
drivers:
  meter: {use: meter.Meter, with: {offset: 1.0}}
params:
  serial: {type: string, pattern: "^SN[0-9]+$"}
vars: {nominal: "${{ 2 + 3 }}"}
dut: {serial_number: "${{ params.serial }}"}
modules:
  up:
    group: setup
    cases:
      on: {steps: [{call: meter.switch, with: {state: on}}]}
  rails:
    cases:
      good:
        attempts: 3
        steps:
          - measure: Rail
            call: meter.read
            with: {attempt: "${{ attempt }}"}
            save: rail
            unit: V
            limits: [4.9, 5.1]
          - check: abs(rail - nominal) < 0.2
      bad:
        error_code: 4
        steps:
          - for_each: {channel: [1, 2]}
            steps:
              - measure: "Channel ${{ channel }}"
                value: ${{ channel * 10 }}
                limits: {lt: 15}
                error_code: 9
      depends_on_good: {depends: "::good", steps: [{message: "SN ${{ dut.serial_number }}"}]}
      depends_on_bad: {depends: rails::bad, steps: [{message: never}]}
      left_out: {if: run.simulated, steps: [{message: never}]}
      hangs: {timeout: 100 ms, steps: [{wait: 1 min}]}
      raises: {steps: [{call: meter.boom}]}
  down:
    group: teardown
    cases:
      off: {steps: [{call: meter.switch, with: {state: off}}]}
"""

METER = """
class Meter:
    def __init__(self, offset):
        self.offset = offset

    def switch(self, state):
        self.state = state

    def read(self, attempt):
        return 3.0 + self.offset * attempt

    def boom(self):
        raise RuntimeError("no answer")
"""

EXPECTED = {
    "up::on": "passed",
    "rails::good": "passed",
    "rails::bad": "failed",
    "rails::depends_on_good": "passed",
    "rails::depends_on_bad": "skipped",
    "rails::left_out": "skipped",
    "rails::hangs": "failed",
    "rails::raises": "error",
    "down::off": "passed",
}


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """The generated project of a sequence in YAML."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "meter.py").write_text(METER)
    (tmp_path / "sequences").mkdir()
    file = tmp_path / "sequences" / "everything.yaml"
    file.write_text(SEQUENCE.replace("error_code: 4\n        ", ""))
    return ensure_compiled(file, project=tmp_path, compiled=tmp_path / ".hardseq" / "compiled").folder


@pytest.mark.slow
def test_a_sequence_in_yaml_runs_alike_here_and_in_plain_pytest(compiled: Path, tmp_path: Path) -> None:
    """The same verdict for every case, with attempts, loops, conditions, timeouts and dependencies."""
    run = Run(compiled, StateFolder(tmp_path / ".hardseq"), project=tmp_path)
    try:
        run.start(StartRequest(params={"serial": "SN42"}))
        report = run.wait(30)
    finally:
        run.close()
    assert report is not None
    found = {f"{module['id']}::{case['id']}": case for module in report["modules"] for case in module["cases"]}
    assert {name: case["status"] for name, case in found.items()} == EXPECTED
    assert [attempt["status"] for attempt in found["rails::good"]["attempts"]] == ["failed", "passed"]
    assert len(found["rails::bad"]["attempts"][0]["measurements"]) == 2
    assert report["dut"] == {"serial_number": "SN42"}
    assert (report["error_code"], report["caused_dut_failure_id"]) == (9, "rails::bad")
    assert found["rails::raises"]["attempts"][0]["failures"][0]["place"].startswith("sequences/everything.yaml:")
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-v",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
            "--arg",
            "serial=SN42",
            str(compiled),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert result.returncode == 1
    for name, status in EXPECTED.items():
        word = {"passed": "PASSED", "skipped": "SKIPPED"}.get(status, "FAILED")
        assert f"::test_{name.partition('::')[2]} {word}" in result.stdout


def test_the_operator_is_asked_and_answers(project: Any, make_run: Callable[..., Any]) -> None:
    """The first answer that the dialog can have wins, and the case goes on with it."""
    p = project
    dialog = "{'type': 'number', 'title': 'Torque', 'text': 'Read', 'fields': [{'name': 'value', 'type': 'number'}]}"
    p.module(
        "main",
        p.case(
            "asks",
            "from sequencer.report.dialog import describe\nfrom sequencer.report.event import OperatorMessageShown",
            f"answer = case.ask(describe({dialog}))\nassert answer.value == 1.5 and answer.by == 'ann', answer",
            "case.tell(OperatorMessageShown(case.full_name, 'note', 'Look', None, True))",
        ),
    )
    answers: list[bool] = []

    def listen(stamped: Any) -> None:
        event = stamped.event
        if isinstance(event, DialogAsked):
            answers.append(run.answer(event.id, "confirm", "much", "bob"))
            answers.append(run.answer(event.id, "confirm", 1.5, "ann"))
            answers.append(run.answer(event.id, "confirm", 1.6, "bob"))
        elif isinstance(event, OperatorMessageShown) and event.text is not None:
            answers.append(run.answer(event.id, "confirm"))

    run = make_run(listen)
    run.start(StartRequest(attended=True))
    report = run.wait(30)
    assert report["status"] == "passed", report["modules"][0]["cases"][0]["attempts"]
    assert answers == [False, True, False, True]


def test_a_closed_dialog_stops_the_run(project: Any, make_run: Callable[..., Any]) -> None:
    """The case is stopped, the rest skipped, teardown runs."""
    p = project
    p.module(
        "main", p.case("asks", "from sequencer.report.dialog import describe\ncase.ask(describe('Sure?'))"), p.case("b")
    )
    p.module("end", p.case("off"), group="teardown")

    def listen(stamped: Any) -> None:
        if isinstance(stamped.event, DialogAsked):
            run.answer(stamped.event.id, "close")

    run = make_run(listen)
    run.start(StartRequest(attended=True))
    report = run.wait(30)
    assert [case["status"] for module in report["modules"] for case in module["cases"]] == [
        "stopped",
        "skipped",
        "passed",
    ]
    assert report["status"] == "stopped"
    assert report["stop_reason"] == "the operator closed the dialog"


def test_a_listener_that_fails_decides_nothing(project: Any, make_run: Callable[..., Any]) -> None:
    """It is told no more, somebody can read why, and the run goes on for everybody else."""
    project.module("main", project.case("a"))
    heard: list[Any] = []
    printed: list[str] = []

    def fails(stamped: Any) -> None:
        raise ValueError("broken display")

    run = make_run(fails, heard.append, output=printed.append)
    run.start(StartRequest())
    assert run.wait(30)["status"] == "passed"
    assert len(heard) == 4
    assert [line for line in printed if "broken display" in line]


def test_a_run_starts_once(project: Any, make_run: Callable[..., Any]) -> None:
    """Another start is refused, whatever became of the first."""
    project.module("main", project.case("a"))
    run = make_run()
    run.start(StartRequest())
    run.wait(30)
    with pytest.raises(RunNotPossible, match="started before"):
        run.start(StartRequest())


def test_a_refused_start_leaves_nothing_behind(project: Any, make_run: Callable[..., Run]) -> None:
    """What was wrong with one start is not wrong with the next of the same warm test process."""
    project.module("main", project.case("a", project.measure("give", limits=[3, 5])))
    run = make_run()
    for wrong in ({"tags": ["x"]}, {"only": ["nothing"]}, {"params": {"volts": 5}}):
        with pytest.raises(RunRefused):
            run.start(StartRequest(**wrong))
    run.start(StartRequest(only=["main"]))
    report = run.wait(60)
    assert report is not None and report["status"] == "passed"


def test_a_first_event_that_cannot_be_written_is_the_stands_fault(
    project: Any, make_run: Callable[..., Run], make_child: Callable[[], Child]
) -> None:
    """Nothing is wrong with what was asked for: it is no refusal but a run that is not possible."""
    resource = pytest.importorskip("resource")
    project.module("main", project.case("a", project.measure("give", limits=[3, 5])))
    project.sequence(description="x" * 5000)
    child = make_child()
    run = make_run(child=child)
    run.wait_ready()
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (1000, 1000))
    with pytest.raises(RunNotPossible, match="cannot be written") as refused:
        run.start(StartRequest())
    assert code_of(refused.value.reason) == "journal_not_written"
