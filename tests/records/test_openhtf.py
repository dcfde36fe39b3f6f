"""OpenHTF's records as reports. OpenHTF wrote the records; what they mean is written down here by hand."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.limits import judge, parse_limits
from sequencer.records.openhtf_limits import limits_of
from sequencer.records.record import Origin, UnusableRecord, run_id
from sequencer.report.schema import report_schema
from tests.records.read import OPENHTF, cases, document, last, measurements, read_document, record

B = "board_test"
RUNS = {
    "pass": ("passed", "SN000001", None, {}),
    "fail": ("failed", "SN000002", f"{B}::power", {f"{B}::power": "failed"}),
    "retest": ("passed", "SN000002", None, {}),
    "error": ("error", "SN000003", f"{B}::broken", {f"{B}::broken": "error"}),
    "timeout": ("error", "SN000004", f"{B}::slow", {f"{B}::slow": "error"}),
    "unset": ("failed", "SN000005", f"{B}::unset", {f"{B}::unset": "failed"}),
    "stop": ("failed", "SN000006", f"{B}::stopper", {f"{B}::stopper": "failed"}),
    "subtest": ("failed", "SN000007", "lamp::light", {"lamp::light": "failed"}),
    "unsettled": ("failed", "SN000008", f"{B}::settle", {f"{B}::settle": "failed"}),
    "abort": ("stopped", "SN000009", f"{B}::stopper", {f"{B}::stopper": "stopped"}),
}


@pytest.mark.parametrize("name", RUNS)
def test_each_record_gives_its_verdict(name: str) -> None:
    """Unit, verdict, first failure and the status of each phase, whatever ended the run."""
    report = record(OPENHTF / f"{name}.json").report
    status, serial_number, cause, bad = RUNS[name]
    assert (report["status"], report["caused_dut_failure_id"]) == (status, cause)
    assert report["dut"] == {"serial_number": serial_number, "part_number": "B-100"}
    found = {case: each["status"] for case, each in cases(report).items()}
    assert {case: each for case, each in found.items() if each not in ("passed", "skipped")} == bad
    assert found[f"{B}::optional"] == "skipped"
    assert report["imported"] == {"program": "OpenHTF", "file": "record.json"}


@pytest.mark.parametrize("name", RUNS)
def test_each_report_has_the_form_of_a_report(name: str) -> None:
    """Nothing that a store, a page or an export relies on is missing."""
    import jsonschema

    jsonschema.validate(record(OPENHTF / f"{name}.json").report, report_schema())


def test_a_run_says_where_when_by_whom_and_of_what() -> None:
    """Station, operator, batch, version and times to the millisecond, in the zone that the command line says."""
    report, written = record(OPENHTF / "pass.json").report, document(OPENHTF / "pass.json")
    assert report["stand"] == {"name": "station-3"}
    assert (report["user"], report["batch"]) == ("Ann", {"serial_number": "2026-48"})
    assert (report["sequence"]["name"], report["sequence"]["version"]) == ("Board test", "3.1")
    assert report["start_time"] == written["start_time_millis"] / 1000
    assert report["stop_time"] == written["end_time_millis"] / 1000
    assert report["host"] == {"timezone": "Europe/Berlin"}
    assert "config" not in str(report["artifact"])


def test_measurements_have_values_units_and_limits() -> None:
    """Each kind of validator that says what it wants is our limit; a function of one's own keeps its result alone."""
    found = measurements(record(OPENHTF / "pass.json").report, f"{B}::power")
    said = {name: (each["value"], each["unit"], each["limits"], each["result"]) for name, each in found.items()}
    assert said == {
        "rail_5v": (5.01, "V", {"ge": 4.8, "le": 5.2}, True),
        "ripple": (17, "mV", {"le": 20}, True),
        "firmware": ("v1.12", None, None, True),
        "part": ("board-7", None, {"eq": "board-7"}, True),
        "channels": (4, None, {"eq": 4}, True),
        "reference": (2.51, None, {"ge": 2.475, "le": 2.525}, True),
        "even": (8, None, None, True),
        "temperature": (23.5, "°C", None, None),
        "lid_closed": (True, None, None, None),
    }
    assert found["ripple"]["warn_limits"] == {"lt": 15}
    assert "above" in found["ripple"]["warning"]
    kept = last(record(OPENHTF / "pass.json").report, f"{B}::power")["artifact"]["OpenHTF"]["measurements"]
    assert kept["firmware"]["validators"] == [r"'x' matches /^v1\.\d+$/"]
    assert kept["rail_5v"] == {"docstring": "The 5 V rail."}


def test_a_phase_that_repeats_is_a_case_with_attempts() -> None:
    """By what the phase returns as well as by `repeat_on_measurement_fail`; the last attempt counts."""
    report = record(OPENHTF / "pass.json").report
    for case, values in ((f"{B}::contact", [0.9, 0.9, 0.2]), (f"{B}::settle", [0, 1])):
        attempts = cases(report)[case]["attempts"]
        assert [attempt["measurements"][0]["value"] for attempt in attempts] == values
        assert [attempt["status"] for attempt in attempts] == ["failed"] * (len(values) - 1) + ["passed"]
        assert [attempt["number"] for attempt in attempts] == list(range(1, len(values) + 1))


