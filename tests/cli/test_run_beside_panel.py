"""`hardseq run` beside a panel of the same project: a driver that the panel keeps open is not opened a second time."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sequencer.project.locks import ProcessLock
from sequencer.project.state_folder import StateFolder
from tests.cli.test_call_and_bench import hardseq
from tests.cli.test_panel_command import Panel

DRIVER = """\
import pathlib, subprocess, sys, time

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
        if (HERE / "slow").exists():
            time.sleep(2)
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


LONG = """\
name: Long
drivers:
  kept: {use: bench.Meter, SCOPE}
modules:
  m: {cases: {c: {steps: [{call: kept.none}, {wait: SECONDS s}]}}}
"""


def begun(folder: Path, command: list[str]) -> subprocess.Popen[str]:
    """`hardseq run`, once its driver was called."""
    before = (folder / "opened").read_text().count("none") if (folder / "opened").exists() else 0
    command = [sys.executable, "-m", "sequencer", "run", "--no-panel", "sequences/c.yaml", *command]
    run = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def called() -> bool:
        assert run.poll() is None, run.communicate()[0]
        return (folder / "opened").exists() and (folder / "opened").read_text().count("none") > before

    wait_until(called)
    return run


def wait_until(condition: Callable[[], bool]) -> None:
    """Fails after half a minute."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
def test_what_a_killed_process_left_open_is_closed_before_it_is_opened(tmp_path: Path) -> None:
    """A panel is killed while it waits, and then a run, with a driver that takes long to close: whoever comes next
    waits until that is closed, and says so."""
    project(tmp_path)
    (tmp_path / "sequences/a.yaml").unlink()
    (tmp_path / "sequences/b.yaml").unlink()
    (tmp_path / "sequences/c.yaml").write_text(LONG.replace("SCOPE", "scope: stand").replace("SECONDS", "60"))
    (tmp_path / "slow").touch()
    panel = Panel(tmp_path)
    panel.wait_for_state("ready")
    panel.process.kill()
    panel.process.communicate()
    run = begun(tmp_path, [])
    run.kill()
    told = run.communicate()[0]
    assert "is still closing its instruments: its panel or run was killed" in told
    panel = Panel(tmp_path)
    try:
        panel.wait_for_state("ready")
        assert "is still closing its instruments: its panel or run was killed" in panel.said
        (tmp_path / "slow").unlink()
    finally:
        panel.end()
    assert (tmp_path / "opened").read_text().split() == ["open", "close", "open", "none", "close", "open", "close"]


@pytest.mark.slow
@pytest.mark.parametrize("slots", [[], ["--slot", "left"]])
def test_who_stores_a_report_holds_no_driver(tmp_path: Path, slots: list[str]) -> None:
    """What slots share is closed, and free for others, while the store keeps the run waiting."""
    state = project(tmp_path, configuration="[slots.left]\n[slots.right]\n")
    (tmp_path / "sequences/c.yaml").write_text(LONG.replace("SCOPE", "shared: true").replace("SECONDS", "1"))
    run = begun(tmp_path, slots)
    lock = ProcessLock(state.kept_lock)
    assert lock.take() is not None
    with sqlite3.connect(state.path / "hardseq.sqlite3", isolation_level=None) as store:
        store.execute("BEGIN EXCLUSIVE")
        wait_until(lambda: lock.take() is None)
        assert run.poll() is None
        assert (tmp_path / "opened").read_text().split()[-1] == "close"
        store.execute("ROLLBACK")
    lock.release()
    told, _ = run.communicate(timeout=60)
    assert run.returncode == 0, told
