"""What makes a case pass, fail or err, in a real test process and under plain pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LIMITS = [3.0, 5.0]


@pytest.fixture
def verdicts(project: Any) -> Any:
    """One case for each way in which a case can go wrong; none of them disturbs the next."""
    p = project
    bad = "case.save('text', 'four')"
    cases = {
        "fine": ("passed", p.measure("give", limits=LIMITS)),
        "unlimited": ("passed", p.measure("give")),
        "no_lower_limit": ("passed", p.measure("give", limits={"ge": "${{ none }}", "le": 5.0})),
        "no_upper_limit_missed": ("failed", p.measure("give", "2.0", limits=[3.0, "${{ none }}"])),
        "neither_limit": ("error", p.measure("give", limits=["${{ none }}", None])),
        "missed": ("failed", p.measure("give", "9.0", limits=LIMITS)),
        "not_a_number": ("failed", p.measure("nan", limits=LIMITS)),
        "not_a_number_unlimited": ("failed", p.measure("nan")),
        "missing": ("failed", p.measure("none", limits=LIMITS)),
        "text": ("failed", p.measure("give", "'4.0'", limits=LIMITS)),
        "boolean": ("failed", p.measure("give", "True", limits=LIMITS)),
        "raises": ("error", p.call("boom")),
        "leaves": ("error", p.call("leave")),
        "interrupts": ("error", p.call("interrupt")),
        "worst": ("error", p.call("worst")),
        "skips": ("error", p.call("skip")),
        "no_method": ("error", p.call("nothing_of_the_kind")),
        "check_false": ("failed", "Check(case, 's.yaml:5:1', '1 > 2').run()"),
        "check_number": ("error", "Check(case, 's.yaml:5:1', '1 + 1').run()"),
        "check_undefined": ("error", "Check(case, 's.yaml:5:1', 'nothing > 2').run()"),
        "check_mixed": ("error", f"{bad}\nCheck(case, 's.yaml:5:1', 'text > 2').run()"),
        "unset_field": ("error", "Message(case, 's.yaml:6:1', '${{ dut.serial_number }}').run()"),
        "bad_condition": ("error", "if case.test('1 + 1'):\n    Check(case, 's.yaml:7:1', 'true').run()"),
        "timeout": ("failed", p.call("sleep", timeout=0.1)),
        "swallowed_timeout": ("failed", p.measure("swallow", timeout=0.1, limits=LIMITS)),
    }
    for name in ("fine", "missed", "not_a_number", "missing", "text", "boolean", "swallowed_timeout"):
        cases[name] = (*cases[name], {"limited": 1})  # type: ignore[assignment]
    cases["judged_nothing"] = ("failed", p.measure("give"), {"limited": 1})  # type: ignore[assignment]
    written = [p.case(name, body, **(rest[0] if rest else {})) for name, (_, body, *rest) in cases.items()]
    p.module("main", *written)
    p.module("end", p.case("tidy_up", p.call("log", "'tidied'")), group="teardown")
    p.expected = {**{f"main::{name}": how[0] for name, how in cases.items()}, "end::tidy_up": "passed"}
    return p


def test_every_way_to_go_wrong_has_its_verdict(verdicts: Any, execute: Callable[..., Any]) -> None:
    """Nothing that was not measured, could not be compared or raised can pass, and teardown runs after all of it."""
    outcome = execute()
    assert outcome.statuses == verdicts.expected
    assert outcome.report["status"] == "failed"
    assert verdicts.logged[-2:] == ["tidied", "close bench"]
    assert verdicts.logged.count("open bench") == verdicts.logged.count("close bench")


def test_plain_pytest_gives_the_same_verdicts(verdicts: Any, plain: Callable[..., Any]) -> None:
    """What failed or erred in a run fails in plain pytest, what passed passes, and the exit code is 1."""
    result = plain()
    for name, status in verdicts.expected.items():
        word = "PASSED" if status == "passed" else "FAILED"
        test = name.partition("::")[2]
        assert f"::test_{test}" in "".join(line for line in result.stdout.splitlines() if line.startswith(word)), name
    assert result.returncode == 1
    assert "s.yaml:1:boom: error: RuntimeError: no answer" in result.stdout
    assert "in boom" in result.stdout
    assert "sequencer/runtime" not in result.stdout


def test_a_failure_says_where_and_why_once(verdicts: Any, execute: Callable[..., Any]) -> None:
    """Place, step and call of the step, the driver's own frames, and not a word of hardseq's."""
    outcome = execute()
    (boom,) = outcome.failures("main::raises")
    assert (boom["place"], boom["call"], boom["message"]) == ("s.yaml:1:boom", "bench.boom", "RuntimeError: no answer")
    assert "bench.py" in boom["traceback"]
    assert "sequencer" not in boom["traceback"]
    (late,) = outcome.failures("main::timeout")
    assert late["kind"] == "timeout"
    assert late["message"] == "the step took longer than its timeout of 0.1 s: it hung in bench.sleep"
    assert "in sleep" in late["traceback"]
    (condition,) = outcome.failures("main::bad_condition")
    assert condition["place"] == "s.yaml:7:1"
    (missed,) = outcome.failures("main::missed")
    assert missed["traceback"] is None
    (none,) = outcome.failures("main::judged_nothing")
    assert none["message"] == "nothing was judged"


def test_nothing_that_passed_makes_a_passed_run(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """A run passes when its cases do; plain pytest agrees with exit code 0."""
    project.module("main", project.case("a", project.measure("give", limits=LIMITS), limited=1))
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert plain().returncode == 0
