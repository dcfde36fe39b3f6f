"""A driver of which a call did not end well is closed and opened anew before it is used again."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.report.event import CaseFinished, Stamped
from tests.drivers.line_devices import Device, Instrument, Pieces, scpi
from tests.runner.conftest import PATIENT

ANEW = ["close bench", "open bench"]


@pytest.mark.parametrize("scope", ["run", "stand", "module", "case"])
def test_the_next_attempt_has_a_new_one(project: Any, execute: Callable[..., Any], scope: str) -> None:
    """In every scope, and with the arguments of before."""
    p = project
    fixture = {"module": "module", "case": "function"}.get(scope, "session")
    p.sequence(vars={"which": "north"})
    p.driver("bench", fixture, scope=scope, arguments={"name": "${{ which }}"})
    p.module("main", p.case("a", p.call("boom"), attempts=2), p.case("b", p.call("give")))
    outcome = execute()
    assert outcome.statuses == {"main::a": "error", "main::b": "passed"}
    assert p.logged == ["open north", "close north"] * 3
    assert outcome.report["failures"] == []


@pytest.mark.parametrize(
    ("body", "marks", "stop_at"),
    [("sleep", {"timeout": 0.3}, None), ("swallow", {"timeout": 0.3}, None), ("sleep", {}, "sleep")],
    ids=["timeout", "swallowed", "stop"],
)
def test_after_a_timeout_and_a_stop(
    project: Any, execute: Callable[..., Any], body: str, marks: dict[str, Any], stop_at: str | None
) -> None:
    """Teardown has a fresh one, even where the driver swallowed the exception."""
    p = project
    p.module("main", p.case("a", p.call(body), **marks))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    execute(stop_at=stop_at)
    assert p.logged == ["open bench", *ANEW, "off", "close bench"]


def test_within_a_case(project: Any, execute: Callable[..., Any]) -> None:
    """The next try of a step, and the step after one whose failure the case bears."""
    p = project
    retried = (
        "failing = [True, True]\n"
        "for _ in case.tries(3):\n"
        "    with Call(case, 's.yaml:1:1', call='bench.boom'):\n"
        "        bench.boom() if failing and failing.pop() else bench.give()"
    )
    p.module(
        "main",
        p.case("retried", retried),
        p.case("borne", p.call("boom", on_fail="continue"), p.call("log", "'borne'")),
    )
    outcome = execute()
    assert outcome.statuses == {"main::retried": "passed", "main::borne": "error"}
    assert p.logged == ["open bench", *ANEW, *ANEW, *ANEW, "borne", "close bench"]
    assert any("the driver 'bench' is reopened" in line for line in outcome.output)


def test_what_is_no_reason(project: Any, execute: Callable[..., Any]) -> None:
    """A missed limit, a false check, an argument or limits that cannot be evaluated: the driver did nothing wrong."""
    p = project
    p.module(
        "main",
        p.case("limit", p.measure("give", limits=[9.0, 9.5])),
        p.case("limits", p.measure("give", limits=["${{ nothing }}", 1])),
        p.case("argument", p.call("give", "case.value('${{ nothing }}')")),
        p.case("check", "Check(case, 's.yaml:1:1', '1 == 2').run()"),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["failed", "error", "error", "failed"]
    assert p.logged == ["open bench", "close bench"]


@pytest.mark.parametrize("by", ["sequence", "stand"])
@pytest.mark.parametrize("scope", ["run", "stand"])
def test_reopening_can_be_forbidden(project: Any, execute: Callable[..., Any], by: str, scope: str) -> None:
    """In the sequence or for the stand, whose word it is in the end; it is no argument of the driver."""
    p = project
    p.driver("bench", scope=scope, reopen="never" if by == "sequence" else "after_error")
    p.module("main", p.case("a", p.call("boom"), attempts=2), p.case("b", p.call("give")))
    execute(drivers={} if by == "sequence" else {"bench": {"reopen": "never"}})
    assert p.logged == ["open bench", "close bench"]


LATE = """
import os, pathlib
from bench import Bench

