"""Drivers: found, built, replaced, closed; and what it means when one of that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code


def test_drivers_close_in_reverse_order_even_after_failures(project: Any, execute: Callable[..., Any]) -> None:
    """Each scope ends in its time, the last opened first."""
    p = project
    p.driver("first", arguments={"name": "first"}).driver("second", arguments={"name": "second"})
    p.driver("of_module", "module", arguments={"name": "of_module"})
    failing = p.measure("give", limits=[9.0, 9.5], on_fail="stop")
    p.module("main", p.case("a", failing, drivers="bench first second of_module"), p.case("b"))
    p.module("other", p.case("c", drivers="second of_module"))
    execute()
    assert p.logged == [
        "open bench",
        "open first",
        "open second",
        "open of_module",
        "close of_module",
        "open of_module",
        "close of_module",
        "close second",
        "close first",
        "close bench",
    ]


def test_a_driver_that_cannot_open_ends_the_run_with_4(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """Its case errs, the rest is skipped, teardown runs with what did open, and the run names the driver."""
    p = project
    p.driver("dead", arguments={"name": "dead", "fail_open": "nobody at 10.0.0.7"})
    p.module("main", p.case("a", drivers="bench dead"), p.case("b"))
    p.module("end", p.case("off", p.call("log", "'off'")), p.case("dead_too", drivers="dead"), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["error", "skipped", "passed", "error"]
    (failure,) = outcome.report["failures"]
    assert failure["message"] == "the driver 'dead' could not be opened: ConnectionError: nobody at 10.0.0.7"
    assert failure["place"] == "s.yaml:dead"
    assert "raise fail_open" in failure["traceback"]
    assert outcome.failures("main::a")[0]["message"] == failure["message"]
    assert exit_code(outcome.report) == 4
    assert p.logged == ["open bench", "off", "close bench"]
    result = plain()
    assert result.returncode == 1
    assert "hardseq: failures of the run" in result.stdout


@pytest.mark.slow
def test_a_driver_that_exits_while_opening_is_an_error_like_any(project: Any, execute: Callable[..., Any]) -> None:
    """So is a missing file, a wrong argument, an unknown class, a syntax error."""
    p = project
    (p.folder.parent / "drivers" / "leaves.py").write_text("import sys\nsys.exit('no licence')\n")
    (p.folder.parent / "drivers" / "broken.py").write_text("def f(:\n")
    p.driver("leaves", file="../drivers/leaves.py", target="X")
    p.module("main", p.case("a", drivers="leaves"))
    assert "SystemExit: no licence" in execute().report["failures"][0]["message"]
    for how in ({"file": "../drivers/none.py"}, {"target": "Nothing"}, {"arguments": {"volts": 1}}):
        p.driver("leaves", **how)
        outcome = execute()
        assert exit_code(outcome.report) == 4
        assert outcome.statuses == {"main::a": "error"}
    p.driver("leaves", file="../drivers/broken.py")
    assert "SyntaxError" in execute().report["failures"][0]["message"]


def test_a_driver_that_does_not_close_makes_the_run_an_error(
    project: Any, execute: Callable[..., Any], plain: Any
) -> None:
    """All cases passed and still the run is no pass; other drivers are closed all the same."""
    p = project
    p.driver("stuck", arguments={"name": "stuck", "fail_close": "still busy"})
    p.module("main", p.case("a", drivers="bench stuck"))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed"}
    assert outcome.report["status"] == "error"
    assert outcome.report["failures"][0]["message"] == "the driver 'stuck' could not be closed: OSError: still busy"
    assert exit_code(outcome.report) == 1
    assert p.logged[-2:] == ["close stuck", "close bench"]
    result = plain()
    assert result.returncode == 1
    assert "still busy" in result.stdout


def test_arguments_come_from_sequence_and_stand(project: Any, execute: Callable[..., Any]) -> None:
    """Templates are evaluated, and the stand's argument takes the place of the sequence's."""
    p = project
    p.sequence(vars={"which": "north"}, params={"n": {"type": "integer"}})
    p.driver("a", arguments={"name": "${{ which }}-${{ params.n }}"}).driver("b", arguments={"name": "sequence"})
    p.module("main", p.case("one", drivers="a b"))
    execute(params={"n": 3}, drivers={"b": {"name": "stand"}})
    assert p.logged[:2] == ["open north-3", "open stand"]


def test_simulation_takes_the_other_class(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """With its own arguments; the stand's are those of the real instrument. A driver without one is opened as it is."""
    p = project
    p.driver(
        "bench",
        arguments={"fail_open": "no hardware here"},
        simulate={"file": "../drivers/bench.py", "target": "Bench", "arguments": {"name": "simulated"}},
    )
    p.module("main", p.case("one", "Check(case, 's.yaml:1:1', 'run.simulated').run()"))
    outcome = execute(simulate=True, drivers={"bench": {"name": "TCPIP::10.0.0.7"}})
    assert outcome.report["status"] == "passed"
    assert outcome.report["simulated"] is True
    assert p.logged[0] == "open simulated"
    assert not any("real one" in line for line in outcome.output)
    assert plain("--simulate").returncode == 0


