"""Steps that follow a run are tried again for the stored report: each once, and whatever happens the verdict stays."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sequencer.protocol.request import RunNotPossible, RunRefused, StandInUse, StartRequest
from sequencer.report.after_run import left_to_do
from sequencer.report.event import Stamped, StepStarted
from sequencer.report.model import RunReport
from sequencer.runner.run import Run
from sequencer.store.kept_journals import is_stored, prune
from sequencer.store.recovery import mark_stored, recover, worked_on
from sequencer.store.sqlite.store import SqliteStore

PAPER = "from pathlib import Path\nassert Path(__file__).with_name('paper').exists(), 'no paper'"
SEEN = (
    "${{ verdict }} ${{ dut.serial_number }} ${{ run.evidence }} ${{ run.id == report.id }} ${{ report.status }} "
    "${{ label }}"
)


@pytest.fixture
def store(project: Any) -> Iterator[SqliteStore]:
    """Where the project's reports go."""
    opened = SqliteStore(project.state.database)
    yield opened
    opened.close()


@pytest.fixture
def stored(project: Any, execute: Callable[..., Any], store: SqliteStore) -> Callable[..., RunReport]:
    """Runs the project and keeps the report, as a command does."""

    def run_it(**request: Any) -> RunReport:
        outcome = execute(**request)
        store.save(outcome.report)
        mark_stored(outcome.journal)
        report: RunReport = outcome.report
        return report

    return run_it


@pytest.fixture
def again(project: Any, make_run: Callable[..., Run], store: SqliteStore) -> Callable[..., RunReport]:
    """Tries again what is left to do after a run; ``keep`` false: nobody gets to keep what came of it."""

    def try_it(report: RunReport, *, keep: bool = True, stop_at: str | None = None) -> RunReport:
        def listen(stamped: Stamped) -> None:
            if isinstance(stamped.event, StepStarted) and stamped.event.call == f"bench.{stop_at}":
                run.stop("enough")

        def known() -> RunReport:
            found = store.get(report["id"])
            assert found is not None
            return found

        run = make_run(listen)
        run.try_again(report["id"], StartRequest(), known)
        found = run.wait(60)
        assert found is not None
        if keep:
            store.save(found)
            assert run.journal is not None
            mark_stored(run.journal)
        run.close()
        return found

    return try_it


def _messages(report: RunReport) -> list[tuple[int, str, bool]]:
    entries = report.get("after_run", [])
    return [(entry["number"], entry["message"].partition("\n")[0], "retried" in entry) for entry in entries]


def test_what_failed_is_done_and_what_was_done_is_not(project: Any, stored: Any, again: Any, store: Any) -> None:
    """The steps see the run as it was: its report, its verdict, whether it is evidence, its facts and variables."""
    p = project
    p.module(
        "main",
        p.case(
            "a",
            p.measure("give", limits=[3, 5]),
            "Record(case, 's.yaml:3:1', {'dut': {'serial_number': 'SN1'}}).run()",
            "Set(case, 's.yaml:3:2', {'label': 'L7'}, scope='run').run()",
        ),
    )
    p.after_run(
        p.call("log", "'first'"),
        f"{PAPER}\nwith Call(case, 's.yaml:9:2'):\n    bench.log(case.text({SEEN!r}))",
    )
    report = stored()
    assert left_to_do(report) == [2]
    (project.folder / "paper").touch()
    found = again(report)
    assert found["status"] == "passed"
    assert left_to_do(found) == []
    assert p.logged[-3:] == ["open bench", "passed SN1 true true passed L7", "close bench"]
    assert p.logged.count("first") == 1
    assert store.get(report["id"]) == found
    assert {**found, "after_run": []} == {**report, "after_run": []}
    with pytest.raises(RunRefused, match="nothing is left"):
        again(found)


