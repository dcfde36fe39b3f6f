"""HardPy's reports as ours. HardPy wrote the records; what they mean is written down here by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sequencer.limits import judge, parse_limits
from sequencer.records.record import Origin, UnusableRecord
from sequencer.report.schema import report_schema
from sequencer.report.version1 import lower
from tests.migration.recorded import comparable
from tests.records.read import HARDPY, cases, document, last, measurements, read_document, record

PROJECTS = Path(__file__).parents[1] / "migration" / "projects"
RAILS, RELAY = "test_1_power::test_rails", "test_2_more::test_relay"
RUNS = {
    "pass": ("passed", "SN000001", None, None, {}),
    "fail": ("failed", "SN000002", RAILS, 17, {RAILS: "failed"}),
    "retest": ("passed", "SN000002", None, None, {}),
    "error": ("failed", "SN000003", RELAY, None, {RELAY: "failed"}),
    "stop": ("stopped", "SN000004", RELAY, None, {RELAY: "stopped"}),
    "raise": ("failed", "SN000005", "test_2_more::test_load", None, {"test_2_more::test_load": "failed"}),
    "noserial": ("passed", None, None, None, {}),
}


@pytest.mark.parametrize("name", RUNS)
def test_each_report_gives_its_verdict(name: str) -> None:
    """Unit, verdict, first failure with its code, and what did not pass; ours has all that a report must have."""
    report = record(HARDPY / f"{name}.json").report
    status, serial_number, cause, code, bad = RUNS[name]
    assert (report["status"], report["caused_dut_failure_id"], report["error_code"]) == (status, cause, code)
    assert report["dut"].get("serial_number") == serial_number
    found = {case: each["status"] for case, each in cases(report).items()}
    assert {case: each for case, each in found.items() if each not in ("passed", "skipped")} == bad
    assert report["imported"]["program"] == "HardPy"
    jsonschema.validate(report, report_schema())


def test_a_run_says_where_when_by_whom_and_of_what() -> None:
    """Everything that HardPy records about unit, stand, process, batch and operator."""
    report, written = record(HARDPY / "fail.json").report, document(HARDPY / "fail.json")
    assert report["dut"] == {
        "name": "Board",
        "serial_number": "SN000002",
        "part_number": "B-100",
        "revision": "C",
        "sub_units": [{"name": "module", "serial_number": "M-1", "part_number": "MOD"}],
        "info": {"batch": "7", "layers": 4},
    }
    assert report["stand"] == {
        "hw_id": "0123456789abcdef0123456789abcdef",
        "name": "bench 1",
        "location": "Hall 2",
        "number": 3,
        "timezone": "Etc/UTC",
    }
    assert report["instruments"] == [{"name": "DMM", "serial_number": "9"}]
    assert (report["user"], report["batch"], report["process"]) == (
        "Ann",
        {"serial_number": "2026-48"},
        {"name": "FCT", "number": 2},
    )
    assert (report["start_time"], report["stop_time"]) == (written["start_time"], written["stop_time"])
    assert report["artifact"] == {"firmware": "1.2"}


def test_cases_keep_measurements_messages_charts_and_attempts() -> None:
    """Each comparison is a limit of ours; of several attempts HardPy keeps the last, with its number."""
    report = record(HARDPY / "fail.json").report
    found = measurements(report, RAILS)
    assert {name: (each["value"], each["unit"], each["limits"], each["result"]) for name, each in found.items()} == {
        "5 V rail": (4.2, "V", {"ge": 4.8, "le": 5.2}, False),
        "ripple": (12, "mV", {"lt": 20}, True),
        "temperature": (23.5, "°C", None, None),
        "forbidden": (9.0, None, {"outside": {"lt": 1, "gt": 2}}, True),
        "firmware": ("V1.2", None, {"eq": "v1.2", "ignore_case": True}, True),
        "mode": ("idle", None, None, None),
    }
    assert found["5 V rail"]["reason"] == "4.2 V is below the lower limit of 4.8 V"
    rails = last(report, RAILS)
    assert (rails["messages"], rails["artifact"]) == ({"meter": "measured"}, {"raw": [1, 2]})
    assert rails["failures"][0]["error_code"] == 17
    assert rails["failures"][0]["message"].startswith("AssertionError: the rail is out of its limits")
    assert last(report, "test_1_power::test_contact")["number"] == 2
    assert last(report, "test_1_power::test_curve")["charts"][0]["y_data"] == [[-0.5, 0.0, -3.0]]
    left_out = cases(report)["test_2_more::test_option"]
    assert (left_out["attempts"], left_out["reason"]) == ([], "Skipped: not on this board")


def test_a_run_is_the_same_wherever_hardpy_keeps_it() -> None:
    """Its report and the document in its run store have other ids and other empty fields, and are one run."""
    (kept,) = (HARDPY / "runstore").iterdir()
    assert record(kept).report == record(HARDPY / "fail.json").report


def test_ids_are_those_of_the_imported_project() -> None:
    """Lowercase, as `hardseq import hardpy` writes them, so that history goes on; rows keep their own part."""
    written = document(HARDPY / "fail.json")
    cases_of = written["modules"]["test_1_power"]["cases"]
    for name in ("test_Rails", "test_RAILS", "test_rail[5V-A]"):
        cases_of[name] = cases_of["test_rails"]
    written["modules"]["Test_More"] = written["modules"].pop("test_2_more")
    written["caused_dut_failure_id"] = "test_1_power::test_RAILS"
    report = read_document(written, Origin("x")).report
    names = list(cases(report))
    assert [name for name in names if "rail" in name] == [
        RAILS,
        f"{RAILS}_2",
        f"{RAILS}_3",
        "test_1_power::test_rail[5V-A]",
    ]
    assert "test_more::test_relay" in names
    assert report["caused_dut_failure_id"] == f"{RAILS}_3"


def test_the_live_state_of_the_panel_is_no_report() -> None:
    """It lacks artifacts, and is told with where the reports are."""
    (live,) = (HARDPY / "statestore").iterdir()
    with pytest.raises(UnusableRecord, match="live state") as refused:
        record(live)
    assert "runstore" in (refused.value.hint or "")


CAME_OUT_OTHERWISE = {
    "error": {"caused_dut_failure_id", "modules.test_2_more.cases.test_relay.attempt"},
    "stop": {"caused_dut_failure_id"},
    "line": {"modules.check_line.cases.test_Off", "modules.check_line.cases.test_off"},
    "supply": {"modules.test_10_last.cases.test_not_here.assertion_msg"},
}
"""HardPy counts no attempt of a case whose fixture raised, and names no cause of it; ids are in lowercase here; the
reason of a case that skipped itself stands with the case."""


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """The places at which two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if (key in one) != (key in other):
                yield f"{at}{key}"
            else:
                yield from differences(one[key], other[key], f"{at}{key}.")
    elif one != other:
        yield at.removesuffix(".")


