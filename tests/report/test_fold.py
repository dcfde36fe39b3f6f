"""The fold from events to the report."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped, decode, encode
from sequencer.report.fold import DIED, Fold, fold, read_journal
from sequencer.report.model import CaseReport, RunReport
from sequencer.report.schema import report_schema
from tests.effort import examples

VALIDATOR = Draft202012Validator(report_schema())


def started(*cases: str, **more: Any) -> events.RunStarted:
    modules: dict[str, list[dict[str, Any]]] = {}
    for name in cases:
        module, case = name.split("::")
        modules.setdefault(module, []).append({"id": case, "name": case.upper()})
    plan = [{"id": module, "name": module, "cases": found} for module, found in modules.items()]
    return events.RunStarted("run-1", {"name": "Test"}, plan, "0.1.0", {}, **more)


def stamp(*said: Event) -> list[Stamped]:
    return [Stamped(seq, 100.0 + seq, event) for seq, event in enumerate(said, 1)]


def case_of(report: RunReport, name: str) -> CaseReport:
    module, case = name.split("::")
    return next(c for m in report["modules"] if m["id"] == module for c in m["cases"] if c["id"] == case)


def test_a_passed_run() -> None:
    """A run whose every event arrived has the data, the times and the verdict of its events."""
    report = fold(
        stamp(
            started("m::a", "m::b"),
            events.CaseStarted("m::a", 1, 5.0),
            events.MeasurementRecorded("m::a", "s.yaml:4:5", "5 V rail", 5.1, "numeric", "V", [4.8, 5.2], True),
            events.MessageShown("m::a", "k", "first"),
            events.MessageShown("m::a", "k", "second"),
            events.CaseFinished("m::a", "passed"),
            events.CaseFinished("m::b", "skipped", reason="`if` is false", skip_kind="condition"),
            events.RunFinished("passed"),
        )
    )
    assert (report["status"], report["start_time"], report["stop_time"]) == ("passed", 101.0, 108.0)
    (attempt,) = case_of(report, "m::a")["attempts"]
    assert attempt["measurements"][0]["value"] == 5.1
    assert attempt["messages"] == {"k": "second"}
    assert (attempt["start_time"], attempt["stop_time"], attempt["timeout"]) == (102.0, 106.0, 5.0)
    skipped = case_of(report, "m::b")
    assert (skipped["status"], skipped["reason"], skipped["attempts"]) == ("skipped", "`if` is false", [])
    module = report["modules"][0]
    assert (module["status"], module["start_time"], module["stop_time"]) == ("passed", 102.0, 107.0)


def test_every_attempt_is_kept_and_the_last_one_decides() -> None:
    """A case that fails and then passes has passed, and both attempts keep their own data."""
    report = fold(
        stamp(
            started("m::a"),
            events.CaseStarted("m::a", 1),
            events.MeasurementRecorded("m::a", "p", "x", 1, "numeric"),
            events.FailureRecorded("m::a", "failed", "no", error_code=9),
            events.CaseFinished("m::a", "failed", 1, final=False),
            events.CaseStarted("m::a", 2),
            events.MeasurementRecorded("m::a", "p", "x", 2, "numeric"),
            events.CaseFinished("m::a", "passed", 2),
            events.RunFinished("passed"),
        )
    )
    case = case_of(report, "m::a")
    assert [attempt["status"] for attempt in case["attempts"]] == ["failed", "passed"]
    assert [attempt["measurements"][0]["value"] for attempt in case["attempts"]] == [1, 2]
    assert (report["status"], report["caused_dut_failure_id"], report["error_code"]) == ("passed", None, None)


def test_the_first_failed_case_is_the_cause_before_any_error() -> None:
    """An error names the cause only as long as no case failed; the code is that of the cause."""
    said: list[Event] = [
        started("m::a", "m::b", "m::c"),
        events.CaseStarted("m::a"),
        events.FailureRecorded("m::a", "error", "bench", error_code=5),
        events.CaseFinished("m::a", "error"),
    ]
    report = fold(stamp(*said))
    assert (report["caused_dut_failure_id"], report["error_code"]) == ("m::a", 5)
    for name, code in (("m::b", 7), ("m::c", 8)):
        said += [
            events.CaseStarted(name),
            events.FailureRecorded(name, "failed", "first"),
            events.FailureRecorded(name, "failed", "second", error_code=code),
            events.CaseFinished(name, "failed"),
        ]
    report = fold(stamp(*said, events.RunFinished("failed")))
    assert (report["caused_dut_failure_id"], report["error_code"]) == ("m::b", 7)


def test_a_cause_without_code_takes_no_code_of_another_case() -> None:
    """The error code is that of the case that caused the failure, or none."""
    report = fold(
        stamp(
            started("m::a", "m::b"),
            events.CaseStarted("m::a"),
            events.CaseFinished("m::a", "failed"),
            events.CaseStarted("m::b"),
            events.FailureRecorded("m::b", "failed", "no", error_code=3),
            events.CaseFinished("m::b", "failed"),
            events.RunFinished("failed"),
        )
    )
    assert (report["caused_dut_failure_id"], report["error_code"]) == ("m::a", None)


def test_a_dead_process_makes_an_error_of_the_running_case() -> None:
    """The running case is an error that names its step, the rest is skipped, and everything started has a stop time."""
    stream = stamp(
        started("m::a", "m::b", "n::c"),
        events.CaseStarted("m::a"),
        events.CaseFinished("m::a", "passed"),
        events.CaseStarted("m::b"),
        events.StepStarted("m::b", "s.yaml:9:7", "call", "Power on", "supply.on"),
    )
    report = fold(stream, aborted=True)
    assert (report["status"], report["aborted"], report["stop_time"]) == ("error", True, 105.0)
    assert [case_of(report, name)["status"] for name in ("m::a", "m::b", "n::c")] == ["passed", "error", "skipped"]
    (failure,) = case_of(report, "m::b")["attempts"][0]["failures"]
    assert (failure["message"], failure["place"], failure["call"]) == (str(DIED), "s.yaml:9:7", "supply.on")
    assert failure["coded_reason"] == {"code": "died", "parameters": {}}
    assert case_of(report, "m::b")["stop_time"] == 105.0
    assert (report["modules"][1]["status"], report["modules"][1]["start_time"]) == ("skipped", None)
    assert report["caused_dut_failure_id"] == "m::b"


def test_a_process_that_died_between_cases_cannot_pass() -> None:
    """Without a `run_finished` all cases may have passed, and the run is an error that says why."""
    stream = stamp(started("m::a"), events.CaseStarted("m::a"), events.CaseFinished("m::a", "passed"))
    assert fold(stream)["status"] == "run"
    report = fold(stream, aborted=True)
    assert (report["status"], report["failures"][0]["message"]) == ("error", str(DIED))


def test_passed_needs_the_cases_to_agree() -> None:
    """A test process that says passed is not believed over a case that failed, or one whose end was lost."""
    for event in (events.CaseFinished("m::b", "failed"), events.CaseStarted("m::b")):
        report = fold(
            stamp(
                started("m::a", "m::b"),
                events.CaseStarted("m::a"),
                events.CaseFinished("m::a", "passed"),
                event,
                events.RunFinished("passed"),
            )
        )
        assert report["status"] in ("failed", "error")


def test_a_run_failure_after_the_end_takes_the_pass_away() -> None:
    """A driver that fails to close after `run_finished` leaves no passed run behind."""
    report = fold(
        stamp(
            started("m::a"),
            events.CaseStarted("m::a"),
            events.CaseFinished("m::a", "passed"),
            events.RunFinished("passed"),
            events.FailureRecorded(None, "error", "the supply did not close", error_code=4),
        )
    )
    assert (report["status"], report["error_code"]) == ("error", 4)


def test_what_comes_in_a_retry_of_steps_after_the_run_leaves_the_verdict_alone() -> None:
    """In the journal of a retry only the steps after the run grow: another end, a case or a record change nothing."""
    stored = fold(
        stamp(
            started("m::a"),
            events.CaseStarted("m::a"),
            events.FailureRecorded("m::a", "failed", "too low"),
            events.CaseFinished("m::a", "failed"),
            events.RunFinished("failed"),
        )
    )
    retried = fold(
        stamp(
            events.RetryStarted("run-1", copy.deepcopy(dict(stored)), [1]),
            events.CaseStarted("m::a", 2),
            events.CaseFinished("m::a", "passed", 2),
            events.FactRecorded("m::a", "dut", {"serial_number": "other"}),
            events.OperatorMessageShown("m::a", "note", "unplug"),
            events.RunFinished("passed"),
        )
    )
    assert retried == stored


def test_a_resumed_run_closes_what_was_running() -> None:
    """A fresh process that runs the teardown leaves the dead one's case an error, and its own cases as they went."""
    report = fold(
        stamp(
            started("m::a", "m::b", "t::off"),
            events.CaseStarted("m::a"),
            events.RunResumed("the test process died (signal 9)"),
            events.CaseFinished("m::b", "skipped", reason="the test process died"),
            events.CaseStarted("t::off"),
            events.CaseFinished("t::off", "passed"),
            events.RunFinished("error"),
        )
    )
    assert [case_of(report, name)["status"] for name in ("m::a", "m::b", "t::off")] == ["error", "skipped", "passed"]
    assert (report["status"], report["aborted"]) == ("error", False)


