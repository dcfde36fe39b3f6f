"""A bench of two instruments of one make, from the YAML to the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

SEQUENCE = """\
name: Two supplies
version: 1.0.0
params:
  due: {type: string, default: "2999-12-31"}
drivers:
  first:
    use: supply.Supply
    with: {address: A1}
    require: {idn: '^ACME,PSU', calibration_due: "${{ params.due }}"}
  second:
    use: supply.Supply
    with: {address: A2, volts: 12}
    simulate: {use: supply.Supply, with: {address: SIM, volts: 12}}
    require: {idn: '^ACME,PSU'}
modules:
  main:
    cases:
      rails:
        steps:
          - {measure: first rail, call: first.voltage, limits: [4.8, 5.2]}
          - {measure: second rail, call: second.voltage, limits: [11, 13]}
  end:
    group: teardown
    cases:
      off:
        steps:
          - call: first.off
"""

DRIVER = """\
class Supply:
    def __init__(self, address, volts=5.0):
        if address == "DEAD":
            raise ConnectionError("nobody answers at DEAD")
        self.address = address
        self.volts = volts

    def identify(self):
        return "OTHER,BOX,7,1.0" if self.address == "B7" else f"ACME,PSU,{self.address},2.1"

    def voltage(self):
        return self.volts

    def off(self):
        print("switched off", self.address)

    def close(self):
        print("closed", self.address)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two supplies."""
    for name, text in {"sequences/psu.yaml": SEQUENCE, "drivers/supply.py": DRIVER, "hardseq.toml": ""}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def run(project: Path, *options: str) -> tuple[int, Any, str]:
    """Exit code, report and everything printed of a ``hardseq run``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
    report = project / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sequencer", "run", "sequences/psu.yaml", "--no-panel", "--report", str(report)]
    done = subprocess.run(
        [*command, *options],
        cwd=project,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, json.loads(report.read_text()) if report.exists() else None, done.stdout + done.stderr


def test_two_drivers_of_one_class(project: Path) -> None:
    """Each has its own arguments, and each stands in the report as what it said of itself."""
    code, report, printed = run(project)
    assert code == 0, printed
    (case,) = report["modules"][0]["cases"]
    assert [each["value"] for each in case["attempts"][0]["measurements"]] == [5.0, 12]
    assert report["instruments"] == [
        {
            "name": "first",
            "part_number": "PSU",
            "serial_number": "A1",
            "revision": "2.1",
            "info": {"maker": "ACME", "calibration_due": "2999-12-31"},
        },
        {"name": "second", "part_number": "PSU", "serial_number": "A2", "revision": "2.1", "info": {"maker": "ACME"}},
    ]


def test_this_stands_calibration_counts(project: Path) -> None:
    """The date of the configuration wins over the sequence's, and is nothing that the driver's constructor gets."""
    (project / "hardseq.toml").write_text("[drivers.first.require]\ncalibration_due = 2001-02-03\n")
    code, report, printed = run(project)
    assert code == 4
    (failure,) = report["failures"]
    assert "'first' does not meet its requirements" in failure["message"]
    assert "was due on 2001-02-03" in failure["message"]
    assert failure["place"].startswith("sequences/psu.yaml:")
    assert "was due on 2001-02-03" in printed
    assert "switched off A1" in printed
    assert [module["status"] for module in report["modules"]] == ["skipped", "passed"]


def test_the_wrong_instrument(project: Path) -> None:
    """The message names driver, expected and found; in a simulated run the stand-in is the right one."""
    (project / "hardseq.toml").write_text('[drivers.second]\naddress = "B7"\n')
    code, report, _ = run(project)
    assert code == 4
    assert (
        "expected an instrument that matches '^ACME,PSU', found 'OTHER,BOX,7,1.0'" in report["failures"][0]["message"]
    )
    assert len(report["instruments"]) == 2
    code, report, _ = run(project, "--simulate")
    assert code == 0
    assert report["instruments"][1]["comment"] == "simulated"


def test_a_driver_that_cannot_open(project: Path) -> None:
    """Exit code 4 with the driver's own message; what did open is used by the teardown and closed."""
    (project / "hardseq.toml").write_text('[drivers.second]\naddress = "DEAD"\n')
    code, report, printed = run(project)
    assert code == 4
    assert report["failures"][0]["message"].endswith("ConnectionError: nobody answers at DEAD")
    assert "switched off A1" in printed
    assert "closed A1" in printed


def test_a_configuration_that_requires_nonsense(project: Path) -> None:
    """What the stand requires is checked where it is written, before anything runs."""
    text = '[drivers.first.require]\ncalibration_due = "soon"\nidn = "("\ncalibrated = true\n'
    text += "[drivers.second]\nrequire = 1\nreopen = true\n"
    (project / "hardseq.toml").write_text(text)
    code, report, printed = run(project)
    assert (code, report) == (2, None)
    assert "`calibration_due` must be a date such as 2027-05-01" in printed
    assert "`idn` is not a valid regular expression" in printed
    assert "did you mean `calibration_due`" in printed
    assert "`require` must be a table, not a number" in printed
    assert '`reopen` must be "after_error" or "never", not true' in printed


def test_an_unknown_argument_is_found_before_the_run(project: Path) -> None:
    """A constructor argument that the class does not have is a problem of the file."""
    file = project / "sequences" / "psu.yaml"
    file.write_text(SEQUENCE.replace("address: A2", "adress: A2"))
    code, report, printed = run(project)
    assert (code, report) == (2, None)
    assert "`Supply` has no argument `adress`" in printed
