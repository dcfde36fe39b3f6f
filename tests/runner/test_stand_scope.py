"""Drivers of scope ``stand``: open from one run to the next in one test process, and nothing else is."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sequencer.protocol.request import RunNotPossible, StartRequest
from sequencer.report.model import RunReport
from sequencer.runner.child import Child
from sequencer.runner.run import Run
from tests.runner.conftest import HASTY


def test_drivers_are_imported_before_start(project: Any, make_run: Callable[..., Run]) -> None:
    """A warm process has done it already; what cannot be imported is told by the run, in the case that needs it."""
    folder = project.folder.parent / "drivers"
    source = (folder / "bench.py").read_text()
    (folder / "bench.py").write_text(f"import os, pathlib\npathlib.Path(os.environ['BENCH_LOG']).touch()\n{source}")
    project.module("main", project.case("a", project.measure("give", limits=[3.0, 5.0])))
    run = make_run()
    run.wait_ready()
    assert not project.log.exists()
    run.warm(StartRequest())
    deadline = time.monotonic() + 30
    while not project.log.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (folder / "bench.py").write_text("import no_such_module\n")  # too late to matter
    run.start(StartRequest())
    report = run.wait(30)
    assert report is not None and report["status"] == "passed"
    run.close()
    broken = make_run()
    broken.warm(StartRequest())
    broken.start(StartRequest())
    report = broken.wait(30)
    assert report is not None and report["status"] == "error"
    assert "no_such_module" in report["modules"][0]["cases"][0]["attempts"][0]["failures"][0]["message"]


@pytest.mark.parametrize("late", [0.5, None])
def test_an_import_without_an_end_is_ended_by_stop(
    project: Any, make_run: Callable[..., Run], late: float | None
) -> None:
    """A Start waits for a driver that is still being imported; a Stop, even one that was faster than the start, gives
    it up, and nothing was recorded."""
    (project.folder.parent / "drivers" / "bench.py").write_text("import time\ntime.sleep(600)\n")
    project.module("main", project.case("a", project.measure("give")))
    run = make_run(grace=HASTY)
    run.warm(StartRequest())
    if late is None:
        run.stop()
    else:
        threading.Timer(late, run.stop).start()
    with pytest.raises(RunNotPossible, match="the test process"):
        run.start(StartRequest())
    assert list(project.state.journals.iterdir()) == []


class Panel:
    """What a panel does with runs: one after the other, with the test process of the one before where it can be."""

    def __init__(self, make_run: Callable[..., Run], make_child: Callable[[], Child]) -> None:
        self._make_run = make_run
        self._make_child = make_child
        self.output: list[str] = []
        self.renewed: list[bool] = []
        self.run = self.begin()
        self.run.warm(StartRequest())

    def begin(self) -> Run:
        """A run with a process of its own, ``child``."""
        self.child = self._make_child()
        return self._make_run(output=self.output.append, child=self.child)

    def warm(self, **request: Any) -> None:
        """Makes the next run ready."""
        successor = self.run.successor()
        self.renewed.append(successor is not None)
        if successor is None:
            self.run.close()
            successor = self.begin()
        self.run = successor
        self.run.warm(StartRequest(**request))

    def start(self, **request: Any) -> RunReport:
        """Runs, waits for the report, and gets ready for the next run."""
        run_id = self.run.start(StartRequest(**request))
        report = self.run.wait(30)
        assert report is not None
        assert report["id"] == run_id
        self.warm()
        return report


@pytest.fixture
def panel(make_run: Callable[..., Run], make_child: Callable[[], Child]) -> Callable[[], Any]:
    """Opens a panel for a block; its last process is ended after it."""

    @contextmanager
    def opened() -> Iterator[Panel]:
        panel = Panel(make_run, make_child)
        try:
            yield panel
        finally:
            panel.run.close()

    return opened


def until(true: Callable[[], bool]) -> None:
    """Waits until something is so, which it will be."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def cases_of(report: RunReport) -> dict[str, str]:
    """How each case ended."""
    return {f"{module['id']}::{case['id']}": case["status"] for module in report["modules"] for case in module["cases"]}


