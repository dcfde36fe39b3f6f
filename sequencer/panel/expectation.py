"""How long a run is going to take, from the runs before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from sequencer.report.model import CaseReport, RunReport
from sequencer.store.base import RunFilter, Store


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
