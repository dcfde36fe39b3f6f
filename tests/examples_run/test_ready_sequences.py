"""The sequences that are ready to run, through the real command, from their own folder layout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the sequences and their drivers."""
    for name in ("sequences", "drivers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".hardseq"))
    return tmp_path


def run(project: Path, sequence: str, *arguments: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of `hardseq run`."""
    command = [sys.executable, "-m", "sequencer", "run", f"sequences/{sequence}", "--no-panel"]
    done = subprocess.run(
        [*command, "--report", "report.json", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert (project / "report.json").exists(), done.stdout + done.stderr
    return done.returncode, json.loads((project / "report.json").read_text(encoding="utf-8"))


def cases(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The cases by full name."""
    return {f"{module['id']}::{case['id']}": case for module in report["modules"] for case in module["cases"]}


def statuses(report: dict[str, Any]) -> dict[str, str]:
    """The status of each case."""
    return {name: case["status"] for name, case in cases(report).items()}


def test_minute_passes_in_an_even_minute(project: Path) -> None:
    """Everything of the reference example is in the report, the countdown's last message included."""
    sequence = project / "sequences" / "minute.yaml"
    text = sequence.read_text("utf-8")
    assert "wait: 1 s" in text
    sequence.write_text(text.replace("wait: 1 s", "wait: 1 ms"), encoding="utf-8")  # nobody has to read it
    code, report = run(project, "minute.yaml", HARDSEQ_MINUTE="8")
    assert (code, report["status"], report["error_code"]) == (0, "passed", None)
    assert set(statuses(report).values()) == {"passed"}
    assert report["process"] == {
        "name": "Acceptance Test",
        "number": 1,
        "info": {"stage": "production", "version": "1.0"},
    }
    assert report["batch"]["serial_number"] == "batch_1"
    dut = report["dut"]
    assert len(dut["serial_number"]) == 6
    assert (dut["part_number"], dut["name"], dut["type"], dut["revision"], dut["info"]) == (
        "part_number_1",
        "Test Device",
        "PCBA",
        "REV1.0",
        {"sw_version": "1.0.0"},
    )
    assert [unit["revision"] for unit in dut["sub_units"]] == ["REV2.0"]
    assert (report["stand"]["name"], report["stand"]["location"], report["stand"]["number"]) == ("Stand 1", "Moon", 2)
    assert report["stand"]["info"] == {"some_info": "123", "release": "1.0.0", "calibration_due": "2023-12-31"}
    known = cases(report)
    assert known["preparation::stand_info"]["name"] == "Test stand info"
    (measurement,) = known["main::minute_parity"]["attempts"][0]["measurements"]
    assert (measurement["name"], measurement["value"]) == ("Current minute", 8)
    assert known["end::final"]["attempts"][0]["messages"] == {"updated_status": "Testing ended"}
    (said,) = known["preparation::dut_info"]["attempts"][0]["messages"].values()
    assert said == f"Serial number: {dut['serial_number']}"


def test_minute_fails_in_an_odd_minute(project: Path) -> None:
    """The check fails with its message and error code 1, and the countdown that depends on it is skipped."""
    code, report = run(project, "minute.yaml", HARDSEQ_MINUTE="7")
    assert (code, report["status"], report["error_code"]) == (1, "failed", 1)
    assert report["caused_dut_failure_id"] == "main::minute_parity"
    case = cases(report)["main::minute_parity"]
    assert case["attempts"][0]["failures"][0]["message"] == "The test failed because 7 is odd! Try again!"
    assert case["attempts"][0]["measurements"][0]["value"] == 7
    known = statuses(report)
    assert (known.pop("main::minute_parity"), known.pop("end::final")) == ("failed", "skipped")
    assert set(known.values()) == {"passed"}


def test_a_good_power_board_passes(project: Path) -> None:
    """Every case passes; the contact needs its second attempt, and both are kept."""
    code, report = run(project, "power_supply.yaml")
    assert (code, report["status"]) == (0, "passed")
    assert set(statuses(report).values()) == {"passed"}
    contact = cases(report)["preparation::contact"]
    assert [attempt["status"] for attempt in contact["attempts"]] == ["failed", "passed"]
    assert [attempt["measurements"][0]["value"] for attempt in contact["attempts"]] == [4.05, 0.45]
    assert [instrument["name"] for instrument in report["instruments"]] == ["supply", "meter"]
    assert (report["dut"]["serial_number"], report["dut"]["info"]) == ("PSB000042", {"firmware": "v1.4.2"})


def test_two_runs_of_one_board_read_the_same(project: Path) -> None:
    """The simulated bench is deterministic."""

    def values() -> list[Any]:
        report = run(project, "power_supply.yaml")[1]
        attempts = [attempt for case in cases(report).values() for attempt in case["attempts"]]
        return [measurement["value"] for attempt in attempts for measurement in attempt["measurements"]]

    assert values() == values()


@pytest.mark.parametrize(
    ("fault", "case", "error_code"),
    [
        ("low_5v", "rails::no_load", 31),
        ("ripple", "rails::ripple", 34),
        ("no_trip", "protection::trip", 40),
        ("hot", "protection::temperatures", 41),
        ("dead_sensor", "protection::temperatures", 41),
        ("short", "preparation::power_up", 11),
        ("firmware", "console::firmware", 20),
    ],
)
def test_each_fault_is_found_by_its_case(project: Path, fault: str, case: str, error_code: int) -> None:
    """A fault in the board fails the case that is there for it, with its code, and everything is switched off."""
    code, report = run(project, "power_supply.yaml", "--arg", f"fault={fault}")
    assert (code, report["status"], report["error_code"]) == (1, "failed", error_code)
    assert report["caused_dut_failure_id"] == case
    known = statuses(report)
    assert [name for name, status in known.items() if status == "failed"] == [case]
    assert known["power_down::power_off"] == "passed"


def test_what_depends_on_a_failed_case_is_skipped(project: Path) -> None:
    """With a low rail the load is not put on it; with a short circuit nothing but the power-down runs."""
    low = statuses(run(project, "power_supply.yaml", "--arg", "fault=low_5v")[1])
    assert (low["rails::regulation"], low["rails::ripple"], low["protection::trip"]) == ("skipped", "passed", "skipped")
    short = statuses(run(project, "power_supply.yaml", "--arg", "fault=short")[1])
    ran = {name for name, status in short.items() if status != "skipped"}
    before = {"preparation::identity", "preparation::contact", "preparation::power_up"}
    assert ran == {*before, "power_down::power_off"}


def test_one_run_shows_every_missed_limit_of_a_case(project: Path) -> None:
    """A missed limit does not end its case: the rails behind the low one are measured as well."""
    report = run(project, "power_supply.yaml", "--arg", "fault=low_5v")[1]
    measured = cases(report)["rails::no_load"]["attempts"][0]["measurements"]
    assert [(one["name"], one["result"]) for one in measured] == [
        ("3V3 rail", True),
        ("5V rail", False),
        ("12V rail", True),
    ]
