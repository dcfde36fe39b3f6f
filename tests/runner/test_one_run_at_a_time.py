"""A stand is for one run at a time, whoever starts it."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.locks import ProcessLock, described
from sequencer.protocol.request import StandInUse, StartRequest
from sequencer.runner import claim
from sequencer.vocabulary.reason import code_of


def test_a_second_run_is_refused_until_the_first_is_over(project: Any, make_run: Callable[..., Any]) -> None:
    """It is told who has the stand, nothing of it is recorded, and once the first is over it can begin."""
    project.module("main", project.case("a", project.call("hold")))
    first, second = make_run(), make_run()
    first.start(StartRequest())
    with pytest.raises(StandInUse, match=f"another run uses this stand: process {os.getpid()}, since ") as refused:
        second.start(StartRequest())
    assert code_of(refused.value.reason) == "stand_in_use"
    assert len(list(project.state.journals.iterdir())) == 1
    project.go()
    assert first.wait(30) is not None
    first.close()
    second.start(StartRequest())
    report = second.wait(30)
    assert report["status"] == "passed"


RUNNER = """
import sys, time
from pathlib import Path
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.runner.run import Run

run = Run(Path(sys.argv[1]), StateFolder(Path(sys.argv[2])))
run.start(StartRequest())
print("started", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="ends a process with SIGKILL")
def test_the_test_process_of_a_killed_runner_is_waited_for(
    project: Any, make_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it still closes its instruments nobody else may open them; after that the next run begins."""
    closing = project.call("hold"), project.call("log", "'closed'")
    project.module("main", project.case("a", project.call("log", "'begun'"), project.call("sleep", "60.0")))
    project.module("end", project.case("off", *closing), group="teardown")
    folder = project.write()
    runner = subprocess.Popen([sys.executable, "-P", "-c", RUNNER, str(folder), str(project.state.path)], stdout=-1)
    assert runner.stdout is not None
    assert runner.stdout.readline() == b"started\n"
    wait_for(lambda: "begun" in project.logged)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    wait_for(lambda: "held" in project.logged)
    monkeypatch.setattr(claim, "PATIENCE", 0.0)
    run = make_run()
    with pytest.raises(StandInUse, match="is still closing its instruments") as refused:
        run.start(StartRequest())
    assert code_of(refused.value.reason) == "stand_closing"
    monkeypatch.setattr(claim, "PATIENCE", 30.0)
    threading.Timer(0.2, project.go).start()
    run.start(StartRequest())
    assert "closed" in project.logged
    run.stop()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_lock_says_who_holds_it(tmp_path: Path) -> None:
    """Its holder is told with process and time; a dead one, or a note that cannot be read, keeps nobody out."""
    path = tmp_path / "state" / "run.lock"
    first, second = ProcessLock(path), ProcessLock(path)
    assert first.take(run="1") is None
    assert first.take() is None
    holder = second.take()
    assert holder is not None
    assert (holder["pid"], holder["run"]) == (os.getpid(), "1")
    assert described(holder).startswith(f"process {os.getpid()}, since ")
    assert described({**holder, "host": "bench-3"}).startswith(f"process {os.getpid()} on bench-3, since ")
    first.release()
    first.release()
    assert second.take() is None
    second.release()
    path.write_text("no JSON {")
    assert first.take() is None
    first.release()
    assert described({}) == "another process"


def test_a_file_system_without_locks_trusts_the_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be locked, only the note of a process that lives keeps others out."""
    monkeypatch.setattr("sequencer.project.locks.hold_alone", lambda descriptor: False)
    path = tmp_path / "run.lock"
    ended = subprocess.Popen([sys.executable, "-P", "-c", ""])
    ended.wait()
    holder = {"pid": os.getpid(), "host": platform.node(), "since": 0.0}
    path.write_text(json.dumps(holder))
    assert ProcessLock(path).take() == holder
    path.write_text(json.dumps({**holder, "pid": ended.pid}))
    lock = ProcessLock(path)
    assert lock.take() is None
    lock.release()


def test_who_takes_over_from_a_dead_process_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note of the dead one may still stand there for a moment: that lets nobody else in."""
    path = tmp_path / "run.lock"
    ended = subprocess.Popen([sys.executable, "-P", "-c", ""])
    ended.wait()
    first = ProcessLock(path)
    assert first.take() is None
    own = path.read_text()
    path.write_text(json.dumps({**json.loads(own), "pid": ended.pid}))
    monkeypatch.setattr("time.sleep", lambda seconds: path.write_text(own))
    assert ProcessLock(path).take() == json.loads(own)
    first.release()
