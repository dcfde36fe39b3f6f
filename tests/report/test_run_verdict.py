"""A verdict must be earned: what the cases of a run must have done for it to pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.exports import exports
from sequencer.report.fold import fold
from sequencer.report.outcome import missing_cases, outcome, verdict_word
from sequencer.terminal.lines import joined
from sequencer.terminal.report_lines import report_lines
from sequencer.vocabulary.status import SKIP_KINDS, CaseOutcome, SkipKind, Status, run_verdict, verdict


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ([], "skipped"),
        (["skipped"], "skipped"),
        (["passed"], "passed"),
        (["passed", "skipped"], "passed"),
        (["passed", "error"], "error"),
        (["passed", "ready"], "error"),
        (["passed", "run"], "error"),
        (["error", "failed", "passed"], "failed"),
        (["failed", "stopped"], "stopped"),
    ],
)
def test_the_worst_part_decides(statuses: list[Status], whole: Status) -> None:
    """Stopped before failed before error; what has no end is an error, and what did not run proves nothing."""
    assert verdict(statuses) == whole
    assert verdict(statuses, stopped=True) == "stopped"
    assert verdict(statuses, broken=True) == (whole if whole in ("failed", "stopped") else "error")
    assert run_verdict(CaseOutcome(status, main=True, skip_kind="condition") for status in statuses) == (
        (whole, "nothing_tested" if whole == "skipped" else None)
    )


kinds: st.SearchStrategy[SkipKind | None] = st.sampled_from([None, *SKIP_KINDS])
passed = st.builds(CaseOutcome, st.just("passed"), st.booleans())
skipped = st.builds(CaseOutcome, st.just("skipped"), st.booleans(), kinds)
bad = st.builds(CaseOutcome, st.sampled_from(["failed", "error", "stopped", "ready", "run"]), st.booleans())

ALLOWED = ("condition", "module_condition", "selection")
PLAN = [
    {"id": "up", "group": "setup", "cases": [{"id": "on"}]},
    {"id": "main", "group": "main", "cases": [{"id": "in", "group": "setup"}, {"id": "a"}, {"id": "b"}]},
]


def run(*said: Event, ended: Event | None = None) -> Any:
    started = events.RunStarted("r", {"name": "Test"}, PLAN, "", {})
    stream = [started, *said, ended or events.RunFinished("passed")]
    return fold((Stamped(seq, 100.0 + seq, event) for seq, event in enumerate(stream, 1)), aborted=True)


def cases(**ended: events.CaseFinished) -> list[Event]:
    said: list[Event] = []
    for name in ("up::on", "main::in", "main::a", "main::b"):
        end = ended.get(name.partition("::")[2]) or events.CaseFinished(name, "passed")
        said += [end] if end.status == "skipped" else [events.CaseStarted(name), end]
    return said


def skip(name: str, kind: SkipKind | None) -> events.CaseFinished:
    return events.CaseFinished(name, "skipped", reason="its condition is false: 1 > 2", skip_kind=kind)


@given(st.lists(passed | skipped, max_size=5), st.lists(bad, max_size=1))
def test_a_run_passes_only_for_what_was_shown(fine: list[CaseOutcome], worse: list[CaseOutcome]) -> None:
    """At least one main case passed, none went wrong, and every skip is one by condition or selection."""
    earned = (
        not worse
        and any(case.main and case.status == "passed" for case in fine)
        and all(case.status == "passed" or case.skip_kind in ALLOWED for case in fine)
    )
    status, untested = run_verdict([*fine, *worse])
    assert (status == "passed") == earned
    assert (untested is not None) == (status == "skipped")


@pytest.mark.parametrize("kind", [*SKIP_KINDS, None])
def test_the_code_of_a_skip_decides_and_not_its_sentence(kind: SkipKind | None) -> None:
    """The same words with another code make another verdict, also when the test process said that the run passed."""
    report = run(*cases(b=skip("main::b", kind)))
    allowed = kind in ALLOWED
    assert outcome(report) == ("passed" if allowed else "incomplete")
    assert missing_cases(report) == ([] if allowed else ["main::b"])


def test_setup_inside_of_a_main_module_is_no_test_of_the_product() -> None:
    """Only main cases of main modules count; the word says that none passed."""
    report = run(*cases(a=skip("main::a", "condition"), b=skip("main::b", "selection")))
    assert (report["status"], verdict_word(report)) == ("skipped", "NOTHING TESTED")


def test_the_test_process_must_agree() -> None:
    """It knows what its events do not tell: what it does not call passed is not passed."""
    assert outcome(run(*cases(), ended=events.RunFinished("skipped"))) == "incomplete"
    assert outcome(run(*cases(), ended=events.RunFinished("error"))) == "error"


def test_a_run_that_died_is_never_complete() -> None:
    """Whatever its cases did until then."""
    started = events.RunStarted("r", {"name": "Test"}, PLAN, "", {})
    stream = [Stamped(seq, 100.0, event) for seq, event in enumerate([started, *cases()], 1)]
    report = fold(stream, aborted=True)
    assert (report["status"], report["untested"]) == ("error", None)


def test_old_reports_keep_what_they_say() -> None:
    """A report of an earlier version has neither code: a passed one stays passed, a skipped one tested nothing."""
    report = run(*cases())
    del report["untested"]
    assert verdict_word(report) == "PASS"
    report["status"] = "skipped"
    assert verdict_word(report) == "NOTHING TESTED"


def test_one_word_stands_everywhere() -> None:
    """Terminal, page to print and CI server read the same verdict, and whom it lacks."""
    report = run(*cases(b=skip("main::b", "dependency")))
    shown = joined(report_lines(report), colour=False)
    assert "verdict   INCOMPLETE" in shown and "main::b" in shown.partition("missing")[2]
    assert "<title>INCOMPLETE Test</title>" in exports()["html"].write(report)
    assert 'message="the verdict of the run is INCOMPLETE"' in exports()["junit"].write(report)
    assert '"untested": "incomplete"' in exports()["json"].write(report)
