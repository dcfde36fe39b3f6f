"""What the tests of fold, report and exports share: streams of events such as a test process sends them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from sequencer.expressions.value import measurement_type, to_data
from sequencer.limits import judge, parse_limits
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.vocabulary.reason import coded, sentence
from sequencer.vocabulary.status import GROUPS, SKIP_KINDS, CaseOutcome, run_verdict

ODD_TEXTS = st.one_of(
    st.sampled_from(["", "5 V rail", "=1+1", "<b>", "\x00\x07", 'a,b;"c"\n', "Ω ≤ µ", "@x", "]]>", "🔌"]),
    st.text(max_size=8),
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(),
    ODD_TEXTS,
    st.lists(st.one_of(st.floats(), st.integers()), max_size=4),
    st.binary(max_size=4),
)
LIMITS: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        [4.8, 5.2],
        {"ge": 0},
        {"gt": 0, "le": 7.5},
        {"nominal": 5, "tolerance": "4%"},
        {"nominal": 5, "tolerance": {"plus": 0.3, "minus": 0.1}},
        {"outside": {"lt": 1, "ge": 2}},
        {"eq": 5},
        {"ne": "v1", "ignore_case": True},
        {"eq": "5 V rail"},
        {"one_of": [1, "a", True]},
        {"is": True},
        {"matches": r"^v\d"},
        {"contains": "a"},
        {"each": [0, 10]},
        {"each": {"matches": "x"}},
        {"not": "a limit"},
    ]
)
RECORDS: st.SearchStrategy[tuple[Any, Any]] = st.one_of(
    st.tuples(
        st.just("dut"),
        st.fixed_dictionaries(
            {"serial_number": ODD_TEXTS},
            optional={"name": st.text(max_size=3), "sub_units": st.just([{"serial_number": "7", "info": {"a": [1]}}])},
        ),
    ),
    st.tuples(st.just("stand"), st.fixed_dictionaries({"name": ODD_TEXTS, "number": st.integers(0, 9)})),
    st.tuples(st.just("process"), st.just({"name": "Final", "number": 1, "info": {"flag": True, "list": [1, 2]}})),
    st.tuples(st.just("batch"), st.just({"serial_number": "batch_1"})),
    st.tuples(st.just("instruments"), st.just([{"name": "DMM", "number": 3}])),
    st.tuples(st.just("user"), st.just("Ada")),
    st.tuples(st.just("artifact"), st.just({"run": {"hardseq": 1}, "module": {"m": [1]}, "case": {"c": {"d": None}}})),
)
CHARTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"type": "line", "title": "I", "marker_name": ["a", None], "x_data": [[1, 2]], "y_data": [[1.5, 2]]}),
    st.just({"type": "line_log_x", "x_data": [[1, 2]], "y_data": [["NaN", 2]]}),
    st.just({"type": "log_x_y", "x_data": [[1]], "y_data": [[1, 2]]}),
)


@st.composite
def _detail(draw: st.DrawFn, case: str) -> Event:
    place = "sequences/a.yaml:3:5"
    kind = draw(st.integers(0, 9))
    if kind <= 3:
        value, limits, unit = draw(VALUES), draw(LIMITS), draw(st.sampled_from([None, "V", "%"]))
        try:
            judgement = judge(value, None if limits is None else parse_limits(limits, unit), unit)
        except ValueError:
            judgement = judge(None, None)
        name = draw(ODD_TEXTS)
        judged = (judgement.result, sentence(judgement.reason), coded(judgement.reason))
        kind_of_value = measurement_type(value)
        return events.MeasurementRecorded(case, place, name, to_data(value), kind_of_value, unit, limits, *judged)
    if kind == 4:
        return events.MessageShown(case, draw(ODD_TEXTS), draw(ODD_TEXTS))
    if kind == 5:
        section, data = draw(RECORDS)
        return events.FactRecorded(case, section, data)
    if kind == 6:
        return events.ChartAdded(case, draw(CHARTS))
    if kind == 7:
        return events.StepStarted(case, place, "call", draw(ODD_TEXTS), "dmm.read", 1.5)
    if kind == 8:
        return events.OperatorMessageShown(case, draw(st.sampled_from("ab")), draw(st.one_of(st.none(), ODD_TEXTS)))
    return draw(
        st.sampled_from(
            [
                events.CheckEvaluated(case, place, "a == 1", True),
                events.DialogAsked(case, "d1", {"type": "confirm"}),
                events.DialogAnswered(case, "d1", "ok", 5, "panel", 1.5),
                events.ProgressChanged(case, 3),
                events.ProgramFinished(case, place, ["flash", "a.bin"], None, "out", 2.5, True),
                events.FileAttached(case, "a.bin", "00" * 32, 17, None),
                events.VariableSet(case, "x", 1, "run"),
                events.TryFailed(case, place, "Rail", 1, "Rail: too low", 2, 1),
            ]
        )
    )


@st.composite
def _case(draw: st.DrawFn, case: str, attempts: int) -> list[Event]:
    if draw(st.integers(0, 5)) == 0:
        kind = draw(st.sampled_from([None, *SKIP_KINDS]))
        return [events.CaseFinished(case, "skipped", reason=kind and f"because of {kind}", skip_kind=kind)]
    said: list[Event] = []
    for attempt in range(1, attempts + 1):
        status = draw(st.sampled_from(["passed", "passed", "failed", "error", "stopped"]))
        final = attempt == attempts or status in ("passed", "stopped")
        said.append(events.CaseStarted(case, attempt, 10.0))
        said.extend(draw(st.lists(_detail(case), max_size=4)))
        if status != "passed":
            code = draw(st.one_of(st.none(), st.integers(0, 99)))
            said.append(events.FailureRecorded(case, status, draw(ODD_TEXTS), "a.yaml:1:1", error_code=code))
        said.append(events.CaseFinished(case, status, attempt, final))
        if final:
            break
    return said


@st.composite
def _stream(draw: st.DrawFn) -> list[Stamped]:
    shape = draw(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=3))
    plan: list[dict[str, Any]] = []
    said: list[Event] = []
    for number, cases in enumerate(shape):
        module: dict[str, Any] = {"id": f"m{number}", "name": draw(ODD_TEXTS), "group": draw(st.sampled_from(GROUPS))}
        module["cases"] = [{"id": f"c{index}", "name": draw(ODD_TEXTS), "tags": ["t"]} for index in range(len(cases))]
        plan.append(module)
        for index, attempts in enumerate(cases):
            said.extend(draw(_case(f"m{number}::c{index}", attempts)))
    finished = [event for event in said if isinstance(event, events.CaseFinished) and event.final]
    main = {module["id"] for module in plan if module["group"] == "main"}
    ended = [CaseOutcome(event.status, event.case.partition("::")[0] in main, event.skip_kind) for event in finished]
    started = events.RunStarted(
        "0190a6b2-0000-7000-8000-000000000001",
        {"name": draw(ODD_TEXTS), "version": "1.0", "file": "sequences/a.yaml", "sha256": "ab"},
        plan,
        "0.1.0",
        {"id": "machine", "timezone": draw(st.sampled_from(["Europe/Berlin", "UTC", "Mitteleuropäische Zeit", None]))},
        {"stand": {"location": "Moon"}},
        {"serial": draw(ODD_TEXTS)},
        draw(st.sampled_from([None, ["m0::c0"]])),
    )
    whole = [started, *said, events.RunFinished(run_verdict(ended)[0], None)]
    time = 1_700_000_000.0
    result = []
    for seq, event in enumerate(whole, 1):
        time += draw(st.sampled_from([0.0, 0.25, 3.0]))
        result.append(Stamped(seq, time, event))
    return result


@pytest.fixture(scope="session")
def streams() -> st.SearchStrategy[list[Stamped]]:
    """Whole streams of events of runs that ended by themselves."""
    return _stream()


@pytest.fixture(scope="session")
def values() -> st.SearchStrategy[Any]:
    """Values as drivers return them."""
    return VALUES
