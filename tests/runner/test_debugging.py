"""Stepping and the debugger, in real child processes."""

from __future__ import annotations

import re
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sequencer.protocol.notices import DebuggerAsks, DebuggerNotice, DebuggerSaid
from sequencer.protocol.request import RunRefused, StartRequest
from sequencer.report.event import DialogAsked, Stamped
from sequencer.report.model import RunReport
from sequencer.runner.run import Run
from tests.runner.conftest import HASTY, PATIENT

Debug = Callable[..., tuple[RunReport, list[str]]]


def stepping(*steps: tuple[str, str]) -> str:
    """The source of a list of named steps, as the compiler writes it for a stepping run."""
    lines = ["for _steps1 in case.stepping():"]
    for name, source in steps:
        lines.append(f"    if _steps1.due('s.yaml:9:{name}', 'call', name={name!r}, call='bench.log'):")
        lines.append(textwrap.indent(source, "        "))
    return "\n".join(lines)


def logging(project: Any, *names: str) -> str:
    return stepping(*((name, project.call("log", repr(name))) for name in names))


@pytest.fixture
def debug(make_run: Callable[..., Run]) -> Debug:
    """Runs the project, answering each pause with the next of ``answers``; the report, and where it paused.

    ``think`` are the seconds before each answer; an answer ``Ctrl-C`` stops the run instead.
    """

    def run_it(
        *answers: str, think: float = 0.0, grace: float = PATIENT, **request: Any
    ) -> tuple[RunReport, list[str]]:
        left = iter(answers)
        paused: list[str] = []

        def answer(identity: str, said: str) -> None:
            if said == "Ctrl-C":
                run.stop("Ctrl-C")
            elif said == "close":
                run.answer(identity, "close", None, "test")
            else:
                assert run.answer(identity, "confirm", said, "test")

        def listen(stamped: Stamped) -> None:
            if isinstance(stamped.event, DialogAsked):
                paused.append(stamped.event.dialog["title"].removeprefix("Paused before: "))
                threading.Timer(think, answer, [stamped.event.id, next(left, "continue")]).start()

        run = make_run(listen, grace=grace)
        run.start(StartRequest(attended=True, **request))
        report = run.wait(30)
        assert report is not None
        return report, paused

    return run_it


def case(report: RunReport, name: str) -> Any:
    module, _, identity = name.partition("::")
    return next(
        each for part in report["modules"] if part["id"] == module for each in part["cases"] if each["id"] == identity
    )


def test_each_step_waits_for_its_answer(project: Any, debug: Debug) -> None:
    """Continue goes from step to step; the run that was only looked at passes, and says that it was debugged."""
    project.module("main", project.case("a", logging(project, "one", "two")))
    report, paused = debug(step=True)
    assert paused == ["one", "two"]
    assert project.logged[1:-1] == ["one", "two"]
    assert (report["status"], report["debugged"]) == ("passed", True)


def test_a_skipped_step_is_no_pass(project: Any, debug: Debug) -> None:
    """A step that was left out by hand is an error of its case, which goes on, and of the run."""
    project.module("main", project.case("a", logging(project, "one", "two")))
    report, _ = debug("skip", step=True)
    assert project.logged[1:-1] == ["two"]
    (failure,) = case(report, "main::a")["attempts"][-1]["failures"]
    assert (failure["kind"], failure["message"]) == ("error", "step skipped by hand while debugging")
    assert (failure["place"], failure["step"], failure["call"]) == ("s.yaml:9:one", "one", "bench.log")
    assert failure["generated"].startswith("generated/test_main.py:")
    assert (report["status"], case(report, "main::a")["status"]) == ("error", "error")


def test_a_later_attempt_does_not_heal_a_skipped_step(project: Any, debug: Debug) -> None:
    """The case passes at its second attempt, the run does not: somebody was in between."""
    project.module("main", project.case("a", logging(project, "one"), attempts=2))
    report, _ = debug("skip", step=True)
    assert case(report, "main::a")["status"] == "passed"
    assert report["status"] == "error"


def test_a_repeated_step_fails_as_often_as_it_fails(project: Any, debug: Debug) -> None:
    """What a repeated measurement missed stays missed, however the next one turned out."""
    steps = (
        ("count", project.measure("count", limits=[1.5, 2.5], on_fail="continue")),
        ("log", project.call("log", "'end'")),
    )
    project.module("main", project.case("a", stepping(*steps), limited=1))
    report, paused = debug("continue", "repeat", "repeat", step=True)
    assert paused == ["count", "log", "log", "log"]
    attempt = case(report, "main::a")["attempts"][-1]
    assert [measured["result"] for measured in attempt["measurements"]] == [False, True, False]
    assert len(attempt["failures"]) == 2
    assert report["status"] == "failed"


def test_run_on_leaves_stepping(project: Any, debug: Debug) -> None:
    """After it nothing pauses, in no case."""
    project.module(
        "main",
        project.case("a", logging(project, "one", "two")),
        project.case("b", logging(project, "three")),
    )
    report, paused = debug("run on", step=True)
    assert paused == ["one"]
    assert report["status"] == "passed"


def test_a_break_pauses_its_case_alone(project: Any, debug: Debug) -> None:
    """Only the named cases pause, each until it is told to run on."""
    project.module("main", *(project.case(name, logging(project, f"{name}1", f"{name}2")) for name in "abc"))
    report, paused = debug("run on", "continue", breaks=["main::a", "main::c"])
    assert paused == ["a1", "c1", "c2"]
    assert (report["status"], report["debugged"]) == ("passed", True)