@pytest.mark.parametrize(
    "path", [*sorted(HARDPY.glob("*.json")), *sorted(PROJECTS.glob("*.report.json"))], ids=lambda path: path.name
)
def test_nothing_of_a_report_is_lost(path: Path) -> None:
    """What is imported and lowered to HardPy's own fields again is what HardPy wrote."""
    written = document(path)
    again = lower(read_document(written, Origin("x")).report)
    found = set(differences(comparable(written), comparable(again)))
    assert found == CAME_OUT_OTHERWISE.get(path.name.partition(".")[0], set())


OPERATIONS = ["eq", "ne", "gt", "ge", "lt", "le", *map("".join, itertools.product(["gt", "ge"], ["lt", "le"]))]
OPERATIONS += map("".join, itertools.product(["lt", "le"], ["gt", "ge"]))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_accepts_the_same_numbers(operation: str) -> None:
    """Compared at, below and above each bound with Python's own operators."""
    import operator

    written = document(HARDPY / "pass.json")
    single = operation[:2] if len(operation) == 2 else None
    for value in (0, 1, 1.5, 2, 3):
        measurement = {"type": "numeric", "name": "x", "operation": operation, "value": value, "result": True}
        measurement |= {"comparison_value": 1} if single else {"lower_limit": 1, "upper_limit": 2}
        written["modules"]["test_1_power"]["cases"]["test_rails"]["measurements"] = [measurement]
        limits = measurements(read_document(written, Origin("x")).report, RAILS)["x"]["limits"]
        if single:
            expected = getattr(operator, operation)(value, 1)
        else:
            sides = getattr(operator, operation[:2])(value, 1), getattr(operator, operation[2:])(value, 2)
            expected = all(sides) if operation[0] == "g" else any(sides)
        assert judge(value, parse_limits(limits)).result is expected, (operation, value)


