"""The sums of each measurement and day, kept beside the values: what is asked of all runs is answered from these.

They are added up: numbers of values, means and squares of deviations (Chan, Golub and LeVeque 1983), the ranges of
values that follow each other within a day, and the first and the last value, which give the ranges from day to day.
Days are those of UTC; they only cut the time in pieces, and no figure shows them. Of a day that a scope cuts, each
value is a piece of its own. Wherever a scope picks or splits runs by more than their sequence and time, the values
themselves are asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sequencer.figures.cells import number, real
from sequencer.figures.scope import FILTERS, Ask, Scope

DAY_SECONDS = 86_400
_LAST_DAY = 1_000_000
"""Runs that began more than two thousand years from 1970 are those of one day: their clock was wrong."""

DAILY: Mapping[str, str] = {
    "series": "UINTEGER",
    "day": "INTEGER",
    "n": "UINTEGER",
    "mean": "DOUBLE",
    "squares": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "steps": "DOUBLE",
    "first": "DOUBLE",
    "last": "DOUBLE",
    "lower": "DOUBLE",
    "upper": "DOUBLE",
    "below": "UINTEGER",
    "above": "UINTEGER",
}
"""The columns: ``squares`` is the sum of the squares of deviations from ``mean``, ``steps`` that of the moving ranges,
``lower`` and ``upper`` are those of the day's newest value, which ``below`` and ``above`` count against."""


def day_of(time: str) -> str:
    """SQL of the day that a time in Unix seconds belongs to."""
    return f"greatest(-{_LAST_DAY}, least({_LAST_DAY}, floor({time} / {DAY_SECONDS})))::INTEGER"


def sums_of_days(runs: str) -> str:
    """SQL of the sums of the runs that the condition ``runs`` picks, with the columns of :data:`DAILY`."""
    return f"""
        SELECT series, day, count(*) AS n, avg(value) AS mean, var_pop(value) * count(*) AS squares,
               min(value) AS low, max(value) AS high, coalesce(sum(abs(step)), 0) AS steps,
               max(value) FILTER (before IS NULL) AS first, max(value) FILTER (after IS NULL) AS last,
               max(newest_lower) AS lower, max(newest_upper) AS upper,
               count(*) FILTER (value < newest_lower) AS below, count(*) FILTER (value > newest_upper) AS above
        FROM (
            SELECT series, day, value, value - lag(value) OVER own AS step,
                   lag(run) OVER own AS before, lead(run) OVER own AS after,
                   last_value(lower) OVER whole AS newest_lower, last_value(upper) OVER whole AS newest_upper
            FROM ({_values_in_order(runs)})
            WINDOW own AS (PARTITION BY day, series ORDER BY place),
                   whole AS (PARTITION BY day, series ORDER BY place
                             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
        GROUP BY series, day"""


def _values_in_order(runs: str) -> str:
    """SQL of the values of the runs that the condition ``runs`` picks, each with its day and its place in time."""
    return f"""
        SELECT measurements.*, {day_of("start_time")} AS day, place + position AS place
        FROM measurements JOIN (
            SELECT run, row_number() OVER (ORDER BY start_time, id)::UBIGINT * 4294967296 AS place
            FROM runs WHERE counted AND {runs}
        ) USING (run)
        WHERE value IS NOT NULL"""


def _single(runs: str) -> str:
    """SQL of the sums of each value by itself, as of a day of one value; and its ``place``."""
    return f"""
        SELECT series, day, 1 AS n, value AS mean, 0 AS squares, value AS low, value AS high, 0 AS steps,
               value AS first, value AS last, lower, upper,
               (value < lower)::UINTEGER AS below, (value > upper)::UINTEGER AS above, place
        FROM ({_values_in_order(runs)})"""


def refresh(ask: Ask, times: Sequence[float]) -> None:
    """Works out the days to which these times belong again, from their runs and nothing else."""
    refresh_days(ask, "daily", sums_of_days, times)


