"""Yield, first-pass yield and failures by case, summed when a run is saved and read from few rows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from sequencer.store.base import JUDGED, CaseFailures, RunFilter, RunSummary, Statistics
from sequencer.store.facts import LENGTHS, Spans, cover, cut, day_of

_COUNTS = ("passed", "failed", "error", "stopped", "skipped", "units", "first_passed", "passed_seconds")
_COUNTED = "partial = 0 AND simulated = 0"
_IS_JUDGED = f"{_COUNTED} AND status IN ({', '.join(repr(status) for status in JUDGED)})"
_FIRST = ("stand", "slot", "start", "status", "start_time")
"""What is known of a unit's first judged run."""
_SUMS = ", ".join(f"sum({column})" for column in _COUNTS)
_RUN_SUMS = ", ".join(
    [f"sum(status = '{status}')" for status in _COUNTS[:5]]
    + ["0", "0", "sum(CASE WHEN status = 'passed' THEN coalesce(stop_time, start_time) - start_time END)"]
)


def add_run(connection: sqlite3.Connection, run: RunSummary, failed_cases: Iterable[str], sign: int = 1) -> None:
    """Counts a run whose row was just inserted; with ``sign`` -1 takes back one whose row was just deleted."""
    if not run.counted:
        return
    key = (run.sequence, run.part_number or "", run.stand or "", run.slot or "")
    if run.status in _COUNTS:
        changes: dict[str, float] = {run.status: sign}
        if run.status == "passed":
            changes["passed_seconds"] = sign * ((run.stop_time or run.start_time) - run.start_time)
        _change(connection, run.start_time, key, changes)
    for name in failed_cases:
        connection.executemany(
            "INSERT INTO case_failures VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET runs = runs + excluded.runs",
            [(days, day_of(run.start_time) // days, *key, name, sign) for days in LENGTHS],
        )
    if run.serial_number is not None and run.judged:
        _settle_first_run(connection, run)


def _settle_first_run(connection: sqlite3.Connection, run: RunSummary) -> None:
    """Makes the first judged run of the unit the one that is counted, in whatever order runs arrive or go."""
    unit = (run.serial_number, run.sequence, run.part_number or "")
    where = "serial_number = ? AND sequence = ? AND part_number = ?"
    columns = ", ".join(_FIRST)
    counted = connection.execute(f"SELECT {columns} FROM first_runs WHERE {where}", unit).fetchone()
    first = connection.execute(
        "SELECT coalesce(stand, ''), coalesce(slot, ''), coalesce(start, ''), status, start_time FROM runs "
        "WHERE serial_number = ? AND sequence = ? AND coalesce(part_number, '') = ? "
        f"AND {_IS_JUDGED} ORDER BY start_time, id LIMIT 1",
        unit,
    ).fetchone()
    if counted == first:
        return
    if counted is not None:
        connection.execute(f"DELETE FROM first_runs WHERE {where}", unit)
        _count_unit(connection, unit, counted, -1)
    if first is not None:
        connection.execute(
            f"INSERT INTO first_runs (serial_number, sequence, part_number, {columns}) "
            f"VALUES (?, ?, ?{', ?' * len(_FIRST)})",
            (*unit, *first),
        )
        _count_unit(connection, unit, first, 1)


def _count_unit(
    connection: sqlite3.Connection,
    unit: tuple[str | None, str, str],
    first: tuple[str, str, str, str, float],
    sign: int,
) -> None:
    stand, slot, _, status, start_time = first
    changes = {"units": sign, "first_passed": sign if status == "passed" else 0}
    _change(connection, start_time, (unit[1], unit[2], stand, slot), changes)


def _change(
    connection: sqlite3.Connection, time: float, key: tuple[str, str, str, str], changes: Mapping[str, float]
) -> None:
    columns = ", ".join(changes)
    connection.executemany(
        f"INSERT INTO tallies (days, span, sequence, part_number, stand, slot, {columns}) "
        f"VALUES (?, ?, ?, ?, ?, ?{', ?' * len(changes)}) ON CONFLICT DO UPDATE SET "
        + ", ".join(f"{column} = {column} + excluded.{column}" for column in changes),
        [(days, day_of(time) // days, *key, *changes.values()) for days in LENGTHS],
    )


class _Sum:
    """Adds up what several queries found."""

    def __init__(self) -> None:
        self.counts: list[float] = [0] * len(_COUNTS)
        self.failures: Counter[str] = Counter()

    def add(self, row: Iterable[float | None]) -> None:
        self.counts = [total + (more or 0) for total, more in zip(self.counts, row, strict=True)]

    def statistics(self) -> Statistics:
        *counts, seconds = self.counts
        found = dict(zip(_COUNTS, map(int, counts), strict=False))
        failures = sorted(self.failures.items(), key=lambda item: (-item[1], item[0]))
        # Adding and taking back durations leaves dust of floating point, never a meaningful negative sum.
        return Statistics(
            **found,
            passed_seconds=max(0.0, seconds),
            failures=tuple(CaseFailures(case, runs) for case, runs in failures if runs > 0),
        )


def statistics(connection: sqlite3.Connection, runs: RunFilter) -> Statistics:
    """See :meth:`sequencer.store.base.Store.statistics`.

    Whole days come from the sums; a day of which only a part is meant, and questions about one product, one start or
    one verdict, from the rows of the runs themselves, through an index.
    """
    total = _Sum()
    if runs.serial_number is not None or runs.verdict is not None or runs.start is not None:
        _add_rows(connection, runs, total)
        return total.statistics()
    cut_at_days = cover(runs.since, runs.until)
    for since, until in cut_at_days.edges:
        _add_rows(connection, runs._replace(since=since, until=until), total)
    for spans in _whole_days(connection, cut_at_days.first_day, cut_at_days.end_day):
        _add_spans(connection, runs, spans, total)
    return total.statistics()


def _whole_days(connection: sqlite3.Connection, first_day: int | None, end_day: int | None) -> Iterable[Spans]:
    longest = LENGTHS[0]
    first, last = connection.execute("SELECT min(span), max(span) FROM tallies WHERE days = ?", (longest,)).fetchone()
    if first is None:
        return ()
    # Days without runs are left out: a number beyond 64 bits names one of them as well.
    begin, end = first * longest, (last + 1) * longest
    return cut(begin if first_day is None else max(begin, first_day), end if end_day is None else min(end, end_day))


def _add_spans(connection: sqlite3.Connection, runs: RunFilter, spans: Spans, total: _Sum) -> None:
    where = "days = ? AND span >= ? AND span < ?"
    values: list[object] = [spans.days, spans.first, spans.end]
    for column, wanted in runs.equalities().items():
        where += f" AND {column} = ?"
        values.append(wanted)
    total.add(connection.execute(f"SELECT {_SUMS} FROM tallies WHERE {where}", values).fetchone())
    failures = f"SELECT name, sum(runs) FROM case_failures WHERE {where} GROUP BY name"
    for name, count in connection.execute(failures, values):
        total.failures[name] += count


def _add_rows(connection: sqlite3.Connection, runs: RunFilter, total: _Sum) -> None:
    where, values = conditions(runs)
    total.add(connection.execute(f"SELECT {_RUN_SUMS} FROM runs WHERE {_COUNTED} AND {where}", values).fetchone())
    units, first_passed = connection.execute(
        f"SELECT count(*), sum(status = 'passed') FROM first_runs WHERE {where}", values
    ).fetchone()
    total.add([0, 0, 0, 0, 0, units, first_passed, 0])
    failures = (
        f"SELECT name, count(*) FROM runs JOIN failed_cases ON run = number WHERE {_COUNTED} AND {where} GROUP BY name"
    )
    for name, count in connection.execute(failures, values):
        total.failures[name] += count


def conditions(runs: RunFilter) -> tuple[str, list[object]]:
    """The filter as the text of a ``WHERE`` and its values."""
    terms: list[str] = ["1"]
    values: list[object] = []
    for column, wanted in runs.equalities().items():
        terms.append(f"{column} = ?")
        values.append(wanted)
    for comparison, time in (("start_time >= ?", runs.since), ("start_time < ?", runs.until)):
        if time is not None:
            terms.append(comparison)
            values.append(time)
    return " AND ".join(terms), values
