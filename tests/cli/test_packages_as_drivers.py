"""Classes and functions that nobody wrote for hardseq, driven by YAML alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SEQUENCE = """\
name: Packages
drivers:
  normal: {use: "statistics:NormalDist", with: {mu: 5, sigma: 1}}
  bus: {use: bench.Bus, with: {channel: virtual}}
  port: {use: bench.open_port, with: {url: "loop://"}}
  supply: bench.Supply
  blink: bench.blink
modules:
  main:
    name: Main
    cases:
      package:
        name: A package
        steps:
          - {measure: Mean, call: normal.mean, limits: {eq: 5}}
          - {measure: Middle, call: normal.cdf, with: {x: 5}, limits: {eq: 0.5}}
      functions:
        name: What functions give
        steps:
          - {measure: Bus, call: bus.send, with: {data: hello}, limits: {eq: "virtual: hello"}}
          - {measure: Port, call: port.url, limits: {eq: "loop://"}}
          - {measure: Blinks, call: blink, with: {times: 3}, limits: {eq: 3}}
      channels:
        name: What a driver holds
        steps:
          - {measure: Set, call: supply.ch_1.voltage, limits: {eq: 5.0}}
          - {measure: Called, call: supply.found.read, limits: {eq: 7}}
          - {measure: Not called, call: supply.found.volts, limits: {eq: 8}}
"""
DRIVERS = """\
from contextlib import contextmanager


class Channel:
    def __init__(self):
        self.voltage = 5.0


class Found:
    volts = 8

    def read(self):
        return 7


class Supply:
    def __init__(self):
        self.ch_1 = Channel()
        setattr(self, "found", Found())


class _Bus:
    def __init__(self, channel):
        self.channel = channel

    def send(self, data):
        return f"{self.channel}: {data}"

    def close(self):
        print("bus closed")


def Bus(channel) -> "_Bus":
    return _Bus(channel)


@contextmanager
def open_port(url):
    port = Found()
    port.url = url
    yield port
    print("port closed")


def blink(times):
    return times
"""


def test_packages_functions_and_channels(tmp_path: Path) -> None:
    """A class of an installed package, what a function gives when it is called once, a function itself, and the objects
    that a driver holds; what was opened is closed."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "bench.py").write_text(DRIVERS)
    (tmp_path / "a.yaml").write_text(SEQUENCE)
    command = [sys.executable, "-m", "sequencer", "run", "a.yaml", "--no-panel", "--report", "report.json"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "bus closed" in ran.stdout + ran.stderr
    assert "port closed" in ran.stdout + ran.stderr
    report = json.loads((tmp_path / "report.json").read_bytes())
    attempts = [attempt for case in report["modules"][0]["cases"] for attempt in case["attempts"]]
    measured = [each["result"] for attempt in attempts for each in attempt["measurements"]]
    assert measured == [True] * 8
