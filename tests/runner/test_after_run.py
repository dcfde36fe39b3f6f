"""What follows the run: each step stands on its own, and none of them changes what is known of the product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.report.exports import exports
from sequencer.report.fold import fold, read_journal
from sequencer.terminal.summary import summary

CHECK = "Check(case, 's.yaml:9:1', {!r}).run()"


def _after(outcome: Any) -> list[tuple[int, str]]:
    return [(failure["number"], failure["message"]) for failure in outcome.report.get("after_run", [])]


def test_what_follows_the_run_knows_its_verdict(project: Any, execute: Callable[..., Any]) -> None:
    """The steps after the run see verdict and report, use drivers, and hand variables on to the next one."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(
        CHECK.format("verdict == 'passed' and report.modules[0].status == 'passed' and run.evidence"),
        "with Call(case, 's.yaml:9:2'):\n    case.save('answer', bench.give(7))",
        "with Call(case, 's.yaml:9:3'):\n    bench.log(case.text('label ${{ report.sequence.name }} ${{ answer }}'))",
    )
    outcome = execute()
    assert outcome.report["status"] == "passed", outcome.report["failures"]
    assert _after(outcome) == []
    assert p.logged == ["open bench", "label Test 7", "close bench"]


def test_a_step_that_fails_keeps_no_other_from_running(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """A printer without paper: the factory's system is told all the same, the product stays passed, the journal too."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(p.call("boom"), p.call("log", 'case.value("${{ verdict }}")'), CHECK.format("1 > 2"))
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert outcome.report["failures"] == []
    assert [number for number, _ in _after(outcome)] == [1, 3]
    assert _after(outcome)[0] == (1, "RuntimeError: no answer")
    assert outcome.report["after_run"][0]["call"] == "bench.boom"
    assert "passed" in p.logged
    assert exit_code(outcome.report) == 0
    told = "\n".join(text for line in summary(outcome.report) for text, _ in line)
    assert "ERROR of the step 1 after the run" in told and "RuntimeError: no answer" in told
    assert "Not done after the run" in exports()["html"].write(outcome.report)
    with outcome.journal.open("rb") as file:
        assert fold(read_journal(file)) == outcome.report
    assert plain().returncode == 1


def test_a_step_can_say_that_its_failure_ends_the_rest(project: Any, execute: Callable[..., Any]) -> None:
    """`on_fail: stop`: what is left out then is told, too."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run(p.call("boom"), p.call("log", "'second'"), on_fail="stop")
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert _after(outcome)[1] == (2, "left out because step 1 of after_run failed")
    assert "second" not in p.logged


def test_a_driver_that_only_what_follows_needs_is_no_reason_to_fail(project: Any, execute: Callable[..., Any]) -> None:
    """It does not open, or does not close: the product was tested without it."""
    p = project
    p.driver("printer", arguments={"fail_open": "no paper"})
    p.driver("mes", arguments={"name": "mes", "fail_close": "no line"})
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.after_run("with Call(case, 's.yaml:9:1'):\n    printer.give()", bench="printer")
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert outcome.report["failures"] == []
    assert {number for number, _ in _after(outcome)} == {1}
    assert "no paper" in _after(outcome)[0][1]
    p.after_run("with Call(case, 's.yaml:9:1'):\n    mes.log('told')", bench="mes")
    closed = execute()
    assert closed.report["status"] == "passed"
    assert "told" in p.logged
    assert any("no line" in message for _, message in _after(closed))


def test_a_process_that_dies_after_the_verdict_takes_nothing_from_it(project: Any, execute: Callable[..., Any]) -> None:
    """A printer's library that crashes is no fault of the product; what was to follow is told as left out."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])))
    p.module("end", p.case("off"), group="teardown")
    p.after_run(p.call("log", "'first'"), "import os\nos._exit(9)", p.call("log", "'third'"))
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert outcome.statuses == {"main::a": "passed", "end::off": "passed"}
    assert [number for number, _ in _after(outcome)] == [2, 3]
    assert "test process" in _after(outcome)[0][1]
    assert not outcome.report["aborted"]


@pytest.mark.parametrize("limits, verdict", [([5, 6], "failed"), ([3, 5], "passed")])
def test_the_verdict_is_known_and_stays(
    project: Any, execute: Callable[..., Any], limits: list[int], verdict: str
) -> None:
    """Whatever happens after the run, a failed product stays failed and a passed one passed."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=limits)))
    p.after_run(p.call("worst"), p.call("boom"))
    outcome = execute()
    assert outcome.report["status"] == verdict
    assert [number for number, _ in _after(outcome)] == [1, 2]


def test_a_partial_or_simulated_run_is_no_evidence(project: Any, execute: Callable[..., Any]) -> None:
    """`run.evidence` is false where cases were chosen or drivers simulated."""
    p = project
    p.module("main", p.case("a", p.measure("give", limits=[3, 5])), p.case("b"))
    p.after_run(CHECK.format("run.evidence"))
    assert _after(execute()) == []
    assert len(_after(execute(only=["main::a"]))) == 1
    assert len(_after(execute(simulate=True))) == 1
