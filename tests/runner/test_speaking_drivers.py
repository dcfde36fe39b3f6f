"""Drivers that say something: by ``sequencer.api.step()``, by ``logging`` and by ``print``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.api import step
from sequencer.project.state_folder import StateFolder
from sequencer.report.event import LineLogged, ProgressChanged

TALKER = """
import logging
import os
import sys
import threading
import time
from pathlib import Path

from sequencer.api import step

logger = logging.getLogger("acme.talker")


class Talker:
    def __init__(self):
        print("opening")

    def flash(self):
        step().progress(40, 200, "Flashing")
        step().message("block 1 of 5", key="block")
        step().message("block 2 of 5", key="block")
        step().attach("trace.txt", "all went well")

    def rails(self, low=5.0):
        step().measure("3V3", 3.31, "V", [3.2, 3.4])
        step().measure("5V", low, "V", {"ge": 4.8})
        step().measure("${{ nothing }}", 1)
        return low

    def swallowing(self):
        try:
            step().measure("5V", 4.0, "V", [4.8, 5.2])
            step().measure("", 4.0)
        except Exception:
            pass

    def in_threads(self, value=1):
        def work():
            step().progress(7)
            logger.warning("from a thread")
            step().measure("threaded", value, limits={"eq": 1})

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def missing(self):
        step().measure("serial number", None, limits={"eq": None})

    def on_its_own(self, delay):
        said, self.told, self.begun = step(), threading.Event(), threading.Event()

        def work():
            self.begun.wait()
            if delay:
                self.over.wait()
            try:
                said.measure("on its own", 9, limits={"le": 5})
            except Exception as error:
                self.refusal = str(error)
            self.told.set()

        self.over = threading.Event()
        threading.Thread(target=work).start()

    def tell(self):
        self.begun.set()
        self.told.wait()

    def refused(self):
        self.begun.set()
        self.over.set()
        self.told.wait()
        return self.refusal

    def keep(self):
        self.said = step()

    def too_late(self):
        self.said.measure("late", 1)

    def chatter(self):
        print("one", "two")
        print("half a line", end="")
        print("on standard error", file=sys.stderr)
        logger.debug("nobody wants this")
        logger.info("measured %d", 7)
        try:
            raise ValueError("why")
        except ValueError:
            logger.exception("it broke")
        logger.info("%d", "no number")

    def flood(self):
        for number in range(2000):
            print("line", number)

    def fork(self):
        if (pid := os.fork()) == 0:
            print("in a copy")
            os._exit(0)
        os.waitpid(pid, 0)
