"""Timeouts, stops and sudden deaths; after each of them teardown runs and the report is complete."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.protocol.commands import Start
from sequencer.protocol.notices import NOTICES, Plan, Ready
from sequencer.protocol.request import RunNotPossible, StartRequest
from sequencer.report.event import CaseFinished, CaseStarted, RunStarted, Stamped, encode
from sequencer.report.fold import Fold, read_journal
from sequencer.runner.ordered_output import OrderedOutput
from sequencer.runner.supervisor import Supervisor
from tests.runner.conftest import HASTY, PATIENT

ROOT = Path(__file__).resolve().parents[2]

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the driver uses POSIX signals")


def with_teardown(project: Any, *body: str, **marks: Any) -> Any:
    """A case ``main::bad`` of that body between others, and a teardown that uses the driver."""
    p = project
    p.module("main", p.case("before"), p.case("bad", *body, **marks), p.case("after"))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    return p


def assert_complete(outcome: Any) -> None:
    """The journal alone gives the same report, and everything begun has ended."""
    state = Fold()
    with outcome.journal.open("rb") as file:
        lines = read_journal(file)
        for stamped in lines:
            state.apply(stamped)
    assert lines.damaged == 0
    assert state.report == outcome.report
    for each in outcome.cases.values():
        assert all(attempt["stop_time"] is not None for attempt in each["attempts"])
    assert outcome.report["stop_time"] is not None
    assert not outcome.report["aborted"]


@pytest.mark.slow
def test_nested_timeouts_name_the_one_that_passed(project: Any, execute: Callable[..., Any]) -> None:
    """A step's, its group's or the case's: whichever ends first, with the call it hung in; the next case runs."""
    p = project
    group = (
        "with Steps(case, 's.yaml:1:1', timeout={}, name='Ramp'):\n"
        "    with Call(case, 's.yaml:1:2', call='bench.sleep', timeout={}):\n        bench.sleep()"
    )
    p.module(
        "main",
        p.case("inner", group.format(30, 0.1)),
        p.case("outer", group.format(1.5, 30)),
        p.case("whole", group.format(30, 30), timeout=1.5),
        p.case("waiting", "Wait(case, 's.yaml:2:1', 60.0, timeout=0.1).run()"),
        p.case("between", "import time\ntime.sleep(60)", timeout=0.1),
        p.case("fine", group.format(30, 30).replace("sleep()", "sleep(0)"), timeout=30),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["failed"] * 5 + ["passed"]
    messages = {
        name: outcome.failures(f"main::{name}")[0]["message"] for name in ("inner", "outer", "whole", "between")
    }
    assert messages["inner"] == "the step took longer than its timeout of 0.1 s: it hung in bench.sleep"
    assert messages["outer"] == "the step took longer than its timeout of 1.5 s: it hung in bench.sleep"
    assert messages["whole"] == "the case took longer than its timeout of 1.5 s: it hung in bench.sleep"
    assert messages["between"] == "the case took longer than its timeout of 0.1 s"
    assert all(len(outcome.failures(name)) == 1 for name in list(outcome.cases)[:5])
    assert {outcome.failures(name)[0]["kind"] for name in list(outcome.cases)[:5]} == {"timeout"}
    assert_complete(outcome)


def test_opening_a_driver_counts_towards_the_case(
    project: Any, execute: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case fails with its timeout; a later case gets another try at the driver."""
    (project.folder.parent / "drivers" / "slow.py").write_text(
        "import os, time\n\nclass Slow:\n    def __init__(self):\n        if not os.path.exists('tried'):\n"
        "            open('tried', 'w').close()\n            time.sleep(60)\n"
    )
    p = project
    p.driver("slow", file="../drivers/slow.py", target="Slow")
    p.module("main", p.case("a", drivers="slow", timeout=1.5), p.case("b", drivers="slow"))
    monkeypatch.chdir(p.folder.parent)
    outcome = execute()
    assert outcome.statuses == {"main::a": "failed", "main::b": "passed"}
    assert outcome.failures("main::a")[0]["message"].endswith("while the driver 'slow' was opened")


@needs_posix
@pytest.mark.parametrize("method", ["deaf", "spin", "unreachable"])
def test_a_driver_that_cannot_be_interrupted_is_killed(project: Any, execute: Callable[..., Any], method: str) -> None:
    """Bare excepts, loops and blocked signals: the process ends, teardown runs in a fresh one, the call is named."""
    p = with_teardown(project, p_call := project.call(method, timeout=0.1))
    assert p_call
    outcome = execute(grace=HASTY)
    assert outcome.statuses == {
        "main::before": "passed",
        "main::bad": "failed",
        "main::after": "skipped",
        "end::off": "passed",
    }
    (failure,) = outcome.failures("main::bad")
    assert failure["kind"] == "timeout"
    assert f"bench.{method}" in failure["message"]
    assert failure["place"] == f"s.yaml:1:{method}"
    assert p.logged == ["open bench", "open bench", "off", "close bench"]
    assert_complete(outcome)


@needs_posix
@pytest.mark.parametrize("method", ["vanish", pytest.param("crash", marks=pytest.mark.real_start), "fork_and_vanish"])
def test_a_process_that_dies_takes_no_data_with_it(project: Any, execute: Callable[..., Any], method: str) -> None:
    """The case errs with the last words, what the teardown needs is handed over, and the report is complete."""
    p = project
    p.sequence(record={"dut": {"serial_number": "SN1"}})
    p.module(
        "main",
        p.case("good", p.measure("give", limits=[3, 5]), "Set(case, 's.yaml:3:1', {'x': 5}, scope='run').run()"),
        p.case("bad", p.call(method), attempts=3),
        p.case("after"),
    )
    check = "Check(case, 's.yaml:4:1', \"x == 5 and dut.serial_number == 'SN1'\").run()"
    p.module(
        "end", p.case("off", check, depends=["main::good"]), p.case("not", depends=["main::bad"]), group="teardown"
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "error", "skipped", "passed", "skipped"]
    assert outcome.report["status"] == "error"
    (failure,) = outcome.failures("main::bad")
    assert failure["call"] == f"bench.{method}"
    expected = "SIGSEGV" if method == "crash" else "exit code 7"
    assert expected in failure["message"]
    if method == "vanish":
        assert "last words" in failure["message"]
    if method == "crash":
        # Python's own account of it: the driver's frame and the test's, none of hardseq's or pytest's.
        assert re.search(r'bench\.py", line \d+ in crash\n.*test_main\.py", line \d+ in test_bad$', failure["message"])
        assert "most recent call first" in failure["message"]
    reason = outcome.report["modules"][0]["cases"][2]["reason"]
    assert reason.startswith("the test process ") and "\n" not in reason
    assert_complete(outcome)


def test_teardown_goes_on_however_often_its_process_dies(project: Any, execute: Callable[..., Any]) -> None:
    """Each teardown case that kills its process is an error, and the next one runs in a fresh process."""
    p = project
    p.module("main", p.case("bad", p.call("vanish")))
    p.module("end", *(p.case(name, p.call("vanish")) for name in ("worse", "worst")), p.case("rest"), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["error", "error", "error", "passed"]
    assert outcome.report["status"] == "error"
    assert_complete(outcome)


def test_a_teardown_that_cannot_even_begin_is_given_up(project: Any, execute: Callable[..., Any]) -> None:
    """No process comes up any more: the report says so and ends."""
    p = project
    (p.folder / "test_again.py").write_text(
        "import os, pathlib\nmark = pathlib.Path(__file__).with_name('once')\n"
        "if mark.exists():\n    os._exit(9)\nmark.touch()\n"
    )
    p.module("main", p.case("bad", p.call("vanish")))
    p.module("end", p.case("off"), group="teardown")
    outcome = execute()
    assert outcome.statuses == {"main::bad": "error", "end::off": "skipped"}
    assert outcome.report["status"] == "error"
    assert_complete(outcome)


def test_a_stop_interrupts_and_tidies_up(project: Any, execute: Callable[..., Any]) -> None:
    """The running case is stopped, the rest skipped, teardown runs, the exit code is 3."""
    p = with_teardown(project, project.call("sleep"), attempts=3)
    outcome = execute(stop_at="sleep")
    assert list(outcome.statuses.values()) == ["passed", "stopped", "skipped", "passed"]
    assert outcome.report["status"] == "stopped"
    assert outcome.report["stop_reason"] == "enough"
    assert outcome.cases["main::after"]["reason"] == "enough"
    assert len(outcome.cases["main::bad"]["attempts"]) == 1
    assert exit_code(outcome.report) == 3
    assert p.logged == ["open bench", "close bench", "open bench", "off", "close bench"]
    assert_complete(outcome)


@needs_posix
@pytest.mark.parametrize(("method", "stops"), [("swallow", 1), ("unreachable", 1), ("unreachable", 2)])
def test_a_stop_reaches_drivers_that_do_not_want_it(
    project: Any, execute: Callable[..., Any], method: str, stops: int
) -> None:
    """One that swallows the exception is stopped at its end, one that hears nothing is killed."""
    p = with_teardown(project, project.call(method))
    outcome = execute(stop_at=method, stops=stops, grace=HASTY if method == "unreachable" and stops == 1 else PATIENT)
    assert list(outcome.statuses.values()) == ["passed", "stopped", "skipped", "passed"]
    assert outcome.report["status"] == "stopped"
    assert p.logged[-2:] == ["off", "close bench"]
    assert_complete(outcome)


def test_a_stop_does_not_disturb_the_teardown(project: Any, execute: Callable[..., Any]) -> None:
    """Nothing was left to stop: the run keeps its verdict."""
    p = project
    p.module("main", p.case("a"))
    p.module("end", p.case("off", p.call("sleep", "0.4"), p.call("log", "'off'")), group="teardown")
    outcome = execute(stop_at="sleep")
    assert outcome.statuses == {"main::a": "passed", "end::off": "passed"}
    assert outcome.report["status"] == "passed"


def test_no_number_of_stops_disturbs_the_teardown(project: Any, execute: Callable[..., Any]) -> None:
    """What switches the bench off comes to its end, and so does what follows it."""
    p = project
    p.module("main", p.case("a"))
    off = (p.call("sleep", "0.4"), p.call("log", "'off'"))
    p.module("end", p.case("off", *off), p.case("off2", p.call("log", "'off2'")), group="teardown")
    outcome = execute(stop_at="sleep", stops=5)
    assert outcome.statuses == {"main::a": "passed", "end::off": "passed", "end::off2": "passed"}
    assert p.logged == ["open bench", "off", "off2", "close bench"]
    assert_complete(outcome)


@needs_posix
@pytest.mark.parametrize("method", ["sleep", "swallow", "unreachable"])
def test_a_teardown_step_that_hangs_is_ended_alone(
    project: Any, execute: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Stopped again after a long while the step ends, if need be with its process, and the next case runs."""
    monkeypatch.setattr("sequencer.runner.supervisor.HANGING_SECONDS", 0.0)
    p = project
    p.module("main", p.case("a"))
    p.module("end", p.case("stuck", p.call(method)), p.case("off", p.call("log", "'off'")), group="teardown")
    outcome = execute(stop_at=method, stops=2, grace=HASTY if method == "unreachable" else PATIENT)
    assert outcome.statuses == {"main::a": "passed", "end::stuck": "stopped", "end::off": "passed"}
    assert outcome.report["status"] == "stopped"
    assert f"bench.{method}" in outcome.failures("end::stuck")[0]["message"]
    assert p.logged[-2:] == ["off", "close bench"]
    assert_complete(outcome)


def test_a_wait_of_the_teardown_is_not_ended(
    project: Any, execute: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the time that a capacitor needs, and it passes by itself."""
    monkeypatch.setattr("sequencer.runner.supervisor.HANGING_SECONDS", 0.0)
    p = project
    p.module("main", p.case("a"))
    bleed = (p.call("give"), "Wait(case, 's.yaml:2:1', 0.5).run()")
    p.module("end", p.case("bleed", *bleed), p.case("off", p.call("log", "'off'")), group="teardown")
    outcome = execute(stop_at="give", stops=4)
    assert set(outcome.statuses.values()) == {"passed"}


def test_a_teardown_met_by_a_blow_for_a_main_case_runs_again(tmp_path: Path) -> None:
    """The process was quicker than the second stop: the case that switches off is not left half done."""
    journal, inbox, spawned, seen = tmp_path / "journal.jsonl", SimpleQueue(), [], []

    def write(seq: int, event: Any) -> bytes:
        line = encode(Stamped(seq, float(seq), event))
        with journal.open("ab") as file:
            file.write(line)
        return line

    class Process:
        alive = False

        def __init__(self, killed: Callable[[], None]) -> None:
            self.sent: list[Any] = []
            self.killed = killed
            self.printed = OrderedOutput(print)

        def send(self, message: Any) -> None:
            self.sent.append(message)

        def kill(self) -> None:
            self.killed()

    def too_late() -> None:
        write(3, CaseFinished("main::a", "stopped"))
        write(4, CaseStarted("end::off", 1))
        first.killed = lambda: None
        inbox.put((first, b""))

    def spawn() -> Any:
        spawned.append(Process(lambda: None))
        inbox.put((spawned[-1], NOTICES.encode(Ready())))
        return spawned[-1]

    first = Process(too_late)
    supervisor = Supervisor(first, inbox, spawn=spawn, tell=seen.append, grace=PATIENT)
    plan = [
        {"id": name, "name": name, "group": group, "cases": [{"id": case, "name": case, "group": "main"}]}
        for name, group, case in (("main", "main", "a"), ("end", "teardown", "off"))
    ]
    begin = write(1, RunStarted(run="r", sequence={}, modules=plan, hardseq="1", host={}, record={}, params={}))
    inbox.put((first, NOTICES.encode(Ready())))
    supervisor.start(Start(run="r", journal=str(journal), epoch=0.0))
    inbox.put((first, begin + write(2, CaseStarted("main::a", 1))))
    supervisor.stop("enough")
    supervisor.stop("enough")
    while not (spawned and spawned[0].sent):
        time.sleep(0.01)
    supervisor.close()
    assert spawned[0].sent[0].resume.statuses == {"main::a": "stopped"}
    assert [each.event.final for each in seen if isinstance(each.event, CaseFinished)] == [True, False]


@needs_posix
def test_a_process_told_to_terminate_stops_cleanly(
    project: Any, make_run: Callable[..., Any], make_child: Callable[[], Any]
) -> None:
    """SIGTERM to the test process itself, as a service manager sends it, is a stop."""
    with_teardown(project, project.call("sleep"))
    pids: list[int] = []

    def listen(stamped: Any) -> None:
        if getattr(stamped.event, "call", None) == "bench.sleep":
            os.kill(child.pid, signal.SIGTERM)

    child = make_child()
    run = make_run(listen, child=child)
    run.start(StartRequest())
    report = run.wait(30)
    assert report["status"] == "stopped", pids
    assert project.logged[-2:] == ["off", "close bench"]


@needs_posix
def test_ctrl_c_in_plain_pytest_tidies_up(project: Any) -> None:
    """The running case ends, the rest is skipped, teardown runs, whatever else is pressed."""
    with_teardown(project, project.call("log", "'running'"), project.call("sleep"))
    slow = project.case("slow", project.call("hold"))
    project.module("end", slow, project.case("off", project.call("log", "'off'")), group="teardown")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
            str(project.write()),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    while "running" not in project.logged and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    while "held" not in project.logged and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    project.go()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "1 failed, 3 passed, 1 skipped" in output
    assert project.logged[-2:] == ["off", "close bench"]


def test_a_close_that_hangs_is_given_up(project: Any, execute: Callable[..., Any], monkeypatch: Any) -> None:
    """A driver has its time to close; afterwards the run is an error, not a run without end."""
    p = project
    p.driver("stuck", arguments={"name": "stuck", "fail_close": "hang"})
    (p.folder / "test_early.py").write_text(
        "import sequencer.runtime.drivers as drivers\ndrivers.CLOSE_SECONDS = 0.2\n"
    )
    p.module("main", p.case("a", drivers="stuck"))
    outcome = execute()
    assert outcome.report["status"] == "error"
    assert "closing the driver took longer than 0.2 s" in outcome.report["failures"][0]["message"]


def test_generated_tests_that_cannot_be_loaded_start_no_run(project: Any, make_run: Callable[..., Any]) -> None:
    """The reason is told, whatever it is; and there is no journal."""
    (project.folder / "test_broken.py").write_text("import nothing_of_this_name\n")
    run = make_run()
    with pytest.raises(RunNotPossible, match="nothing_of_this_name"):
        run.start(StartRequest())
    assert not project.state.journals.exists()


def test_a_process_that_ends_before_it_is_ready_is_told(project: Any, make_run: Callable[..., Any]) -> None:
    """With its last words."""
    (project.folder / "test_leaves.py").write_text("import os\nprint('no licence', flush=True)\nos._exit(5)\n")
    with pytest.raises(RunNotPossible, match=r"ended with exit code 5\nIts last output:\nno licence"):
        make_run().start(StartRequest())


def test_the_plan_is_known_before_the_start(project: Any, make_run: Callable[..., Any]) -> None:
    """What a panel shows while it waits is what the run will begin with."""
    project.module("main", project.case("a"))
    seen: list[Any] = []
    run = make_run(seen.append)
    plan = run.plan()
    run.start(StartRequest())
    assert run.wait(30)["status"] == "passed"
    assert plan == Plan(seen[0].event.sequence, seen[0].event.modules)


def test_a_run_that_never_starts_leaves_nothing(project: Any, make_run: Callable[..., Any]) -> None:
    """A warm process ends with its owner, and runs nothing before it does."""
    body = "import os, pathlib\npathlib.Path(os.environ['BENCH_LOG']).write_text('ran\\n')"
    project.module("main", project.case("a", body, drivers=""))
    run = make_run()
    run.wait_ready()
    assert run.alive
    run.close()
    run.close()
    assert not run.alive
    assert project.logged == []
    assert not project.state.journals.exists()