def test_a_resumed_run_that_lost_nobody_cannot_pass_either() -> None:
    """A process that died between two cases is an error of the run."""
    report = fold(
        stamp(
            started("m::a"),
            events.CaseStarted("m::a"),
            events.CaseFinished("m::a", "passed"),
            events.RunResumed("the test process died"),
            events.RunFinished("passed"),
        )
    )
    assert (report["status"], report["failures"][0]["message"]) == ("error", "the test process died")


def test_a_second_end_cannot_improve_a_case() -> None:
    """What the watchdog wrote about a hung case stays when the case itself says something better later."""
    report = fold(
        stamp(
            started("m::a"),
            events.CaseStarted("m::a"),
            events.CaseFinished("m::a", "failed"),
            events.CaseFinished("m::a", "passed"),
            events.RunFinished("passed"),
        )
    )
    assert (case_of(report, "m::a")["status"], report["status"]) == ("failed", "failed")


def test_records_add_up_and_the_first_of_two_values_stays() -> None:
    """Facts merge into their sections; a contradiction does not overwrite."""
    report = fold(
        stamp(
            started("m::a", record={"stand": {"name": "Stand 1"}, "user": "Ada"}),
            events.CaseStarted("m::a"),
            events.FactRecorded("m::a", "dut", {"serial_number": "SN1", "sub_units": [{"serial_number": "U1"}]}),
            events.FactRecorded("m::a", "dut", {"sub_units": [{"serial_number": "U2"}], "info": {"fw": "1"}}),
            events.FactRecorded("m::a", "stand", {"name": "Stand 2"}),
            events.FactRecorded("m::a", "artifact", {"run": {"r": 1}, "module": {"m": 2}, "case": {"c": 3}}),
        )
    )
    assert report["dut"]["sub_units"] == [{"serial_number": "U1"}, {"serial_number": "U2"}]
    assert (report["dut"]["info"], report["stand"], report["user"]) == ({"fw": "1"}, {"name": "Stand 1"}, "Ada")
    assert (report["artifact"], report["modules"][0]["artifact"]) == ({"r": 1}, {"m": 2})
    assert case_of(report, "m::a")["attempts"][0]["artifact"] == {"c": 3}


