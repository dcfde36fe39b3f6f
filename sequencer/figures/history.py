"""What the history's first calls ask, which stay as they are: counts and yield, a measurement's values, and its name.

A *unit* belongs to the time, stand and so on of its first judged run ever, as everywhere in the figures.
"""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures.cells import known, number, numbers, real, text
from sequencer.figures.scope import Ask
from sequencer.store.base import RunFilter
from sequencer.store.shift import ShiftCounts


class CaseFailures(NamedTuple):
    """In how many counted runs the case (``module::case``) failed, had an error or was stopped."""

    case: str
    runs: int


class Statistics(NamedTuple):
    """What became of the counted runs. ``first_passed`` of ``units`` passed in their first judged run.

    A unit belongs to the time, stand and so on of its first judged run ever, not of its first in the chosen time.
    ``passed_seconds`` is the sum of the durations of the passed runs. ``failures``: most frequent first.
    """

    passed: int = 0
    failed: int = 0
    error: int = 0
    stopped: int = 0
    skipped: int = 0
    units: int = 0
    first_passed: int = 0
    passed_seconds: float = 0.0
    failures: tuple[CaseFailures, ...] = ()

    @property
    def runs(self) -> int:
        """All counted runs."""
        return self.passed + self.failed + self.error + self.stopped + self.skipped

    @property
    def judged(self) -> int:
        """The runs that yield is a part of."""
        return self.passed + self.failed + self.error

    @property
    def total_yield(self) -> float | None:
        """Passed of judged runs, 0 to 1; ``None`` when there were none."""
        return self.passed / self.judged if self.judged else None

    @property
    def first_pass_yield(self) -> float | None:
        """Units that passed in their first judged run, 0 to 1; ``None`` when there were none."""
        return self.first_passed / self.units if self.units else None

    @property
    def mean_seconds(self) -> float | None:
        """How long a passed run takes on average."""
        return self.passed_seconds / self.passed if self.passed else None


class SeriesPoint(NamedTuple):
    """A measured value of one run (of the case's last attempt). ``value`` is ``None`` for NaN, infinities and nothing.

    ``lower`` and ``upper`` bound what passes, ``None`` where there is no such bound or the limits are of another kind.
    """

    run_id: str
    time: float
    serial_number: str | None
    value: float | None
    unit: str | None
    lower: float | None
    upper: float | None
    result: bool | None


class SeriesName(NamedTuple):
    """A numeric measurement that some run recorded: where a :class:`SeriesPoint` list can be had."""

    sequence: str
    case: str
    measurement: str
    unit: str | None


_STATUSES = ("passed", "failed", "error", "stopped", "skipped")
_COUNTS = ", ".join(f"count(*) FILTER (status = '{status}')" for status in _STATUSES)


def statistics(ask: Ask, runs: RunFilter) -> Statistics:
    """Yield, first-pass yield and failures by case of the runs meant."""
    where, values = _where("runs", runs)
    ((*counts, seconds),) = ask(
        f"SELECT {_COUNTS}, coalesce(sum(stop_time - start_time) FILTER (status = 'passed'), 0.0) "
        f"FROM runs WHERE counted AND {where}",
        values,
    )
    where_units, of_units = _where("units", runs._replace(verdict=None))
    verdict = "" if runs.verdict is None else "AND EXISTS (FROM runs WHERE runs.id = units.id AND status = ?)"
    ((units, first_passed),) = ask(
        f"SELECT count(*), count(*) FILTER (first_passed) FROM units WHERE {where_units} {verdict}",
        [*of_units, *([] if runs.verdict is None else [runs.verdict])],
    )
    failed = ask(
        "SELECT name, count(DISTINCT run) AS runs FROM failures JOIN runs USING (run) JOIN titles USING (title) "
        f"WHERE measurement IS NULL AND counted AND {where} GROUP BY name ORDER BY runs DESC, name",
        values,
    )
    passed, failures, error, stopped, skipped = numbers(counts)
    return Statistics(
        passed=passed,
        failed=failures,
        error=error,
        stopped=stopped,
        skipped=skipped,
        units=number(units),
        first_passed=number(first_passed),
        passed_seconds=known(seconds),
        failures=tuple(CaseFailures(str(case), number(count)) for case, count in failed),
    )


def shift_counts(ask: Ask, runs: RunFilter) -> ShiftCounts:
    """What the live page shows of a shift."""
    found = statistics(ask, runs)
    return ShiftCounts(found.judged, found.passed, found.units, found.first_passed)


def series(
    ask: Ask, case: str, measurement: str, runs: RunFilter, *, unit: str | None = None, limit: int = 1000
) -> list[SeriesPoint]:
    """The measurement's newest ``limit`` values from real (not simulated) runs, oldest first.

    ``unit``: only values in this unit, ``""`` those without one; ``None`` whatever their unit.
    """
    where, values = _where("runs", runs)
    of_unit, units = ("TRUE", []) if unit is None else ("coalesce(unit, '') = ?", [unit])
    rows = ask(
        f"""
        SELECT runs.id, runs.start_time, serial_number, value, unit, lower, upper, result
        FROM measurements JOIN runs USING (run) JOIN series USING (series)
        WHERE NOT simulated AND series.name = ? AND measurement = ? AND {where} AND {of_unit}
        ORDER BY runs.start_time DESC, runs.id DESC, position DESC LIMIT ?
        """,
        [case, measurement, *values, *units, limit],
    )
    return [_point(row) for row in reversed(rows)]


def _point(row: tuple[object, ...]) -> SeriesPoint:
    run, time, serial_number, value, unit, lower, upper, result = row
    bounds = real(lower), real(upper)
    return SeriesPoint(
        str(run),
        known(time),
        text(serial_number),
        real(value),
        text(unit),
        *bounds,
        None if result is None else bool(result),
    )


def series_names(ask: Ask, sequence: str | None = None) -> list[SeriesName]:
    """What :func:`series` can be asked for, sorted."""
    rows = ask(
        "SELECT sequence, name, measurement, unit FROM series WHERE sequence = coalesce(?, sequence) "
        "ORDER BY sequence, name, measurement, unit NULLS FIRST",
        [sequence],
    )
    return [SeriesName(str(one), str(case), str(name), text(unit)) for one, case, name, unit in rows]


def _where(table: str, runs: RunFilter) -> tuple[str, list[object]]:
    """The condition on the rows of ``table``, and its values."""
    terms = {f"{table}.{column} = ?": wanted for column, wanted in runs.equalities().items()}
    times = {f"{table}.start_time >= ?": runs.since, f"{table}.start_time < ?": runs.until}
    wanted = {**terms, **{term: time for term, time in times.items() if time is not None}}
    return " AND ".join(wanted) or "TRUE", list(wanted.values())
