"""What pages show of a run before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import eq, itemgetter

from sequencer.report.cases import new_case, new_module
from sequencer.report.event import PlanEntry, RunStarted
from sequencer.report.fold import new_run
from sequencer.report.model import CaseReport, RunReport
from sequencer.store.base import RunFilter, Store

_module_parts = itemgetter("id", "name", "group", "description")
_case_parts = itemgetter("id", "name", "group", "description", "place")


def same_plan(one: RunReport, other: RunReport) -> bool:
    """Whether pages show the same of both before they begin, apart from the runs themselves."""
    return len(one["modules"]) == len(other["modules"]) and all(
        _module_parts(mine) == _module_parts(yours)
        and len(mine["cases"]) == len(yours["cases"])
        and all(map(eq, map(_case_parts, mine["cases"]), map(_case_parts, yours["cases"])))
        for mine, yours in zip(one["modules"], other["modules"], strict=True)
    )


def planned(sequence: Mapping[str, object], modules: Iterable[PlanEntry]) -> RunReport:
    """A report in which nothing has begun, from the parts of ``RunStarted``."""
    report = new_run(RunStarted("", dict(sequence), [], "", {}), 0.0)
    report["status"] = "ready"
    for plan in modules:
        module = new_module(dict(plan))
        module["cases"] = [new_case(dict(case)) for case in plan.get("cases") or ()]
        report["modules"].append(module)
    return report


def past_seconds(store: Store, sequence: str, most: int) -> list[dict[str, float]]:
    """``case_seconds`` of the newest whole and real runs of the sequence that passed, oldest first.

    Raises ``StoreError``.
    """
    page = store.find(RunFilter(sequence=sequence, verdict="passed"), limit=most)
    reports = (store.get(summary.id) for summary in reversed(page.runs) if summary.counted)
    return [case_seconds(report) for report in reports if report is not None]


def case_seconds(report: RunReport) -> dict[str, float]:
    """How long each case (``module::case``) took that tells anything of the next run.

    A case that passed took from its first attempt's start to its last one's stop. One that a whole run left out (its
    ``if``) took no time: without it nothing could be said of the runs in which it is left out again.
    """
    whole = report["status"] == "passed" and report["selection"] is None
    return {
        f"{module['id']}::{case['id']}": seconds
        for module in report["modules"]
        for case in module["cases"]
        if (seconds := _seconds(case, whole)) is not None
    }


def expected_seconds(runs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The median duration of each case over the ``case_seconds`` of runs."""
    # Imported here: a run whose page nobody opens expects nothing.
    from statistics import median

    seen: dict[str, list[float]] = {}
    for run in runs:
        for name, seconds in run.items():
            seen.setdefault(name, []).append(seconds)
    return {name: round(median(durations), 3) for name, durations in seen.items()}


def _seconds(case: CaseReport, whole: bool) -> float | None:
    start, stop = case["start_time"], case["stop_time"]
    if case["status"] == "passed" and start is not None and stop is not None:
        return max(0.0, stop - start)
    return 0.0 if whole and case["status"] == "skipped" else None