def test_what_a_failed_attempt_recorded_is_taken_back() -> None:
    """Facts of an attempt that failed give way to those of the next; what others recorded stays."""
    said: list[Event] = [
        started("m::a", "m::b", record={"user": "Ada", "dut": {"name": "Board"}}),
        events.CaseStarted("m::a"),
        events.FactRecorded("m::a", "dut", {"part_number": "PN", "sub_units": [{"serial_number": "U1"}]}),
        events.CaseFinished("m::a", "passed"),
    ]
    for attempt, serial in ((1, "wrong"), (2, "right")):
        facts = {"serial_number": serial, "sub_units": [{"serial_number": serial}], "info": {"read": serial}}
        said += [
            events.CaseStarted("m::b", attempt),
            events.FactRecorded("m::b", "dut", facts),
            events.FactRecorded("m::b", "artifact", {"run": {"k": serial}, "module": {"k": serial}}),
            events.FactRecorded("m::b", "instruments", [{"name": serial}]),
            events.CaseFinished("m::b", "failed" if attempt == 1 else "passed", attempt, final=attempt == 2),
        ]
    report = fold(stamp(*said, events.RunFinished("passed")))
    assert report["dut"] == {
        "name": "Board",
        "part_number": "PN",
        "serial_number": "right",
        "sub_units": [{"serial_number": "U1"}, {"serial_number": "right"}],
        "info": {"read": "right"},
    }
    assert (report["artifact"], report["modules"][0]["artifact"]) == ({"k": "right"}, {"k": "right"})
    assert (report["instruments"], report["user"]) == ([{"name": "right"}], "Ada")


