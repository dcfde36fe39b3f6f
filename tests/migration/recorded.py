"""Small HardPy projects, each in a text file, and the reports that HardPy 0.25.2 made of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECTS = ("supply", "operator", "line", "packages")
HARDPY_PYTHON = os.environ.get("HARDSEQ_HARDPY_PYTHON")
"""A Python with HardPy, for the tests that run it."""


def write_project(name: str, folder: Path) -> None:
    """Writes the files of a project."""
    parts = re.split(r"^=== (.+)\n", (HERE / "projects" / f"{name}.txt").read_text("utf-8"), flags=re.MULTILINE)
    for file, text in zip(parts[1::2], parts[2::2], strict=True):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")


def answers(name: str, whose: str) -> Any:
    """What the operator answers, in the form of either program."""
    file = HERE / "projects" / f"{name}.answers.json"
    return json.loads(file.read_text("utf-8"))[whose] if file.exists() else None


def recorded_report(name: str) -> Any:
    """The report that HardPy made."""
    return json.loads((HERE / "projects" / f"{name}.report.json").read_text("utf-8"))


def run_hardpy(name: str, folder: Path, python: str) -> Any:
    """The report that HardPy makes of the project in ``folder``."""
    report = folder / "recorded.json"
    title = re.search(r'tests_name = "((?:\\.|[^"])*)"', (folder / "hardpy.toml").read_text("utf-8"))
    assert title is not None
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "HARDPY_REPORT": str(report),
        "HARDPY_ANSWERS": json.dumps(answers(name, "hardpy") or []),
    }
    started = title[1].replace('\\"', '"')
    command = [python, "-m", "pytest", "-q", "--hardpy-pt", "-p", "hardpy_recorder", "--hardpy-tests-name", started]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text("utf-8"))


OF_THE_RUN = {"id", "rev", "_id", "_rev", "start_time", "stop_time", "hw_id", "timezone"}
"""What differs from run to run."""


def comparable(report: Any) -> Any:
    """A report of either program as far as both say the same: no times, no keys of messages, no wording of reasons."""
    return _plain({key: value for key, value in report.items() if key not in OF_THE_RUN})


def _plain(part: Any, key: str = "") -> Any:
    if key == "msg":
        return sorted((part or {}).values())
    if key == "assertion_msg":
        return part is not None
    if isinstance(part, dict):
        kept = {name: each for name, each in part.items() if name not in OF_THE_RUN and name != "hardseq"}
        return {name: _plain(each, name) for name, each in sorted(kept.items()) if each is not None}
    return [_plain(each) for each in part] if isinstance(part, list) else part
