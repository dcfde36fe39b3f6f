"""Takes the reports of old runs out of a store: what counts of them stays there, condensed, and so in the figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Set
from dataclasses import field

from sequencer.figures.condensed import condensed
from sequencer.figures.rows import rows_of
from sequencer.report.after_run import left_to_do
from sequencer.report.model import RunReport
from sequencer.report.reader import read_report
from sequencer.store.base import PrunedRun, RunFilter, RunSummary, Store, StoredRun, StoreError, StoreUnavailable
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import ReasonOrText

BATCH = 100
"""Runs that go at once."""


@dataclass(slots=True)
class Pruning:
    """What of the old runs goes (``pruned``: is gone) and what stays.

    It stays as it did not pass (``kept``), still has to go somewhere (``undelivered``), is not at the factory
    (``not_copied``), has steps after it that are still to be carried out (``after_run``), is the ``newest`` of all, or
    cannot be read, with the reason. ``first`` and ``last``: when those that go began (Unix seconds).
    """

    going: int = 0
    pruned: int = 0
    kept: int = 0
    undelivered: int = 0
    not_copied: int = 0
    after_run: int = 0
    newest: int = 0
    unreadable: dict[str, ReasonOrText] = field(default_factory=dict)
    first: float | None = None
    last: float | None = None


def prune(
    store: Store,
    before: float,
    *,
    keep_failed: bool,
    undelivered: Callable[[], Set[str]],
    dry_run: bool,
    told: Callable[[Pruning], object] = lambda pruning: None,
) -> Pruning:
    """Prunes the runs that began before this time; with ``dry_run`` it only counts them. ``told`` hears of each batch.

    ``undelivered`` says which reports still have to go somewhere; it is asked for each batch. Killed at any instant
    each run is whole or pruned, and the next call goes on. Raises ``StoreError``, also where this user may not do it.
    """
    pruning = Pruning()
    newest = store.find(limit=1).runs
    for page in _pages(store, before):
        waiting = undelivered()
        wanted = [run for run in page if _may_go(run, pruning, keep_failed, waiting, newest)]
        wanted = _copied(store, wanted, pruning)
        going = _condensed(store, wanted, pruning)
        pruning.going += len(going)
        ids = {run.id for run in going}
        times = [run.start_time for run in wanted if run.id in ids]
        pruning.first = min([*times, *([] if pruning.first is None else [pruning.first])], default=None)
        pruning.last = max([*times, *([] if pruning.last is None else [pruning.last])], default=None)
        if going and not dry_run:
            pruning.pruned += store.prune(going)
        told(pruning)
    return pruning


def _pages(store: Store, before: float) -> Iterator[list[RunSummary]]:
    cursor: str | None = None
    while True:
        page = store.find(RunFilter(until=before), limit=BATCH, cursor=cursor)
        yield page.runs
        if (cursor := page.next) is None:
            return


def _may_go(
    run: RunSummary, pruning: Pruning, keep_failed: bool, undelivered: Set[str], newest: list[RunSummary]
) -> bool:
    if keep_failed and run.status != "passed":
        pruning.kept += 1
    elif run.id in undelivered:
        pruning.undelivered += 1
    elif newest and run.id == newest[0].id:
        pruning.newest += 1
    else:
        return True
    return False


def _copied(store: Store, runs: list[RunSummary], pruning: Pruning) -> list[RunSummary]:
    """Those that the factory has, where there is one."""
    there = store.at_factory([run.id for run in runs]) if runs else None
    if there is None:
        return runs
    found = [run for run in runs if run.id in there]
    pruning.not_copied += len(runs) - len(found)
    return found


def _condensed(store: Store, runs: list[RunSummary], pruning: Pruning) -> list[PrunedRun]:
    found: list[PrunedRun] = []
    for stored in store.stored([run.id for run in runs]):
        try:
            report = stored.read()
            if left_to_do(report):  # who tries them again needs the report
                pruning.after_run += 1
            else:
                found.append(_pruned(stored, report))
        except StoreUnavailable:
            raise
        except StoreError as error:
            pruning.unreadable[stored.id] = error.reason
    return found


def _pruned(stored: StoredRun, report: RunReport) -> PrunedRun:
    try:
        rows = rows_of(report)
    except (LookupError, TypeError, AttributeError, ValueError):
        rows = rows_of(read_report(report))
    return PrunedRun(stored.id, stored.digest, condensed(rows, time.time()))