def refresh_days(ask: Ask, table: str, sums: Callable[[str], str], times: Sequence[float]) -> None:
    """The same of another ``table`` with a column ``day``; ``sums``: SQL of its rows of the runs that a condition
    picks."""
    if not times:
        return
    days = f"SELECT {day_of('time')} FROM (SELECT unnest(?::DOUBLE[]) AS time)"
    ask(f"DELETE FROM {table} WHERE day IN ({days})", [times])
    # The first and the last time tell DuckDB where it need not look.
    runs = f"start_time BETWEEN ? AND ? AND {day_of('start_time')} IN ({days})"
    first, last = min(times), max(times)
    far = _LAST_DAY * DAY_SECONDS
    bounds = [
        first - DAY_SECONDS if abs(first) < far else -math.inf,
        last + DAY_SECONDS if abs(last) < far else math.inf,
    ]
    ask(f"INSERT INTO {table} {sums(runs)}", [*bounds, times])


def answers(scope: Scope) -> bool:
    """Whether a question in this scope can be answered from the sums: its runs are all of a sequence, or of all."""
    chosen = any(getattr(scope, name) is not None for name in FILTERS if name != "sequence")
    by_clock = scope.clock_since is not None or scope.clock_until is not None
    return not (chosen or by_clock or scope.by or scope.span or scope.newest is not None)


def pieces_of(scope: Scope) -> tuple[str, list[object]]:
    """SQL of the days of a scope (of every sequence), with the columns of :data:`DAILY`, and its values.

    Of days that the scope cuts, each value in it is a row. Rows of a series follow each other by ``day`` and ``place``.
    """
    return days_of(scope, "(SELECT *, 0::UBIGINT AS place FROM daily)", _single)


def days_of(scope: Scope, table: str, sums: Callable[[str], str]) -> tuple[str, list[object]]:
    """SQL of the sums of the days of a scope (of every sequence), with the columns of ``table``, and its values.

    Of days that the scope cuts they are worked out anew, from the runs in it, by ``sums``.
    """
    where, values = scope.where("runs")
    times: list[object] = [time for time in (scope.since, scope.until) if time is not None]
    inside = [
        f"day {sign} {day_of('?::DOUBLE')}"
        for sign, time in ((">", scope.since), ("<", scope.until))
        if time is not None
    ]
    edges = f"{where} AND {day_of('start_time')} IN ({', '.join(day_of('?::DOUBLE') for _ in times)})"
    of_edges = f"UNION ALL {sums(edges)}" if times else ""
    text = f"SELECT * FROM {table} WHERE {' AND '.join(inside) or 'TRUE'} {of_edges}"
    return text, [*times, *values, *times] if times else []


class SeriesSteps(NamedTuple):
    """Of the values of a series in the order of time: how many, their mean and their mean moving range.

    ``newest``: when the days begin that have so many of the newest values as were asked for, or more; ``None`` where
    there are not so many, or it cannot be said.
    """

    n: int
    mean: float | None
    moving: float | None
    newest: float | None


def steps(ask: Ask, scope: Scope, series: int, most: int) -> SeriesSteps:
    """Of a scope that :func:`answers`; ``most``: how many of the newest values are asked for."""
    pieces, values = pieces_of(scope)
    ((n, mean, moving, day),) = ask(
        f"""
        SELECT coalesce(sum(n), 0)::BIGINT, sum(mean * n) / sum(n),
               (sum(steps) + coalesce(sum(link), 0)) / nullif(sum(n) - 1, 0), max(day) FILTER (newer >= ?)
        FROM (
            SELECT *, abs(first - lag(last) OVER (ORDER BY day, place)) AS link,
                   sum(n) OVER (ORDER BY day DESC) AS newer
            FROM ({pieces}) WHERE series = {series}
        )
        """,
        [most, *values],
    )
    begin = float(day * DAY_SECONDS) if isinstance(day, int) and abs(day) < _LAST_DAY else None
    return SeriesSteps(number(n), real(mean), real(moving), begin)