def test_failures_say_why() -> None:
    """What was missed, raised or timed out, in the words of the program or of the limit."""
    first = {
        name: last(record(OPENHTF / f"{name}.json").report, RUNS[name][2] or "")["failures"][0]
        for name in RUNS
        if RUNS[name][2]
    }
    assert first["fail"]["message"] == "rail_5v: 4.2 V is below the lower limit of 4.8 V"
    assert (first["error"]["kind"], first["error"]["message"]) == (
        "error",
        "ValueError: the relay card does not answer",
    )
    assert "station.py" in (first["error"]["traceback"] or "")
    assert (first["timeout"]["kind"], first["timeout"]["message"]) == ("timeout", "the phase hit its timeout of 0.2 s")
    assert first["stop"]["message"] == "the phase returned STOP"
    assert first["unset"]["message"] == "never: there is no value"
    assert first["abort"]["kind"] == "stopped"
    run = record(OPENHTF / "abort.json").report
    assert run["stop_reason"] == "ABORTED: Test aborted by operator."


def test_curves_files_and_log_lines_come_along() -> None:
    """A measurement over a dimension is a chart too; an attachment is a file; what the phase logged is its log."""
    found = record(OPENHTF / "pass.json")
    attempt = last(found.report, f"{B}::response")
    assert attempt["charts"][0]["x_data"] == [[10, 100, 1000]]
    assert attempt["charts"][0]["y_data"] == [[-0.5, 0.0, -3.0]]
    (attached,) = attempt["attachments"]
    assert (attached["name"], attached["media_type"]) == ("notes", "text/plain")
    assert found.files[attached["sha256"]].data == b"seen by hand"
    lines = last(found.report, f"{B}::power")["log"]
    assert [(line["level"], line["text"]) for line in lines] == [("info", "measuring SN000001")]


@pytest.mark.parametrize(
    ("outcome", "phase"),
    [*itertools.product(["PASS", "FAIL", "ERROR", "TIMEOUT", "ABORTED"], ["PASS", "FAIL", "SKIP", "ERROR", None])],
)
def test_nothing_passes_that_did_not(outcome: str, phase: str | None) -> None:
    """Whatever a record says of the run and of a phase, the run passes only where both did."""
    written = document(OPENHTF / "pass.json")
    written["outcome"] = outcome
    written["phases"][1]["outcome"] = phase
    report = read_document(written, Origin("x")).report
    case = cases(report)[f"{B}::power"]["status"]
    assert (report["status"] == "passed") == (outcome == "PASS" and phase in ("PASS", "SKIP"))
    assert (case == "passed") == (phase == "PASS")


def test_a_run_without_a_passed_phase_tested_nothing() -> None:
    """Also where OpenHTF lets a test without phases pass."""
    written = document(OPENHTF / "pass.json")
    written["phases"] = []
    report = read_document(written, Origin("x")).report
    assert (report["status"], report["untested"]) == ("skipped", "nothing_tested")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"outcome": None}, "record-unfinished", "not over"),
        ({"outcome": "GOOD"}, "record-form", 'must be one of "PASS", "FAIL"'),
        ({"start_time_millis": "today"}, "record-form", '`start_time_millis` must be a number, not "today"'),
        ({"start_time_millis": -5}, "record-value", "no time"),
        ({"dut_id": "SN\u200b1"}, "record-value", "SN"),
    ],
)
def test_what_cannot_be_a_record_is_refused(change: dict[str, object], code: str, said: str) -> None:
    """With a sentence about what was expected, and a code."""
    with pytest.raises(UnusableRecord, match=said) as refused:
        read_document({**document(OPENHTF / "pass.json"), **change}, Origin("x"))
    assert refused.value.code == code


def test_a_damaged_attachment_is_refused() -> None:
    """Its SHA-1 is in the record."""
    written = document(OPENHTF / "pass.json")
    attached = next(phase for phase in written["phases"] if phase["attachments"])["attachments"]["notes"]
    attached["data"] = "AAAA"
    with pytest.raises(UnusableRecord, match="SHA-1"):
        read_document(written, Origin("x"))


def test_a_record_without_a_unit_belongs_to_none() -> None:
    """OpenHTF's own word for it is no serial number."""
    report = read_document({**document(OPENHTF / "pass.json"), "dut_id": "UNKNOWN_DUT"}, Origin("x", "bench")).report
    assert "serial_number" not in report["dut"]
    assert report["stand"]["name"] == "station-3"


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-(10**6), 10**6)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_ranges_judge_as_openhtf_does(one: float, other: float, value: float) -> None:
    """The limit that is read of a range accepts the same numbers, to the last digit."""
    lower, upper = min(one, other), max(one, other)
    text = f"x == {lower}" if lower == upper else f"{lower} <= x <= {upper}"
    passed = lower <= value <= upper
    limits = limits_of([text], value, passed).limits
    if limits is not None:
        assert judge(value, parse_limits(limits)).result is passed
    assert limits is not None or lower == upper


@given(NUMBERS, st.floats(0, 200), NUMBERS)
def test_percentages_judge_as_openhtf_does(nominal: float, percent: float, value: float) -> None:
    """`within_percent`, with the rounding of its own arithmetic; where ours differs, there are no limits."""
    off = abs(nominal * percent / 100.0)
    passed = nominal - off <= value <= nominal + off
    limits = limits_of([f"'x' is within {percent}% of {nominal}."], value, passed).limits
    assert limits is None or judge(value, parse_limits(limits)).result is passed
    assert limits is None or math.isclose(limits["ge"], nominal - off)  # type: ignore[index, call-overload]


def test_ids_of_runs_are_uuids_in_the_order_of_time() -> None:
    """The same record has the same id wherever it is imported; a later run has a greater one."""
    import uuid

    ids = [run_id(1_700_000_000.0 + second, "OpenHTF", "station", "SN1") for second in range(20)]
    assert ids == sorted(ids)
    assert {uuid.UUID(one).version for one in ids} == {8}
    assert {uuid.UUID(one).variant for one in ids} == {uuid.RFC_4122}
    assert run_id(1.0, "a", "b") == run_id(1.0, "a", "b") != run_id(1.0, "ab", "")
