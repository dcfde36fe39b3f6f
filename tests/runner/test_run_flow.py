"""Which cases run: order, setup, critical, on_fail, depends, conditions, selection; teardown always."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.protocol.request import RunRefused, StartRequest
from sequencer.report.event import CaseFinished


def test_order_is_setup_main_teardown_on_both_levels(project: Any, execute: Callable[..., Any]) -> None:
    """Modules by group then as written, within a module setup cases first and teardown cases last."""
    p = project
    p.module("last", p.case("z"), group="teardown")
    p.module("b", p.case("down", group="teardown"), p.case("one"), p.case("up", group="setup"), p.case("two"))
    p.module("a", p.case("one"))
    p.module("first", p.case("x"), group="setup")
    outcome = execute()
    assert list(outcome.statuses) == ["first::x", "b::up", "b::one", "b::two", "b::down", "a::one", "last::z"]
    assert set(outcome.statuses.values()) == {"passed"}
    started = [each.event.case for each in outcome.events if type(each.event).__name__ == "CaseStarted"]
    assert started == list(outcome.statuses)


def test_a_failed_setup_module_skips_main_but_not_teardown(project: Any, execute: Callable[..., Any]) -> None:
    """Main modules are skipped with the reason; their teardown cases and the teardown modules run."""
    p = project
    p.module("up", p.case("bad", p.call("boom")), p.case("next"), group="setup")
    p.module("main", p.case("a"), p.case("down", group="teardown"))
    p.module("end", p.case("off"), group="teardown")
    outcome = execute()
    assert outcome.statuses == {
        "up::bad": "error",
        "up::next": "passed",
        "main::a": "skipped",
        "main::down": "passed",
        "end::off": "passed",
    }
    assert outcome.cases["main::a"]["reason"] == "setup module 'up' failed"


def test_a_failed_setup_case_skips_its_module_alone(project: Any, execute: Callable[..., Any]) -> None:
    """The main cases of that module are skipped, other modules run."""
    p = project
    p.module("main", p.case("up", p.call("boom"), group="setup"), p.case("a"), p.case("down", group="teardown"))
    p.module("other", p.case("b"))
    statuses = execute().statuses
    assert statuses == {"main::up": "error", "main::a": "skipped", "main::down": "passed", "other::b": "passed"}


@pytest.mark.parametrize("how", [{"critical": True}, {"on_fail": "stop"}])
def test_a_case_that_matters_ends_the_run(project: Any, execute: Callable[..., Any], how: dict[str, Any]) -> None:
    """After a failed critical case, or one with on_fail stop, only teardown runs."""
    p = project
    p.module("main", p.case("a", p.call("boom"), **how), p.case("b"), p.case("down", group="teardown"))
    p.module("other", p.case("c"))
    p.module("end", p.case("off"), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["error", "skipped", "passed", "skipped", "passed"]
    assert "a" in outcome.cases["other::c"]["reason"]


def test_the_sequence_may_stop_at_the_first_failure(project: Any, execute: Callable[..., Any]) -> None:
    """on_fail stop of the sequence holds for every case that does not say otherwise."""
    p = project
    p.sequence(on_fail="stop")
    p.module("main", p.case("a", p.call("boom"), on_fail="continue"), p.case("b", p.call("boom")), p.case("c"))
    assert list(execute().statuses.values()) == ["error", "error", "skipped"]


@pytest.mark.parametrize("where", ["case", "module"])
def test_what_is_critical_and_does_not_apply_takes_nothing_with_it(
    project: Any, execute: Callable[..., Any], where: str
) -> None:
    """A critical case, or a case of a critical module, that its own `if` left out is not missing."""
    p = project
    p.module("main", p.case("a", when="1 > 2", critical=where == "case"), p.case("b"), critical=where == "module")
    p.module("other", p.case("c"))
    outcome = execute()
    assert list(outcome.statuses.values()) == ["skipped", "passed", "passed"]
    assert (outcome.cases["main::a"]["skip_kind"], outcome.report["status"]) == ("condition", "passed")


def test_a_critical_module_that_does_not_apply_takes_nothing_with_it(project: Any, execute: Callable[..., Any]) -> None:
    """Its `if` leaves all of it out, critical cases too."""
    p = project
    p.module("option", p.case("a", critical=True), p.case("b"), critical=True, when="1 > 2")
    p.module("other", p.case("c"))
    outcome = execute()
    assert list(outcome.statuses.values()) == ["skipped", "skipped", "passed"]
    assert (outcome.cases["option::a"]["skip_kind"], outcome.report["status"]) == ("module_condition", "passed")


@pytest.mark.parametrize("where", ["case", "module"])
def test_what_is_critical_and_was_kept_from_running_ends_the_run(
    project: Any, execute: Callable[..., Any], where: str
) -> None:
    """Nothing follows without it, whatever it was that kept it from running."""
    p = project
    p.module("first", p.case("option", when="1 > 2"), p.case("good"))
    critical = p.case("a", depends=["first::option"], critical=where == "case")
    p.module("main", critical, p.case("b"), p.case("down", group="teardown"), critical=where == "module")
    p.module("other", p.case("c"))
    outcome = execute()
    assert list(outcome.statuses.values()) == ["skipped", "passed", "skipped", "skipped", "passed", "skipped"]
    assert [outcome.cases[name]["skip_kind"] for name in ("main::a", "main::b", "other::c")] == [
        "dependency",
        "critical",
        "critical",
    ]
    assert (outcome.report["status"], outcome.report["untested"]) == ("skipped", "incomplete")
    assert exit_code(outcome.report) == 1


def test_a_failure_in_a_critical_module_ends_that_module_too(project: Any, execute: Callable[..., Any]) -> None:
    """What is left of the module is skipped, and all that follows; the teardown of both runs."""
    p = project
    p.module("main", p.case("a", p.call("boom")), p.case("b"), p.case("down", group="teardown"), critical=True)
    p.module("other", p.case("c"), p.case("down", group="teardown"))
    p.module("end", p.case("off"), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["error", "skipped", "passed", "skipped", "passed", "passed"]
    assert outcome.cases["main::b"]["reason"] == "critical module 'main' had an error"


def test_a_pass_must_be_earned(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """Setup and teardown that passed prove nothing about the product; plain pytest does not say success either."""
    p = project
    p.module("up", p.case("on"), group="setup")
    p.module("main", p.case("own", group="setup"), p.case("left_out", when="1 > 2"), p.case("down", group="teardown"))
    p.module("off", p.case("off"), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "passed", "skipped", "passed", "passed"]
    assert (outcome.report["status"], outcome.report["untested"]) == ("skipped", "nothing_tested")
    assert exit_code(outcome.report) == 1
    result = plain()
    assert result.returncode == 1
    assert "NOTHING TESTED" in result.stdout


def test_a_teardown_that_was_kept_from_running_is_missing(
    project: Any, execute: Callable[..., Any], plain: Any
) -> None:
    """The power stays on because an optional setup case did not apply: that is no pass."""
    p = project
    p.module("up", p.case("on"), p.case("calibrate", when="1 > 2"), group="setup")
    p.module("main", p.case("a"))
    p.module("off", p.case("off", depends=["up::on", "up::calibrate"]), group="teardown")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "skipped", "passed", "skipped"]
    assert (outcome.report["status"], outcome.report["untested"]) == ("skipped", "incomplete")
    result = plain()
    assert result.returncode == 1
    assert "INCOMPLETE" in result.stdout


def test_only_setup_was_chosen(project: Any, execute: Callable[..., Any]) -> None:
    """A selection without a main case tests nothing."""
    p = project
    p.module("up", p.case("on"), group="setup")
    p.module("main", p.case("a"))
    outcome = execute(only=["up::on"])
    assert outcome.report["untested"] == "nothing_tested"


def test_depends_skips_unless_everything_named_passed(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """In a run and in plain pytest alike, and along a chain."""
    p = project
    p.module(
        "main",
        p.case("good"),
        p.case("bad", p.call("boom")),
        p.case("on_good", depends=["main::good"]),
        p.case("on_both", depends=["main::good", "main::bad"]),
        p.case("on_skipped", depends=["main::on_both"]),
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "error", "passed", "skipped", "skipped"]
    assert outcome.cases["main::on_both"]["reason"] == "depends on main::bad, which had an error"
    assert outcome.cases["main::on_both"]["attempts"] == []
    assert "1 failed, 2 passed, 2 skipped" in plain().stdout


ASKED = """\
import os
bench.log(f"{case.full_name} {os.environ.get('PYTEST_CURRENT_TEST')}")
"""


def test_pytest_goes_through_its_protocol_only_where_a_plugin_listens(
    project: Any, execute: Callable[..., Any], plain: Any
) -> None:
    """A case that has to do with a dependency is told to pytest-dependency; of any other nobody wants to hear, and
    pytest's hooks and reports would take as long as all else. Plain pytest prints each."""
    p = project
    p.module("main", p.case("a", ASKED), p.case("b", ASKED, depends=["main::a"]), p.case("c", ASKED))
    outcome = execute()
    assert set(outcome.statuses.values()) == {"passed"}
    told = "main::{0} test_main.py::test_{0} (call)"
    assert [line for line in p.logged if "main" in line] == [told.format("a"), told.format("b"), "main::c None"]
    plain()
    assert told.format("c") in p.logged


