"""Drivers that fork, write where they should not, or change Python itself: the run is the test process's alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.protocol.request import StartRequest
from sequencer.runner.child import Child
from tests.runner.test_interruptions import assert_complete

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the driver forks, and looks for pipes")

JUNK = [
    b"5\n",
    b'null\n[1]\n"text"\n\n',
    b"\xff\x00 no text\n",
    b"{}\n" + b'{"notice":"deadline","seconds":"soon"}\n{"notice":"ready","keeps":1}\n{"notice":"plan","modules":7}\n',
    b'{"notice":"refused","reason":null}\n{"notice":["ready"]}\n{"notice":"debugger_said"}\n{"notice":"nothing"}\n',
    b'half a line {"notice":"rea',
    b'{"notice":"deadline"\n',
    b'{"event":"run_finished"}\n{"event":7,"seq":1,"time":2}\n',
    b'{"event":"run_finished","seq":1000000,"time":1.0,"status":"passed","stop_reason":null}\n',
    b"half a line",
    b"x" * 3_000_000,
]


def test_a_copy_of_the_process_counts_for_nothing(project: Any, execute: Callable[..., Any]) -> None:
    """Whether it returns or raises, in a step or while a driver opens or closes: one measures, one tears down."""
    p = project
    p.driver("early", fixture_scope="function", arguments={"name": "early", "fail_open": "fork"})
    p.driver("late", fixture_scope="function", arguments={"name": "late", "fail_close": "fork"})
    p.module(
        "main",
        p.case("returns", p.measure("fork_and_return", limits=[3, 5])),
        p.case("raises", p.call("fork_and_raise")),
        p.case("opens", drivers="early"),
        p.case("closes", drivers="late"),
    )
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    outcome = execute()
    assert set(outcome.statuses.values()) == {"passed"}
    (measured,) = outcome.cases["main::returns"]["attempts"][0]["measurements"]
    assert measured["value"] == 4.0
    assert p.logged.count("off") == p.logged.count("close bench") == 1
    assert any("a driver forked came back" in line for line in outcome.output)
    assert_complete(outcome)


def test_processes_that_stay_with_the_driver_are_its_own(project: Any, execute: Callable[..., Any]) -> None:
    """A pool of ``multiprocessing`` works, and a process of it can be terminated."""
    project.module("main", project.case("a", project.measure("multiprocess", limits=[4, 4])))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed"}, (outcome.output, outcome.failures("main::a"))
    assert not any("came back" in line for line in outcome.output)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_what_is_no_message_is_ignored(project: Any, execute: Callable[..., Any], junk: bytes) -> None:
    """Whatever a driver writes into the pipe, the report is that of the journal, and the teardown runs."""
    p = project
    p.module("main", p.case("a", p.call("spill", repr(junk)), p.measure("give", limits=[3, 5])), p.case("b"))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    outcome = execute()
    assert set(outcome.statuses.values()) == {"passed"}
    assert outcome.report["status"] == "passed"
    assert p.logged == ["open bench", "off", "close bench"]
    assert_complete(outcome)


def test_a_changed_json_module_changes_no_event(project: Any, execute: Callable[..., Any]) -> None:
    """Events and messages are written as before."""
    p = project
    p.module("main", p.case("a", p.call("patch_json"), p.measure("give", limits=[3, 5], timeout=30)))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed"}
    assert_complete(outcome)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="writes where only the process's owner does")
def test_what_is_no_command_is_ignored(
    project: Any, make_run: Callable[..., Any], make_child: Callable[[], Child]
) -> None:
    """The test process waits for what it knows, before the start and after it."""
    project.module("main", project.case("a", project.call("hold")))
    child = make_child()
    run = make_run(child=child)
    run.wait_ready()
    junk = b'5\nnull\n{"command": 7}\n{"command":"warm","request":{"params":3}}\n{"command":"start","run":7}\n\xff\n'
    with Path(f"/proc/{child.pid}/fd/0").open("wb", buffering=0) as pipe:
        pipe.write(junk)
        run.start(StartRequest())
        pipe.write(junk + b'{"command":"answer"}\n{"command":"end_step"}\n{"command":"debug"}\n')
    project.go()
    report = run.wait(60)
    assert report is not None
    assert report["status"] == "passed"
