"""Yield and failures by case from CouchDB's views: sums that the server keeps, read for any time and filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sequencer.store.base import CaseFailures, RunFilter, RunSummary, Statistics
from sequencer.store.couchdb.client import Couch
from sequencer.store.couchdb.design import RUNS, YIELD, group_key, time_range
from sequencer.store.couchdb.history import History
from sequencer.store.couchdb.units import Units
from sequencer.store.spans import cover

_STATUSES = ("passed", "failed", "error", "stopped", "skipped")
_FAILURE_STATUSES = ("failed", "error", "stopped")


def statistics(couch: Couch, name: str, history: History, units: Units, runs: RunFilter) -> Statistics:
    """See :meth:`sequencer.store.base.Store.statistics`."""
    if runs.serial_number is not None:
        return _of_product(history, runs)
    rows = history.view(YIELD, "counts", **time_range(runs))
    *counts, seconds = rows[0]["value"] if rows else [0] * 6
    firsts = units.firsts(runs)
    return _total(runs.verdict, counts, seconds, firsts, _failures(history, runs))


def _total(
    verdict: str | None, counts: Sequence[int], seconds: float, firsts: Sequence[int], failures: Counter[str]
) -> Statistics:
    """Puts the parts together; a chosen verdict leaves the others out."""
    by_status = {status: count for status, count in zip(_STATUSES, counts, strict=True) if verdict in (None, status)}
    units = {status: count for status, count in zip(_STATUSES, firsts, strict=False) if verdict in (None, status)}
    return Statistics(
        **by_status,
        units=sum(units.values()),
        first_passed=units.get("passed", 0),
        passed_seconds=float(seconds) if "passed" in by_status else 0.0,
        failures=ranked(failures),
    )


def ranked(failures: Counter[str]) -> tuple[CaseFailures, ...]:
    """Most frequent first."""
    found = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CaseFailures(case, runs) for case, runs in found if runs > 0)


def _failures(history: History, runs: RunFilter) -> Counter[str]:
    """Whole days from the sums; of a day of which only a part is meant, from its runs."""
    total: Counter[str] = Counter()
    group = group_key(runs)
    chosen = [index for index, status in enumerate(_FAILURE_STATUSES) if runs.verdict in (None, status)]
    cut = cover(runs.since, runs.until)
    if runs.since is None and runs.until is None:
        bounds = {"startkey": [*group, "ever"], "endkey": [*group, "ever", {}]}
    else:
        # Days are numbers, which sort behind null and before any text: "" is behind the last day.
        bounds = {"startkey": [*group, cut.first_day], "endkey": [*group, "" if cut.end_day is None else cut.end_day]}
    for row in history.view(YIELD, "failures", group=True, **bounds):
        total[row["key"][-1]] += sum(row["value"][index] for index in chosen)
    for since, until in cut.edges:
        part = history.all(runs._replace(since=since, until=until))
        total += _failed_cases(history, [run for run in part if run.counted])
    return total


def _failed_cases(history: History, runs: list[RunSummary]) -> Counter[str]:
    ids = [run.id for run in runs if run.status != "passed"]
    rows = history.view(RUNS, "failed_cases", keys=ids) if ids else []
    return Counter(name for row in rows for name in row["value"])


def _of_product(history: History, runs: RunFilter) -> Statistics:
    """One product has few runs: they are read, all of them, since its first run may lie outside the chosen time."""
    everything = [run for run in history.all(RunFilter(serial_number=runs.serial_number)) if run.counted]
    first: dict[tuple[str, str | None], RunSummary] = {}
    for run in reversed(everything):
        if run.judged:
            first.setdefault((run.sequence, run.part_number), run)
    chosen = [run for run in everything if runs.matches(run)]
    counts = Counter(run.status for run in chosen)
    firsts = Counter(run.status for run in first.values() if runs.matches(run))
    seconds = sum((run.stop_time or run.start_time) - run.start_time for run in chosen if run.status == "passed")
    return _total(
        None,
        [counts[status] for status in ("passed", "failed", "error", "stopped", "skipped")],
        seconds,
        [firsts[status] for status in ("passed", "failed", "error")],
        _failed_cases(history, chosen),
    )
