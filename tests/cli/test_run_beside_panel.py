"""`hardseq run` beside a panel of the same project: a driver that the panel keeps open is not opened a second time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sequencer.project.locks import ProcessLock
from sequencer.project.state_folder import StateFolder
from tests.cli.test_call_and_bench import hardseq
from tests.cli.test_panel_command import Panel

DRIVER = """\
import pathlib, subprocess, sys

HERE = pathlib.Path(__file__).parents[1]


class Meter:
    def __init__(self):
        self.log("open")

    def log(self, word):
        with (HERE / "opened").open("a") as file:
            file.write(f"{word}\\n")

    def panel(self):
        command = [sys.executable, "-m", "sequencer", "panel", str(HERE), "--port", "0"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stderr

    def none(self):
        self.log("none")
        return ""

    def sad(self):
        raise OSError("no paper")

    def close(self):
        self.log("close")


class Fake:
    def panel(self):
        return ""

    none = sad = panel
"""
SEQUENCE = """\
name: A
drivers:
  kept: {use: bench.Meter, SCOPE, simulate: bench.Fake}
  spare: {use: bench.Meter, scope: stand}
modules:
  m: {cases: {c: {steps: [{measure: Panel, call: kept.panel}]}}}
"""


def project(folder: Path, scope: str = "scope: stand", configuration: str = "", after: str = "") -> StateFolder:
    """A project of two sequences, of which the second keeps no driver open."""
    files = {
        "sequences/a.yaml": SEQUENCE.replace("SCOPE", scope) + after,
        "sequences/b.yaml": SEQUENCE.replace("SCOPE", "scope: case").replace("kept.panel", "kept.none"),
        "drivers/bench.py": DRIVER,
        "hardseq.toml": configuration,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return StateFolder(folder / ".hardseq")


@pytest.mark.slow
def test_what_a_panel_keeps_open_is_not_opened_by_a_run(tmp_path: Path) -> None:
    """The run is refused, and says who has the driver, where, and what to do. Others begin: of a sequence without such
    drivers, and a simulated one. Once the panel has ended, so does this one; and no panel starts meanwhile."""
    project(tmp_path)
    panel = Panel(tmp_path)
    try:
        panel.wait_for_state("ready")
        assert (tmp_path / "opened").read_text() == "open\n"
        refused = panel.hardseq("run", "sequences/a.yaml")
        assert (refused.returncode, refused.stdout) == (4, "")
        assert f"the panel keeps 'kept' open between runs: process {panel.process.pid}, since " in refused.stderr
        assert panel.local.rstrip("/") in refused.stderr
        assert "hint: start the run on the panel's page or with `hardseq start`, or end the panel" in refused.stderr
        assert (tmp_path / "opened").read_text() == "open\n"
        assert panel.hardseq("run", "sequences/a.yaml", "--simulate").returncode == 0
        assert panel.hardseq("run", "sequences/b.yaml", "--no-panel").returncode == 0
    finally:
        panel.end()
    assert (tmp_path / "opened").read_text() == "open\nopen\nnone\nclose\nclose\n"
    done = panel.hardseq("run", "sequences/a.yaml", "--no-panel", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    [said] = report["modules"][0]["cases"][0]["attempts"][0]["measurements"]
    assert "an instrument that the panel keeps open is in use by a run: process" in said["value"]


def test_what_slots_share_and_what_is_tried_again(tmp_path: Path) -> None:
    """A panel keeps a shared driver open as well, and the steps after a run open the stand's drivers, too. Whoever has
    them is named: a panel, or somebody who calls them by hand."""
    state = project(tmp_path, after="after_run: [{call: kept.sad}]")
    assert hardseq(tmp_path, "run", "sequences/a.yaml", "--no-panel").returncode == 0
    lock = ProcessLock(state.kept_lock)
    assert lock.take() is None
    again = hardseq(tmp_path, "runs", "retry-after-run", "latest")
    assert (again.returncode, "the panel keeps 'kept' open between runs: process" in again.stderr) == (4, True)
    lock.release()
    assert lock.take(run="by hand") is None
    project(tmp_path, "shared: true", "[slots.left]\n[slots.right]\n")
    opened = (tmp_path / "opened").read_text()
    run = hardseq(tmp_path, "run", "sequences/a.yaml", "--no-panel")
    assert (run.returncode, "'kept' is in use by hand: process" in run.stderr) == (4, True)
    assert (tmp_path / "opened").read_text() == opened
    lock.release()
