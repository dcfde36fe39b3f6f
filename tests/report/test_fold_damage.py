"""What the fold makes of events that come late, twice, out of time or not at all, and of what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.field_types import LATEST
from sequencer.report.fold import DIED, Fold, fold
from sequencer.report.model import CaseReport, RunReport


def started(*names: str, **more: Any) -> events.RunStarted:
    modules: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        module, case = name.split("::")
        modules.setdefault(module, []).append({"id": case})
    plan = [{"id": module, "cases": cases} for module, cases in modules.items()]
    return events.RunStarted("run-1", {"name": "Test"}, plan, "0.1.0", {}, **more)


def stream(*said: Event | tuple[float, Event]) -> list[Stamped]:
    """Events a second apart from 101 on; one that comes with a time has that time."""
    return [
        Stamped(seq, *(one if isinstance(one, tuple) else (100.0 + seq, one)))  # type: ignore[arg-type]
        for seq, one in enumerate(said, 1)
    ]


def case_of(report: RunReport, name: str) -> CaseReport:
    module, case = name.split("::")
    return next(c for m in report["modules"] if m["id"] == module for c in m["cases"] if c["id"] == case)


def ran(name: str, status: Any = "passed") -> list[Event]:
    return [events.CaseStarted(name), events.CaseFinished(name, status)]


def left_out(name: str, kind: Any) -> list[Event]:
    return [events.CaseFinished(name, "skipped", reason="why", skip_kind=kind)]


@pytest.mark.parametrize(
    ("said", "case", "verdict"),
    [
        ("passed", ran("m::b"), ("passed", None)),
        ("passed", left_out("m::b", "condition"), ("passed", None)),
        ("passed", left_out("m::b", "dependency"), ("skipped", "incomplete")),
        ("passed", left_out("m::b", "no such kind"), ("skipped", "incomplete")),
        ("passed", ran("m::b", "failed"), ("failed", None)),
        ("passed", ran("m::b", "stopped"), ("stopped", None)),
        ("passed", ran("m::b", "no such status"), ("error", None)),
        ("skipped", ran("m::b"), ("skipped", "incomplete")),
        ("skipped", left_out("m::b", "dependency"), ("skipped", "incomplete")),
        ("skipped", ran("m::b", "failed"), ("failed", None)),
        ("failed", ran("m::b"), ("failed", None)),
        ("error", ran("m::b"), ("error", None)),
        ("stopped", ran("m::b"), ("stopped", None)),
        ("stopped", ran("m::b", "failed"), ("stopped", None)),
        ("run", ran("m::b"), ("error", None)),
        ("no such status", ran("m::b"), ("error", None)),
    ],
    ids=str,
)
def test_the_verdict_is_the_worse_of_two(said: Any, case: list[Event], verdict: tuple[str, str | None]) -> None:
    """What the test process said counts only as far as the cases agree, and the cases only as far as it does."""
    report = fold(stream(started("m::a", "m::b"), *ran("m::a"), *case, events.RunFinished(said)))
    assert (report["status"], report["untested"]) == verdict


def test_a_run_of_which_nothing_was_tested() -> None:
    """Skips that a run may pass with are no pass by themselves."""
    report = fold(stream(started("m::a"), *left_out("m::a", "selection"), events.RunFinished("skipped")))
    assert (report["status"], report["untested"]) == ("skipped", "nothing_tested")
    report = fold(stream(started("m::a"), *left_out("m::a", "selection"), events.RunFinished("passed")))
    assert (report["status"], report["untested"]) == ("skipped", "nothing_tested")


def test_the_verdict_so_far_knows_the_failures_of_the_run() -> None:
    """While it runs a run is what its cases are; a driver that broke, and a process that died, make it an error."""
    state = Fold()
    for stamped in stream(started("m::a"), *ran("m::a")):
        state.apply(stamped)
    assert state.verdict_so_far() == ("passed", None)
    state.apply(Stamped(4, 104.0, events.FailureRecorded(None, "error", "a driver broke")))
    assert state.verdict_so_far() == ("error", None)
    state = Fold()
    for stamped in stream(started("m::a", "t::off"), events.CaseStarted("m::a"), events.RunResumed(str(DIED))):
        state.apply(stamped)
    assert state.verdict_so_far() == ("error", None)


@pytest.mark.parametrize(
    ("time", "believed"),
    [(-1.0, 101.0), (0.0, 0.0), (LATEST, LATEST), (LATEST + 1, 101.0), (float("nan"), 101.0), (float("inf"), 101.0)],
)
def test_a_time_that_cannot_be_is_that_of_the_event_before(time: float, believed: float) -> None:
    """From 1970 to 9999 every time is believed, earlier ones than the last too: a clock may be set back."""
    report = fold(stream(started("m::a"), (time, events.CaseStarted("m::a"))))
    assert case_of(report, "m::a")["start_time"] == believed


def test_nothing_ends_before_it_began() -> None:
    """A clock that was set back while a case ran leaves it, its module and the run without length, not with less."""
    report = fold(
        stream(
            started("m::a"),
            events.CaseStarted("m::a"),
            (50.0, events.CaseFinished("m::a", "passed")),
            (40.0, events.RunFinished("passed")),
        )
    )
    case = case_of(report, "m::a")
    assert (case["start_time"], case["stop_time"], case["attempts"][0]["stop_time"]) == (102.0, 102.0, 102.0)
    assert report["modules"][0]["stop_time"] == 102.0
    assert (report["start_time"], report["stop_time"], report["status"]) == (101.0, 101.0, "passed")


def test_an_end_without_a_last_word_has_the_latest_time() -> None:
    """A run that died stopped when the last was heard of it, whichever event that was."""
    report = fold(
        stream(started("m::a"), (300.0, events.CaseStarted("m::a")), (200.0, events.MessageShown("m::a", "k", "t")))
    )
    assert report["stop_time"] is None
    report = fold(
        stream(started("m::a"), (300.0, events.CaseStarted("m::a")), (200.0, events.MessageShown("m::a", "k", "t"))),
        aborted=True,
    )
    assert (report["stop_time"], case_of(report, "m::a")["stop_time"], report["aborted"]) == (300.0, 300.0, True)
    assert report["failures"] == []


def test_a_run_that_has_its_end_is_not_aborted() -> None:
    """Nobody adds to a stream that says how it ended, and nothing is closed once more."""
    report = fold(stream(started("m::a"), *ran("m::a"), events.RunFinished("passed", reason="by hand")), aborted=True)
    assert (report["status"], report["aborted"], report["stop_time"]) == ("passed", False, 104.0)
    assert report["stop_reason"] == "by hand"


def test_an_event_counts_once_whenever_it_comes() -> None:
    """What was lost may come later, in any order; what comes again, early or late, is nothing new."""
    said = stream(
        started("m::a"),
        events.CaseStarted("m::a"),
        *(events.CheckEvaluated("m::a", "p", f"{number}", True) for number in range(6)),
        events.CaseFinished("m::a", "passed"),
    )
    order = [0, 0, 1, 4, 7, 3, 3, 5, 2, 6, 4, 8, 2, 8, 6]
    report = fold([said[index] for index in order])
    checks = case_of(report, "m::a")["attempts"][0]["checks"]
    assert sorted(check["expression"] for check in checks) == ["0", "1", "2", "3", "4", "5"]
    assert case_of(report, "m::a")["status"] == "passed"


def test_a_second_start_of_the_run_is_nothing_new() -> None:
    """The plan and what was recorded stay those of the first."""
    report = fold(stream(started("m::a", params={"n": 1}), *ran("m::a"), started("x::y", params={"n": 2})))
    assert (report["params"], [module["id"] for module in report["modules"]]) == ({"n": 1}, ["m"])
    assert case_of(report, "m::a")["status"] == "passed"


def test_facts_of_the_plan_that_are_missing_or_odd_have_defaults() -> None:
    """A name is the id where there is none, only true is critical, and everything has its type."""
    odd = {"id": "a", "name": None, "group": "x", "place": None, "critical": "yes", "tags": [1, None], "description": 5}
    whole = {"id": "b", "name": "B", "group": "setup", "place": "s.yaml:1:1", "critical": True, "tags": ["t"]}
    modules = [{"id": "m", "name": "", "cases": [odd, whole]}, {"id": "n", "name": "N"}]
    report = fold(stream(events.RunStarted("run-1", {}, modules, "", {})))
    assert [(module["id"], module["name"], module["group"]) for module in report["modules"]] == [
        ("m", "m", "main"),
        ("n", "N", "main"),
    ]
    first, second = report["modules"][0]["cases"]
    assert (first["name"], first["group"], first["description"]) == ("a", "main", "5")
    assert (first["place"], first["critical"], first["tags"]) == ("", False, ["1", ""])
    assert (second["name"], second["group"], second["description"]) == ("B", "setup", None)
    assert (second["place"], second["critical"], second["tags"]) == ("s.yaml:1:1", True, ["t"])


def test_a_first_event_that_comes_last_takes_over_what_was_collected() -> None:
    """Cases, failures, facts and the verdict stay, the earliest time is the start, and no case is there twice."""
    said = stream(
        started("m::a", "m::b", record={"stand": {"name": "S1"}}),
        *ran("m::a", "failed"),
        events.FactRecorded("m::a", "dut", {"serial_number": "SN1"}),
        events.FactRecorded("m::a", "artifact", {"run": {"r": 1}, "module": {"m": 1}}),
        *ran("x::y"),
        events.OperatorMessageShown("m::a", "1", "Open the lid"),
        events.RunFinished("failed", reason="why"),
    )
    state = Fold()
    for stamped in said[1:]:
        state.apply(stamped)
    state.damaged(2)
    state.apply(Stamped(1, 400.0, said[0].event))
    report = state.begun()
    assert [[case["id"] for case in module["cases"]] for module in report["modules"]] == [["a", "b"], ["y"]]
    assert (report["id"], report["start_time"], report["stop_time"]) == ("run-1", 102.0, 109.0)
    assert (report["stand"], report["dut"]) == ({"name": "S1"}, {"serial_number": "SN1"})
    assert (report["artifact"], report["modules"][0]["artifact"]) == ({"r": 1}, {"m": 1})
    assert (report["status"], report["stop_reason"], report["damaged_lines"]) == ("failed", "why", 2)
    assert report["caused_dut_failure_id"] == "m::a"
    assert [message["text"] for message in report["operator_messages"]] == ["Open the lid"]
    assert report["modules"][0]["start_time"] == 102.0
    adopted = report["modules"][1]
    assert (adopted["status"], adopted["start_time"], adopted["stop_time"]) == ("passed", 106.0, 107.0)
    late = fold([*stream(started("m::a"), *ran("m::a"))[1:], Stamped(1, 400.0, started("m::a"))])
    assert (late["modules"][0]["status"], late["modules"][0]["stop_time"]) == ("passed", 103.0)


def test_a_report_is_the_same_whether_its_first_event_comes_first_or_last() -> None:
    """Each of its fields, whatever event it comes from, and what went wrong after the run, too."""
    said = stream(
        started("m::a", record={"stand": {"name": "S1"}}, params={"n": 1}),
        *ran("m::a", "failed"),
        events.FactRecorded("m::a", "artifact", {"run": {"r": 1}}),
        events.FactRecorded("m::a", "user", "Ada"),
        events.FailureRecorded(None, "error", "the driver did not close", error_code=3),
        events.OperatorMessageShown("m::a", "1", "Open the lid"),
        events.RunFinished("failed", reason="why"),
        events.AfterRunStarted(1, 1),
        events.FailureRecorded(events.AFTER_RUN, "error", "the printer is off", after=1),
        events.AfterRunFinished(1, False),
    )
    assert fold([*said[1:], said[0]]) == fold(said)


def test_the_end_of_an_attempt_whose_start_was_lost() -> None:
    """It is an attempt of its own when the one before it had ended, and the last one decides."""
    report = fold(
        stream(
            started("m::a"),
            events.CaseStarted("m::a", 1),
            events.CaseFinished("m::a", "failed", 1, final=False),
            events.CaseFinished("m::a", "passed", 2),
        )
    )
    case = case_of(report, "m::a")
    assert [(attempt["number"], attempt["status"]) for attempt in case["attempts"]] == [(1, "failed"), (2, "passed")]
    assert case["status"] == "passed"
    report = fold(stream(started("m::a"), *ran("m::a", "failed"), events.CaseFinished("m::a", "passed", 1)))
    assert [attempt["status"] for attempt in case_of(report, "m::a")["attempts"]] == ["failed"]


def test_an_end_that_is_not_final_leaves_the_case_running() -> None:
    """Another attempt follows: until then the case has no verdict, and with it neither module nor run."""
    said = [started("m::a"), events.CaseStarted("m::a"), events.CaseFinished("m::a", "failed", 1, final=False)]
    report = fold(stream(*said))
    assert (case_of(report, "m::a")["status"], report["modules"][0]["status"]) == ("run", "run")
    assert (case_of(report, "m::a")["stop_time"], report["modules"][0]["stop_time"]) == (None, None)
    assert report["caused_dut_failure_id"] is None
    assert case_of(fold(stream(*said), aborted=True), "m::a")["status"] == "error"


def test_an_attempt_whose_end_was_lost_is_an_error() -> None:
    """The next one began, so that nobody knows how it ended; a start that is told twice begins nothing."""
    report = fold(
        stream(
            started("m::a"),
            events.CaseStarted("m::a", 1),
            events.CaseStarted("m::a", 1, 5.0),
            events.CaseStarted("m::a", 2),
            events.CaseFinished("m::a", "passed", 2),
        )
    )
    attempts = case_of(report, "m::a")["attempts"]
    assert [(each["number"], each["status"], each["stop_time"]) for each in attempts] == [
        (1, "error", 104.0),
        (2, "passed", 105.0),
    ]
    assert (attempts[0]["start_time"], attempts[0]["timeout"]) == (102.0, 5.0)


def test_a_case_that_ended_in_a_skip() -> None:
    """One that never began has its reason; one that ran and left out what judges keeps its attempt."""
    report = fold(
        stream(
            started("m::a", "m::b", "m::c"),
            *left_out("m::a", "dependency"),
            events.CaseFinished("m::a", "skipped", reason="again", skip_kind="condition"),
            events.CaseStarted("m::b"),
            *left_out("m::b", "condition"),
            events.CaseFinished("m::c", "passed", reason="", skip_kind="condition"),
        )
    )
    first, second, third = (case_of(report, f"m::{name}") for name in "abc")
    assert (first["skip_kind"], first["reason"], first["attempts"]) == ("dependency", "why", [])
    assert (second["status"], second["skip_kind"], len(second["attempts"])) == ("skipped", "condition", 1)
    assert (third["status"], third["skip_kind"], len(third["attempts"])) == ("passed", None, 1)


def test_details_of_a_case_that_never_began_begin_it() -> None:
    """An event that belongs to a case whose start was lost shows that it runs; one of a skipped case does not."""
    report = fold(stream(started("m::a"), events.CheckEvaluated("m::a", "p", "x", True)))
    assert (case_of(report, "m::a")["status"], case_of(report, "m::a")["attempts"][0]["start_time"]) == ("run", 102.0)
    report = fold(stream(started("m::a"), *left_out("m::a", "setup"), events.CheckEvaluated("m::a", "p", "x", True)))
    case = case_of(report, "m::a")
    assert (case["status"], case["stop_time"], case["attempts"][0]["status"]) == ("skipped", 103.0, "skipped")


@pytest.mark.parametrize("name", ["", "m", "m::", "::a", "after_run"])
def test_a_name_that_is_none_adds_no_case(name: str) -> None:
    """What belongs to no case changes no case; one that the plan lacks is added with its module."""
    report = fold(stream(started("m::a"), events.CaseStarted(name), events.CaseFinished(name, "passed")))
    assert [[case["id"] for case in module["cases"]] for module in report["modules"]] == [["a"]]
    report = fold(stream(started("m::a"), events.CaseStarted("m::b"), events.CaseStarted("x::y")))
    assert [[case["id"] for case in module["cases"]] for module in report["modules"]] == [["a", "b"], ["y"]]


def test_a_plan_that_names_a_case_twice_has_it_once() -> None:
    """A case has one place in the report."""
    report = fold(stream(started("m::a", "m::a", "m::b"), *ran("m::a"), *ran("m::b"), events.RunFinished("passed")))
    assert [case["id"] for case in report["modules"][0]["cases"]] == ["a", "b"]
    assert report["status"] == "passed"


def test_a_module_has_the_status_of_its_cases() -> None:
    """It runs from its first case to its last, and without any case that began it has no times."""
    names = ("m::a", "m::b", "n::c")
    report = fold(stream(started(*names), *ran("m::a")))
    assert [(each["status"], each["start_time"], each["stop_time"]) for each in report["modules"]] == [
        ("run", 102.0, None),
        ("ready", None, None),
    ]
    report = fold(stream(started(*names), *ran("m::a"), *ran("m::b", "failed"), *left_out("n::c", "critical")))
    assert [(each["status"], each["start_time"], each["stop_time"]) for each in report["modules"]] == [
        ("failed", 102.0, 105.0),
        ("skipped", None, None),
    ]


def test_a_case_that_runs_again_is_the_cause_no_more() -> None:
    """The cause is the first case that failed and stays failed; a later one takes its place."""
    said = [
        started("m::a", "m::b"),
        events.CaseStarted("m::a"),
        events.CaseFinished("m::a", "failed"),
        *ran("m::b", "failed"),
    ]
    assert fold(stream(*said))["caused_dut_failure_id"] == "m::a"
    again = [*said, events.CaseStarted("m::a", 2)]
    assert fold(stream(*again), aborted=True)["caused_dut_failure_id"] == "m::b"
    assert fold(stream(*again, events.CaseFinished("m::a", "failed", 2)))["caused_dut_failure_id"] == "m::b"
    assert fold(stream(*said, events.CaseStarted("m::a", 2), events.CaseFinished("m::a", "passed", 2)))[
        "caused_dut_failure_id"
    ] == ("m::b")
    broken = events.FailureRecorded(None, "error", "a driver broke")
    assert fold(stream(*said, events.CaseStarted("m::a", 2), broken))["caused_dut_failure_id"] == "m::b"
    order = [started("m::a", "m::b", "m::c"), *(one for name in "bac" for one in ran(f"m::{name}", "failed"))]
    assert fold(stream(*order, events.CaseStarted("m::c", 2)), aborted=True)["caused_dut_failure_id"] == "m::b"
    errors = [started("m::a", "m::b"), *ran("m::a", "error"), *ran("m::b", "error")]
    assert fold(stream(*errors))["caused_dut_failure_id"] == "m::a"


def test_a_resumed_run_waits_for_its_own_end() -> None:
    """What was running is closed at once with the reason, what waits may still run, and the run is an error."""
    said = [started("m::a", "t::off"), events.CaseStarted("m::a"), events.RunResumed("the test process died")]
    report = fold(stream(*said))
    assert (case_of(report, "m::a")["status"], case_of(report, "t::off")["status"]) == ("error", "ready")
    assert (report["failures"], report["caused_dut_failure_id"], report["status"]) == ([], "m::a", "run")
    assert fold(stream(*said, *ran("t::off"), events.RunFinished("passed")))["status"] == "error"
    again = [events.CaseStarted("m::a"), events.CaseFinished("m::a", "passed"), *ran("t::off")]
    assert fold(stream(*said, *again, events.RunFinished("passed")))["status"] == "error"
    told = [started("m::a"), *ran("m::a"), events.FailureRecorded(None, "error", "why"), events.RunResumed("died")]
    assert [failure["message"] for failure in fold(stream(*told))["failures"]] == ["why"]
    failed = [started("m::a"), *ran("m::a", "failed"), events.RunResumed("died")]
    assert fold(stream(*failed))["failures"] == []


def test_a_run_that_ends_closes_what_has_no_end() -> None:
    """A case whose end was lost is an error although the run says that it passed; one that never began is missing."""
    report = fold(stream(started("m::a", "m::b"), events.CaseStarted("m::a"), events.RunFinished("passed")))
    assert [case_of(report, name)["status"] for name in ("m::a", "m::b")] == ["error", "skipped"]
    assert case_of(report, "m::b")["skip_kind"] == "run_error"
    assert report["status"] == "error"
    report = fold(stream(started("m::a", "m::b"), *ran("m::a"), events.RunFinished("passed")))
    assert (report["status"], report["untested"]) == ("skipped", "incomplete")


def test_failures_of_the_run_have_their_code_where_no_case_is_the_cause() -> None:
    """The first one with a code; a case that failed comes before them."""
    broken = [events.FailureRecorded(None, "error", "one"), events.FailureRecorded(None, "error", "two", error_code=4)]
    report = fold(stream(started("m::a"), *broken, events.FailureRecorded(None, "error", "three", error_code=5)))
    assert (report["caused_dut_failure_id"], report["error_code"]) == (None, 4)
    report = fold(stream(started("m::a"), *broken, *ran("m::a", "failed")))
    assert (report["caused_dut_failure_id"], report["error_code"]) == ("m::a", None)


def test_what_fails_after_the_run_is_told_apart() -> None:
    """The verdict was known by then and stays."""
    late = events.FailureRecorded(None, "error", "no printer", after=2)
    report = fold(stream(started("m::a"), *ran("m::a"), events.RunFinished("passed"), late))
    assert (report["status"], report["failures"]) == ("passed", [])
    assert [(step["number"], step["message"]) for step in report["after_run"]] == [(2, "no printer")]


def test_facts_that_contradict_change_nothing_and_take_nothing_back() -> None:
    """Only the attempt that recorded a fact can take it back, when the same case tries again."""
    said = [
        started("m::a", "m::b"),
        events.CaseStarted("m::a"),
        events.FactRecorded("m::a", "dut", {"serial_number": "SN1"}),
        events.FactRecorded("m::a", "user", "Ada"),
        events.CaseFinished("m::a", "passed"),
    ]
    report = fold(
        stream(*said, events.CaseStarted("m::b", 2), events.FactRecorded("m::b", "dut", {"serial_number": "SN2"}))
    )
    assert (report["dut"], report["user"]) == ({"serial_number": "SN1"}, "Ada")
    report = fold(stream(*said, events.CaseStarted("m::a", 2)))
    assert (report["dut"], report["user"]) == ({}, None)
    report = fold(stream(*said, events.CaseStarted("m::a", 1)))
    assert (report["dut"], report["user"]) == ({"serial_number": "SN1"}, "Ada")


def test_which_case_an_event_changed() -> None:
    """Whoever follows a run is told the case that changed, and none for the run, what is old, and what has no case."""
    state = Fold()
    said: list[tuple[Event, str | None]] = [
        (started("m::a"), None),
        (events.CaseStarted("m::a"), "m::a"),
        (events.CheckEvaluated("m::a", "p", "x", True), "m::a"),
        (events.FactRecorded("m::a", "dut", {"name": "n"}), None),
        (events.FactRecorded("m::a", "artifact", {"case": {"c": 1}}), "m::a"),
        (events.FactRecorded("nobody", "artifact", {"run": {"r": 1}}), None),
        (events.CheckEvaluated("nobody", "p", "x", True), None),
        (events.CaseFinished("m::a", "passed"), "m::a"),
        (events.RunFinished("passed"), None),
    ]
    for seq, (event, changed) in enumerate(said, 1):
        assert state.apply(Stamped(seq, 100.0 + seq, event)) == changed
        assert state.apply(Stamped(seq, 100.0 + seq, event)) is None
    assert state.begun()["artifact"] == {"r": 1}


def test_an_answer_belongs_to_the_last_question_of_its_name() -> None:
    """A dialog that was asked twice keeps both, and an answer to none changes none."""
    asked = [events.DialogAsked("m::a", "1", {"text": "?"}), events.DialogAsked("m::a", "2", {"text": "!"})]
    answers = [
        events.DialogAnswered("m::a", "1", "confirm", None, "terminal", 1.0),
        events.DialogAnswered("m::a", "9", "fail", None, "terminal", 1.0),
    ]
    report = fold(stream(started("m::a"), events.CaseStarted("m::a"), *asked, *answers))
    dialogs = case_of(report, "m::a")["attempts"][0]["dialogs"]
    assert [(dialog["id"], dialog["result"]) for dialog in dialogs] == [("1", "confirm"), ("2", None)]


def test_a_measurement_of_an_unknown_type_is_of_another() -> None:
    """A type that this version does not know is no reason to lose the value."""
    said = [
        events.MeasurementRecorded("m::a", "p", name, 5, kind)  # type: ignore[arg-type]
        for name, kind in (("x", "numeric"), ("y", "quaternion"))
    ]
    report = fold(stream(started("m::a"), events.CaseStarted("m::a"), *said))
    kinds = [measured["type"] for measured in case_of(report, "m::a")["attempts"][0]["measurements"]]
    assert kinds == ["numeric", "other"]
