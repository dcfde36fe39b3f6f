"""Attempts that start clean, tries of a step, variables and their scopes, facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_every_attempt_starts_clean_and_is_kept(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """Variables and drivers of case scope are new; the report keeps each attempt; the last one's verdict counts."""
    p = project
    p.driver("own", "function", arguments={"name": "own"})
    body = (
        "if case.attempt > 1:\n    Check(case, 's.yaml:8:1', 'left is defined').run()" if False else "",
        "Check(case, 's.yaml:8:1', 'left is not defined').run()",
        "case.save('left', 1)",
        "with Measure(case, 's.yaml:9:1', 'count', limits=[3, 3]) as step:\n    step.value = bench.count()",
        "with Measure(case, 's.yaml:9:2', 'own', limits=[1, 1]) as step:\n    step.value = own.count()",
    )
    p.module("main", p.case("a", *body, drivers="bench own", attempts=5, limited=2))
    p.module("next", p.case("b", depends=["main::a"]))
    outcome = execute()
    attempts = outcome.cases["main::a"]["attempts"]
    assert [each["status"] for each in attempts] == ["failed", "failed", "passed"]
    assert [each["measurements"][0]["value"] for each in attempts] == [1, 2, 3]
    assert [each["measurements"][1]["value"] for each in attempts] == [1, 1, 1]
    assert outcome.statuses == {"main::a": "passed", "next::b": "passed"}
    assert p.logged.count("open own") == p.logged.count("close own") == 3
    assert "2 passed" in plain().stdout