@pytest.mark.parametrize("limits", [[3, 5], [5, 6]], ids=["passed", "failed"])
def test_a_step_that_fails_again_is_told_once_more(project: Any, stored: Any, again: Any, limits: list[int]) -> None:
    """Both tries stand in the report, in their order; the verdict is the product's own."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=limits)))
    p.after_run(p.call("boom"), p.call("boom"), on_fail="stop")
    report = stored()
    found = again(report)
    assert found["status"] == report["status"]
    assert found["failures"] == report["failures"]
    assert _messages(found) == [
        (1, "RuntimeError: no answer", True),
        (2, "left out because step 1 of after_run failed", True),
        (1, "RuntimeError: no answer", False),
        (2, "left out because step 1 of after_run failed", False),
    ]


def test_another_sequence_is_refused(project: Any, stored: Any, again: Any, store: Any) -> None:
    """The steps are others now, or others have their numbers: nothing is done, and the stand is free again."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(p.call("boom"))
    report = stored()
    p.sequence(sha256="1" * 64)
    logged = list(p.logged)
    with pytest.raises(RunRefused, match="changed since that run"):
        again(report)
    assert p.logged == logged
    assert store.get(report["id"]) == report
    p.sequence(sha256="0" * 64)
    again(report)


def test_the_stand_is_taken_meanwhile(project: Any, stored: Any, make_run: Callable[..., Run], store: Any) -> None:
    """Neither a run nor the same step once more begins while it is tried again."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(f"{PAPER}\n{p.call('hold')}")
    report = stored()
    (project.folder / "paper").touch()
    first, second = make_run(), make_run()
    first.try_again(report["id"], StartRequest(), lambda: report)
    with pytest.raises(StandInUse):
        second.start(StartRequest())
    with pytest.raises(StandInUse):
        second.try_again(report["id"], StartRequest(), lambda: report)
    p.go()
    found = first.wait(60)
    assert found is not None and left_to_do(found) == []


def test_a_stop_ends_the_step_and_leaves_the_others_as_they_are(project: Any, stored: Any, again: Any) -> None:
    """What was not tried again has its first failure still."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(f"{PAPER}\n{p.call('sleep')}", p.call("boom"))
    report = stored()
    (project.folder / "paper").touch()
    found = again(report, stop_at="sleep")
    assert _messages(found) == [
        (1, "AssertionError: no paper", True),
        (2, "RuntimeError: no answer", False),
        (1, "enough", False),
    ]


def test_a_process_that_dies_is_told_of_its_step_alone(project: Any, stored: Any, again: Any) -> None:
    """The step may have been carried out or not; the next one was not reached and is as it was."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(f"{PAPER}\n{p.call('vanish')}", p.call("boom"))
    report = stored()
    (project.folder / "paper").touch()
    found = again(report)
    assert [(number, retried) for number, _, retried in _messages(found)] == [(1, True), (2, False), (1, False)]
    assert "test process ended with exit code 7" in _messages(found)[2][1]


def test_a_journal_that_is_not_stored_comes_first(project: Any, execute: Any, again: Any, store: Any) -> None:
    """What it knows of the steps no report says yet: they could be done twice."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(p.call("boom"))
    outcome = execute()
    store.save(outcome.report)
    with pytest.raises(RunRefused, match="not stored yet"):
        again(outcome.report)


