"""The report lowered to schema version 1."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from sequencer.expressions.value import measurement_type, to_data
from sequencer.limits import judge, parse_limits
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.report.version1_schema import version1_schema
from sequencer.vocabulary.reason import coded, sentence
from tests.effort import examples

EITHER = Draft202012Validator(version1_schema())
STAND_CLOUD = Draft202012Validator(version1_schema(stand_cloud=True))


def report_of(*said: Event, **record: Any) -> RunReport:
    plan = [{"id": "m", "name": "Main", "cases": [{"id": "a", "name": "A"}]}]
    started = events.RunStarted("run-1", {"name": "Test", "sha256": "ab"}, plan, "0.1.0", {"id": "hw"}, record)
    whole = [started, events.CaseStarted("m::a"), *said]
    return fold([Stamped(seq, 100.75 + seq, event) for seq, event in enumerate(whole, 1)], aborted=True)


def lowered_case(*said: Event) -> dict[str, Any]:
    document = lower(report_of(*said), stand_cloud=True)
    STAND_CLOUD.validate(document)
    case: dict[str, Any] = document["modules"]["m"]["cases"]["a"]
    return case


def measured(value: object, limits: Any = None, unit: str | None = None) -> dict[str, Any]:
    judgement = judge(value, None if limits is None else parse_limits(limits, unit))
    kind, why = measurement_type(value), judgement.reason
    judged = (judgement.result, sentence(why), coded(why))
    return lowered_case(events.MeasurementRecorded("m::a", "p", "x", to_data(value), kind, unit, limits, *judged))


NUMERIC = [
    ([4.8, 5.2], {"operation": "gele", "lower_limit": 4.8, "upper_limit": 5.2}),
    ({"gt": 4, "lt": 6}, {"operation": "gtlt", "lower_limit": 4, "upper_limit": 6}),
    ({"ge": 4, "lt": 6}, {"operation": "gelt", "lower_limit": 4, "upper_limit": 6}),
    ({"gt": 4, "le": 6}, {"operation": "gtle", "lower_limit": 4, "upper_limit": 6}),
    ({"gt": 4}, {"operation": "gt", "comparison_value": 4}),
    ({"ge": 4}, {"operation": "ge", "comparison_value": 4}),
    ({"lt": 6}, {"operation": "lt", "comparison_value": 6}),
    ({"le": 6}, {"operation": "le", "comparison_value": 6}),
    ({"eq": 5}, {"operation": "eq", "comparison_value": 5}),
    ({"ne": 4}, {"operation": "ne", "comparison_value": 4}),
    ({"nominal": 5, "tolerance": "4%"}, {"operation": "gele", "lower_limit": 4.8, "upper_limit": 5.2}),
    ({"outside": {"lt": 1, "gt": 2}}, {"operation": "ltgt", "lower_limit": 1, "upper_limit": 2}),
    ({"outside": {"le": 1, "ge": 2}}, {"operation": "lege", "lower_limit": 1, "upper_limit": 2}),
    ({"outside": {"le": 1, "gt": 2}}, {"operation": "legt", "lower_limit": 1, "upper_limit": 2}),
    ({"outside": {"lt": 1, "ge": 2}}, {"operation": "ltge", "lower_limit": 1, "upper_limit": 2}),
]


@pytest.mark.parametrize(("limits", "expected"), NUMERIC, ids=str)
def test_limits_on_numbers_become_operations(limits: Any, expected: dict[str, Any]) -> None:
    """Each limit on a number is lowered to the operation and the fields that say the same."""
    (measurement,) = measured(5.0, limits, "V")["measurements"]
    fields = dict.fromkeys(("operation", "comparison_value", "lower_limit", "upper_limit"))
    assert measurement == {
        "type": "numeric",
        "name": "x",
        "value": 5.0,
        "unit": "V",
        **fields,
        **expected,
        "result": True,
    }


@pytest.mark.parametrize(
    ("value", "limits", "text", "result"),
    [
        (True, {"is": True}, "true", True),
        ("v1.2", {"matches": r"^v\d"}, "v1.2", True),
        ("b", {"one_of": ["a", 1]}, "b", False),
        ("NOK", {"contains": "OK"}, "NOK", True),
        (["a", "b"], {"each": {"matches": "a"}}, '["a", "b"]', False),
        (float("nan"), [4.8, 5.2], "NaN", False),
        (float("inf"), None, "Infinity", False),
        (None, [4.8, 5.2], "null", False),
        ("5.0", [4.8, 5.2], "5.0", False),
        ({"a": 1}, None, '{"a": 1}', None),
    ],
)
def test_what_version_1_cannot_say_is_text(value: object, limits: Any, text: str, result: bool | None) -> None:
    """A value or limit without a form in version 1 is a string measurement, its limit as written in the artifact."""
    case = measured(value, limits)
    (measurement,) = case["measurements"]
    assert (measurement["type"], measurement["value"], measurement["result"]) == ("string", text, result)
    assert (measurement["operation"], measurement["comparison_value"]) == (None, None)
    if limits is not None:
        assert case["artifact"]["hardseq"]["measurements"][0]["limits"] == limits


@pytest.mark.parametrize(
    ("limits", "operation", "sensitive"),
    [({"eq": "OK"}, "eq", True), ({"eq": "ok", "ignore_case": True}, "eq", False), ({"ne": "NOK"}, "ne", True)],
)
def test_limits_on_texts_keep_their_operation(limits: Any, operation: str, sensitive: bool) -> None:
    """Equality of texts has a form in version 1, upper and lower case included."""
    (measurement,) = measured("OK", limits)["measurements"]
    assert (measurement["operation"], measurement["casesensitive"], measurement["result"]) == (
        operation,
        sensitive,
        True,
    )


def test_a_short_array_of_numbers_is_one_measurement_per_element() -> None:
    """Each element is judged by itself, and the limit as written stands in the artifact."""
    case = measured([5.0, 6.0], {"each": [4.8, 5.2]}, "V")
    lowered = [(one["name"], one["value"], one["operation"], one["result"]) for one in case["measurements"]]
    assert lowered == [("x[0]", 5.0, "gele", True), ("x[1]", 6.0, "gele", False)]
    assert case["artifact"]["hardseq"]["measurements"][0]["limits"] == {"each": [4.8, 5.2]}


def test_a_long_array_is_one_text() -> None:
    """A waveform does not become thousands of measurements."""
    case = measured([5.0] * 101, {"each": [4.8, 5.2]}, "V")
    (measurement,) = case["measurements"]
    assert (measurement["type"], measurement["result"]) == ("string", True)
    assert case["artifact"]["hardseq"]["measurements"][0]["unit"] == "V"


def test_times_are_whole_seconds_and_what_started_stopped() -> None:
    """Seconds are cut off, and a case of a run that died has a stop time."""
    document = lower(report_of())
    case = document["modules"]["m"]["cases"]["a"]
    assert (document["start_time"], case["start_time"], case["stop_time"]) == (101, 102, 102)


def test_failures_messages_charts_and_attempts() -> None:
    """The last attempt's data stands in the fields; earlier attempts and further charts are in the artifact."""
    chart = {"type": "line", "x_data": [[1, 2]], "y_data": [[3, 4]], "marker_name": ["s"], "title": "T"}
    case = lowered_case(
        events.FailureRecorded("m::a", "failed", "early"),
        events.CaseFinished("m::a", "failed", 1, final=False),
        events.CaseStarted("m::a", 2),
        events.ChartAdded("m::a", {"type": "line", "x_data": [[1]], "y_data": [["NaN"]]}),
        events.ChartAdded("m::a", chart),
        events.MessageShown("m::a", "k", "text"),
        events.FailureRecorded("m::a", "failed", "first", error_code=3),
        events.FailureRecorded("m::a", "failed", "second"),
        events.CaseFinished("m::a", "failed", 2),
    )
    assert (case["attempt"], case["assertion_msg"], case["msg"]) == (2, "first\nsecond", {"k": "text"})
    assert case["chart"] == {**chart, "x_label": None, "y_label": None}
    rest = case["artifact"]["hardseq"]
    assert [attempt["number"] for attempt in rest["attempts"]] == [1]
    assert len(rest["charts"]) == 1


