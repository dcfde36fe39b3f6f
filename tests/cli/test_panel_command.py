from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from sequencer.app.exit_codes import Refusal
from sequencer.cli.panel_client import PanelClient

ROOT = Path(__file__).parents[2]

SEQUENCE = """\
name: Board
params:
  seconds: {type: number, default: 60}
modules:
  main:
    cases:
      slow:
        steps:
          - wait: ${{ "%s s" | format(params.seconds) }}
"""


class Panel:
    """`hardseq panel` on a free port."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        self._environment.pop("HARDSEQ_STATE_DIR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sequencer", "panel", "--port", "0"],
            cwd=project,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = ""
        found = None
        while found is None:
            line = self.process.stdout.readline()
            self.said += line
            found = re.search(r"http://\S+", line)
            assert found or line, self.said
        self.address = found[0]
        self.local = self.address.replace("localhost", "127.0.0.1")

    def hardseq(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sequencer", *arguments],
            cwd=self.project,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def wait_for_state(self, *states: str) -> None:
        deadline = time.monotonic() + 60
        while (
            state := json.loads(self.hardseq("status", "--format", "json").stdout)["session"]["state"]
        ) not in states:
            assert time.monotonic() < deadline, state

    def end(self) -> str:
        self.process.terminate()
        shown, _ = self.process.communicate(timeout=60)
        return shown


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    """A panel for a project whose only case waits."""
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences/board.yaml").write_text(SEQUENCE)
    started = Panel(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.communicate()


@pytest.mark.slow
def test_a_panel_is_driven_from_the_command_line(panel: Panel) -> None:
    """Start, status and stop do what they say, second ones are refused, and the panel ends cleanly."""
    assert urlopen(panel.address + "healthz", timeout=20).status == 200
    panel.wait_for_state("ready")
    assert panel.hardseq("start", "--arg", "seconds=x").returncode == 1
    started = panel.hardseq("start")
    assert started.returncode == 0, started.stderr
    again = panel.hardseq("start")
    assert again.returncode == 1 and "in progress" in again.stderr
    assert "Board" in panel.hardseq("status").stdout
    assert panel.hardseq("stop").returncode == 0
    panel.wait_for_state("ready", "loading")
    assert panel.hardseq("stop").returncode == 1
    listed = json.loads(panel.hardseq("runs", "--format", "json").stdout)["runs"]
    assert [(run["status"], run["id"]) for run in listed] == [("stopped", started.stdout.split()[-1])]
    shown = panel.end()
    assert "verdict   STOPPED" in shown and "Traceback" not in shown
    assert panel.process.returncode == 0
    assert panel.hardseq("status").returncode == 1


def test_a_second_panel_on_the_same_port_is_refused(panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Panels of two projects cannot share a port; the second one says so."""
    port = panel.address.rstrip("/").rsplit(":", 1)[1]
    other = tmp_path_factory.mktemp("other") / "board.yaml"
    other.write_text(SEQUENCE)
    second = panel.hardseq("panel", str(other), "--port", port)
    assert second.returncode == 4
    assert "is another panel running?" in second.stderr


@pytest.mark.slow
def test_status_says_what_is_in_the_way(panel: Panel) -> None:
    """Of a sequence with problems each is told with its place, and start refuses."""
    panel.wait_for_state("ready")
    (panel.project / "sequences/board.yaml").write_text(SEQUENCE.replace("wait:", "wiat:"))
    panel.wait_for_state("blocked")
    shown = panel.hardseq("status").stdout
    assert "state     blocked" in shown
    assert "problem   sequences/board.yaml:9:13: error: " in shown
    assert panel.hardseq("start").returncode == 1


