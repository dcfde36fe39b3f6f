"""Calls by hand while a panel has instruments open: with these, and never with an instrument that is opened twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequencer.cli.panel_client import PanelClient
from sequencer.project.locks import ProcessLock
from sequencer.project.state_folder import StateFolder
from tests.cli.test_call_and_bench import hardseq
from tests.cli.test_panel_command import Panel

DRIVER = """\
import pathlib


class Meter:
    def __init__(self, name, here):
        self.name, self.file, self.reads = name, pathlib.Path(here) / "opened", 0
        self.log("open")

    def log(self, word):
        with self.file.open("a") as file:
            file.write(f"{word} {self.name}\\n")

    def read(self, channel: int = 1):
        if channel > 4:
            raise ValueError(f"there is no channel {channel}")
        self.reads += 1
        return {"name": self.name, "reads": self.reads}

    def close(self):
        self.log("close")
"""
SEQUENCE = """\
name: A
params: {here: {type: string, default: HERE}}
drivers:
  meter: {use: bench.Meter, with: {name: meter, here: "${{ params.here }}"}}
  supply: {use: bench.Meter, with: {name: supply, here: "${{ params.here }}"}}
  kept: {use: bench.Meter, with: {name: kept, here: "${{ params.here }}"}, scope: stand}
modules:
  m: {cases: {c: {steps: [{call: meter.read}, {call: supply.read}, {call: kept.read}, {wait: 1 h}]}}}
"""


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    """A panel for a project of one sequence, with its meter open by hand."""
    files = {"sequences/a.yaml": SEQUENCE.replace("HERE", str(tmp_path)), "drivers/bench.py": DRIVER}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    (tmp_path / "b.yaml").write_text(files["sequences/a.yaml"])
    started = Panel(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.communicate()


def opened(panel: Panel) -> list[str]:
    return [line for line in (panel.project / "opened").read_text().splitlines() if "kept" not in line]


@pytest.mark.slow
def test_what_a_panel_has_open_is_called_there(panel: Panel) -> None:
    """The open instrument answers, another one is opened there and closed again, and a command's own wishes, what the
    panel keeps for its runs, and a run that goes on are refused with a sentence."""
    panel.wait_for_state("ready")
    client = PanelClient(panel.project)
    client.post("/api/instruments/meter/open", {})
    called = [panel.hardseq("call", "meter.read", "channel=2", "--format", "json") for _ in range(2)]
    assert [json.loads(each.stdout)["value"] for each in called] == [{"name": "meter", "reads": n} for n in (1, 2)]
    assert "the panel has the instruments open: called there" in called[0].stderr
    assert panel.hardseq("call", "supply.read").stdout == '{"name": "supply", "reads": 1}\n'
    failed = panel.hardseq("call", "meter.read", "channel=9")
    assert (failed.returncode, "there is no channel 9" in failed.stderr) == (1, True)
    assert opened(panel) == ["open meter", "open supply", "close supply", "close meter"]

    client.post("/api/instruments/meter/open", {})
    for wish in (["--arg", "here=x"], ["--simulate"], ["--sequence", "b.yaml"]):
        refused = panel.hardseq("call", "meter.read", *wish)
        assert (refused.returncode, refused.stdout) == (4, "")
        assert (
            f"the panel has the instruments open as it needs them (a.yaml): {wish[0]} cannot be had" in refused.stderr
        )
    kept = panel.hardseq("call", "kept.read")
    assert kept.returncode == 4
    assert "the panel keeps 'kept' open" in kept.stderr
    assert opened(panel)[4:] == ["open meter"]

    assert panel.hardseq("start").returncode == 0
    during = panel.hardseq("call", "meter.read")
    assert (during.returncode, "a run uses the stand: process" in during.stderr) == (4, True)


def test_one_that_is_in_use_by_hand_elsewhere(tmp_path: Path) -> None:
    """Neither a second call nor a panel, which would keep it open, opens it meanwhile."""
    for name, text in {"sequences/a.yaml": SEQUENCE, "drivers/bench.py": DRIVER}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text.replace("HERE", str(tmp_path)))
    state = StateFolder(tmp_path / ".hardseq")
    locks = ProcessLock(state.run_lock), ProcessLock(state.kept_lock)
    assert [lock.take(run="by hand") for lock in locks] == [None, None]
    called = hardseq(tmp_path, "call", "meter.read")
    assert (called.returncode, "the instruments are in use by hand: process" in called.stderr) == (4, True)
    panel = hardseq(tmp_path, "panel", "--port", "0")
    assert (panel.returncode, "an instrument that the panel keeps open is in use by hand" in panel.stderr) == (4, True)
    assert not (tmp_path / "opened").exists()