def test_a_compressed_journal_is_written_again(
    project: Any, stored: Any, again: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry finds the variables of the run in it, goes on in it, and it may be compressed anew."""
    monkeypatch.setattr("sequencer.store.kept_journals.COMPRESSED_FROM", 1)
    p, journals = project, project.state.journals
    p.module(
        "main",
        p.case("a", p.measure("give", limits=[3, 5]), "Set(case, 's.yaml:3:2', {'label': 'L7'}, scope='run').run()"),
    )
    p.after_run(f"{PAPER}\nwith Call(case, 's.yaml:9:2'):\n    bench.log(case.text('${{{{ label }}}}'))")
    report = stored()
    prune(project.state)
    assert [file.name for file in journals.glob("*.jsonl*")] == [f"{report['id']}.jsonl.gz"]
    (project.folder / "paper").touch()
    assert left_to_do(again(report)) == []
    assert p.logged[-2] == "L7"
    assert is_stored(project.state.journal(report["id"]))
    prune(project.state)
    (file,) = journals.glob("*.jsonl*")
    assert gzip.decompress(file.read_bytes()).count(b'"retry_finished"') == 1


def test_a_journal_that_is_gone_is_no_hindrance(project: Any, stored: Any, again: Any) -> None:
    """Only the newest ones stay; without it the variables of the run are not known."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(PAPER)
    report = stored()
    project.state.journal(report["id"]).unlink()
    (project.folder / "paper").touch()
    assert left_to_do(again(report)) == []


def test_a_journal_that_cannot_be_written_is_the_stands_fault(
    project: Any, stored: Any, make_run: Callable[..., Run]
) -> None:
    """Nothing is done that could not be written down."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(p.call("boom"))
    report = stored()
    shutil.rmtree(project.state.journals)
    project.state.journals.write_text("")
    logged = list(p.logged)
    with pytest.raises(RunNotPossible, match="cannot be opened"):
        make_run().try_again(report["id"], StartRequest(), lambda: report)
    assert p.logged == logged


KILLED = """
import os, signal, sys
from contextlib import suppress
from pathlib import Path
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.runner.child import Child
from sequencer.runner.run import Run
from sequencer.store.sqlite.store import SqliteStore
from sequencer.store.recovery import mark_stored

generated, state, run_id, moment = Path(sys.argv[1]), StateFolder(Path(sys.argv[2])), sys.argv[3], int(sys.argv[4])

def strike(stamped):
    if stamped.seq - first == moment:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

store = SqliteStore(state.database)
report = store.get(run_id)
child = Child(lambda child, chunk: None, print)
run = Run(generated, state, listeners=[strike], warm_child=child)
from sequencer.runner.retry import retry_of
first = retry_of(report, state.journal(run_id)).seq + 1
run.try_again(run_id, StartRequest(), lambda: report)
found = run.wait()
if moment == 98:
    os.kill(os.getpid(), signal.SIGKILL)
store.save(found)
if moment == 99:
    os.kill(os.getpid(), signal.SIGKILL)
mark_stored(run.journal)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("moment", [0, 1, 2, 3, 5, 98, 99])
def test_whoever_is_killed_nothing_is_done_twice(
    project: Any, stored: Any, again: Any, store: Any, moment: int
) -> None:
    """The old report stands or the amended one; after recovery what is known to be done is not left to do."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(f"{PAPER}\n{p.call('log', repr('first'))}", f"{PAPER}\n{p.call('log', repr('second'))}")
    report = stored()
    (project.folder / "paper").touch()
    root = Path(__file__).resolve().parents[2]
    where = [str(project.folder), str(project.state.path), report["id"], str(moment)]
    ended = subprocess.run(
        [sys.executable, "-P", "-c", KILLED, *where],
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    while worked_on(project.state):  # a process that was killed takes a moment to be gone
        time.sleep(0.01)
    between = store.get(report["id"])
    assert between == report or left_to_do(between) == []
    recover(project.state, store)
    recover(project.state, store)
    found = store.get(report["id"])
    assert {**found, "after_run": []} == {**report, "after_run": []}
    done = [number for number in (1, 2) if number not in left_to_do(found)]
    assert set(done) <= {1 if word == "first" else 2 for word in p.logged if word in ("first", "second")}
    if left_to_do(found):
        found = again(found)
    assert left_to_do(found) == []
    surely = {0: (1, 1), 98: (1, 1), 99: (1, 1)}.get(moment)
    if surely is not None:
        assert (p.logged.count("first"), p.logged.count("second")) == surely