STATUSES = ["passed", "failed", "error", "stopped", "skipped"]


@pytest.mark.parametrize(("run", "case"), [*itertools.product(STATUSES, [*STATUSES, "run", "ready"])])
def test_nothing_passes_that_did_not(run: str, case: str) -> None:
    """Whatever a report says of the run and of a case, the run passes only where both did."""
    written = document(HARDPY / "pass.json")
    written["status"] = run
    written["modules"]["test_1_power"]["cases"]["test_rails"]["status"] = case
    report = read_document(written, Origin("x")).report
    assert (report["status"] == "passed") == (run == "passed" and case in ("passed", "skipped"))
    assert (cases(report)[RAILS]["status"] == "passed") == (case == "passed")


def test_numbers_that_are_none_never_pass() -> None:
    """NaN is in files that Python writes, and no result makes it good."""
    written = document(HARDPY / "pass.json")
    found = written["modules"]["test_1_power"]["cases"]["test_rails"]["measurements"][0]
    found["value"] = "NaN"
    assert measurements(read_document(written, Origin("x")).report, RAILS)["5 V rail"]["result"] is False


def test_reports_of_the_first_versions_are_read() -> None:
    """As HardPy 0.4 wrote them: a zone of two names, drivers and progress, messages as a list, no groups."""
    written = {
        "_id": "report_1695817266_92c5",
        "_rev": "1-3888ae85c19c428cc46685845953b483",
        "progress": 100,
        "stop_time": 1695817266,
        "timezone": ["CET", "CET"],
        "start_time": 1695817263,
        "status": "failed",
        "name": "minute",
        "dut": {"serial_number": "92c5", "info": {"board_rev": "rev_1"}},
        "test_stand": {"name": "Test stand 1"},
        "drivers": {"driver_1": "driver info"},
        "artifact": {},
        "modules": {
            "test_1_a": {
                "status": "failed",
                "name": "Module 1",
                "start_time": 1695816884,
                "stop_time": 1695817265,
                "artifact": {},
                "cases": {
                    "test_minute": {
                        "status": "failed",
                        "name": "Test 1",
                        "start_time": 1695817264,
                        "stop_time": 1695817264,
                        "assertion_msg": "The minute is odd",
                        "msg": ["Current minute 21"],
                        "artifact": {},
                    }
                },
            }
        },
    }
    report = read_document(written, Origin("x", stand="another")).report
    assert (report["status"], report["stand"]) == ("failed", {"name": "Test stand 1", "timezone": "CET"})
    attempt = last(report, "test_1_a::test_minute")
    assert (attempt["number"], attempt["messages"]) == (1, {"#1": "Current minute 21"})
    assert report["artifact"] == {"HardPy": {"drivers": {"driver_1": "driver info"}}}


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"status": "run"}, "record-unfinished", "not over"),
        ({"status": "fine"}, "record-form", '`status` must be one of "passed"'),
        ({"start_time": None}, "record-unfinished", "not over"),
        ({"modules": []}, "record-form", "`modules` must be a mapping or null, not a list"),
        ({"error_code": "E1"}, "record-form", '`error_code` must be a whole number or null, not "E1"'),
        ({"artifact": {"hardseq": {"sequence": {}}}}, "no-record", "StandCloud"),
    ],
)
def test_what_cannot_be_a_report_is_refused(change: dict[str, object], code: str, said: str) -> None:
    """With a sentence about what was expected, and a code."""
    with pytest.raises(UnusableRecord, match=said) as refused:
        read_document({**document(HARDPY / "pass.json"), **change}, Origin("x"))
    assert refused.value.code == code
