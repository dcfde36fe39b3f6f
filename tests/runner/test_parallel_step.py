"""The step ``parallel``: branches of one case at once, joined at the end."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.project import ensure_compiled
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.runner.run import Run
from tests.runner.conftest import HASTY
from tests.runner.test_judgements import run

BENCH = """
import pathlib, threading, time

class Meeting:
    both = threading.Barrier(2)

    def meet(self):
        self.both.wait(60)
        return threading.get_ident()

class Left(Meeting): pass
class Right(Meeting): pass

class Slow:
    def __init__(self, here=""):
        self.here = pathlib.Path(here)

    def wait(self):
        (self.here / "waits").touch()
        while True:
            time.sleep(0.01)

    def hang(self):
        lock = threading.Lock()
        with lock:
            lock.acquire()

    def fail(self):
        raise OSError("gone")
"""

SEQUENCE = """
name: Branches
drivers: {left: bench.Left, right: bench.Right, slow: {use: bench.Slow, with: {here: HERE}}}
modules:
  main:
    cases:
      at_once:
        steps:
          - {set: {before: 1}}
          - parallel:
              l: [{call: left.meet, save: a}, {check: before == 1}, {measure: L, value: 5, limits: [4, 6]}]
              r:
                - {set: {before: 2}}
                - {call: right.meet, save: b}
                - {sample: {v: right.both.parties}, every: 1 ms, for: 5 ms}
          - check: a != b and before == 2 and v == 2
      kept:
        steps:
          - parallel:
              l: [{measure: L, value: 9, limits: [4, 6]}, {message: went on}, {fail: bad}, {message: not this}]
              r: [{call: slow.fail}, {message: nor this}]
              s: [{wait: 20 ms}, {log: ended}]
          - message: never
      goes_on:
        steps:
          - {parallel: {l: [{check: 1 > 2}], r: [{check: 2 > 1}]}, on_fail: continue}
          - message: reached
      again:
        steps:
          - set: {tries: 0}
          - parallel:
              l: [{set: {tries: "${{ tries + 1 }}"}}, {check: tries > 1}]
              r: [{wait: 1 ms}, {measure: R, value: "${{ tries }}", limits: [2, 9]}, {message: measured}]
              s: [{call: slow.wait, timeout: 20 ms, if: tries < 1}]
            retry: {times: 3}
      again_in_vain:
        steps:
          - steps: [{parallel: {l: [{check: 1 > 2}], r: [{check: 2 > 1}]}, on_fail: continue}, {message: reached}]
            retry: {times: 2}
      late:
        steps:
          - parallel:
              l: [{call: slow.wait, timeout: 50 ms}, {message: never}]
              r: [{wait: 100 ms}, {message: ended}]
      case_late:
        timeout: 1 s
        steps: [{parallel: {l: [{call: slow.wait}], r: [{wait: 1 min}]}}]
      proves_nothing: {steps: [{parallel: {l: [{check: true, if: 1 > 2}], r: [{wait: 1 ms}]}}]}
      after: {steps: [{check: true}]}
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cases of the sequence above, run."""
    folder = tmp_path_factory.mktemp("branches")
    (folder / "bench.py").write_text(BENCH)
    return run(folder, SEQUENCE.replace("HERE", str(folder)))


def last(cases: dict[str, Any], name: str) -> dict[str, Any]:
    """The last attempt of a case."""
    return dict(cases[name]["attempts"][-1])


def told(cases: dict[str, Any], name: str) -> list[tuple[str, str | None]]:
    """Its failures: kind and call."""
    return [(failure["kind"], failure["call"]) for failure in last(cases, name)["failures"]]


def test_branches_run_at_once_and_are_joined(cases: dict[str, Any]) -> None:
    """Two drivers that wait for each other meet, in threads of their own; what was saved is there afterwards."""
    assert cases["at_once"]["status"] == "passed", last(cases, "at_once")["failures"]
    assert [measured["name"] for measured in last(cases, "at_once")["measurements"]] == ["L"]
    assert cases["after"]["status"] == "passed"


def test_each_failure_is_kept(cases: dict[str, Any]) -> None:
    """One ends its own branch alone, and after the join the case, unless `on_fail` says otherwise."""
    assert cases["kept"]["status"] == "failed"
    assert sorted(told(cases, "kept"), key=str) == [("error", "slow.fail"), ("failed", None), ("failed", None)]
    assert list(last(cases, "kept")["messages"].values()) == ["went on"]
    assert [line["text"] for line in last(cases, "kept")["log"] if line["source"] is None] == ["ended"]
    assert (cases["goes_on"]["status"], list(last(cases, "goes_on")["messages"].values())) == ("failed", ["reached"])
    assert (cases["proves_nothing"]["status"], cases["proves_nothing"]["skip_kind"]) == ("skipped", "condition")


def test_what_failed_in_a_branch_is_made_good_by_another_try(cases: dict[str, Any]) -> None:
    """A `retry` around the branches tries them all again; only what the last try fails at fails the case."""
    assert cases["again"]["status"] == "passed", last(cases, "again")["failures"]
    measured = last(cases, "again")["measurements"]
    assert [(each["value"], each["result"], each.get("superseded", False)) for each in measured] == [
        (0, False, True),
        (1, False, True),
        (2, True, False),
    ]
    assert (cases["again_in_vain"]["status"], len(told(cases, "again_in_vain"))) == ("failed", 1)


def test_timeouts_end_a_branch_or_all(cases: dict[str, Any]) -> None:
    """A step's ends its branch, the case's every branch; both name the call that went on."""
    assert told(cases, "late") == [("timeout", "slow.wait")]
    assert list(last(cases, "late")["messages"].values()) == ["ended"]
    assert cases["case_late"]["status"] == "failed"
    assert ("timeout", "slow.wait") in told(cases, "case_late")


def test_a_stop_ends_all_branches(tmp_path: Path) -> None:
    """While one waits for its driver and another for the operator, whose question is withdrawn."""
    (tmp_path / "bench.py").write_text(BENCH)
    text = """
