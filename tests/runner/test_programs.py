"""The step ``exec`` with real programs, in a real test process."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from sequencer.panel.patches import AttemptView
from sequencer.report.event import CaseFinished, ProgramFinished, RunFinished
from sequencer.report.fold import fold


def program(code: str, **how: Any) -> str:
    """The generated line that runs a Python program of one line."""
    written = "".join(f", {name}={value!r}" for name, value in how.items())
    return f"Exec(case, 's.yaml:1:1', [{sys.executable!r}, '-c', {code!r}]{written}).run()"


def test_what_a_program_ends_with_decides(project: Any, execute: Callable[..., Any], tmp_path: Path) -> None:
    """Exit code, output and start decide; each failure names the program, the reason and its last line."""
    (tmp_path / "inner").mkdir()
    cases = {
        "fine": program("import os; print(os.environ['PROBE'])", environment={"PROBE": 7}, expect="7"),
        "other_code": program("raise SystemExit(3)", exit_codes=[0, 3]),
        "folder": program("import os; print(os.getcwd())", folder=str(tmp_path / "inner"), expect="inner"),
        "code": program("print('no chip'); raise SystemExit(2)"),
        "output": program("print('erased')", expect="verified"),
        "missing": "Exec(case, 's.yaml:1:1', ['no-such-flasher', 'a.hex']).run()",
        "no_folder": program("", folder=str(tmp_path / "gone")),
    }
    project.module("main", *(project.case(name, body) for name, body in cases.items()))
    outcome = execute()
    messages = {
        name: [failure["message"].replace(sys.executable, "PYTHON") for failure in outcome.failures(f"main::{name}")]
        for name in cases
    }
    assert messages == {
        "fine": [],
        "other_code": [],
        "folder": [],
        "code": ["PYTHON ended with exit code 2, not 0; its last line: no chip"],
        "output": ["the output of PYTHON does not match 'verified'; its last line: erased"],
        "missing": ["no-such-flasher could not be started: there is no such program"],
        "no_folder": [f"PYTHON could not be started: there is no folder {tmp_path / 'gone'}"],
    }


def test_output_and_named_groups_are_kept(project: Any, execute: Callable[..., Any]) -> None:
    """``save`` keeps exit code and output, named groups of ``expect`` are variables, the report has the program run."""
    body = (
        program("print('verified 512 bytes')", expect=r"verified (?P<bytes>\d+)", save="flash"),
        "Check(case, 's.yaml:2:1', \"bytes == '512' and flash.exit_code == 0 and 'verified' in flash.output\").run()",
    )
    project.module("main", project.case("flash", *body))
    outcome = execute()
    assert outcome.statuses == {"main::flash": "passed"}
    (ran,) = outcome.report["modules"][0]["cases"][0]["attempts"][0]["programs"]
    assert (ran["exit_code"], ran["output"], ran["truncated"]) == (0, "verified 512 bytes\n", False)


@pytest.mark.slow
def test_the_whole_output_is_judged(project: Any, execute: Callable[..., Any]) -> None:
    """Also its middle, by ``expect``, ``refuse`` and whoever uses what was saved; the report says what it left out."""
    code = "for n in range(12000): print(f'cell {n:06d}', 'FAIL: stuck' if n == 6000 else 'fine, pattern 55aa55aa')"
    check = "Check(case, 's.yaml:2:1', \"'FAIL: stuck' in out.output\").run()"
    cases = {
        "expected": program(code, expect=r"cell 006000 (?P<what>\w+)"),
        "refused": program(code, refuse=["nothing of it", "FAIL"]),
        "clean": program(code, refuse=["^FAIL", "absent"]),
        "saved": program(code, save="out") + "\n" + check,
    }
    project.module("main", *(project.case(name, body) for name, body in cases.items()))
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "failed", "passed", "passed"]
    (failure,) = outcome.failures("main::refused")
    assert failure["message"].endswith("matches `refuse`, 'FAIL': cell 006000 FAIL: stuck")
    (ran,) = outcome.cases["main::clean"]["attempts"][0]["programs"]
    assert ran["truncated"]
    assert re.search(r"\n\[\.\.\. \d+ characters left out \.\.\.\]\n", ran["output"])
    assert "cell 000000" in ran["output"]
    assert "cell 011999" in ran["output"]


def test_an_output_beyond_all_bounds_is_an_error(project: Any, execute: Callable[..., Any]) -> None:
    """Where something would have to judge it; nothing is said to be absent from what was not seen."""
    p = project
    (p.folder / "test_early.py").write_text("import sequencer.steps.exec as steps\nsteps.WHOLE = 1 << 20\n")
    code = "import sys; sys.stdout.write('x' * (3 << 20))"
    p.module("main", p.case("judged", program(code, refuse=["y"])), p.case("only_kept", program(code)))
    outcome = execute()
    assert outcome.statuses == {"main::judged": "error", "main::only_kept": "passed"}
    (ran,) = outcome.cases["main::only_kept"]["attempts"][0]["programs"]
    assert ran["truncated"]


def test_lines_are_what_a_person_saw(project: Any, execute: Callable[..., Any]) -> None:
    """Progress that is written over and colours hide no beginning and no end of a line."""
    code = "print('10%\\r99%\\rverified\\r\\n\\x1b[32mdone\\x1b[0m \\x1b]0;title\\x07ok', end='')"
    project.module("main", project.case("a", program(code, expect=r"^99%$\nverified\n^done ok$")))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed"}, outcome.failures("main::a")


def test_a_program_gets_the_environment_of_the_user(
    project: Any, execute: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is pytest's or hardseq's, whoever set it, and everything else."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--of-another-pytest")
    monkeypatch.setenv("HARDSEQ_STATE_DIR", "/of/the/stand")
    monkeypatch.setenv("HARDPY_SC_API_KEY", "key-of-the-cloud")
    monkeypatch.setenv("BENCH_PORT", "COM7")
    code = "import os; print(sorted(n for n in os.environ if n.startswith(('PYTEST', 'HARD', 'BENCH_PORT'))))"
    project.module("main", project.case("a", program(code, expect=r"^\['BENCH_PORT'\]$")))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed"}, outcome.failures("main::a")


def test_a_tester_at_fault_is_an_error(project: Any, execute: Callable[..., Any]) -> None:
    """Of the test, and not the product's failure."""
    code = "print('interlock open'); raise SystemExit(2)"
    project.module("main", project.case("a", program(code, error_exit_codes=[2])))
    outcome = execute()
    assert outcome.statuses == {"main::a": "error"}
    (failure,) = outcome.failures("main::a")
    assert failure["message"].endswith(
        "reported a fault of the test equipment: exit code 2; its last line: interlock open"
    )


