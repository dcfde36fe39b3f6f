"""`hardseq run` on a stand whose slots share instruments and wait for each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line

DRIVER = """\
import logging
import os
import time
from pathlib import Path

from sequencer.api import step


class Meter:
    def __init__(self, port="A"):
        self.write(f"opened {port} for {os.getpid()}")
        self.slot = None

    def connect(self, slot):
        self.slot = slot

    def read(self):
        return 5.0 if self.slot is None else self.slot

    def fail(self):
        raise ValueError("no answer")

    def write(self, text):
        with open("log", "a") as file:
            file.write(text + "\\n")

    def say(self, text):
        print(text)

    def flash(self, slot, low):
        print("flashing", slot)
        logging.getLogger("acme").warning("slow in %s", slot)
        step().progress(3, 4, slot)
        step().message(f"block of {slot}")
        step().measure("rail", low, "V", {"ge": 4.8})
        step().measure("odd", 1, limits="no limits" if slot == "odd" else None)
        step().attach(f"{slot}.txt", slot)

    def stay(self):
        # Until somebody else waits for what is held, as the journals of the runs tell.
        while not any(
            '"wait_started"' in line and '"hold"' in line
            for file in Path(".hardseq").rglob("*.jsonl")
            for line in file.read_text().splitlines()
        ):
            time.sleep(0.01)

    def hang(self):
        time.sleep(1000)

    def close(self):
        self.write("closed")


class Board:
    def __init__(self, does=""):
        self.does = does

    def work(self):
        if self.does == "die":
            os._exit(9)
        if self.does == "fail":
            raise ValueError("broken")
"""

SEQUENCE = """\
name: Board
drivers:
  board: bench.Board
  meter: {{use: bench.Meter, shared: true}}
modules:
{modules}
"""

SLOTS = """\
[slots.left.drivers.board]
does = "{left}"
[slots.right.drivers.board]
does = "{right}"
"""


class Bench:
    """A project with two slots, left and right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, modules: str, *more: str, left: str = "", right: str = "") -> dict[str, Any]:
        """Runs a sequence of these modules; the reports by slot."""
        indented = "".join(f"  {line}\n" for line in modules.strip("\n").splitlines())
        for name, text in {
            "sequences/board.yaml": SEQUENCE.format(modules=indented),
            "drivers/bench.py": DRIVER,
            "hardseq.toml": SLOTS.format(left=left, right=right),
        }.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        done: Result = CliRunner().invoke(command_line, ["run", "--no-panel", "--report", "out", *more])
        self.output = done.output
        found = (self.folder / "out").glob("*.json")
        reports = {file.stem: json.loads(file.read_text("utf-8")) for file in found}
        assert reports, done.output
        return reports

    @property
    def log(self) -> list[str]:
        """What the shared driver wrote."""
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """In its folder."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


def statuses(report: dict[str, Any]) -> dict[str, str]:
    """How the cases ended."""
    return {case["id"]: case["status"] for module in report["modules"] for case in module["cases"]}


def failures(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Of all cases."""
    attempts = [each for module in report["modules"] for case in module["cases"] for each in case["attempts"]]
    return [failure for attempt in attempts for failure in attempt["failures"]]


HELD = """
main:
  cases:
    rail:
      steps:
        - hold: meter
          steps:
            - call: meter.connect
              with: {slot: "${{ slot.number }}"}
            - call: meter.stay
            - measure: Slot
              call: meter.read
              limits: {eq: "${{ slot.number }}"}
        - call: meter.say
          with: {text: hello}
"""


def test_what_is_held_is_used_by_nobody_else(bench: Bench) -> None:
    """Each slot measures what it connected; there is one instrument, and who waited for it stands in the report."""
    reports = bench.run(HELD)
    assert {name: report["status"] for name, report in reports.items()} == {"left": "passed", "right": "passed"}
    assert [line.split()[0] for line in bench.log] == ["opened", "closed"]
    waits = [
        wait for report in reports.values() for wait in report["modules"][0]["cases"][0]["attempts"][0].get("waits", [])
    ]
    held = [wait for wait in waits if wait["kind"] == "hold"]
    assert len(held) == 1
    assert held[0]["names"] == ["meter"]
    assert held[0]["seconds"] > 0
    assert held[0]["place"].startswith("sequences/board.yaml:")
    assert bench.output.count("meter: hello") == 2


def test_a_slot_alone_has_what_is_shared(bench: Bench) -> None:
    """As if all were there."""
    reports = bench.run(
        HELD.replace("            - call: meter.stay\n", ""), "--slot", "right", "--report", "out/right.json"
    )
    assert reports["right"]["status"] == "passed"
    assert "meter: hello" in bench.output