"""


@pytest.fixture
def talk(project: Any) -> Callable[..., str]:
    """Declares the driver, and gives the source of a call."""
    (project.folder.parent / "drivers" / "talker.py").write_text(TALKER)
    project.driver("talker", file="../drivers/talker.py", target="Talker")

    def call(method: str, *arguments: str) -> str:
        return f"with Call(case, 's.yaml:1:1', call='talker.{method}'):\n    talker.{method}({', '.join(arguments)})"

    return call


def attempt(outcome: Any, number: int = 0) -> Any:
    return outcome.report["modules"][0]["cases"][number]["attempts"][-1]


def test_what_a_driver_says_of_its_step(project: Any, talk: Callable[..., str], execute: Callable[..., Any]) -> None:
    """Progress, messages, files and measurements belong to the case, from any thread; a measurement judges it."""
    p = project
    cases = {"flash": "flash", "rails": "rails", "low": "rails", "threads": "in_threads"}
    arguments = {"low": ["4.0"]}
    p.module(
        "main", *(p.case(name, talk(call, *arguments.get(name, [])), drivers="talker") for name, call in cases.items())
    )
    outcome = execute()
    assert outcome.statuses == {
        "main::flash": "passed",
        "main::rails": "passed",
        "main::low": "failed",
        "main::threads": "passed",
    }
    flash, rails, low, threads = (attempt(outcome, number) for number in range(4))
    assert flash["messages"] == {"block": "block 2 of 5"}
    assert [file["name"] for file in flash["attachments"]] == ["trace.txt"]
    measured = [(each["name"], each["value"], each["unit"], each["result"]) for each in rails["measurements"]]
    assert measured == [("3V3", 3.31, "V", True), ("5V", 5.0, "V", True), ("${{ nothing }}", 1, None, None)]
    assert [each["result"] for each in low["measurements"]] == [True, False, None]
    (failure,) = low["failures"]
    assert (failure["kind"], failure["place"], failure["call"]) == ("failed", "s.yaml:1:1", "talker.rails")
    assert [each["result"] for each in threads["measurements"]] == [True]
    assert threads["log"][0]["source"] == "acme.talker"
    shown = [each.event for each in outcome.events if isinstance(each.event, ProgressChanged)]
    assert [(each.case, each.value, each.maximum, each.label) for each in shown] == [
        ("main::flash", 40.0, 200.0, "Flashing"),
        ("main::threads", 7.0, 100.0, None),
    ]


def test_no_driver_can_hide_what_it_measured(
    project: Any, talk: Callable[..., str], execute: Callable[..., Any]
) -> None:
    """One that swallows exceptions fails its step nevertheless, also in a thread; and a try that went well counts."""
    p = project
    p.module(
        "main",
        p.case("swallowed", talk("swallowing"), drivers="talker"),
        p.case("thread", talk("in_threads", "2"), drivers="talker"),
        p.case("again", "values = [4.0, 5.0]\nfor _ in case.tries(2):\n"
               "    with Call(case, 's.yaml:1:1', call='talker.rails'):\n        talker.rails(values.pop(0))",
               drivers="talker"),
    )  # fmt: skip
    p.module("more", p.case("kept", talk("keep"), drivers="talker"), p.case("late", talk("too_late"), drivers="talker"))
    outcome = execute()
    assert outcome.statuses == {
        "main::swallowed": "failed",
        "main::thread": "failed",
        "main::again": "passed",
        "more::kept": "passed",
        "more::late": "error",
    }
    assert [each.get("superseded", False) for each in attempt(outcome, 2)["measurements"]] == [True] * 3 + [False] * 3


def test_a_case_that_missed_a_limit_is_not_left_out(
    project: Any, talk: Callable[..., str], execute: Callable[..., Any]
) -> None:
    """What a thread measured while the case was about to be left out fails it."""
    p = project
    rest = "with Steps(case, 's.yaml:2:1'):\n    talker.tell()\n    case.leave_out('not here')"
    body = f"{talk('on_its_own', 'False')}\n{rest}"
    p.module("main", p.case("skips", body, drivers="talker"))
    outcome = execute()
    assert outcome.statuses == {"main::skips": "failed"}
    assert [each["result"] for each in attempt(outcome)["measurements"]] == [False]


def test_nothing_is_measured_of_a_case_that_is_over(
    project: Any, talk: Callable[..., str], execute: Callable[..., Any]
) -> None:
    """A thread that measures once its case is over is told so, as nothing could fail by it any more."""
    p = project
    p.module(
        "main",
        p.case("begins", talk("on_its_own", "True"), drivers="talker"),
        p.case("looks", "assert 'recorded while no step called its driver' in talker.refused()", drivers="talker"),
    )  # fmt: skip
    assert execute().statuses == {"main::begins": "passed", "main::looks": "passed"}


def test_no_program_compares_with_null(project: Any, talk: Callable[..., str], execute: Callable[..., Any]) -> None:
    """Two values that a driver lacks are not two that agree."""
    p = project
    p.module("main", p.case("missing", talk("missing"), drivers="talker"))
    assert execute().statuses == {"main::missing": "error"}


def test_what_drivers_print_and_log(
    project: Any, talk: Callable[..., str], execute: Callable[..., Any], tmp_path: Path
) -> None:
    """It is in the log of the case, with its level and who said it, and in a file beside the journal."""
    p = project
    p.module(
        "main",
        p.case("talk", talk("chatter"), drivers="talker"),
        p.case("silent", "pass", drivers="talker"),
        p.case("copy", talk("fork"), drivers="talker"),
    )
    outcome = execute()
    said = [(line["level"], line["source"], line["text"].partition("\n")[0]) for line in attempt(outcome)["log"]]
    assert said[:2] == [("info", "print", "opening"), ("info", "talker", "one two")]
    assert set(said[2:]) >= {
        ("info", "talker", "on standard error"),
        ("info", "acme.talker", "measured 7"),
        ("error", "acme.talker", "it broke"),
    }
    assert "ValueError: why" in next(line["text"] for line in attempt(outcome)["log"] if line["level"] == "error")
    assert "log" not in attempt(outcome, 1)
    assert "log" not in attempt(outcome, 2)
    journal = StateFolder(tmp_path / "state").journal(outcome.report["id"])
    file = next(tmp_path.rglob(f"{journal.stem}.log")).read_text("utf-8")
    assert "info main::talk talker: one two\n" in file
    assert "info main::talk acme.talker: measured 7\n" in file
    assert "half a line" in file
    assert "in a copy" not in file
    assert any("one two" in line for line in outcome.output)


def test_a_flood_of_lines_stays_out_of_the_report(
    project: Any, talk: Callable[..., str], execute: Callable[..., Any], tmp_path: Path
) -> None:
    """The report has the first ones and says where the others are; the file has all."""
    p = project
    p.module(
        "main", p.case("flood", talk("flood"), drivers="talker"), p.case("next", talk("chatter"), drivers="talker")
    )
    outcome = execute()
    lines = attempt(outcome)["log"]
    assert len(lines) == 900
    assert (lines[-1]["level"], lines[-1]["source"]) == ("warning", "hardseq")
    assert lines[-1]["text"].endswith(".log alone")
    file = next(tmp_path.rglob("*.log")).read_text("utf-8")
    assert file.count("main::flood talker: line ") == 2000
    assert attempt(outcome, 1)["log"][0]["text"] == "one two"


def test_who_says_nothing_has_no_file(project: Any, execute: Callable[..., Any], tmp_path: Path) -> None:
    """Nothing is written for a run in which no driver says anything."""
    p = project
    p.module("main", p.case("a", p.call("give")))
    outcome = execute()
    assert not [each for each in outcome.events if isinstance(each.event, LineLogged)]
    assert [path for path in tmp_path.rglob("*.log") if path.name != "bench.log"] == []


def test_outside_of_a_run_nothing_happens(tmp_path: Path) -> None:
    """A driver may be used in a script of its own."""
    step().progress(1)
    step().message("a")
    step().measure("a", object(), limits={"nonsense": 1})
    (tmp_path / "a.bin").write_bytes(b"")
    step().attach("a", tmp_path / "a.bin")
