"""What the stands of the panel's tests run: a bench, and sequences that drive it."""

from __future__ import annotations

BENCH = '''
import os
import pathlib
import time


class Bench:
    """What the tests' sequences drive; `here` is a folder through which a test holds a run up."""

    def __init__(self, here=""):
        self.here = pathlib.Path(here)
        self.tries = 0

    def voltage(self, volts=5.02):
        return volts

    def process(self):
        return os.getpid()

    def flaky(self):
        self.tries += 1
        return 4.0 if self.tries == 1 else 5.0

    def wait(self, seconds=240.0):
        """Until the test writes the file `go`."""
        end = time.monotonic() + seconds
        while not (self.here / "go").exists() and time.monotonic() < end:
            time.sleep(0.01)

    def gone(self):
        """Whether the test has written the file `go`."""
        return int((self.here / "go").exists())

    def die(self):
        os._exit(7)

    def sweep(self):
        return {"x": [1, 10, 100, 1000], "y": [1.0, 5.0, 25.0, 120.0]}
'''

SIMPLE = """
name: Board test
version: 1.4.0
drivers: {bench: bench.Bench}
modules:
  rails:
    name: Supply rails
    cases:
      rail_5v:
        name: 5 V rail
        steps:
          - record: {dut: {serial_number: SN000042, part_number: PB-7, name: Power board}}
          - measure: Output
            call: bench.voltage
            unit: V
            limits: [4.8, 5.2]
          - message: Rail is up
      idle:
        name: Idle current
        steps:
          - measure: Current
            value: 12.5
            unit: mA
"""

WAITING = """
name: Slow test
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
modules:
  main:
    name: Main
    cases:
      first: {name: First, steps: [{call: bench.wait}]}
      second: {name: Second, steps: [{call: bench.voltage}]}
  end:
    name: Power down
    group: teardown
    cases:
      off: {name: Switch off, steps: [{call: bench.voltage}]}
"""

SLOTS = """
name: Nests
drivers: {bench: {use: bench.Bench, with: {here: HERE}}}
params:
  serial: {type: string, required: true, prompt: Serial number}
  lot: {type: string, default: L1}
modules:
  main:
    name: Main
    cases:
      begin: {name: Begin, steps: [{record: {dut: {serial_number: "${{ params.serial }}"}}}]}
      hold: {name: Hold, steps: [{call: bench.wait}]}
      rail: {name: Rail, steps: [{measure: Output, call: bench.voltage, limits: [4.8, 5.2]}]}
  end:
    name: Power down
    group: teardown
    cases:
      off: {name: Switch off, steps: [{call: bench.voltage}]}
"""
"""Goes on once the test writes the file `go`."""