def test_one_driver_serves_all_runs(project: Any, panel: Callable[[], Any]) -> None:
    """It is built once and closed once, at the end; one of run scope is built for each run."""
    p = project
    p.driver("bench", scope="stand").driver("short", arguments={"name": "short"})
    p.module("main", p.case("a", p.measure("count"), drivers="bench short"), p.case("b", depends=["main::a"]))
    with panel() as opened:
        until(lambda: p.logged == ["open bench"])  # nobody has started anything yet
        reports = [opened.start() for _ in range(3)]
        assert opened.renewed == [True, True, True]
        assert "close bench" not in p.logged
    assert p.logged == ["open bench", *["open short", "close short"] * 3, "close bench"]
    values = [report["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["value"] for report in reports]
    assert values == [1, 2, 3]
    assert len({report["id"] for report in reports}) == 3
    for report in reports:
        assert cases_of(report) == {"main::a": "passed", "main::b": "passed"}
        assert report["status"] == "passed"


def test_it_is_open_before_start(project: Any, panel: Callable[[], Any]) -> None:
    """The driver opens while the panel waits; where that fails, Start tries again and the report tells."""
    p = project
    p.driver("bench", scope="stand", arguments={"fail_open": "nobody at 10.0.0.7"})
    p.module("main", p.case("a"))
    with panel() as opened:
        report = opened.start()
        assert report["failures"][0]["message"] == (
            "the driver 'bench' could not be opened: ConnectionError: nobody at 10.0.0.7"
        )
        assert cases_of(report) == {"main::a": "error"}
        assert any("between two runs: the driver 'bench' could not be opened" in line for line in opened.output)
        assert opened.renewed == [True]


def test_nothing_of_a_run_is_left_to_the_next(project: Any, panel: Callable[[], Any]) -> None:
    """Verdicts, dependencies, variables, facts, parameters and event numbers begin anew."""
    p = project
    p.driver("bench", scope="stand")
    p.sequence(params={"volts": {"type": "number"}}, vars={"twice": "${{ params.volts * 2 }}"})
    p.module(
        "main",
        p.case("a", "Check(case, 's.yaml:1:1', 'params.volts > 1').run()", attempts=2),
        p.case(
            "b",
            "Check(case, 's.yaml:1:2', 'twice == params.volts * 2').run()",
            "Record(case, 's.yaml:1:3', {'dut': {'serial_number': '${{ params.volts }}'}}).run()",
            "Set(case, 's.yaml:1:4', {'seen': 1}, scope='run').run()",
            depends=["main::a"],
        ),
    )
    p.module("off", p.case("last", p.call("count")), group="teardown")
    with panel() as opened:
        failed = opened.start(params={"volts": 0})
        passed = opened.start(params={"volts": 3})
        skipped = opened.start(params={"volts": 0.5})
        selected = opened.start(params={"volts": 4}, only=["main::a"])
        assert opened.renewed == [True] * 4
    for report in (failed, skipped):
        assert cases_of(report) == {"main::a": "failed", "main::b": "skipped", "off::last": "passed"}
        assert report["dut"] == failed["dut"]
        assert len(report["modules"][0]["cases"][0]["attempts"]) == 2
    assert cases_of(passed) == {"main::a": "passed", "main::b": "passed", "off::last": "passed"}
    assert passed["dut"]["serial_number"] == "3"
    assert passed["failures"] == []
    assert cases_of(selected)["main::b"] == "skipped"
    assert p.logged == ["open bench", "close bench"]


def test_other_arguments_need_another_driver(project: Any, panel: Callable[[], Any]) -> None:
    """A driver whose arguments come from parameters is kept as long as they are the same."""
    p = project
    p.sequence(params={"bench": {"type": "string"}})
    p.driver("bench", scope="stand", arguments={"name": "${{ params.bench }}"})
    p.module("main", p.case("a", p.call("count")))
    with panel() as opened:
        for name in ("north", "north", "south"):
            assert opened.start(params={"bench": name})["status"] == "passed"
    assert p.logged == ["open north", "close north", "open south", "close south"]


def test_a_driver_that_erred_is_opened_anew(project: Any, panel: Callable[[], Any]) -> None:
    """What raised is not trusted in the next run; a missed limit is the product's fault."""
    p = project
    p.sequence(params={"do": {"type": "string", "one_of": ["boom", "give"]}})
    p.driver("bench", scope="stand")
    p.module(
        "main",
        p.case("limit", p.measure("give", limits=[1, 2])),
        p.case("a", p.call("boom"), when="params.do == 'boom'"),
    )
    with panel() as opened:
        for what in ("give", "boom", "give"):
            opened.start(params={"do": what})
    assert p.logged == ["open bench", "close bench", "open bench", "close bench"]


def test_a_crash_costs_the_process_and_no_more(project: Any, panel: Callable[[], Any]) -> None:
    """After a run whose process died, or one that died waiting, a fresh one comes up with a driver of its own."""
    p = project
    p.sequence(params={"do": {"type": "string"}})
    p.driver("bench", scope="stand")
    p.module("main", p.case("a", p.call("vanish"), when="params.do == 'die'"), p.case("b", p.call("log", "'b'")))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    with panel() as opened:
        assert opened.start(params={"do": "work"})["status"] == "passed"
        died = opened.start(params={"do": "die"})
        assert cases_of(died) == {"main::a": "error", "main::b": "skipped", "end::off": "passed"}
        after = opened.start(params={"do": "work"})
        assert cases_of(after) == {"main::a": "skipped", "main::b": "passed", "end::off": "passed"}
        assert opened.renewed == [True, False, True]
        os.kill(opened.child.pid, signal.SIGKILL)
        assert opened.child.wait(10)
        assert not opened.run.alive
        opened.run.close()
        opened.run = opened.begin()
        opened.run.warm(StartRequest())
        assert opened.start(params={"do": "work"})["status"] == "passed"
    assert p.logged.count("open bench") == 4
    assert p.logged[-1] == "close bench"


def test_a_stop_reaches_only_its_own_run(project: Any, panel: Callable[[], Any]) -> None:
    """A stopped run is followed by a whole one in the same process; what was interrupted is opened anew."""
    p = project
    p.sequence(params={"do": {"type": "string"}})
    p.driver("bench", scope="stand")
    p.module("main", p.case("a", p.call("sleep"), when="params.do == 'sleep'"), p.case("b", p.call("count")))
    with panel() as opened:
        opened.run.start(StartRequest(params={"do": "sleep"}))
        opened.run.stop("enough")
        report = opened.run.wait(30)
        assert report is not None
        assert report["status"] == "stopped"
        opened.warm()
        assert opened.renewed == [True]
        assert opened.start(params={"do": "work"})["status"] == "passed"


def test_the_terminating_signal_closes_what_was_kept(project: Any, panel: Callable[[], Any]) -> None:
    """A process that waits for another run and is told to end leaves no instrument open."""
    p = project
    p.driver("bench", scope="stand")
    p.module("main", p.case("a", p.call("count")))
    with panel() as opened:
        opened.start()
        os.kill(opened.child.pid, signal.SIGTERM)
        assert opened.child.wait(10)
        assert p.logged == ["open bench", "close bench"]


def test_a_single_run_closes_it(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """Without a panel the scope means a run, and a driver that does not close makes it an error."""
    p = project
    p.driver("bench", scope="stand", arguments={"fail_close": "still busy"})
    p.module("main", p.case("a", p.call("count")))
    outcome = execute()
    assert outcome.report["status"] == "error"
    assert "still busy" in outcome.report["failures"][0]["message"]
    assert p.logged == ["open bench", "close bench"]
    assert plain().returncode == 1


def test_requirements_are_checked_in_every_run(project: Any, panel: Callable[[], Any]) -> None:
    """Somebody may have changed the instrument; what was found stands once in each report."""
    p = project
    source = "from bench import Bench\n\nclass Meter(Bench):\n    def identify(self):\n        return 'A,B,C,D'\n"
    (p.folder.parent / "drivers" / "meter.py").write_text(source)
    p.sequence(params={"maker": {"type": "string"}})
    require = {"idn": "^${{ params.maker }},"}
    p.driver("bench", scope="stand", file="../drivers/meter.py", target="Meter", require=require)
    p.module("main", p.case("a", p.call("count")))
    with panel() as opened:
        reports = [opened.start(params={"maker": maker}) for maker in "AXA"]
    assert [report["status"] for report in reports] == ["passed", "error", "passed"]
    assert [len(report["instruments"]) for report in reports] == [1, 1, 1]


SLOW = """
import os, pathlib, time
from bench import Bench, log

class Slow(Bench):
    def __init__(self, **rest):
        log("opening")
        while not pathlib.Path(os.environ["BENCH_LOG"] + ".plugged").exists():
            time.sleep(0.01)
        super().__init__(**rest)
"""


@pytest.fixture
def slow(project: Any) -> Any:
    """A project whose bench opens once somebody plugs it in."""
    (project.folder.parent / "drivers" / "slow.py").write_text(SLOW)
    project.driver("bench", scope="stand", file="../drivers/slow.py", target="Slow")
    project.module("main", project.case("a", project.call("count")))
    return project


def test_start_waits_for_a_bench_that_is_connecting(slow: Any, panel: Callable[[], Any]) -> None:
    """The opening that is under way is the one that the run uses."""
    with panel() as opened:
        until(lambda: slow.logged == ["opening"])
        threading.Timer(0.1, (slow.folder.parent / "bench.log.plugged").touch).start()
        assert opened.start()["status"] == "passed"
    assert slow.logged == ["opening", "open bench", "close bench"]


def test_a_stop_ends_the_waiting_for_a_bench(
    slow: Any, panel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who presses Start and then Stop while the bench connects gets a stopped run, and another one after it."""
    with panel() as opened:
        until(lambda: slow.logged == ["opening"])
        sent: list[Any] = []
        send = opened.child.send
        monkeypatch.setattr(opened.child, "send", lambda message: (send(message), sent.append(message)))
        starting = threading.Thread(target=opened.run.start, args=(StartRequest(),))
        starting.start()
        until(lambda: bool(sent))
        opened.run.stop("enough")
        starting.join(30)
        report = opened.run.wait(30)
        assert report is not None
        assert report["status"] == "stopped"
        assert report["stop_reason"] == "enough"
        (slow.folder.parent / "bench.log.plugged").touch()
        opened.warm()
        assert opened.start()["status"] == "passed"


def test_a_panel_that_ends_does_not_wait_for_a_bench(slow: Any, panel: Callable[[], Any]) -> None:
    """The end of the pipe cuts the opening short, and the process ends by itself."""
    with panel() as opened:
        until(lambda: slow.logged == ["opening"])
        opened.child.close_pipe()
        assert opened.child.wait(20)
        assert str(opened.child.exit_reason()) == "the test process ended with exit code 0"
    assert slow.logged == ["opening"]