def test_facts_of_stand_dut_and_process() -> None:
    """Recorded facts reach their fields; info values of other types become JSON text."""
    document = lower(
        report_of(
            stand={"name": "Stand 1", "number": 2, "timezone": "Europe/Berlin"},
            dut={"serial_number": "SN", "sub_units": [{"serial_number": "U"}]},
            process={"name": "Final", "info": {"flag": True, "list": [1], "text": "a", "number": 1.5, "none": None}},
            instruments=[{"name": "DMM", "number": 4}],
            batch={"serial_number": "batch_1"},
            user="Ada",
        )
    )
    stand = document["test_stand"]
    assert (stand["hw_id"], stand["number"], stand["timezone"]) == ("hw", 2, "Europe/Berlin")
    assert (stand["drivers"], stand["instruments"][0]["number"]) == ({}, 4)
    expected = {"flag": "true", "list": "[1]", "text": "a", "number": 1.5, "none": None}
    assert document["process"]["info"] == expected
    assert (document["batch_serial_number"], document["user"]) == ("batch_1", "Ada")
    assert document["dut"]["sub_units"][0]["serial_number"] == "U"


def test_stand_cloud_gets_names_for_what_has_none() -> None:
    """Empty names and part numbers are `unknown` for StandCloud, and null for others."""
    report = report_of(dut={"part_number": "PN", "sub_units": [{"name": "U"}]}, instruments=[{"part_number": ""}])
    document = lower(report, stand_cloud=True)
    assert (document["test_stand"]["name"], document["dut"]["name"]) == ("unknown", "PN")
    unit, instrument = document["dut"]["sub_units"][0], document["test_stand"]["instruments"][0]
    assert (unit["name"], unit["part_number"]) == ("U", "unknown")
    assert (instrument["name"], instrument["part_number"]) == ("unknown", "unknown")
    assert lower(report)["dut"]["name"] is None