def test_driver_files_hide_no_installed_module(project: Any, execute: Callable[..., Any]) -> None:
    """A driver file named like a module stays under its own name, and driver files can import each other."""
    drivers = project.folder.parent / "drivers"
    (drivers / "colorsys.py").write_text("import colorsys\nimport bench\n\ndef name():\n    return colorsys.__file__\n")
    p = project
    p.driver("colours", file="../drivers/colorsys.py", target="name")
    body = "with Call(case, 's.yaml:1:1', save='file') as step:\n    step.result = colours()"
    p.module("main", p.case("a", body, "Check(case, 's.yaml:1:2', \"'drivers' not in file\").run()", drivers="colours"))
    assert execute().report["status"] == "passed"


def test_functions_and_context_managers_are_drivers_too(project: Any, execute: Callable[..., Any]) -> None:
    """A function is called as it is, with its arguments bound; a context manager is entered and left."""
    (project.folder.parent / "drivers" / "more.py").write_text(
        "import sys\nsys.path.insert(0, '.')\nfrom bench import log\n\n"
        "def add(a, b):\n    return a + b\n\n"
        "class Session:\n"
        "    def __enter__(self):\n        log('enter')\n        return 'handle'\n"
        "    def __exit__(self, *error):\n        log('leave')\n"
    )
    p = project
    p.driver("add", file="../drivers/more.py", target="add", arguments={"a": 2})
    p.driver("handle", file="../drivers/more.py", target="Session")
    body = "with Call(case, 's.yaml:1:1', save='both') as step:\n    step.result = handle * add(b=1)"
    p.module(
        "main",
        p.case("a", body, "Check(case, 's.yaml:1:2', \"both == 'handlehandlehandle'\").run()", drivers="add handle"),
    )
    assert execute().report["status"] == "passed"
    assert p.logged == ["enter", "leave"]


def test_what_drivers_print_reaches_the_output(project: Any, execute: Callable[..., Any]) -> None:
    """Not the events, whatever they print; and their standard input is empty."""
    p = project
    body = (
        "import os, sys\nprint('{\"event\":\"run_finished\"}')\nprint('née', file=sys.stderr)\n"
        "os.system('echo from a program')\nassert sys.stdin.read() == ''"
    )
    p.module("main", p.case("a", body))
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert sorted(outcome.output) == ["from a program", "née", '{"event":"run_finished"}']


def test_a_driver_without_a_stand_in_is_told_in_a_simulation(project: Any, execute: Callable[..., Any]) -> None:
    """Nobody is to believe that no instrument was touched."""
    project.module("main", project.case("one", project.measure("give", limits=[3.0, 5.0])))
    outcome = execute(simulate=True)
    assert "hardseq: the driver 'bench' has no `simulate` and is the real one" in outcome.output
    assert outcome.report["status"] == "passed"


def test_a_thread_that_a_driver_left_running_is_told(project: Any, execute: Callable[..., Any]) -> None:
    """A run that ends late says what it waits for."""
    p = project
    (p.folder.parent / "drivers" / "leaves.py").write_text(
        "import threading, time\n\n\nclass Leaves:\n    def __init__(self):\n"
        "        threading.Thread(target=time.sleep, args=(60,)).start()\n"
    )
    p.driver("leaves", file="../drivers/leaves.py", target="Leaves")
    p.module("main", p.case("a", drivers="leaves"))
    outcome = execute(grace=0.1)
    assert outcome.statuses == {"main::a": "passed"}
    assert any("a driver's thread or its close() is still running" in line for line in outcome.output)
