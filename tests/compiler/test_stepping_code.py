from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sequencer.compiler.compile import compile_sequence
from sequencer.compiler.project import ensure_compiled
from sequencer.language import read_sequence

ROOT = Path(__file__).parents[2]
SEQUENCE = """\
name: Board
vars: {spare: false}
modules:
  main:
    cases:
      rails:
        steps:
          - measure: Rail
            value: ${{ 5.0 }}
            limits: [4, 6]
            retry: 2
          - message: spare
            if: spare
          - for_each: {n: [1, 2]}
            steps:
              - message: "n ${{ n }}"
      empty:
        steps:
          - steps: [{message: inside}]
after_run:
  - message: over
"""
BODY = """\
    for _steps1 in case.stepping():
        if _steps1.due("board.yaml:8:13", "measure", name="Rail"):
            for _ in case.tries(2):
                with Measure(case, "board.yaml:8:13", "Rail", limits=[4, 6]) as step:
                    step.value = case.value("${{ 5.0 }}")
        if _steps1.due("board.yaml:12:13", "message", when="spare"):
            Message(case, "board.yaml:12:13", "spare").run()
        if _steps1.due("board.yaml:14:13", "for_each"):
            with ForEach(case, "board.yaml:14:13", {"n": [1, 2]}) as loop:
                for _ in loop:
                    for _steps2 in case.stepping():
                        if _steps2.due("board.yaml:16:17", "message"):
                            Message(case, "board.yaml:16:17", "n ${{ n }}").run()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The sequence above."""
    path = tmp_path / "board.yaml"
    path.write_text(SEQUENCE)
    return path


def test_the_code_of_a_stepping_run(file: Path) -> None:
    """A list of steps is a loop that asks before each step; retries are inside, what follows the run is as ever."""
    sequence = read_sequence(file, project=file.parent).sequence
    assert sequence is not None
    usual = compile_sequence(sequence, folder=file.parent)
    stepping = compile_sequence(sequence, folder=file.parent, stepping=True)
    assert BODY in stepping["test_main.py"]
    assert "stepping" not in usual["test_main.py"]
    assert {name for name in usual if usual[name] != stepping[name]} == {"test_main.py"}


def test_both_kinds_are_kept_side_by_side(file: Path, tmp_path: Path) -> None:
    """Stepping compiles a project of its own, once, and does not replace the usual one."""
    made = [
        ensure_compiled(file, project=file.parent, compiled=tmp_path / "compiled", stepping=stepping)
        for stepping in (False, True, False, True)
    ]
    assert [each.fresh for each in made] == [True, True, False, False]
    assert made[0].folder == made[2].folder != made[1].folder == made[3].folder


@pytest.mark.slow
def test_plain_pytest_runs_it_without_a_question(file: Path, tmp_path: Path) -> None:
    """The code of a stepping run gives the same verdicts where nobody asked for a pause."""
    folder = ensure_compiled(file, project=file.parent, compiled=tmp_path / "compiled", stepping=True).folder
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout or "3 passed" in done.stdout