name: Stops
drivers: {slow: {use: bench.Slow, with: {here: HERE}}}
modules:
  main:
    cases:
      only: {steps: [{parallel: {l: [{call: slow.wait}], r: [{dialog: Ready?}]}}]}
      rest: {steps: [{check: true}]}
  off: {group: teardown, cases: {off: {steps: [{message: off}]}}}
"""
    (tmp_path / "s.yaml").write_text(text.replace("HERE", str(tmp_path)))
    state = StateFolder(tmp_path / "state")
    compiled = ensure_compiled(tmp_path / "s.yaml", project=tmp_path, compiled=state.compiled)
    asked = threading.Event()
    opened = Run(
        compiled.folder,
        state,
        listeners=[lambda stamped: asked.set() if type(stamped.event).__name__ == "DialogAsked" else None],
        project=tmp_path,
    )
    try:
        opened.start(StartRequest(attended=True))
        assert asked.wait(60)
        opened.stop("enough")
        report: Any = opened.wait(60)
    finally:
        opened.close()
    cases = {case["id"]: case for module in report["modules"] for case in module["cases"]}
    statuses = {name: case["status"] for name, case in cases.items()}
    assert statuses == {"only": "stopped", "rest": "skipped", "off": "passed"}
    assert cases["only"]["attempts"][0]["dialogs"][0]["result"] == "stop"


def test_a_branch_that_no_exception_reaches_is_ended_with_its_process(tmp_path: Path) -> None:
    """A step in a branch that hangs outside of Python is not waited for forever, and the teardown runs."""
    (tmp_path / "bench.py").write_text(BENCH)
    (tmp_path / "s.yaml").write_text("""
name: Hangs
drivers: {slow: bench.Slow}
modules:
  main: {cases: {only: {steps: [{parallel: {l: [{call: slow.hang, timeout: 50 ms}], r: [{wait: 1 ms}]}}]}}}
  off: {group: teardown, cases: {off: {steps: [{message: off}]}}}
""")
    state = StateFolder(tmp_path / "state")
    compiled = ensure_compiled(tmp_path / "s.yaml", project=tmp_path, compiled=state.compiled)
    opened = Run(compiled.folder, state, project=tmp_path, grace=HASTY)
    try:
        opened.start(StartRequest())
        report: Any = opened.wait(60)
    finally:
        opened.close()
    cases = {case["id"]: case for module in report["modules"] for case in module["cases"]}
    assert {name: case["status"] for name, case in cases.items()} == {"only": "failed", "off": "passed"}
    assert [kind for kind, _ in told(cases, "only")] == ["timeout"]