def test_messages_without_a_key_stand_on_their_own() -> None:
    """Only a message with the same key replaces an earlier one."""
    said = [
        events.MessageShown("m::a", key, text)
        for key, text in (("", "a"), ("k", "b"), ("", "c"), ("k", "d"), ("#4", "e"))
    ]
    report = fold(stamp(started("m::a"), events.CaseStarted("m::a"), *said, events.MessageShown("m::a", "", "f")))
    (attempt,) = case_of(report, "m::a")["attempts"]
    assert attempt["messages"] == {"#1": "a", "k": "d", "#3": "c", "#4": "e", "#5": "f"}


def test_operator_messages_are_cleared_by_their_id() -> None:
    """A message stands in the report with the time it was taken away, also when another one replaced it."""
    report = fold(
        stamp(
            started("m::a"),
            events.OperatorMessageShown("m::a", "1", "Close the lid"),
            events.OperatorMessageShown("m::a", "1", "Open the lid"),
            events.OperatorMessageShown("m::a", "1", None),
        )
    )
    shown = [(message["text"], message["cleared"]) for message in report["operator_messages"]]
    assert shown == [("Close the lid", 103.0), ("Open the lid", 104.0)]


def test_events_of_no_case_are_the_runs() -> None:
    """A failure that belongs to no case of the plan (an `after_run` step) is one of the run."""
    report = fold(
        stamp(
            started("m::a"),
            events.FailureRecorded("after_run", "error", "no printer"),
            events.MessageShown("after_run", "k", "t"),
        )
    )
    assert [failure["message"] for failure in report["failures"]] == ["no printer"]
    assert [module["id"] for module in report["modules"]] == ["m"]


def test_a_lost_first_event_loses_no_finished_case() -> None:
    """Cases are kept under their ids when the plan is lost, and adopted by it when it comes late."""
    said = [
        events.CaseStarted("m::a"),
        events.MeasurementRecorded("m::a", "p", "x", 1, "numeric"),
        events.CaseFinished("m::a", "passed"),
    ]
    late = [Stamped(seq, 100.0 + seq, event) for seq, event in enumerate(said, 2)]
    report = fold(late, aborted=True, run_id="run-9")
    assert (report["id"], case_of(report, "m::a")["status"]) == ("run-9", "passed")
    report = fold([*late, Stamped(1, 100.0, started("m::a", "m::b"))])
    assert (report["id"], report["start_time"], case_of(report, "m::a")["name"]) == ("run-1", 100.0, "A")
    assert case_of(report, "m::a")["attempts"][0]["measurements"][0]["value"] == 1