SYNCED = """
first:
  group: setup
  cases:
    prepare:
      steps:
        - call: board.work
main:
  cases:
    soak:
      steps:
        - sync: hot
          timeout: 60 s
          once:
            - call: meter.write
              with: {text: heat}
            - measure: Hot
              call: meter.read
              limits: {eq: 5}
        - sync: warm
          once:
            - call: meter.write
              with: {text: hold}
end:
  group: teardown
  cases:
    cool:
      steps:
        - sync: done
          once:
            - call: meter.write
              with: {text: cool}
"""


def test_slots_meet_and_one_does_what_is_done_once(bench: Bench) -> None:
    """The chamber is heated once, for both; what was judged there was judged for both."""
    reports = bench.run(SYNCED)
    assert {name: report["status"] for name, report in reports.items()} == {"left": "passed", "right": "passed"}
    assert [line for line in bench.log if "ed" not in line] == ["heat", "hold", "cool"]


ROWS = """
main:
  cases:
    soak:
      for_each: {below: [9, 1]}
      steps:
        - sync: hot
          once:
            - measure: Hot
              call: meter.read
              limits: {lt: "${{ below }}"}
        - check: true
"""


def test_what_one_slot_missed_for_all_is_missed_by_each(bench: Bench) -> None:
    """Also where the slot itself goes on after a missed limit. In each row they meet again."""
    reports = bench.run(ROWS)
    assert {name: statuses(report) for name, report in reports.items()} == {
        slot: {"soak[9]": "passed", "soak[1]": "failed"} for slot in ("left", "right")
    }


@pytest.mark.parametrize("does", ["fail", "die"])
def test_nobody_waits_for_a_slot_that_failed_its_way_out(bench: Bench, does: str) -> None:
    """Its setup failed, or its process died there: the other soaks alone, and in the teardown is alone or waits."""
    reports = bench.run(SYNCED, right=does)
    assert reports["left"]["status"] == "passed"
    assert statuses(reports["left"]) == {"prepare": "passed", "soak": "passed", "cool": "passed"}
    assert reports["right"]["status"] == "error"
    assert statuses(reports["right"])["soak"] == "skipped"


def test_the_exception_of_a_shared_driver_is_that_of_a_slots_own(bench: Bench) -> None:
    """Message, call, place in the sequence and in the driver."""
    line = 1 + DRIVER.splitlines().index('        raise ValueError("no answer")')
    reports = bench.run("main:\n  cases:\n    rail:\n      steps:\n        - call: meter.fail\n        - check: true\n")
    for report in reports.values():
        [failure] = failures(report)
        assert failure["message"] == "ValueError: no answer"
        assert failure["call"] == "meter.fail"
        assert f'drivers/bench.py", line {line}, in fail' in failure["traceback"]
    assert "Traceback" in bench.output


def test_what_a_shared_driver_says_is_in_the_report_of_the_slot(bench: Bench) -> None:
    """Lines, measurements and files belong to the case that called; a missed limit fails it, and what cannot be
    recorded is its error; the log file of each run has its own lines."""
    reports = bench.run(
        """
main:
  cases:
    flash: {steps: [{call: meter.flash, with: {slot: "${{ slot.name }}", low: "${{ 6.0 - slot.number }}"}}]}
    odd: {if: slot.number == 1, steps: [{call: meter.flash, with: {slot: odd, low: 5.0}}]}
"""
    )
    cases = {slot: report["modules"][0]["cases"] for slot, report in reports.items()}
    assert {slot: [case["status"] for case in each] for slot, each in cases.items()} == {
        "left": ["passed", "error"],
        "right": ["failed", "skipped"],
    }
    for slot, value in (("left", 5.0), ("right", 4.0)):
        attempt = cases[slot][0]["attempts"][0]
        assert [(each["name"], each["value"]) for each in attempt["measurements"]] == [("rail", value), ("odd", 1)]
        assert [(line["level"], line["text"], line["source"]) for line in attempt["log"]] == [
            ("info", f"flashing {slot}", "meter"),
            ("warning", f"slow in {slot}", "acme"),
        ]
        assert list(attempt["messages"].values()) == [f"block of {slot}"]
        assert [each["name"] for each in attempt["attachments"]] == [f"{slot}.txt"]
        (log,) = Path(".hardseq").rglob(f"{reports[slot]['id']}.log")
        assert f" info main::flash meter: flashing {slot}" in log.read_text()
        assert ("right" if slot == "left" else "left") not in log.read_text()
    assert "odd" in cases["left"][1]["attempts"][0]["failures"][0]["message"]
    assert "meter: flashing right" in bench.output