class Late(Bench):
    def __init__(self, times, **rest):
        seen = pathlib.Path(os.environ["BENCH_LOG"] + ".seen")
        seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
        if len(seen.read_text()) <= times:
            raise ConnectionError("not yet")
        super().__init__(**rest)
"""


@pytest.mark.parametrize("scope", ["run", "stand", "module", "case"])
def test_opening_is_tried_again_by_attempts(project: Any, execute: Callable[..., Any], scope: str) -> None:
    """An instrument that still boots is no end of the run."""
    p = project
    (p.folder.parent / "drivers" / "late.py").write_text(LATE)
    fixture = {"module": "module", "case": "function"}.get(scope, "session")
    p.driver("bench", fixture, scope=scope, file="../drivers/late.py", target="Late", arguments={"times": 2})
    p.module("main", p.case("a", p.call("give"), attempts=3), p.case("b", p.call("give")))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed", "main::b": "passed"}
    assert [each["status"] for each in outcome.cases["main::a"]["attempts"]] == ["error", "error", "passed"]
    assert (outcome.report["status"], outcome.report["failures"], exit_code(outcome.report)) == ("passed", [], 0)


def test_when_no_attempt_opened_it(project: Any, execute: Callable[..., Any]) -> None:
    """The run ends as before, with one failure of its own; teardown tries once more, and may have it then."""
    p = project
    (p.folder.parent / "drivers" / "late.py").write_text(LATE)
    p.driver("bench", file="../drivers/late.py", target="Late", arguments={"times": 2})
    p.module("main", p.case("a", attempts=2), p.case("b"))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["error", "skipped", "passed"]
    (failure,) = outcome.report["failures"]
    assert failure["message"] == "the driver 'bench' could not be opened: ConnectionError: not yet"
    assert exit_code(outcome.report) == 4


@pytest.mark.parametrize("how", ["still busy", "hang"])
def test_closing_that_fails_is_told(project: Any, execute: Callable[..., Any], how: str) -> None:
    """Nobody expects a lost instrument to say good-bye: the run goes on and can pass."""
    p = project
    bench = p.folder.parent / "drivers" / "bench.py"
    source = bench.read_text().replace("if self.fail_close", "if self.calls and self.fail_close")
    hasty = "import sequencer.runtime.drivers\nsequencer.runtime.drivers.CLOSE_SECONDS = 0.3\n"
    bench.write_text(hasty + source)
    p.driver("bench", arguments={"fail_close": how})
    first = "    if case.attempt == 1:\n        bench.count()\n        bench.boom()"
    body = f"with Call(case, 's.yaml:1:1', call='bench.boom'):\n{first}"
    p.module("main", p.case("a", body, attempts=2))
    outcome = execute()
    assert (outcome.report["status"], outcome.report["failures"]) == ("passed", [])
    assert any("hardseq: the driver 'bench' could not be closed" in line for line in outcome.output)


METER = """
import os, pathlib
from bench import Bench

class Meter(Bench):
    def __init__(self, **rest):
        super().__init__(**rest)
        seen = pathlib.Path(os.environ["BENCH_LOG"] + ".seen")
        self.identity = "OTHER,1" if seen.exists() else "KEYSIGHT,34465A,MY1,A.02"
        seen.touch()

    def identify(self):
        return self.identity