def test_a_dependency_may_be_left_out(project: Any, execute: Callable[..., Any], plain: Any) -> None:
    """What its own `if` or its module's leaves out is enough then; what failed or was skipped because of it is not."""
    p = project
    p.module("option", p.case("a"), when="1 > 2")
    p.module(
        "main",
        p.case("flash", when="1 > 2"),
        p.case("needs", depends=["main::flash"]),
        p.case("can_do_without", or_left_out=["main::flash", "option::a"]),
        p.case("needs_more", or_left_out=["main::needs"]),
        p.case("needs_both", depends=["main::needs"], or_left_out=["main::flash"]),
        p.case("bad", p.call("boom"), when="2 > 1"),
        p.case("after_bad", or_left_out=["main::bad"]),
        p.case("after_good", or_left_out=["main::can_do_without"]),
    )
    outcome = execute()
    ended = {name.partition("::")[2]: status for name, status in outcome.statuses.items() if name.startswith("main")}
    assert ended == {
        "flash": "skipped",
        "needs": "skipped",
        "can_do_without": "passed",
        "needs_more": "skipped",
        "needs_both": "skipped",
        "bad": "error",
        "after_bad": "skipped",
        "after_good": "passed",
    }
    assert outcome.cases["main::needs_more"]["reason"] == "depends on main::needs, which was skipped"
    assert outcome.cases["main::needs_more"]["skip_kind"] == "dependency"
    assert "1 failed, 2 passed, 6 skipped" in plain().stdout


