"""The sums of each measurement and day, kept beside the values: what is asked of all runs is answered from these.

They are added up: numbers of values, means and squares of deviations (Chan, Golub and LeVeque 1983), the ranges of
values that follow each other within a day, and the first and the last value, which give the ranges from day to day.
Days are those of UTC; they only cut the time in pieces, and no figure shows them. Of a day that a scope cuts, and
wherever a scope picks or splits runs by more than their sequence and time, the values themselves are asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

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
    "target": "DOUBLE",
    "below": "UINTEGER",
    "above": "UINTEGER",
    "uniform": "BOOLEAN",
    "since": "DOUBLE",
    "until": "DOUBLE",
}
"""The columns: ``squares`` is the sum of the squares of deviations from ``mean``, ``steps`` that of the moving ranges,
``lower``, ``upper`` and ``target`` those of the day's newest value, which ``below`` and ``above`` count against, and
which ``uniform`` says all of the day's values have. Its runs began from ``since`` to ``until``."""


def day_of(time: str) -> str:
    """SQL of the day that a time in Unix seconds belongs to."""
    return f"greatest(-{_LAST_DAY}, least({_LAST_DAY}, floor({time} / {DAY_SECONDS})))::INTEGER"


def sums_of_days(runs: str) -> str:
    """SQL of the sums of the runs that the condition ``runs`` picks, with the columns of :data:`DAILY`."""
    limits = ("lower", "upper", "target")
    same_limits = " AND ".join(f"{limit} IS NOT DISTINCT FROM newest_{limit}" for limit in limits)
    return f"""
        SELECT series, day, count(*) AS n, avg(value) AS mean, var_pop(value) * count(*) AS squares,
               min(value) AS low, max(value) AS high, coalesce(sum(abs(step)), 0) AS steps,
               max(value) FILTER (before IS NULL) AS first, max(value) FILTER (after IS NULL) AS last,
               max(newest_lower) AS lower, max(newest_upper) AS upper, max(newest_target) AS target,
               count(*) FILTER (value < newest_lower) AS below, count(*) FILTER (value > newest_upper) AS above,
               bool_and({same_limits}) AS uniform, min(start_time) AS since, max(start_time) AS until
        FROM (
            SELECT series, day, value, value - lag(value) OVER own AS step,
                   lag(run) OVER own AS before, lead(run) OVER own AS after, start_time, lower, upper, target,
                   last_value(lower) OVER whole AS newest_lower, last_value(upper) OVER whole AS newest_upper,
                   last_value(target) OVER whole AS newest_target
            FROM measurements JOIN (
                SELECT run, start_time, {day_of("start_time")} AS day,
                       row_number() OVER (ORDER BY start_time, id)::UBIGINT * 4294967296 AS place
                FROM runs WHERE counted AND {runs}
            ) USING (run)
            WHERE value IS NOT NULL
            WINDOW own AS (PARTITION BY day, series ORDER BY place + position),
                   whole AS (PARTITION BY day, series ORDER BY place + position
                             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
        GROUP BY series, day"""


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


def days_of(scope: Scope, table: str = "daily", sums: Callable[[str], str] = sums_of_days) -> tuple[str, list[object]]:
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


def newest_days(ask: Ask, scope: Scope, series: int, most: int) -> float | None:
    """When the days begin whose values of the series are the newest ``most`` of the scope, or more.

    ``None``: there are not so many, or it cannot be said.
    """
    days, values = days_of(scope)
    rows = ask(
        f"SELECT day FROM ({days}) WHERE series = {series} "
        "QUALIFY sum(n) OVER (ORDER BY day DESC) >= ? ORDER BY day DESC LIMIT 1",
        [*values, most],
    )
    for (day,) in rows:
        assert isinstance(day, int)
        if abs(day) < _LAST_DAY:
            return float(day * DAY_SECONDS)
    return None


def steps(ask: Ask, scope: Scope, series: int) -> tuple[int, float | None, float | None]:
    """The number of values of a series, their mean and their mean moving range; as :func:`sums` has them."""
    days, values = days_of(scope)
    ((n, mean, moving),) = ask(
        f"""
        SELECT coalesce(sum(n), 0)::BIGINT, sum(mean * n) / sum(n),
               (sum(steps) + coalesce(sum(link), 0)) / nullif(sum(n) - 1, 0)
        FROM (SELECT *, abs(first - lag(last) OVER (ORDER BY day)) AS link FROM ({days}) WHERE series = {series})
        """,
        values,
    )
    return number(n), real(mean), real(moving)


