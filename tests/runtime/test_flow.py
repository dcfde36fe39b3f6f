"""What runs after what happened, for any plan and any outcome."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.protocol.selection import UnknownSelection, select
from sequencer.runtime.flow import NOT_SELECTED, Flow, needed
from sequencer.runtime.plan import PlannedCase, PlannedModule, RunPlan
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import SkipKind, Status

groups = st.sampled_from(["setup", "main", "teardown"])
statuses = st.sampled_from(["passed", "failed", "error", "skipped", "stopped"])


@st.composite
def plans(draw: st.DrawFn) -> RunPlan:
    """A plan of a few modules in running order, with critical cases and dependencies on earlier ones."""
    order = ["setup", "main", "teardown"]
    modules = []
    cases: dict[str, PlannedCase] = {}
    for number, group in enumerate(sorted(draw(st.lists(groups, min_size=1, max_size=4)), key=order.index)):
        module = PlannedModule(f"m{number}", f"m{number}", group, critical=draw(st.booleans()))  # type: ignore[arg-type]
        inside = sorted(draw(st.lists(groups, min_size=1, max_size=4)), key=order.index)
        for index, of_case in enumerate(inside):
            earlier = st.lists(st.sampled_from(sorted(cases)), max_size=2) if cases else st.just([])
            case = PlannedCase(
                f"c{index}",
                module,
                f"c{index}",
                group=of_case,  # type: ignore[arg-type]
                critical=draw(st.booleans()),
                on_fail=draw(st.sampled_from([None, "stop", "continue"])),
                depends=tuple(draw(earlier)),
            )
            module.cases.append(case)
            cases[case.full_name] = case
        modules.append(module)
    return RunPlan({}, modules, {}, cases)


@given(plans(), st.data())
def test_teardown_runs_whatever_happened(plan: RunPlan, data: Any) -> None:
    """Nothing but a selection keeps a teardown case from running; after a halt nothing else does."""
    flow = Flow(plan, on_fail=data.draw(st.sampled_from(["continue", "stop"])))
    for case in plan.cases.values():
        if data.draw(st.booleans()) and data.draw(st.booleans()):
            flow.stop("enough")
        reason = flow.reason_to_skip(case)
        if case.is_teardown:
            assert reason is None
        elif flow.halted is not None:
            assert reason == flow.halted
        flow.finished(case, "skipped" if reason else data.draw(statuses), reason and reason.kind)


@given(plans(), st.data())
def test_a_selection_is_closed(plan: RunPlan, data: Any) -> None:
    """What a needed case depends on is needed, and so are setup and teardown around it; a selection halts nothing."""
    chosen = data.draw(st.sets(st.sampled_from(sorted(plan.cases)), min_size=1))
    wanted = needed(plan, chosen)
    assert chosen <= wanted
    flow = Flow(plan, wanted)
    for name, case in plan.cases.items():
        if name in wanted:
            assert set(case.depends) <= wanted
            assert {each.full_name for each in case.module.cases if each.group != "main"} <= wanted
        skip = flow.reason_to_skip(case)
        assert (skip is None) == (name in wanted)
        flow.finished(case, "passed" if skip is None else "skipped", skip and skip.kind)
    assert flow.halted is None


@given(plans(), st.data())
def test_a_failed_setup_is_never_followed_by_main(plan: RunPlan, data: Any) -> None:
    """Neither that of the whole nor that of a module."""
    flow = Flow(plan)
    failed_whole = False
    failed_modules = set()
    for case in plan.cases.values():
        runs = flow.reason_to_skip(case) is None
        if not case.is_teardown and case.group == "main":
            assert not (runs and case.module in failed_modules)
        if not case.is_teardown and case.module.group == "main":
            assert not (runs and failed_whole)
        status = data.draw(statuses) if runs else "skipped"
        flow.finished(case, status)
        if status in ("failed", "error", "stopped"):
            failed_whole = failed_whole or case.module.group == "setup"
            if case.group == "setup":
                failed_modules.add(case.module)


def planned(**modules: dict[str, dict[str, Any]]) -> RunPlan:
    """A plan: its modules by id (the name says the group), in each the cases with what is special about them."""
    made = []
    for name, cases in modules.items():
        group: Any = next((group for group in ("setup", "teardown") if name.startswith(group)), "main")
        module = PlannedModule(name, f"module {name}", group, critical=name.endswith("critical"))
        module.cases += [PlannedCase(case, module, f"case {case}", **special) for case, special in cases.items()]
        made.append(module)
    return RunPlan({}, made, {}, {case.full_name: case for module in made for case in module.cases})


def course(
    plan: RunPlan, on_fail: Any = "continue", **ended: tuple[Status, SkipKind | None]
) -> tuple[dict[str, str], Flow]:
    """What kept each case from running ("" for nothing) when the named ones end as said and all others pass."""
    flow = Flow(plan, on_fail=on_fail)
    kept: dict[str, str] = {}
    for name, case in plan.cases.items():
        skip = flow.reason_to_skip(case) or flow.failed_dependency(case)
        kept[name] = "" if skip is None else skip.kind
        status, kind = ended.get(case.id, ("passed", None))
        flow.finished(case, status if skip is None else "skipped", kind if skip is None else skip.kind)
    return kept, flow


FAILED, ERROR, STOPPED = ("failed", None), ("error", None), ("stopped", None)
LEFT_OUT, MISSING, UNCHOSEN = ("skipped", "condition"), ("skipped", "dependency"), ("skipped", "selection")


@pytest.mark.parametrize(
    ("special", "ended", "on_fail", "next_case"),
    [
        ({}, ("passed", None), "stop", ""),
        ({}, FAILED, "continue", ""),
        ({}, FAILED, "stop", "on_fail"),
        ({}, ERROR, "stop", "on_fail"),
        ({}, LEFT_OUT, "stop", ""),
        ({}, MISSING, "stop", ""),
        ({"on_fail": "stop"}, FAILED, "continue", "on_fail"),
        ({"on_fail": "continue"}, FAILED, "stop", ""),
        ({"group": "teardown", "on_fail": "stop"}, FAILED, "stop", ""),
        ({"critical": True}, ("passed", None), "continue", ""),
        ({"critical": True}, FAILED, "continue", "critical"),
        ({"critical": True}, ERROR, "continue", "critical"),
        ({"critical": True}, MISSING, "continue", "critical"),
        ({"critical": True}, ("skipped", None), "continue", "critical"),
        ({"critical": True}, LEFT_OUT, "continue", ""),
        ({"critical": True}, UNCHOSEN, "continue", ""),
        ({"critical": True, "group": "teardown"}, FAILED, "continue", ""),
    ],
    ids=str,
)
def test_what_ends_the_run_for_what_follows(special: dict[str, Any], ended: Any, on_fail: Any, next_case: str) -> None:
    """A critical case that failed or was kept from running, or a failure with `on_fail: stop`; teardown runs still."""
    plan = planned(first={"a": special}, second={"b": {}}, teardown={"off": {"critical": True}, "last": {}})
    kept, flow = course(plan, on_fail, a=ended, off=FAILED)
    assert kept == {"first::a": "", "second::b": next_case, "teardown::off": "", "teardown::last": ""}
    assert (flow.halted is None) == (next_case == "")


@pytest.mark.parametrize("case", [{}, {"group": "teardown"}])
@pytest.mark.parametrize(("ended", "rest"), [(FAILED, "critical"), (LEFT_OUT, ""), (MISSING, "critical")])
def test_a_critical_module_ends_with_its_first_failure(case: dict[str, Any], ended: Any, rest: str) -> None:
    """Its other cases and whatever follows do not run, whichever of its cases it was."""
    kept, _ = course(planned(first_critical={"a": case, "b": {}}, second={"c": {}}), a=ended)
    assert kept == {"first_critical::a": "", "first_critical::b": rest, "second::c": rest}


@pytest.mark.parametrize("ended", [FAILED, ERROR])
def test_a_setup_that_failed_keeps_main_from_running(ended: Any) -> None:
    """A setup module that of all main modules, a setup case that of its own module; setup itself goes on."""
    whole = planned(setup={"on": {}, "warm": {}}, main={"up": {"group": "setup"}, "a": {}}, teardown={"off": {}})
    assert course(whole, on=ended)[0] == {
        "setup::on": "",
        "setup::warm": "",
        "main::up": "setup",
        "main::a": "setup",
        "teardown::off": "",
    }
    one = planned(main={"up": {"group": "setup"}, "on": {"group": "setup"}, "a": {}}, other={"b": {}})
    assert course(one, up=ended)[0] == {"main::up": "", "main::on": "", "main::a": "setup", "other::b": ""}
    assert course(one, a=ended)[0] == dict.fromkeys(one.cases, "")


def test_a_skip_says_what_kept_the_case() -> None:
    """The words name the case or module, and what became of it."""
    plan = planned(setup={"on": {}}, main={"a": {}})
    flow = Flow(plan)
    flow.finished(plan.cases["setup::on"], "error")
    assert flow.reason_to_skip(plan.cases["main::a"]) == ("setup", Reason("setup_module", name="module setup"))
    for status in ("failed", "error", "stopped"):
        _, flow = course(planned(main={"a": {"critical": True}, "b": {}}), a=(status, None))
        assert flow.halted == ("critical", Reason("critical_case", name="case a", outcome=status))


@pytest.mark.parametrize(
    ("ended", "or_left_out", "kept"),
    [
        (("passed", None), False, ""),
        (FAILED, False, "dependency"),
        (FAILED, True, "dependency"),
        (LEFT_OUT, False, "dependency"),
        (LEFT_OUT, True, ""),
        (("skipped", "module_condition"), True, ""),
        (MISSING, True, "dependency"),
        (UNCHOSEN, True, "dependency"),
        (("skipped", None), True, "dependency"),
    ],
)
def test_a_dependency_is_met_by_a_pass(ended: Any, or_left_out: bool, kept: str) -> None:
    """Or, where the sequence says so, by a case that does not apply; never by one that something kept from running."""
    accepted = ("main::a",) if or_left_out else ()
    plan = planned(main={"a": {}, "b": {"depends": ("main::a",), "or_left_out": accepted}})
    assert course(plan, a=ended)[0] == {"main::a": "", "main::b": kept}


def test_one_dependency_that_may_be_left_out_excuses_no_other() -> None:
    """`or_left_out` is said of each dependency by itself, and one that never ran is not met."""
    plan = planned(main={"a": {}, "b": {}, "c": {"depends": ("main::a", "main::b"), "or_left_out": ("main::a",)}})
    assert course(plan, a=LEFT_OUT, b=LEFT_OUT)[0]["main::c"] == "dependency"
    assert Flow(plan).failed_dependency(plan.cases["main::c"]) == (
        "dependency",
        Reason("depends", case="main::a", outcome="none"),
    )


def test_the_first_reason_for_a_halt_stays() -> None:
    """Whatever goes wrong later does not hide why the run ended, and a stop is told even then."""
    plan = planned(main={"a": {}, "b": {}}, teardown={"off": {}})
    flow = Flow(plan)
    flow.halt("a driver is gone")
    flow.halt("another one, too")
    flow.stop("Ctrl-C")
    flow.stop("again")
    assert flow.halted == ("run_error", "a driver is gone")
    assert flow.stop_reason == "Ctrl-C"
    assert not flow.interrupted
    assert flow.reason_to_skip(plan.cases["teardown::off"]) is None
    assert not flow.interrupted
    assert flow.reason_to_skip(plan.cases["main::a"]) == flow.halted
    assert flow.interrupted


def test_a_stop_that_cut_nothing_off_changes_no_verdict() -> None:
    """A run is stopped when a case was, or when one did not run for the stop; else it has the verdict of its cases."""
    plan = planned(main={"a": {}}, teardown={"off": {}})
    flow = Flow(plan)
    flow.finished(plan.cases["main::a"], "passed")
    flow.stop("Ctrl-C")
    flow.finished(plan.cases["teardown::off"], "passed")
    assert flow.verdict(broken=False) == ("passed", None)
    assert flow.verdict(broken=True) == ("error", None)
    halted, flow = course(plan, a=STOPPED)
    assert flow.interrupted
    assert flow.verdict(broken=False) == ("stopped", None)
    assert halted["teardown::off"] == ""
    flow = Flow(plan)
    flow.halt("a driver is gone")
    assert flow.reason_to_skip(plan.cases["main::a"]) == flow.halted
    assert not flow.interrupted


def test_a_case_that_never_came_to_its_turn_is_an_error() -> None:
    """A verdict before the end is not that of the cases that happened to run."""
    plan = planned(main={"a": {}, "b": {}})
    flow = Flow(plan)
    flow.finished(plan.cases["main::a"], "passed")
    assert flow.verdict(broken=False) == ("error", None)
    flow.finished(plan.cases["main::b"], "skipped", "condition")
    assert flow.verdict(broken=False) == ("passed", None)
    flow.finished(plan.cases["main::b"], "skipped", "dependency")
    assert flow.verdict(broken=False) == ("skipped", "incomplete")


ROWS = planned(
    setup={"on": {}},
    main={"a": {"tags": ("fast",)}, "r[1]": {"tags": ("fast", "rf")}, "r[2]": {"depends": ("main::a",)}, "rest": {}},
)


@pytest.mark.parametrize(
    ("only", "tags", "chosen"),
    [
        (None, None, None),
        (["main::a"], None, ["main::a"]),
        (["main::r"], None, ["main::r[1]", "main::r[2]"]),
        (["main::r[2]"], None, ["main::r[2]"]),
        (["main"], None, ["main::a", "main::r[1]", "main::r[2]", "main::rest"]),
        (["main::r[2]", "main::a"], None, ["main::a", "main::r[2]"]),
        (None, ["fast"], ["main::a", "main::r[1]"]),
        (None, ["rf", "fast"], ["main::a", "main::r[1]"]),
        (["main::r"], ["fast"], ["main::r[1]"]),
    ],
    ids=str,
)
def test_names_and_tags_choose_cases(only: Any, tags: Any, chosen: list[str] | None) -> None:
    """A case, all rows of one, or a module; of these the ones that have one of the tags; in running order."""
    assert select(ROWS.candidates(), only, tags) == chosen


@pytest.mark.parametrize(
    ("only", "tags", "words"),
    [
        (["main::b"], None, "no case or module named 'main::b': did you mean"),
        (["main::a", "zzzzzz"], None, "no case or module named 'zzzzzz'$"),
        (None, ["slow"], "no case has the tag 'slow'"),
        (None, ["fast", "slow"], "no case has the tag 'slow'"),
        (["main::rest"], ["fast"], "leaves no case to run"),
        ([], None, "no case is chosen"),
    ],
    ids=str,
)
def test_a_selection_of_nothing_is_refused(only: Any, tags: Any, words: str) -> None:
    """A name or tag that no case has is told, and so is a choice that leaves nothing: it would pass untested."""
    with pytest.raises(UnknownSelection, match=words):
        select(ROWS.candidates(), only, tags)


def test_a_selection_takes_what_it_needs_along() -> None:
    """Dependencies of dependencies, setup and teardown modules, and the setup and teardown of their own modules."""
    plan = planned(
        setup={"on": {}},
        main={
            "up": {"group": "setup"},
            "a": {},
            "b": {"depends": ("other::c",)},
            "down": {"group": "teardown"},
        },
        other={"in": {"group": "setup", "depends": ("far::x",)}, "c": {}, "d": {}},
        far={"x": {}, "y": {}},
        teardown={"off": {}},
    )
    wanted = needed(plan, ["main::b", "main::gone"])
    assert wanted == {
        "setup::on",
        "main::up",
        "main::b",
        "main::down",
        "other::in",
        "other::c",
        "far::x",
        "teardown::off",
    }
    flow = Flow(plan, wanted)
    assert [name for name, case in plan.cases.items() if flow.is_selected(case)] == [
        name for name in plan.cases if name in wanted
    ]
    assert flow.reason_to_skip(plan.cases["main::a"]) == NOT_SELECTED
    assert Flow(plan).is_selected(plan.cases["main::a"])
