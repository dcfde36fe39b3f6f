"""What is counted of the runs of a store: as the panel does it, in an index of its own that follows the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sequencer.figures import history
from sequencer.figures.follow import follow
from sequencer.figures.history import SeriesName, SeriesPoint, Statistics
from sequencer.figures.index import FiguresIndex
from sequencer.store.base import ANY, RunFilter, Store
from sequencer.store.shift import ShiftCounts


def statistics(store: Store, runs: RunFilter = ANY) -> Statistics:
    """Yield, first-pass yield and failures by case."""
    return statistics_of(store, [runs])[0]


def statistics_of(store: Store, wanted: list[RunFilter]) -> list[Statistics]:
    """Those of each of these filters."""
    with FiguresIndex(None) as index:
        follow(index, store)
        return [history.statistics(index.ask, runs) for runs in wanted]


def shift_counts(store: Store) -> Callable[[RunFilter], ShiftCounts]:
    """What a panel's counter of the shift asks."""

    def ask(runs: RunFilter) -> ShiftCounts:
        with FiguresIndex(None) as index:
            follow(index, store)
            return history.shift_counts(index.ask, runs)

    return ask


def series(store: Store, case: str, measurement: str, runs: RunFilter = ANY, **more: Any) -> list[SeriesPoint]:
    """A measurement's values, oldest first."""
    with FiguresIndex(None) as index:
        follow(index, store)
        return history.series(index.ask, case, measurement, runs, **more)


def series_names(store: Store, sequence: str | None = None) -> list[SeriesName]:
    """Which measurements there are."""
    with FiguresIndex(None) as index:
        follow(index, store)
        return history.series_names(index.ask, sequence)
