"""The journal is the truth: whoever dies, and when, no finished case is lost; and a full disk is no secret."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import RunNotPossible, StartRequest
from sequencer.report.fold import Fold, fold, read_journal
from sequencer.runtime.journal import reserve_of, save_reserve
from sequencer.store.recovery import recover
from sequencer.store.sqlite.store import SqliteStore

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = 20

RUNNER = """
import os
import sys
from pathlib import Path
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.runner.child import Child
from sequencer.runner.run import Run
from sequencer.report.event import CaseFinished

def listen(stamped):
    if isinstance(stamped.event, CaseFinished):
        tell(stamped.event.case, stamped.event.status)

def tell(*words):
    # In one piece: two threads tell.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

child = Child(lambda child, chunk: None, print)
run = Run(Path(sys.argv[1]), StateFolder(Path(sys.argv[2])), listeners=[listen], grace=0.5, warm_child=child)
run.prepare()
run.start(StartRequest())
tell("pid", child.pid)
run.wait()
run.close()
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
]


def killed_run(folder: Path, state: StateFolder, whom: str, moment: float) -> dict[str, str]:
    """Runs the project in a process of its own and kills; returns the cases whose end somebody saw."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", RUNNER, str(folder), str(state.path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    first = process.stdout.readline().split()
    seen = dict([first]) if "::" in first[0] else {}
    child = int(first[1]) if first[0] == "pid" else None
    while child is None:
        word, value = process.stdout.readline().split()
        if word == "pid":
            child = int(value)
        else:
            seen[word] = value
    time.sleep(moment)
    victims = {"child": [child], "runner": [process.pid], "both": [process.pid, child]}[whom]
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    output, _ = process.communicate(timeout=30)
    seen.update(line.split() for line in output.splitlines() if "::" in line and len(line.split()) == 2)
    return seen


def test_no_finished_case_is_lost_whoever_is_killed(project: Any) -> None:
    """At twenty random moments the child, the runner or both get SIGKILL; recovery finds all that anybody ever saw."""
    p = project
    p.module(
        "main",
        *[
            p.case(f"c{number}", p.measure("give", limits=[3, 5]), "import time; time.sleep(0.004)")
            for number in range(60)
        ],
    )
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    folder = p.write()
    source = random.Random(7)
    plans = [(("child", "runner", "both")[number % 3], source.uniform(0.0, 0.4)) for number in range(MOMENTS)]

    def attempt(number: int) -> tuple[str, dict[str, str], list[Any]]:
        whom, moment = plans[number]
        state = StateFolder(p.folder.parent / f"state{number}")
        seen = killed_run(folder, state, whom, moment)
        store = SqliteStore(state.database)
        try:
            reports: list[Any] = []
            end = time.monotonic() + 60
            # A child whose runner died still tidies up.
            while not reports and time.monotonic() < end:
                reports += recover(state, store)
                time.sleep(0.05)
            return whom, seen, reports
        finally:
            store.close()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(MOMENTS)))
    for whom, seen, reports in results:
        (report,) = reports
        found = {
            f"{module['id']}::{case['id']}": case["status"] for module in report["modules"] for case in module["cases"]
        }
        assert seen.items() <= found.items(), whom
        if set(found.values()) != {"passed"}:
            assert report["status"] in ("error", "stopped")
        if whom == "child":
            assert not report["aborted"]
            assert found["end::off"] == "passed"
        for module in report["modules"]:
            for case in module["cases"]:
                assert case["start_time"] is None or case["stop_time"] is not None


def test_a_child_whose_runner_died_tidies_up_and_completes_the_journal(project: Any) -> None:
    """Its standard input ends: the running case is stopped, teardown runs, the journal has its last event."""
    p = project
    p.module("main", p.case("long", p.call("log", "'begun'"), p.call("sleep")), p.case("rest"))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    process = subprocess.Popen(
        [sys.executable, "-m", "sequencer.runtime"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert process.stdin is not None
    journal = p.folder.parent / "journal.jsonl"
    for command in (
        {"command": "collect", "folder": str(p.write())},
        {"command": "start", "run": "r", "journal": str(journal)},
    ):
        process.stdin.write(json.dumps(command).encode() + b"\n")
    process.stdin.flush()
    while "begun" not in p.logged:
        time.sleep(0.02)
    process.stdin.close()
    assert process.wait(20) == 0
    state = Fold()
    for stamped in read_journal(journal.read_bytes().splitlines()):
        state.apply(stamped)
    report = state.report
    assert report is not None
    assert report["status"] == "stopped"
    assert report["stop_reason"] == "the program that started the run is gone"
    assert p.logged[-2:] == ["off", "close bench"]


def test_a_driver_that_prints_in_teardown_does_so_without_a_runner(project: Any) -> None:
    """With the runner the pipes are gone: what teardown prints is lost, and what it switches off is switched off."""
    p = project
    p.module("main", p.case("long", p.call("log", "'begun'"), p.call("sleep")))
    p.module("end", p.case("off", "print('switching off')", p.call("log", "'off'")), group="teardown")
    process = subprocess.Popen(
        [sys.executable, "-m", "sequencer.runtime"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    journal = p.folder.parent / "journal.jsonl"
    for command in (
        {"command": "collect", "folder": str(p.write())},
        {"command": "start", "run": "r", "journal": str(journal)},
    ):
        process.stdin.write(json.dumps(command).encode() + b"\n")
    process.stdin.flush()
    while "begun" not in p.logged:
        time.sleep(0.02)
    process.stderr.close()
    process.stdin.close()
    assert process.wait(20) == 0
    assert p.logged[-2:] == ["off", "close bench"]
    finished = [json.loads(line) for line in journal.read_bytes().splitlines() if b'"case_finished"' in line]
    assert {line["case"]: line["status"] for line in finished}["end::off"] == "passed"


def test_what_reads_along_gets_the_journal_byte_for_byte(project: Any) -> None:
    """The lines on the pipe are those of the journal, with messages between them that are no events."""
    project.module("main", project.case("a", project.measure("nan"), "print('not an event')"))
    journal = project.folder.parent / "journal.jsonl"
    collect = json.dumps({"command": "collect", "folder": str(project.write())})
    start = json.dumps({"command": "start", "run": "r", "journal": str(journal)})
    process = subprocess.Popen(
        [sys.executable, "-m", "sequencer.runtime"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(f"{collect}\n{start}\n".encode())
        process.stdin.flush()
        lines = process.stdout.readlines()
        printed = process.stderr.read()
    assert b"".join(line for line in lines if line.startswith(b'{"event"')) == journal.read_bytes()
    assert json.loads(lines[0]) == {"notice": "ready", "keeps": False}
    assert b"not an event" in printed


def test_a_full_disk_ends_the_run_with_4(project: Any, execute: Callable[..., Any]) -> None:
    """The report still knows everything, says what happened, and teardown runs."""
    p = project
    fill = (
        "import glob, os, resource",
        "(journal,) = glob.glob(os.environ['BENCH_LOG'] + '/../state/journals/*.jsonl') or glob.glob("
        "os.path.dirname(os.environ['BENCH_LOG']) + '/state/journals/*.jsonl')",
        "size = os.path.getsize(journal) + 100",
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))",
    )
    p.module("main", p.case("fills", *fill), p.case("measures", p.measure("give", limits=[3, 5])), p.case("after"))
    p.module("end", p.case("off", p.measure("give", limits=[3, 5])), group="teardown")
    outcome = execute()
    (failure,) = outcome.report["failures"]
    assert failure["message"] == "the journal cannot be written: File too large"
    assert outcome.statuses["end::off"] == "passed"
    assert outcome.statuses["main::after"] == "skipped"
    assert exit_code(outcome.report) == 4
    assert outcome.journal.stat().st_size < sum(len(repr(each)) for each in outcome.events)


def test_a_run_on_a_disk_that_fills_ends_whole_in_its_journal(project: Any, execute: Callable[..., Any]) -> None:
    """The reserve is given up, and nothing of the run is missing in what is recovered."""
    p = project
    reserve = reserve_of(p.state.journals)
    save_reserve(reserve)
    fill = (
        "import errno, os",
        "write = os.write",
        "def full(descriptor, data):",
        f"    if os.path.exists({str(reserve)!r}) and data.startswith(b'{{'):",
        "        raise OSError(errno.ENOSPC, 'No space left on device')",
        "    return write(descriptor, data)",
        "os.write = full",
    )
    p.module("main", p.case("fills", *fill), *(p.case(f"c{n}", p.measure("give", limits=[3, 5])) for n in range(5)))
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert not reserve.exists()
    with outcome.journal.open("rb") as file:
        assert fold(read_journal(file)) == outcome.report


def test_a_journal_that_cannot_be_made_starts_no_run(project: Any, make_run: Callable[..., Any]) -> None:
    """Nothing is measured that could not be kept."""
    project.module("main", project.case("a"))
    project.state.path.mkdir()
    project.state.journals.write_text("in the way")
    with pytest.raises(RunNotPossible, match="journal"):
        make_run().start(StartRequest())
    assert project.logged == []