def test_a_selection_takes_what_may_be_left_out_along(project: Any, execute: Callable[..., Any]) -> None:
    """An optional dependency runs when it applies, also in a partial run."""
    p = project
    p.module("main", p.case("flash"), p.case("other"), p.case("loop", or_left_out=["main::flash"]))
    outcome = execute(only=["main::loop"])
    assert list(outcome.statuses.values()) == ["passed", "skipped", "passed"]
    assert outcome.report["status"] == "passed"


def test_a_teardown_in_a_new_process_knows_what_was_left_out(project: Any, execute: Callable[..., Any]) -> None:
    """The process that died knew why the setup case was skipped; the one that takes over knows it too."""
    p = project
    p.module("up", p.case("calibrate", when="1 > 2"), p.case("needs", depends=["up::calibrate"]), group="setup")
    p.module("main", p.case("a", p.call("vanish")))
    p.module(
        "off",
        p.case("off", or_left_out=["up::calibrate"]),
        p.case("never", or_left_out=["up::needs"]),
        group="teardown",
    )
    outcome = execute()
    assert list(outcome.statuses.values()) == ["skipped", "skipped", "error", "passed", "skipped"]


def test_conditions_leave_out_and_bad_ones_are_errors(project: Any, execute: Callable[..., Any]) -> None:
    """A false condition of case or module skips; one that is no boolean or raises is an error at the `if`."""
    p = project
    p.sequence(params={"kind": {"type": "string", "default": "A", "required": False}})
    p.module("main", p.case("yes", when="params.kind == 'A'"), p.case("no", when="params.kind == 'B'"))
    p.module("none", p.case("left_out"), when="params.kind == 'B'")
    p.module("odd", p.case("number", when="1 + 1"), p.case("unknown", when="nobody > 1", when_place="s.yaml:8:13"))
    p.module("worse", p.case("a", when="2 > 1", when_place="s.yaml:9:13"), when="nobody", when_place="s.yaml:9:1")
    outcome = execute()
    assert list(outcome.statuses.values()) == ["passed", "skipped", "skipped", "error", "error", "error"]
    assert outcome.failures("odd::number")[0]["place"] == "s.yaml:odd:number"
    assert outcome.failures("odd::unknown")[0]["place"] == "s.yaml:8:13"
    assert outcome.failures("worse::a")[0]["place"] == "s.yaml:9:1"
    assert outcome.cases["main::no"]["reason"] == "its condition is false: params.kind == 'B'"


