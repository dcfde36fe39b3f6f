"""``open``: before the first case, in time, and tried again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.compiler.compile import compile_sequence
from sequencer.language.read import read_sequence


def test_a_dead_instrument_is_told_before_a_product_is_touched(project: Any, execute: Callable[..., Any]) -> None:
    """All that do not answer, in one go; what no chosen case uses is left alone, and teardown runs."""
    p = project
    early = {"opening": {"when": "start"}}
    p.driver("bench", arguments={"name": "good"}, **early)
    p.driver("dead", arguments={"fail_open": "nobody answers"}, **early)
    p.driver("deaf", arguments={"fail_open": "not even here"}, **early)
    p.driver("unused", arguments={"fail_open": "never asked"}, **early)
    p.module(
        "main", p.case("a", p.call("log", "'touched'")), p.case("b", p.call("log", "'b'"), drivers="bench dead deaf")
    )
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")
    outcome = execute()
    assert outcome.statuses == {"main::a": "skipped", "main::b": "skipped", "end::off": "passed"}
    assert p.logged == ["open good", "off", "close good"]
    told = [failure["message"] for failure in outcome.report["failures"]]
    assert [("nobody answers" in each, "not even here" in each) for each in told] == [(True, False), (False, True)]
    assert exit_code(outcome.report) == 4


@pytest.mark.parametrize("scope", ["run", "case"])
def test_it_is_tried_again(project: Any, execute: Callable[..., Any], scope: str) -> None:
    """As often as is said; each failure is told in the terminal and is none of the run. It has its own life then."""
    p = project
    fixture = "function" if scope == "case" else "session"
    opening = {"when": "start", "times": 3, "delay": 0.01}
    p.driver("bench", fixture, scope=scope, arguments={"fail_open": "twice"}, opening=opening)
    p.module("main", p.case("a", p.call("give")))
    outcome = execute()
    assert (outcome.statuses, outcome.report["failures"]) == ({"main::a": "passed"}, [])
    opened = ["open bench", "close bench"]
    assert p.logged == ["try"] * 3 + (opened if scope == "run" else [*opened, "try", *opened])
    assert sum("is tried again" in line and "still booting" in line for line in outcome.output) == 2


def test_opening_that_takes_too_long(project: Any, execute: Callable[..., Any]) -> None:
    """Each try has its time; then it is an error of the case that says so, and no failure of the product."""
    p = project
    p.driver("bench", arguments={"fail_open": "sleep"}, opening={"timeout": 0.2, "times": 2})
    p.module("main", p.case("a", p.call("give"), timeout=60))
    outcome = execute()
    assert outcome.statuses == {"main::a": "error"}
    assert p.logged == ["try", "try"]
    assert any("opening took longer than 0.2 s" in failure["message"] for failure in outcome.report["failures"])


def test_it_is_tried_again_after_a_call_that_did_not_end_well(project: Any, execute: Callable[..., Any]) -> None:
    """Reopening is opening: it has the same time and as many tries."""
    p = project
    p.driver("bench", arguments={"fail_open": "twice"}, opening={"times": 3})
    p.module("main", p.case("a", p.call("boom"), attempts=2), p.case("b", p.call("give")))
    outcome = execute()
    assert outcome.statuses == {"main::a": "error", "main::b": "passed"}
    assert p.logged == ["try"] * 3 + ["open bench", "close bench", *["try", "open bench", "close bench"] * 2]


def test_from_the_yaml_to_the_fixture(tmp_path: Path) -> None:
    """Durations become seconds, what is not said is not written, and a timeout of nothing is a problem."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "meter.py").write_text("class Meter:\n    def read(self): ...\n")
    text = (
        "name: M\ndrivers:\n  a: {use: meter.Meter, open: {when: start, timeout: %s, retry: {times: 3, delay: 2 s}}}\n"
        "  b: {use: meter.Meter, open: {retry: 2}}\n"
        "modules: {m: {cases: {c: {steps: [{call: a.read}, {call: b.read}]}}}}\n"
    )
    path = tmp_path / "s.yaml"
    path.write_text(text % "10 s")
    sequence = read_sequence(path, project=tmp_path).sequence
    assert sequence is not None
    written = compile_sequence(sequence, folder=tmp_path / "generated")["conftest.py"]
    assert 'opening={"when": "start", "timeout": 10.0, "times": 3, "delay": 2.0},' in written
    assert 'opening={"when": "first_use", "times": 2, "delay": 0.0},' in written
    path.write_text(text % "0 s")
    (problem,) = read_sequence(path, project=tmp_path).problems
    assert (problem.code, problem.place and problem.place.line) == ("wrong-value", 3)