def test_attempts_end_when_they_are_used_up(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """The case fails with its last attempt; plain pytest shows one failure."""
    project.module("main", project.case("a", project.call("boom"), attempts=2, attempt_delay=0.01))
    outcome = execute()
    assert [each["status"] for each in outcome.cases["main::a"]["attempts"]] == ["error", "error"]
    assert "1 failed" in plain().stdout


def test_what_a_failed_attempt_recorded_may_be_said_again(project: Any, execute: Callable[..., Any]) -> None:
    """The facts of the last attempt stand in the report; a contradiction between two cases is an error."""
    p = project
    record = "Record(case, 's.yaml:3:1', {'dut': {'serial_number': 'SN${{ attempt }}', 'name': 'Board'}}).run()"
    p.module(
        "main",
        p.case("a", record, "Check(case, 's.yaml:4:1', 'attempt == 2').run()", attempts=3),
        p.case("same", "Record(case, 's.yaml:5:1', {'dut': {'name': 'Board', 'revision': 'B'}}).run()"),
        p.case("other", "Record(case, 's.yaml:6:1', {'dut': {'serial_number': 'SN9'}}).run()"),
        p.case("reads", "Check(case, 's.yaml:7:1', \"dut.serial_number == 'SN2' and dut.revision == 'B'\").run()"),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "passed", "error", "passed"]
    assert outcome.report["dut"]["serial_number"] == "SN2"
    assert outcome.failures("main::other")[0]["place"] == "s.yaml:6:1"


def test_facts_are_recorded_clean_or_not_at_all(project: Any, execute: Callable[..., Any]) -> None:
    """What surrounds a serial number is no part of it in the report; a blank, null or garbled one is an error."""
    p = project
    p.sequence(vars={"read": " SN0042\r\n", "nothing": None, "garbled": "LOT\x0042"})
    p.module(
        "main",
        p.case("good", "Record(case, 's.yaml:1:1', {'dut': {'serial_number': '${{ read }}'}}).run()"),
        p.case("blank", "Record(case, 's.yaml:2:1', {'dut': {'part_number': '  '}}).run()"),
        p.case("null", "Record(case, 's.yaml:3:1', {'user': '${{ nothing }}'}).run()"),
        p.case("garbled", "Record(case, 's.yaml:4:1', {'batch': {'serial_number': '${{ garbled }}'}}).run()"),
        p.case("reads", "Check(case, 's.yaml:5:1', \"dut.serial_number == 'SN0042'\").run()"),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "error", "error", "error", "passed"]
    assert outcome.report["dut"]["serial_number"] == "SN0042"
    assert "part_number" not in outcome.report["dut"] and outcome.report["user"] is None


def test_variables_live_as_long_as_their_scope(project: Any, execute: Callable[..., Any]) -> None:
    """Case, module and run; the inner one hides the outer; the sequence's constants are evaluated once."""
    p = project
    p.sequence(vars={"code": "${{ uuid() }}", "twice": "${{ params.n * 2 }}"}, params={"n": {"type": "integer"}})
    p.module(
        "main",
        p.case(
            "sets",
            "Set(case, 's.yaml:1:1', {'x': 1, 'mine': 1}).run()",
            "Set(case, 's.yaml:1:2', {'y': 2}, scope='module').run()",
            "Set(case, 's.yaml:1:3', {'z': '${{ code }}', 'x': 3}, scope='run').run()",
            "Check(case, 's.yaml:1:4', 'x == 1 and y == 2 and twice == 8').run()",
        ),
        p.case("same", "Check(case, 's.yaml:2:1', 'x == 3 and y == 2 and mine is not defined').run()"),
    )
    p.module("other", p.case("later", "Check(case, 's.yaml:3:1', 'y is not defined and z == code').run()"))
    outcome = execute(params={"n": 4})
    assert set(outcome.statuses.values()) == {"passed"}, outcome.cases


def test_only_the_last_try_of_a_step_counts(project: Any, execute: Callable[..., Any]) -> None:
    """A step with retry passes with the first try that does; every try's measurement stays in the report, marked."""
    p = project
    tries = "for _ in case.tries({}):\n    with Measure(case, 's.yaml:1:1', 'count', limits=[3, 3]) as step:\n"
    p.driver("bench", "function")
    p.module(
        "main",
        p.case("third", tries.format(3) + "        step.value = bench.count()"),
        p.case("never", tries.format(2) + "        step.value = bench.count()"),
        p.case(
            "error_first",
            "for _ in case.tries(2):\n    with Call(case, 's.yaml:2:1'):\n        1 / (bench.count() - 1)",
        ),
        p.case(
            "group",
            "for _ in case.tries(2):\n    with Steps(case, 's.yaml:3:1'):\n"
            "        with Measure(case, 's.yaml:3:2', 'count', limits=[2, 2]) as step:\n"
            "            step.value = bench.count()\n"
            "        Check(case, 's.yaml:3:3', 'true').run()",
        ),
        p.case(
            "after_it",
            "for _ in case.tries(2):\n    with Call(case, 's.yaml:4:1'):\n        1 / (bench.count() - 1)",
            "with Call(case, 's.yaml:4:2'):\n    bench.boom()",
        ),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "failed", "passed", "passed", "error"]
    third, group = (outcome.cases[name]["attempts"][0] for name in ("main::third", "main::group"))
    assert [(each["value"], each.get("superseded")) for each in third["measurements"]] == [
        (1, True),
        (2, True),
        (3, None),
    ]
    assert [each.get("superseded") for each in group["measurements"]] == [True, None]
    assert [(each["number"], each["place"]) for each in group["tries"]] == [(1, "s.yaml:3:2")]
    assert len(outcome.failures("main::never")) == 1
    assert [each["place"] for each in outcome.failures("main::after_it")] == ["s.yaml:4:2"]


def test_what_a_failed_try_measured_is_no_evidence(project: Any, execute: Callable[..., Any]) -> None:
    """A case whose only measurement with limits was of a failed try measured nothing that counts: it fails."""
    p = project
    p.driver("bench", "function")
    body = """
for number in case.tries(2):
    with Steps(case, 's.yaml:3:1'):
        if number == 1:
            with Measure(case, 's.yaml:3:2', 'count', limits=[2, 2], on_fail='continue') as step:
                step.value = bench.count()
"""
    p.module("main", p.case("a", body.strip(), limited=1))
    outcome = execute()
    assert outcome.statuses == {"main::a": "failed"}
    assert [each["message"] for each in outcome.failures("main::a")] == ["nothing was judged"]


def test_measurements_let_the_case_go_on_and_other_failures_end_it(project: Any, execute: Callable[..., Any]) -> None:
    """By default; on_fail of a step says otherwise, and every failure is recorded exactly once."""
    p = project
    high = [9.0, 9.5]
    p.module(
        "main",
        p.case("all_rails", p.measure("give", limits=high), p.measure("nan"), p.call("log", "'reached'")),
        p.case("stops", p.measure("give", limits=high, on_fail="stop"), p.call("log", "'not reached'")),
        p.case("bears", p.call("boom", on_fail="continue"), p.call("log", "'borne'")),
        p.case(
            "loop",
            "with ForEach(case, 's.yaml:4:1', {'n': [1, 2]}) as loop:\n    for _ in loop:\n"
            "        with Call(case, 's.yaml:4:2'):\n            bench.boom()",
        ),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["failed", "failed", "error", "error"]
    assert p.logged == ["open bench", "reached", "close bench", "open bench", "borne", "close bench"]
    assert [len(outcome.failures(name)) for name in outcome.cases] == [2, 1, 1, 1]
    assert outcome.failures("main::loop")[0]["place"] == "s.yaml:4:2"


def test_the_first_error_code_stands_in_the_report(project: Any, execute: Callable[..., Any]) -> None:
    """The code of the first failure of the first failed case, with that case's name."""
    p = project
    p.module(
        "main",
        p.case("a", "Check(case, 's.yaml:1:1', 'true', error_code=3).run()"),
        p.case("b", "Check(case, 's.yaml:2:1', 'false', error_code=7, message='odd ${{ 1 + 1 }}').run()"),
        p.case("c", "Check(case, 's.yaml:3:1', 'false', error_code=8).run()"),
    )
    outcome = execute()
    assert (outcome.report["error_code"], outcome.report["caused_dut_failure_id"]) == (7, "main::b")
    assert outcome.failures("main::b")[0]["message"] == "odd 2"
