"""What runs after what happened, for any plan and any outcome."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sequencer.runtime.flow import Flow, needed
from sequencer.runtime.plan import Plan, PlannedCase, PlannedModule

groups = st.sampled_from(["setup", "main", "teardown"])
statuses = st.sampled_from(["passed", "failed", "error", "skipped", "stopped"])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
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
    return Plan({}, modules, {}, cases)


@given(plans(), st.data())
def test_teardown_runs_whatever_happened(plan: Plan, data: Any) -> None:
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
def test_a_selection_is_closed(plan: Plan, data: Any) -> None:
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
def test_a_failed_setup_is_never_followed_by_main(plan: Plan, data: Any) -> None:
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