def test_a_journal_is_read_whatever_its_lines_are() -> None:
    """Torn and foreign lines are skipped; only the damaged ones are counted."""
    stream = stamp(started("m::a"), events.CaseStarted("m::a"), events.CaseFinished("m::a", "passed"))
    lines = [encode(stamped) for stamped in stream]
    lines[1:1] = [
        b'{"event": "report_stored", "time": 1}\n',
        b"\xff\xfe\n",
        b"\n",
        b'{"event": "case_finished"}\n',
        b"[]\n",
    ]
    lines.append(encode(stream[-1])[:20])
    report = fold(read_journal(lines))
    assert report["damaged_lines"] == 4
    assert case_of(report, "m::a")["status"] == "passed"


@given(data=st.data())
@settings(max_examples=examples(50))
def test_any_prefix_is_a_valid_state_that_has_not_passed(data: st.DataObject, streams: Any) -> None:
    """Every prefix folds into a valid report, live or aborted, and none has passed before the end says so."""
    stream = data.draw(streams)
    kept = stream[: data.draw(st.integers(0, len(stream)))]
    for aborted in (False, True):
        report = fold(kept, aborted=aborted)
        VALIDATOR.validate(json.loads(json.dumps(report, allow_nan=False)))
        statuses = {case["status"] for module in report["modules"] for case in module["cases"]}
        if report["status"] == "passed":
            assert isinstance(kept[-1].event, events.RunFinished)
            assert statuses <= {"passed", "skipped"}
        if aborted:
            assert not statuses & {"ready", "run"}
            for part in (*report["modules"], *(case for module in report["modules"] for case in module["cases"])):
                assert (part["start_time"] is None) == (part["stop_time"] is None)


def test_a_line_says_no_default_again() -> None:
    """Half of the lines of a journal are begun steps: each is as short as it can be, and read as it was written."""
    step = Stamped(7, 1_700_000_000.123456, events.StepStarted("m::a", "s.yaml:9:17", "message", "message"))
    value = Stamped(
        8, 1_700_000_000.5, events.MeasurementRecorded("m::a", "s.yaml:9:17", "x", 0.0, "numeric", result=False)
    )
    assert b"null" not in encode(step) + encode(value)
    assert len(encode(step)) == 128
    for stamped in (step, value, Stamped(9, 1_700_000_001.0, events.CaseFinished("m::a", "failed", final=False))):
        assert decode(encode(stamped)) == stamped
    earlier = json.loads(encode(step)) | {"call": None, "timeout": None}
    assert decode(json.dumps(earlier)) == step


@given(data=st.data())
@settings(max_examples=examples(50))
def test_folding_is_pure(data: st.DataObject, streams: Any) -> None:
    """Folding the same events again, event by event or from their journal, gives the same and leaves them alone."""
    stream = data.draw(streams)
    before = copy.deepcopy(stream)
    once = copy.deepcopy(fold(stream))
    assert fold(stream) == once
    assert stream == before
    assert fold(read_journal([encode(stamped) for stamped in stream])) == once


@given(data=st.data())
@settings(max_examples=examples(50))
def test_lost_doubled_and_shuffled_events_never_make_a_pass(data: st.DataObject, streams: Any) -> None:
    """Whatever is lost, repeated or late, no failed case lets the run pass."""
    stream = data.draw(streams)
    damaged = data.draw(st.lists(st.sampled_from(stream), max_size=2 * len(stream)))
    report = fold(damaged, aborted=True)
    VALIDATOR.validate(report)
    statuses = [case["status"] for module in report["modules"] for case in module["cases"]]
    if report["status"] == "passed":
        assert set(statuses) <= {"passed", "skipped"}
        assert "passed" in statuses


@given(data=st.data())
@settings(max_examples=examples(50))
def test_flipped_bytes_never_make_a_pass(data: st.DataObject, streams: Any) -> None:
    """A journal with damaged bytes still folds into a valid report, and passes only when every case has."""
    journal = bytearray(b"".join(encode(stamped) for stamped in data.draw(streams)))
    for place in data.draw(st.lists(st.integers(0, len(journal) - 1), max_size=12)):
        journal[place] ^= 1 << data.draw(st.integers(0, 7))
    report = fold(read_journal(bytes(journal).splitlines(keepends=True)), aborted=True)
    VALIDATOR.validate(json.loads(json.dumps(report, allow_nan=False)))
    statuses = {case["status"] for module in report["modules"] for case in module["cases"]}
    assert report["status"] != "passed" or statuses <= {"passed", "skipped"}


