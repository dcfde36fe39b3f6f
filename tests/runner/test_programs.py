"""The step ``exec`` with real programs, in a real test process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil


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
        "output": ["the output of PYTHON has nothing that matches 'verified'; its last line: erased"],
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