def test_an_unknown_break_is_refused(project: Any, make_run: Callable[..., Run]) -> None:
    """A case that does not exist is refused before anything runs, with the name that was probably meant."""
    project.module("main", project.case("rail", "pass"))
    with pytest.raises(RunRefused, match="'main::rial': did you mean 'main::rail'"):
        make_run().start(StartRequest(breaks=["main::rial"]))


@pytest.mark.parametrize("said", ["stop", "close", "Ctrl-C"])
def test_a_stop_at_a_pause_is_a_stop(project: Any, debug: Debug, said: str) -> None:
    """The case is stopped, the next one skipped, and the teardown runs without asking any more."""
    project.module("main", project.case("a", logging(project, "one")), project.case("b", logging(project, "two")))
    project.module("end", project.case("off", logging(project, "off")), group="teardown")
    report, paused = debug(said, step=True)
    assert paused == ["one"]
    assert project.logged[1:-1] == ["off"]
    assert [case(report, name)["status"] for name in ("main::a", "main::b", "end::off")] == [
        "stopped",
        "skipped",
        "passed",
    ]
    assert report["status"] == "stopped"


@pytest.mark.parametrize("said", ["stop", "Ctrl-C"])
def test_a_teardown_that_pauses_still_runs(project: Any, debug: Debug, said: str) -> None:
    """What must always run does so after a stop at its own pause, with its remaining steps."""
    project.module("end", project.case("off", logging(project, "one", "two")), group="teardown")
    report, paused = debug(said, step=True)
    assert paused == ["one"]
    assert project.logged[1:-1] == ["one", "two"]
    assert case(report, "end::off")["status"] == "passed"


@pytest.mark.slow
def test_a_pause_takes_no_time_of_the_product(project: Any, debug: Debug) -> None:
    """However long somebody thinks, the timeout of the case does not pass, and nobody kills the process."""
    project.module("main", project.case("a", logging(project, "one", "two"), timeout=1.5))
    report, _ = debug(think=2.5, grace=HASTY, step=True)
    assert report["status"] == "passed"


class Keyboard:
    """Types ``lines`` at the debugger's prompts and keeps what it says."""

    def __init__(self, run: Run, *lines: str | None) -> None:
        self.said: list[str] = []
        self._run = run
        self._lines = iter(lines)
        run.debugger = self.hear

    def hear(self, notice: DebuggerNotice) -> None:
        if isinstance(notice, DebuggerSaid):
            self.said.append(notice.text)
        elif isinstance(notice, DebuggerAsks):
            line = next(self._lines, "quit")
            if line == "Ctrl-C":
                self._run.stop("Ctrl-C")
            else:
                self._run.debug(line)


@pytest.fixture
def look(project: Any, make_run: Callable[..., Run]) -> Callable[..., tuple[RunReport, list[str]]]:
    """Runs the project with the debugger; the report, and what the debugger said to the typed lines."""

    def run_it(*lines: str | None, grace: float = PATIENT, **request: Any) -> tuple[RunReport, list[str]]:
        run = make_run(grace=grace)
        keyboard = Keyboard(run, *lines)
        run.start(StartRequest(pdb=True, **request))
        report = run.wait(30)
        assert report is not None
        return report, keyboard.said

    return run_it


def test_the_debugger_stands_in_the_driver(project: Any, look: Any) -> None:
    """At a driver's exception its own frame is open; above it is the generated statement, and nothing of hardseq."""
    project.module("main", project.case("a", project.call("boom")))
    report, said = look("p self.name", "up", "up", "continue")
    assert re.search(r"bench\.py\(\d+\)boom\(\)", said[0])
    assert "'bench'" in said
    assert any(re.search(r"test_main\.py\(\d+\)test_a\(\)", line) for line in said)
    assert "*** Oldest frame" in said
    assert report["status"] == "error" and report["debugged"] is True
    assert re.fullmatch(
        r"generated/test_main\.py:\d+", report["modules"][0]["cases"][0]["attempts"][0]["failures"][0]["generated"]
    )


def test_the_debugger_stands_at_a_missed_limit(project: Any, look: Any) -> None:
    """Where no driver is to blame, the generated statement is open, and its instruments can be asked."""
    project.module("main", project.case("a", project.measure("give", limits=[5, 6]), limited=1))
    report, said = look("p bench.give(7)", "quit")
    assert re.search(r"test_main\.py\(\d+\)test_a\(\)", said[0])
    assert "7" in said
    assert report["status"] == "failed"


def test_the_end_of_the_keyboard_goes_on(project: Any, look: Any) -> None:
    """Each failure has its own session; the end of input ends the session, not the run."""
    project.module("main", project.case("a", project.call("boom")), project.case("b", project.call("boom")))
    report, said = look(None, "continue")
    assert len([line for line in said if line.startswith("> ")]) == 2
    assert [each["status"] for each in report["modules"][0]["cases"]] == ["error", "error"]


def test_looking_takes_no_time_of_the_product(project: Any, look: Any) -> None:
    """The timeout of the case does not pass in the debugger."""
    body = project.call("boom", on_fail="continue") + "\n" + project.call("log", "'on'")
    project.module("main", project.case("a", body, timeout=1.5))
    report, _ = look("import time; time.sleep(2.5)", "continue", grace=HASTY)
    assert {failure["kind"] for failure in report["modules"][0]["cases"][0]["attempts"][0]["failures"]} == {"error"}
    assert "on" in project.logged


def test_ctrl_c_ends_the_session_and_the_run(project: Any, look: Any) -> None:
    """A stop leaves the debugger, and the rest of the run is skipped."""
    project.module("main", project.case("a", project.call("boom")), project.case("b", project.call("boom")))
    report, _ = look("Ctrl-C")
    assert [each["status"] for each in report["modules"][0]["cases"]] == ["stopped", "skipped"]
    assert report["status"] == "stopped"