def test_who_gets_an_answer_finds_the_token(tmp_path: Path, free_port: int) -> None:
    """At the first answer of a panel that begins, its note with address and token is there."""
    (tmp_path / "board.yaml").write_text(SEQUENCE)
    command = [sys.executable, "-m", "sequencer", "panel", str(tmp_path), "--port", str(free_port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as begun:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    urlopen(f"http://127.0.0.1:{free_port}/healthz", timeout=30).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline and begun.poll() is None
                    time.sleep(0.005)
            assert json.loads((tmp_path / ".hardseq" / "panel.json").read_text())["pid"] == begun.pid
        finally:
            begun.terminate()


def test_a_second_panel_of_a_project_is_refused(panel: Panel) -> None:
    """Whatever its port; it names the first one, which commands still find."""
    second = panel.hardseq("panel", "--port", "0")
    assert second.returncode == 4
    assert f"the page of this project is already served at {panel.local}" in second.stderr
    assert f"by process {panel.process.pid}, since" in second.stderr
    assert panel.hardseq("status").returncode == 0


@pytest.mark.slow
def test_a_panel_and_a_run_share_the_stand_by_turns(panel: Panel, free_port: int) -> None:
    """While the panel runs a run of its own is refused; beside a waiting panel it may, and leaves that its note."""
    panel.wait_for_state("ready")
    assert panel.hardseq("start").returncode == 0
    refused = panel.hardseq("run", "sequences/board.yaml", "--arg", "seconds=0", "--no-panel")
    assert refused.returncode == 4
    assert f"another run uses this stand: process {panel.process.pid}, since" in refused.stderr
    assert panel.hardseq("stop").returncode == 0
    panel.wait_for_state("ready")
    (panel.project / "hardseq.toml").write_text(f"[frontend]\nport = {free_port}\n")
    beside = panel.hardseq("run", "sequences/board.yaml", "--arg", "seconds=2")
    assert beside.returncode == 0, beside.stdout + beside.stderr
    assert f"live page http://localhost:{free_port}/" in beside.stdout
    panel.wait_for_state("ready")


def test_a_panel_for_others_needs_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that other machines reach is refused without a token, as a configuration that cannot be used."""
    monkeypatch.delenv("HARDSEQ_PANEL_TOKEN", raising=False)
    (tmp_path / "board.yaml").write_text(SEQUENCE)
    command = [sys.executable, "-m", "sequencer", "panel", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "token" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("what", ["start", "stop", "status"])
def test_a_panel_that_died_is_no_panel(panel: Panel, what: str) -> None:
    """A note that a killed panel left leads nowhere: not to an error, and not to the panel that has its port now."""
    note = panel.project / ".hardseq" / "panel.json"
    live = json.loads(note.read_text())
    dead = {**live, "token": "of-another-start"}
    port = _port_that_answers_nonsense()
    for left in (dead, {**live, "address": "http://127.0.0.1:1/"}, {**live, "address": port}, {}, []):
        note.write_text(json.dumps(left))
        refused = panel.hardseq(what)
        assert refused.returncode == 1
        assert "no panel is running for this project" in refused.stderr and "Traceback" not in refused.stderr
    note.write_text(json.dumps(live))
    assert panel.hardseq("status").returncode == 0


def _port_that_answers_nonsense() -> str:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            connection.recv(10_000)
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    threading.Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_a_panel_of_another_user_is_told(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not read the panel's note is told whose business it is."""

    def forbidden(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(Refusal, match="another user"):
        PanelClient(panel.project)


@pytest.mark.slow
def test_a_killed_panel_comes_back(panel: Panel) -> None:
    """After a kill -9 the next panel takes over the note, and the commands find it."""
    panel.wait_for_state("ready")
    panel.process.kill()
    panel.process.communicate()
    assert panel.hardseq("status").returncode == 1
    again = Panel(panel.project)
    try:
        again.wait_for_state("ready")
        assert again.hardseq("start", "--arg", "seconds=0.01").returncode == 0
    finally:
        again.end()
    assert again.hardseq("status").returncode == 1


@pytest.mark.slow
def test_the_journals_of_a_panel_are_marked_as_stored(panel: Panel) -> None:
    """A run of the panel leaves a journal that says its report is safe."""
    panel.wait_for_state("ready")
    assert panel.hardseq("start", "--arg", "seconds=0.01").returncode == 0
    journals = panel.project / ".hardseq" / "journals"
    deadline = time.monotonic() + 60
    while not any('"event":"report_stored"' in file.read_text() for file in journals.glob("*.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
