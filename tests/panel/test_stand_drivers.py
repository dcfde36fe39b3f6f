"""Drivers of scope ``stand`` on a panel: two runs do not connect to the bench twice."""

from __future__ import annotations

from typing import Any

DRIVER = """
import os, pathlib


class Bench:
    def __init__(self, here, volts=5.0):
        self.log = pathlib.Path(here) / "bench.log"
        self.volts = volts
        self.calls = 0
        self.write(f"open {volts}")

    def write(self, word):
        with self.log.open("a") as file:
            file.write(word + "\\n")

    def identify(self):
        return "Maker,Model,1,1.0"

    def voltage(self):
        self.calls += 1
        return self.volts

    def count(self):
        return self.calls

    def die(self):
        os._exit(7)

    def close(self):
        self.write("close")
"""

SEQUENCE = """
name: Bench test
params: {serial: {type: string, default: SN1}, volts: {type: number, default: 5}}
dut: {serial_number: "${{ params.serial }}"}
drivers:
  bench:
    use: stand_bench.Bench
    with: {here: HERE, volts: "${{ params.volts }}"}
    scope: stand
    require: {idn: ^Maker}
modules:
  main:
    name: Main
    cases:
      die: {name: Die, if: params.serial == 'dead', steps: [{call: bench.die}]}
      rail:
        name: Rail
        steps:
          - {measure: Output, call: bench.voltage, limits: [4.8, 5.2]}
          - {measure: Calls, call: bench.count}
"""


def calls(report: Any) -> Any:
    """How often the bench had measured, as the last case says."""
    return report["modules"][0]["cases"][1]["attempts"][-1]["measurements"][-1]["value"]


def test_the_bench_is_connected_once(stand: Any) -> None:
    """Runs with other parameters share the driver, each report is its own, and the driver closes with the panel."""
    stand.write("drivers/stand_bench.py", DRIVER)
    stand.sequence("bench", SEQUENCE)
    log = stand.folder / "bench.log"
    panel = stand.open()
    first = panel.run(params={"serial": "SN7"})
    second = panel.run(params={"serial": "SN8"})
    assert [first["status"], second["status"]] == ["passed", "passed"]
    assert [first["dut"]["serial_number"], second["dut"]["serial_number"]] == ["SN7", "SN8"]
    assert [calls(first), calls(second)] == [1, 2]
    assert [len(report["instruments"]) for report in (first, second)] == [1, 1]
    assert log.read_text() == "open 5\n"
    assert panel.run(params={"volts": 6})["status"] == "failed"
    assert log.read_text() == "open 5\nclose\nopen 6\n"
    panel.close()
    assert log.read_text() == "open 5\nclose\nopen 6\nclose\n"


def test_a_crash_between_two_runs(stand: Any) -> None:
    """The run that died is told as such, and the next one has a fresh process with a driver of its own."""
    stand.write("drivers/stand_bench.py", DRIVER)
    stand.sequence("bench", SEQUENCE)
    panel = stand.open()
    assert panel.run()["status"] == "passed"
    assert panel.run(params={"serial": "dead"})["status"] == "error"
    after = panel.run()
    assert after["status"] == "passed"
    assert calls(after) == 1
    assert (stand.folder / "bench.log").read_text() == "open 5\nopen 5\n"


def test_a_changed_sequence_closes_the_bench(stand: Any) -> None:
    """Another sequence needs another process: what the old one kept open is closed first."""
    stand.write("drivers/stand_bench.py", DRIVER)
    text = SEQUENCE
    stand.sequence("bench", text)
    panel = stand.open()
    assert panel.run()["sequence"]["name"] == "Bench test"
    stand.sequence("bench", text.replace("Bench test", "Another test"))
    panel.wait_until(lambda: panel.session.live.look(lambda run, _: run["sequence"]["name"]) == "Another test")
    assert panel.run()["sequence"]["name"] == "Another test"
    panel.close()
    assert (stand.folder / "bench.log").read_text() == "open 5\nclose\nopen 5\nclose\n"