def sums(ask: Ask, scope: Scope, which: str) -> list[tuple[object, ...]]:
    """Of each measurement whose series is one of ``which`` (a condition): its sequence, case, name and unit.

    Then the number of values, mean, sample standard deviation, mean moving range, the newest limits, and how many
    values are below and above these.
    """
    pieces, values = pieces_of(scope)
    rows = ask(
        f"""
        WITH linked AS (
            SELECT *, abs(first - lag(last) OVER own) AS link, sum(mean * n) OVER whole / sum(n) OVER whole AS centre,
                   last_value(lower) OVER whole AS newest_lower, last_value(upper) OVER whole AS newest_upper
            FROM ({pieces}) WHERE {which}
            WINDOW own AS (PARTITION BY series ORDER BY day, place),
                   whole AS (PARTITION BY series ORDER BY day, place
                             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ), judged AS (
            SELECT *,
                   CASE WHEN newest_lower IS NULL OR low >= newest_lower THEN 0 WHEN high < newest_lower THEN n
                        WHEN lower = newest_lower THEN below END AS now_below,
                   CASE WHEN newest_upper IS NULL OR high <= newest_upper THEN 0 WHEN low > newest_upper THEN n
                        WHEN upper = newest_upper THEN above END AS now_above,
                   now_below IS NULL OR now_above IS NULL AS doubtful
            FROM linked
        ), totals AS (
            SELECT series, sum(n)::BIGINT AS n, any_value(centre) AS mean,
                   sqrt(sum(squares + n * (mean - centre) ** 2) / nullif(sum(n) - 1, 0)) AS sigma,
                   (sum(steps) + coalesce(sum(link), 0)) / nullif(sum(n) - 1, 0) AS range,
                   any_value(newest_lower) AS lower, any_value(newest_upper) AS upper,
                   coalesce(sum(now_below) FILTER (NOT doubtful), 0)::BIGINT AS below,
                   coalesce(sum(now_above) FILTER (NOT doubtful), 0)::BIGINT AS above,
                   list(day) FILTER (doubtful) AS doubtful
            FROM judged GROUP BY series
        )
        SELECT sequence, series.name, measurement, unit, n, mean, sigma, range, lower, upper, below, above,
               series, doubtful
        FROM totals JOIN series USING (series)
        {"" if scope.sequence is None else "WHERE sequence = ?"}
        """,
        [*values, *([] if scope.sequence is None else [scope.sequence])],
    )
    days = [(series, day, *row[8:10]) for *row, series, listed in rows if isinstance(listed, list) for day in listed]
    again = _counted_again(ask, days)
    found: list[tuple[object, ...]] = []
    for *row, below, above, series, _ in rows:
        more_below, more_above = again.get(series, (0, 0))
        found.append((*row, number(below) + more_below, number(above) + more_above))
    return found


def _counted_again(ask: Ask, days: Sequence[tuple[object, ...]]) -> dict[object, tuple[int, int]]:
    """By series: how many values of such days are below and above limits. ``days``: series, day, lower, upper."""
    if not days:
        return {}
    rows = ask(
        f"""
        SELECT series, count(*) FILTER (value < o.lower), count(*) FILTER (value > o.upper)
        FROM (SELECT series, {day_of("start_time")} AS day, value FROM measurements WHERE counted AND value IS NOT NULL)
        JOIN (
            SELECT unnest(?::UINTEGER[]) AS series, unnest(?::INTEGER[]) AS day, unnest(?::DOUBLE[]) AS lower,
                   unnest(?::DOUBLE[]) AS upper
        ) o USING (series, day) GROUP BY series
        """,
        [list(column) for column in zip(*days, strict=True)],
    )
    return {series: (number(below), number(above)) for series, below, above in rows}
