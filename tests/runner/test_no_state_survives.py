"""Two products in one kept test process: what the first one left in Python's memory never reaches the second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sequencer.report.model import RunReport
from tests.runner.test_stand_scope import panel

__all__ = ["panel"]

SHARED = '''
import helper

_cached = None

class Psu:
    """Of the stand: stays open, and may count what it did."""
    runs = 0

    def on(self):
        Psu.runs += 1
        helper.calls.append("psu")
        return Psu.runs * 100 + len(helper.calls)

class Board:
    seen = []

    def serial(self, actual):
        Board.seen.append(actual)
        return Board.seen[0]

def read(actual):
    """Asks the board once and remembers."""
    global _cached
    if _cached is None:
        _cached = actual
    helper.calls.append("read")
    return _cached + 1000 * len(helper.calls)
'''
OTHER = """
import package.deep, shared

class Reader:
    def read(self, actual):
        shared.Board.seen.append(actual)
        package.deep.values.append(actual)
        return shared.Board.seen[0] + package.deep.values[0] + len(helper_calls())

def helper_calls():
    import helper
    helper.calls.append("other")
    return helper.calls
"""


MESSY = """
import os, sys

class Messy:
    def look(self):
        moved = os.getcwd() == "/", "/mess" in sys.path
        return [os.environ.get("MESS", "unset"), os.environ["BENCH_LOG"] == "gone", *moved]

    def make(self):
        os.environ["MESS"] = "mess"
        os.environ["BENCH_LOG"] = "gone"
        sys.path.insert(0, "/mess")
        os.chdir("/")
        return 1
"""


def measured(report: RunReport) -> list[Any]:
    """What the run measured, in order."""
    attempts = [each["attempts"][-1] for module in report["modules"] for each in module["cases"]]
    assert not [failure["message"] for attempt in attempts for failure in attempt["failures"]]
    return [each["value"] for attempt in attempts for each in attempt["measurements"]]


def step(name: str, source: str) -> str:
    """A measure step."""
    return f"with Measure(case, 's.yaml:1:1', {name!r}) as step:\n    step.value = {source}"


def test_the_second_board_is_measured_itself(project: Any, panel: Callable[[], Any]) -> None:
    """Globals, class attributes and helper modules are fresh for each run, also in the file of a `stand` driver, which
    itself keeps what it has."""
    drivers = project.folder.parent / "drivers"
    (drivers / "shared.py").write_text(SHARED)
    (drivers / "helper.py").write_text("calls = []\n")
    (drivers / "other.py").write_text(OTHER)
    (drivers / "package").mkdir()
    (drivers / "package" / "deep.py").write_text("values = []\n")
    p = project
    p.sequence(params={"volts": {"type": "number"}})
    p.driver("psu", scope="stand", file="../drivers/shared.py", target="Psu")
    p.driver("board", file="../drivers/shared.py", target="Board")
    p.driver("read", "function", scope="case", file="../drivers/shared.py", target="read")
    p.driver("other", file="../drivers/other.py", target="Reader")
    volts = "case.value('${{ params.volts }}')"
    body = [
        step("psu", "psu.on()"),
        step("serial", f"board.serial({volts})"),
        step("read", f"read({volts})"),
        step("other", f"other.read({volts})"),
    ]
    p.module("main", p.case("a", *body, drivers="psu board read other"))
    with panel() as opened:
        reports = [opened.start(params={"volts": volts}) for volts in (5.0, 9.0, 7.0)]
        assert all(opened.renewed)
    expected = [[run * 101, volts, volts + 1000, 2 * volts + 2] for run, volts in enumerate((5.0, 9.0, 7.0), 1)]
    assert [measured(report) for report in reports] == expected


def test_environment_and_folder_are_as_before(project: Any, panel: Callable[[], Any]) -> None:
    """A driver that sets a variable, changes the folder or the search path does so for its own run alone."""
    drivers = project.folder.parent / "drivers"
    (drivers / "messy.py").write_text(MESSY)
    p = project
    p.driver("bench", scope="stand")
    p.driver("messy", file="../drivers/messy.py", target="Messy")
    p.module("main", p.case("a", step("before", "messy.look()"), step("mess", "messy.make()"), drivers="bench messy"))
    with panel() as opened:
        reports = [opened.start() for _ in range(2)]
        assert all(opened.renewed)
    assert [measured(report)[0] for report in reports] == [["unset", False, False, False]] * 2


def test_a_single_run_separates_them_alike(project: Any, execute: Callable[..., Any]) -> None:
    """Whether the process is kept or not, a driver of the stand shares its module with no other."""
    drivers = project.folder.parent / "drivers"
    (drivers / "shared.py").write_text(SHARED)
    (drivers / "helper.py").write_text("calls = []\n")
    p = project
    p.driver("psu", scope="stand", file="../drivers/shared.py", target="Psu")
    p.driver("read", "function", scope="case", file="../drivers/shared.py", target="read")
    p.module("main", p.case("a", step("psu", "psu.on()"), step("read", "read(5.0)"), drivers="psu read"))
    assert measured(execute().report) == [101, 1005.0]