def test_a_selection_runs_what_it_needs(project: Any, execute: Callable[..., Any]) -> None:
    """The chosen case, what it depends on, setup and teardown; the rest is skipped and the run says it was partial."""
    p = project
    p.module("up", p.case("x"), group="setup")
    p.module("main", p.case("a"), p.case("b", depends=["main::a"]), p.case("c", critical=True), p.case("d"))
    p.module("other", p.case("e"), p.case("down", group="teardown"))
    p.module("end", p.case("off"), group="teardown")
    outcome = execute(only=["main::b"])
    skipped = {name for name, status in outcome.statuses.items() if status == "skipped"}
    assert skipped == {"main::c", "main::d", "other::e", "other::down"}
    assert outcome.cases["main::c"]["reason"] == "not selected"
    assert {outcome.cases[name]["skip_kind"] for name in skipped} == {"selection"}
    assert outcome.report["selection"] == ["main::b"]
    assert outcome.report["status"] == "passed"


def test_tags_select_and_unknown_names_are_refused(project: Any, execute: Callable[..., Any]) -> None:
    """A tag keeps its cases; a name that nothing has starts no run and leaves no journal."""
    p = project
    p.module("main", p.case("a", tags=["quick"]), p.case("b"))
    assert list(execute(tags=["quick"]).statuses.values()) == ["passed", "skipped"]
    journals = list(p.state.journals.iterdir())
    with pytest.raises(RunRefused, match="no case or module named 'main::x'"):
        execute(only=["main::x"])
    assert list(p.state.journals.iterdir()) == journals


@pytest.mark.slow
def test_parameters_are_typed_and_checked_before_anything_runs(
    project: Any, execute: Callable[..., Any], plain: Any
) -> None:
    """The expression sees a number, a bad or missing one refuses the run, and plain pytest takes --arg."""
    p = project
    p.sequence(params={"volts": {"type": "number", "maximum": 10.0}})
    p.module("main", p.case("a", "Check(case, 's.yaml:5:1', 'params.volts == 4.5').run()"))
    assert execute(params={"volts": "4.5"}).report["status"] == "passed"
    for params in ({"volts": "11"}, {"volts": "much"}, {}, {"volts": "1", "amps": "1"}):
        with pytest.raises(RunRefused, match="parameter"):
            execute(params=params)
    assert plain("--arg", "volts=4.5").returncode == 0
    refused = plain()
    assert refused.returncode == 4
    assert "parameter 'volts' is required" in refused.stderr


def test_what_drivers_print_stands_where_it_was_printed(project: Any, make_run: Callable[..., Any]) -> None:
    """Between the ends of the cases around it, whichever pipe is quicker."""
    p = project
    talk = "print('in', case.full_name, flush=True)"
    p.module("main", *(p.case(f"c{number}", talk) for number in range(30)))
    told: list[str] = []

    def listen(stamped: Any) -> None:
        if isinstance(stamped.event, CaseFinished):
            told.append(stamped.event.case)

    run = make_run(listen, output=told.append)
    run.start(StartRequest())
    assert run.wait(60)["status"] == "passed"
    names = [f"main::c{number}" for number in range(30)]
    assert told == [text for name in names for text in (f"in {name}", name)]