def test_identity_in_both_forms() -> None:
    """CouchDB documents have `_id` and `_rev`, StandCloud's `id` and a `rev` that follows from the content."""
    report = report_of()
    assert {key for key in lower(report) if key.endswith(("id", "rev"))} == {"_id", "caused_dut_failure_id"}
    assert lower(report, rev="3-x")["_rev"] == "3-x"
    first, again = lower(report, stand_cloud=True), lower(report, stand_cloud=True)
    assert first == again
    assert first["rev"].startswith("1-")
    assert lower(report, stand_cloud=True, rev="3-x")["rev"] == "3-x"


def test_a_recorded_artifact_keeps_its_keys() -> None:
    """What hardseq adds to an artifact never takes the place of what the sequence recorded."""
    case = lowered_case(
        events.FactRecorded("m::a", "artifact", {"case": {"hardseq": "mine", "b": 1}}),
        events.FailureRecorded("m::a", "failed", "no"),
    )
    assert (case["artifact"]["hardseq"], case["artifact"]["b"]) == ("mine", 1)
    assert "failures" in case["artifact"]["hardseq_"]


@pytest.mark.parametrize(
    "path", [(), ("test_stand",), ("dut",), ("process",), ("modules", "m"), ("modules", "m", "cases", "a")]
)
def test_unknown_keys_are_refused(path: tuple[str, ...]) -> None:
    """The schema refuses a key that version 1 does not have, at every level."""
    document = lower(report_of(), stand_cloud=True)
    part = document
    for key in path:
        part = part[key]
    part["surprise"] = 1
    with pytest.raises(ValidationError):
        STAND_CLOUD.validate(document)


@given(data=st.data())
@settings(max_examples=examples(60))
def test_any_report_lowers_to_a_valid_document(data: st.DataObject, streams: Any) -> None:
    """Whatever a run recorded, both forms validate and are JSON, and no verdict changes."""
    stream = data.draw(streams)
    report = fold(stream[: data.draw(st.integers(1, len(stream)))], aborted=True)
    before = json.dumps(report, sort_keys=True)
    for document in (lower(report), lower(report, rev="1-a"), lower(report, stand_cloud=True)):
        EITHER.validate(json.loads(json.dumps(document, allow_nan=False)))
        assert document["status"] == report["status"]
    STAND_CLOUD.validate(document)
    assert json.dumps(report, sort_keys=True) == before


def test_a_skipped_case_says_that_it_made_no_attempt_and_why() -> None:
    """Readers of version 1 look into no artifact: the reason stands where HardPy puts it."""
    plan = [{"id": "m", "name": "Main", "cases": [{"id": "a", "name": "A"}]}]
    said: list[Event] = [
        events.RunStarted("run-1", {"name": "Test"}, plan, "0.1.0", {}),
        events.CaseFinished("m::a", "skipped", reason="depends on m::b, which failed"),
        events.RunFinished("skipped"),
    ]
    document = lower(fold([Stamped(seq, 100.0 + seq, event) for seq, event in enumerate(said, 1)]), stand_cloud=True)
    STAND_CLOUD.validate(document)
    case = document["modules"]["m"]["cases"]["a"]
    assert (case["attempt"], case["assertion_msg"]) == (0, "depends on m::b, which failed")


@pytest.mark.parametrize(("configured", "name"), [("Acceptance", "Acceptance"), (None, "Test")])
def test_tests_name_is_the_reports_name(configured: str | None, name: str) -> None:
    """What the configuration calls these tests is StandCloud's test plan; without it the sequence's name is."""
    started = events.RunStarted("run-1", {"name": "Test"}, [], "0.1.0", {}, tests_name=configured)
    report = fold([Stamped(1, 100.0, started)])
    assert lower(report)["name"] == name
    assert report["sequence"]["name"] == "Test"
