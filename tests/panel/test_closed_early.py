"""A panel that is closed while a test process comes up: nobody waits for what nobody will use."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import partial
from subprocess import PIPE
from typing import Any

import psutil
import pytest

from sequencer.app.project_bench import BenchRun, ProjectBench
from sequencer.panel.bench import PreparedSequence
from sequencer.runner import python_process, run

SLOTS = "[slots.left]\n[slots.right]\n"
FOREVER = 3600.0


def started() -> set[psutil.Process]:
    """The processes that this one has started."""
    return set(psutil.Process().children())


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test process ever comes up, and none ends by itself."""
    command = [sys.executable, "-c", f"import time; time.sleep({FOREVER})"]
    start = partial(subprocess.Popen, command, stdin=PIPE, stdout=PIPE, stderr=PIPE, bufsize=0)
    monkeypatch.setattr(python_process, "start_python", lambda module: start())
    monkeypatch.setattr(run, "LATE_SECONDS", FOREVER)
    if sys.platform == "linux":
        monkeypatch.setattr("sequencer.runner.fork_server.ANSWER_SECONDS", FOREVER)


@pytest.mark.real_start
@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize("configuration", ["", SLOTS])
def test_a_panel_is_closed_before_a_test_process_is_there(stand: Any, configuration: str) -> None:
    """Its end waits for none, leaves none behind, and is told as no problem."""
    stand.configure(configuration)
    before = started()
    panel = stand.open()
    panel.wait_until(lambda: started() - before)
    panel.close()
    _, left = psutil.wait_procs(started() - before, timeout=60)  # who was killed may still be there for a moment
    assert not left
    assert panel.session.live.look(lambda _, shown: shown["problem"]) is None


@pytest.mark.real_start
@pytest.mark.usefixtures("hanging")
def test_who_waits_for_a_run_that_is_closed_is_told(stand: Any) -> None:
    """`wait_ready` and `plan` raise, and a run that is closed starts no process any more."""
    from sequencer.project.state_folder import StateFolder
    from sequencer.protocol.request import RunNotPossible

    closed = run.Run(stand.folder, StateFolder(stand.folder / ".hardseq"))
    closed.prepare()
    told: list[BaseException] = []

    def wait() -> None:
        try:
            closed.plan()
        except RunNotPossible as problem:
            told.append(problem)

    waiting = threading.Thread(target=wait)
    waiting.start()
    closed.close()
    waiting.join()
    assert len(told) == 1
    before = started()
    with pytest.raises(RunNotPossible, match="not prepared, or is closed"):
        closed.prepare()
    assert started() == before


@pytest.mark.real_start
def test_a_run_of_a_panel_that_is_closed_is_not_prepared(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed once the sequence is read, and before its first run is in anybody's hands: its drivers are not opened, and
    its test process ends."""
    load, give_up, prepared = ProjectBench.load, ProjectBench.give_up, []
    read, given_up = threading.Event(), threading.Event()

    def closed_meanwhile(bench: ProjectBench, choice: str) -> PreparedSequence:
        loaded = load(bench, choice)
        read.set()
        given_up.wait(60)
        return loaded

    def told(bench: ProjectBench) -> None:
        give_up(bench)
        given_up.set()

    monkeypatch.setattr(ProjectBench, "load", closed_meanwhile)
    monkeypatch.setattr(ProjectBench, "give_up", told)
    monkeypatch.setattr(BenchRun, "prepare", lambda run: prepared.append(run))
    before = started()
    panel = stand.open()
    assert read.wait(60)
    panel.close()
    assert not prepared
    assert not psutil.wait_procs(started() - before, 10)[1]