def limits(ask: Ask, scope: Scope, series: int) -> list[tuple[object, ...]]:
    """The different limits of a series: lower, upper, target, of how many values, and when their runs began.

    Those that were used last come first. Of days with several limits the values themselves are asked.
    """
    where, values = scope.where("runs")
    days, days_values = days_of(scope)
    day = day_of("start_time")
    return ask(
        f"""
        WITH of_days AS (SELECT * FROM ({days}) WHERE series = {series}), several AS (
            SELECT day FROM of_days WHERE NOT uniform
        )
        SELECT lower, upper, target, sum(n)::BIGINT, min(since), max(until) AS until FROM (
            SELECT lower, upper, target, n, since, until FROM of_days WHERE uniform UNION ALL
            SELECT lower, upper, target, 1, start_time, start_time
            FROM measurements JOIN (
                SELECT run, start_time FROM runs WHERE counted AND {where} AND {day} IN (SELECT day FROM several)
            ) USING (run)
            WHERE series = {series} AND value IS NOT NULL
        )
        GROUP BY lower, upper, target ORDER BY until DESC, lower, upper, target
        """,
        [*days_values, *values],
    )


def sums(ask: Ask, scope: Scope, which: str) -> list[tuple[object, ...]]:
    """Of each measurement whose series is one of ``which`` (a condition): its sequence, case, name and unit.

    Then the number of values, mean, sample standard deviation, mean moving range, the newest limits, and how many
    values are below and above these.
    """
    where, values = scope.where("runs")
    days, days_values = days_of(scope)
    return ask(
        f"""
        WITH of_days AS ({days}), linked AS (
            SELECT *, abs(first - lag(last) OVER own) AS link,
                   last_value(lower) OVER whole AS newest_lower, last_value(upper) OVER whole AS newest_upper
            FROM of_days WHERE {which}
            WINDOW own AS (PARTITION BY series ORDER BY day),
                   whole AS (PARTITION BY series ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ), means AS (
            SELECT series, sum(mean * n) / sum(n) AS centre FROM linked GROUP BY series
        ), doubtful AS (
            SELECT series, day, newest_lower, newest_upper FROM linked
            WHERE (lower IS DISTINCT FROM newest_lower AND low < newest_lower)
               OR (upper IS DISTINCT FROM newest_upper AND high > newest_upper)
        ), counted_again AS (
            SELECT series, count(*) FILTER (value < newest_lower) AS below,
                   count(*) FILTER (value > newest_upper) AS above
            FROM measurements
            JOIN (
                SELECT run, {day_of("start_time")} AS day FROM runs
                WHERE counted AND {where} AND {day_of("start_time")} IN (SELECT day FROM doubtful)
            ) USING (run)
            JOIN doubtful USING (series, day)
            WHERE value IS NOT NULL GROUP BY series
        ), totals AS (
            SELECT series, sum(l.n)::BIGINT AS n, any_value(centre) AS mean,
                   sqrt(sum(l.squares + l.n * (l.mean - centre) ** 2) / nullif(sum(l.n) - 1, 0)) AS sigma,
                   (sum(l.steps) + coalesce(sum(l.link), 0)) / nullif(sum(l.n) - 1, 0) AS range,
                   any_value(l.newest_lower) AS lower, any_value(l.newest_upper) AS upper,
                   sum(l.below) FILTER (d.series IS NULL AND l.lower IS NOT DISTINCT FROM l.newest_lower) AS below,
                   sum(l.above) FILTER (d.series IS NULL AND l.upper IS NOT DISTINCT FROM l.newest_upper) AS above
            FROM linked l JOIN means USING (series) LEFT JOIN doubtful d USING (series, day)
            GROUP BY series
        )
        SELECT sequence, series.name, measurement, unit, n, mean, sigma, range, lower, upper,
               (coalesce(t.below, 0) + coalesce(c.below, 0))::BIGINT,
               (coalesce(t.above, 0) + coalesce(c.above, 0))::BIGINT
        FROM totals t JOIN series USING (series) LEFT JOIN counted_again c USING (series)
        {"" if scope.sequence is None else "WHERE sequence = ?"}
        """,
        [*days_values, *values, *([] if scope.sequence is None else [scope.sequence])],
    )