def test_what_was_to_follow_a_run_that_was_cut_off_is_told() -> None:
    """The process died in the second of three steps after the run: it, and the one behind it, are left to do."""
    said = [started("m::a"), events.CaseStarted("m::a"), events.CaseFinished("m::a", "passed")]
    after = [events.AfterRunStarted(1, 3), events.AfterRunFinished(1, True), events.AfterRunStarted(2, 3)]
    report = fold(stamp(*said, *after), aborted=True)
    assert report["aborted"] and report["status"] == "error"
    assert [(entry["number"], entry["message"]) for entry in report["after_run"]] == [
        (2, str(DIED)),
        (3, f"left out: {DIED}"),
    ]


@given(data=st.data())
@settings(max_examples=examples(50))
def test_repeated_events_change_nothing(data: st.DataObject, streams: Any) -> None:
    """An event that arrives a second time (a reader that resumed) is not taken twice."""
    stream = data.draw(streams)
    state = Fold()
    for index, stamped in enumerate(stream):
        state.apply(stamped)
        state.apply(stream[data.draw(st.integers(0, index))])
    assert state.report == fold(stream)


@given(
    st.lists(
        st.tuples(
            st.integers(-5, 9),
            st.floats(),
            st.sampled_from(
                [
                    events.CaseFinished(None, 5),  # type: ignore[arg-type]
                    events.CaseStarted("m::a", "x"),  # type: ignore[arg-type]
                    events.RunStarted("r", [], {}, 1, None, 7),  # type: ignore[arg-type]
                    events.RunFinished("great"),  # type: ignore[arg-type]
                    events.FactRecorded("m::a", "weather", 5),  # type: ignore[arg-type]
                    events.FailureRecorded("m::a", "failed", "no", error_code=-1),
                    events.CaseFinished("m::a", "passed"),
                ]
            ),
        ),
        max_size=8,
    )
)
def test_events_with_wrong_contents_never_raise(said: list[tuple[int, float, Any]]) -> None:
    """Contents that no test process sends are no reason to lose the report."""
    report = fold([Stamped(*one) for one in said], aborted=True)
    assert report["status"] != "run"


@pytest.mark.parametrize(
    "written",
    ["above", [], 7, {}, {"code": "above"}, {"code": 3, "parameters": {}}, {"code": "above", "parameterr": {}}],
)
def test_a_damaged_code_of_a_reason_leaves_its_sentence(written: Any) -> None:
    """What stands beside a sentence and is no code is left out; the sentence, and the report, are whole."""
    said = stamp(
        started("m::a"),
        events.CaseStarted("m::a"),
        events.FailureRecorded("m::a", "failed", "too high"),
        events.CaseFinished("m::a", "failed"),
        events.RunFinished("failed"),
    )
    lines = [json.loads(encode(stamped)) for stamped in said]
    for line in lines:
        if "coded_reason" in line:
            line["coded_reason"] = written
    report = fold(read_journal([json.dumps(line).encode() + b"\n" for line in lines]))
    VALIDATOR.validate(json.loads(json.dumps(report)))
    (failure,) = case_of(report, "m::a")["attempts"][0]["failures"]
    assert failure["message"] == "too high"
    assert failure.get("coded_reason") is None


@pytest.mark.parametrize("written", [{}, ["settle"], "settle", None])
def test_extensions_of_a_sequence_are_told_when_there_are_some(written: Any) -> None:
    """A run without steps of other packages says nothing of them, nor does one whose first event is damaged there."""
    event = started("m::a")
    event.sequence["extensions"] = written
    assert "extensions" not in fold(stamp(event, events.RunFinished("passed")))["sequence"]
    event.sequence["extensions"] = {"slow-supply": "1.0"}
    assert fold(stamp(event, events.RunFinished("passed")))["sequence"]["extensions"] == {"slow-supply": "1.0"}