def test_a_simulated_run_says_that_a_program_is_real(project: Any, execute: Callable[..., Any]) -> None:
    """As it does of a driver without ``simulate``; one that has it is run in place of the real one."""
    other = [sys.executable, "-c", "print('simulated')"]
    cases = [project.case("a", program("")), project.case("b", program("print(1)", simulate=other, expect="simulated"))]
    project.module("main", *cases)
    outcome = execute(simulate=True)
    assert sum("is the real program: this `exec` has no `simulate`" in line for line in outcome.output) == 1
    assert outcome.statuses == {"main::a": "passed", "main::b": "passed"}


@pytest.mark.slow
def test_a_program_that_hangs_is_killed_with_its_children(
    project: Any, execute: Callable[..., Any], tmp_path: Path
) -> None:
    """After the step's timeout neither the program nor what it started is left; what it printed is in the report."""
    note = tmp_path / "pid"
    child = "import time; time.sleep(600)"
    code = (
        "import subprocess, sys, time, pathlib; "
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); print('erasing', flush=True); time.sleep(600)"
    )
    project.module("main", project.case("flash", program(code, timeout=3.0)))
    outcome = execute()
    assert outcome.statuses == {"main::flash": "failed"}
    (ran,) = outcome.report["modules"][0]["cases"][0]["attempts"][0]["programs"]
    assert (ran["exit_code"], ran["output"]) == (None, "erasing\n")
    pid = int(note.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_program_shows_how_far_it_is(project: Any, execute: Callable[..., Any]) -> None:
    """The last percentage that it printed, over one line again and again, moves the bar; other words do not."""
    code = (
        "import sys, time\n"
        "for part in ('12 %', '\\x1b[32m80.5%\\x1b[0m', 'almost %', '250 %'):\n"
        "    print(f'\\rWriting ({part})', end='', flush=True)\n"
        "    time.sleep(1)\n"
    )
    project.module("main", project.case("flash", program(code, percent=r"([\d.]+|almost) ?%")))
    outcome = execute()
    assert outcome.statuses == {"main::flash": "passed"}
    bars = [each.event.value for each in outcome.events if type(each.event).__name__ == "ProgressChanged"]
    assert bars == [12.0, 80.5, 100.0]
    # Meanwhile pages show what it prints, and when it has ended what it has printed.
    tails = [each.event.tail for each in outcome.events if type(each.event).__name__ == "ProgramPrinting"]
    assert tails[-1] == "\nWriting (12 %)\nWriting (80.5%)\nWriting (almost %)\nWriting (250 %)"
    begun = fold(each for each in outcome.events if not is_end(each.event))
    attempt = begun["modules"][0]["cases"][0]["attempts"][0]
    assert AttemptView().patch(attempt)["set"]["printing"] == tails[-1]
    assert outcome.report["modules"][0]["cases"][0]["attempts"][0]["printing"] is None


def is_end(event: object) -> bool:
    """Whether it tells that a program, a case or the run has ended."""
    return isinstance(event, ProgramFinished | CaseFinished | RunFinished)
