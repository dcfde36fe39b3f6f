"""The shift that is being worked at a stand, and what was tested in it: pure but for the store's answers.

A shift goes from one of the stand's shift times to the next one; without such times it is the day. A run is part of the
shift in which it began. What counts, and which run of a unit is its first, is the same as for yield
(:mod:`sequencer.store.base`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import NamedTuple

from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, RunSummary, Store
from sequencer.store.facts import summary

HOUR = 3600.0
LEAST_SECONDS = 600.0
"""A rate that was taken over a shorter time says nothing."""
_DAYS = (-2, -1, 0, 1, 2)
"""Around today: a zone may leave a whole day out."""


class Shift(NamedTuple):
    """``since <= time < until``, in Unix seconds."""

    since: float
    until: float


def shift_at(now: float, begins: Sequence[str] = (), zone: tzinfo | None = None) -> Shift:
    """The shift that ``now`` (Unix seconds) lies in; ``begins`` are times of day as ``06:00``.

    ``zone``: where these times are told; ``None`` is this machine's. Where clocks are put back, a time that comes twice
    begins a shift once; where they are put forward, one that is left out does so when it would have come.
    """
    times = [time.fromisoformat(begin) for begin in begins] or [time()]
    today = datetime.fromtimestamp(now, zone).date()
    edges = {datetime.combine(today + timedelta(day), at, zone).timestamp() for day in _DAYS for at in times}
    return Shift(max(edge for edge in edges if edge <= now), min(edge for edge in edges if edge > now))


class ShiftCounts(NamedTuple):
    """``tested`` judged runs, of which ``passed`` passed; ``first_passed`` of ``units`` in their first judged run ever.

    A unit is part of the shift that this first run of it lies in.
    """

    tested: int = 0
    passed: int = 0
    units: int = 0
    first_passed: int = 0


def fold_counts(runs: Iterable[RunSummary], wanted: RunFilter) -> ShiftCounts:
    """What the figures say of ``wanted`` in a store of these runs alone."""
    judged = sorted((run for run in runs if run.judged), key=lambda run: (run.start_time, run.id))
    first: dict[tuple[str, str | None, str], RunSummary] = {}
    for run in judged:
        if run.serial_number is not None:
            first.setdefault((run.sequence, run.part_number, run.serial_number), run)
    meant = [run for run in judged if wanted.matches(run)]
    units = [run for run in first.values() if wanted.matches(run)]
    return ShiftCounts(len(meant), _passed(meant), len(units), _passed(units))


def _passed(runs: Sequence[RunSummary]) -> int:
    return sum(run.status == "passed" for run in runs)


def counts_of(
    store: Store,
    stored: Callable[[RunFilter], ShiftCounts],
    wanted: RunFilter,
    waiting: Sequence[RunReport] = (),
) -> ShiftCounts:
    """The counts of ``wanted`` in the store and in the reports that wait for it.

    ``stored`` knows those of all that is stored. Each unit counts for itself: of those that reports are
    waiting of, what their stored runs make is replaced by what all their runs make.
    Raises :class:`sequencer.store.base.StoreError`.
    """
    total = stored(wanted)
    if not waiting:
        return total
    late = {run.id: run for run in map(summary, waiting)}
    known = {run.id: run for run in _stored(store, late.values())}
    more, less = fold_counts({**known, **late}.values(), wanted), fold_counts(known.values(), wanted)
    return ShiftCounts(
        tested=total.tested + more.tested - less.tested,
        passed=total.passed + more.passed - less.passed,
        units=total.units + more.units - less.units,
        first_passed=total.first_passed + more.first_passed - less.first_passed,
    )


def _stored(store: Store, late: Collection[RunSummary]) -> Iterator[RunSummary]:
    """The stored runs of the units that these runs are of; of a run without a serial number itself."""
    serial_numbers = {run.serial_number for run in late if run.serial_number is not None}
    for serial_number in serial_numbers:
        cursor: str | None = None
        while True:
            page = store.find(RunFilter(serial_number=serial_number), limit=500, cursor=cursor)
            yield from page.runs
            if (cursor := page.next) is None:
                break
    for run in late:
        if run.serial_number is None and (report := store.get(run.id)) is not None:
            yield summary(report)


def last_hour(now: float, shift: Shift) -> float:
    """Since when the pace of ``shift`` is taken: an hour ago, or since it began."""
    return max(shift.since, now - HOUR)


def per_hour(passed: int, seconds: float) -> float | None:
    """Units in an hour; ``None`` when the time is too short to say."""
    return passed * HOUR / seconds if seconds >= LEAST_SECONDS else None
