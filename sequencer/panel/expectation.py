"""How long a run is going to take, from the runs before it."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from sequencer.store.base import RunFilter, Store
from sequencer.vocabulary.report import CaseReport, RunReport


def passed_runs(store: Store, sequence: str, most: int) -> list[RunReport]:
    """The newest whole and real runs of the sequence that passed, oldest first. Raises ``StoreError``."""
    page = store.find(RunFilter(sequence=sequence, verdict="passed"), limit=most)
    reports = [store.get(summary.id) for summary in page.runs if summary.counted]
    return [report for report in reversed(reports) if report is not None]


def expected_seconds(reports: Iterable[RunReport]) -> dict[str, float]:
    """The median duration of each case (``module::case``) over the reports, in seconds.

    A case that passed took from its first attempt's start to its last one's stop. One that a whole run left out (its
    ``if``) took no time: without it nothing could be said of the runs in which it is left out again.
    """
    seen: dict[str, list[float]] = {}
    for report in reports:
        whole = report["status"] == "passed" and report["selection"] is None
        for module in report["modules"]:
            for case in module["cases"]:
                seconds = _seconds(case, whole)
                if seconds is not None:
                    seen.setdefault(f"{module['id']}::{case['id']}", []).append(seconds)
    return {name: round(median(durations), 3) for name, durations in seen.items()}


def _seconds(case: CaseReport, whole: bool) -> float | None:
    start, stop = case["start_time"], case["stop_time"]
    if case["status"] == "passed" and start is not None and stop is not None:
        return max(0.0, stop - start)
    return 0.0 if whole and case["status"] == "skipped" else None