"""


def test_the_instrument_is_asked_again_who_it_is(project: Any, execute: Callable[..., Any]) -> None:
    """One that was swapped meanwhile measures nothing; what was found at first stays in the report."""
    p = project
    (p.folder.parent / "drivers" / "meter.py").write_text(METER)
    p.driver("bench", file="../drivers/meter.py", target="Meter", require={"idn": "KEYSIGHT"})
    p.module("main", p.case("a", p.call("boom")), p.case("b", p.call("give"), attempts=2))
    outcome = execute()
    assert outcome.statuses == {"main::a": "error", "main::b": "error"}
    (failure,) = outcome.failures("main::b")
    assert failure["message"] == (
        "the driver 'bench' could not be opened again: expected an instrument that matches 'KEYSIGHT', found 'OTHER,1'"
    )
    assert [each["serial_number"] for each in outcome.report["instruments"]] == ["MY1"]


# Real ports and sockets.


@pytest.fixture
def slow() -> Iterator[Instrument]:
    """Answers 5.0 for rail 101, late, and 1.2 for all others."""
    late = [1.0]

    def answer(line: str) -> Pieces:
        return [(late.pop() if late else 0, b"5.0\n")] if "101" in line else [(0, b"1.2\n")]

    instrument = Instrument(lambda line: scpi(line, answer))
    yield instrument
    instrument.close()


@pytest.mark.parametrize("retries", [False, True], ids=["attempts", "tries"])
def test_a_step_that_took_too_long_leaves_no_answer_behind(
    project: Any, execute: Callable[..., Any], slow: Instrument, retries: bool
) -> None:
    """The dead rail has its own value, not that of the one before."""
    p = project
    arguments = {"address": slow.address, "library": "@py", "timeout": 20}
    p.driver("bench", file=None, module="sequencer.drivers.scpi", target="Instrument", arguments=arguments)

    def measured(rail: int, **more: Any) -> str:
        source: str = p.measure("number", f"'MEAS? {rail}'", limits=[4.8, 5.2], **more)
        return source

    first = measured(101, timeout=0.4)
    if retries:
        first = "for _ in case.tries(2, 1.0):\n    " + first.replace("\n", "\n    ")
    marks = {} if retries else {"attempts": 2, "attempt_delay": 1.0}
    p.module("main", p.case("a", first, **marks), p.case("b", measured(102)))
    outcome = execute()
    assert outcome.statuses == {"main::a": "passed", "main::b": "failed"}
    assert outcome.cases["main::b"]["attempts"][0]["measurements"][0]["value"] == 1.2


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize("fixture", ["session", "function"])
def test_a_port_that_went_and_came_back(
    project: Any, execute: Callable[..., Any], tmp_path: Path, fixture: str
) -> None:
    """A USB device that was reset: the port is lost, cannot be opened for a while, and then is another one."""
    link = tmp_path / "ttyDUT"
    devices: list[Device] = []
    gone = threading.Event()

    def plug() -> None:
        number = len(devices)
        devices.append(Device(lambda line: version_of(number) if line == "version" else unplug()))
        link.symlink_to(devices[-1].name)

    def version_of(number: int) -> Pieces:
        """The device that was reset answers no more, however late its port is lost."""
        return [] if number == 0 and not link.exists() else [(0, b"v1\n")]

    def unplug() -> Pieces:
        link.unlink()
        threading.Thread(target=come_back).start()
        return [(0, b"bye\n")]

    def come_back() -> None:
        time.sleep(0.1)  # the answer reached the driver
        devices[0].close()
        gone.wait(PATIENT)
        plug()

    def notice(stamped: Stamped) -> None:
        if isinstance(stamped.event, CaseFinished) and stamped.event.case == "main::back":
            gone.set()

    plug()
    p = project
    arguments = {"port": str(link), "timeout": 1}
    how = {"file": None, "module": "sequencer.drivers.serial_port", "target": "Port", "arguments": arguments}
    p.driver("bench", fixture, scope="run" if fixture == "session" else "case", **how)
    version = p.measure("query", "'version'", limits={"eq": "v1"})
    p.module(
        "main",
        p.case("reset", p.call("query", "'reset'"), "Wait(case, 's.yaml:1:1', 0.3).run()"),
        p.case("back", version, attempts=8, attempt_delay=0.4),
    )
    outcome = execute(listener=notice)
    assert outcome.statuses == {"main::reset": "passed", "main::back": "passed"}
    assert len(outcome.cases["main::back"]["attempts"]) > 1
    devices[-1].close()
    assert os.path.lexists(link)
