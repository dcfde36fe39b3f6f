"""How long cases took, counted by day: medians and other quantiles of all history without reading each duration.

A duration belongs to a bin, and each day has the number and the sums of its durations in each bin, by case and version
of the sequence. These say in which bin a quantile lies, and how many durations are below that bin; only the durations
in there are read and sorted. The quantile is that of all durations, to the last digit. Durations of a bin differ by
0.3 %, so few are read. As in :mod:`sequencer.figures.daily`, other splits than by time and sequence need the durations
themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sequencer.figures.cells import known, number, real, text
from sequencer.figures.daily import day_of, days_of, refresh_days
from sequencer.figures.scope import Ask, Scope

_BINS = 65_536
_BIN_OF_SECONDS = "greatest(0, least(50000, floor(log2(greatest(seconds, 1e-12)) * 256) + 10000))"
CELL = f"(title::UBIGINT * {_BINS} + {_BIN_OF_SECONDS}::UINTEGER)::UBIGINT"
"""SQL of the ``cell`` of a case: which case it is, and the bin of its ``seconds``, in one number, as DuckDB finds rows
by one column several times as fast as by two. What is longer is in a later bin. The first and the last hold all beyond.
"""
_BIN = f"(cell % {_BINS})::INTEGER"

DURATIONS: Mapping[str, str] = {
    "title": "UINTEGER",
    "version": "VARCHAR",
    "day": "INTEGER",
    "bin": "INTEGER",
    "n": "UINTEGER",
    "total": "DOUBLE",
    "retries": "UINTEGER",
    "retried": "DOUBLE",
    "asked": "DOUBLE",
    "waited": "DOUBLE",
    "since": "DOUBLE",
}
"""The columns: of ``n`` durations ``total`` is the sum. ``since``: when the first run of the version began."""


class Duration(NamedTuple):
    """How long a case took in counted runs: number and sum of its durations, and of what these went into.

    ``version``: of the runs of this version alone, the first of which began at ``since``; or else ``whole``, of all,
    and with ``p95``.
    """

    title: int
    whole: bool
    version: str | None
    n: int
    total: float
    retries: int
    retried: float
    asked: float
    waited: float
    since: float
    median: float
    p95: float | None


def durations_of_days(runs: str) -> str:
    """SQL of the durations of the runs that the condition ``runs`` picks, with the columns of :data:`DURATIONS`."""
    return f"""
        SELECT title, version, day, {_BIN} AS bin, count(*) AS n, sum(seconds) AS total,
               count(*) FILTER (attempts > 1) AS retries, coalesce(sum(retried), 0) AS retried,
               coalesce(sum(asked), 0) AS asked, coalesce(sum(waited), 0) AS waited, min(start_time) AS since
        FROM cases JOIN (
            SELECT run, start_time, {day_of("start_time")} AS day FROM runs WHERE {runs}
        ) USING (run)
        WHERE counted AND seconds IS NOT NULL GROUP BY title, version, day, bin"""


def refresh(ask: Ask, times: Sequence[float]) -> None:
    """Works out the days to which these times belong again, from their runs and nothing else."""
    refresh_days(ask, "durations", durations_of_days, times)


def durations(ask: Ask, scope: Scope, *, by_name: bool = False) -> list[Duration] | None:
    """Of each case as a whole, then of each version; for a scope that :func:`sequencer.figures.daily.answers`.

    ``by_name``: of cases of the same name in several sequences together, with the title of one of them, and of no
    version. Quantiles are interpolated linearly (R7). ``None`` where what was counted is not what is there: the index
    is from a computer that reckons otherwise.
    """
    rows = ask(*_question(scope, by_name=by_name))
    found = [_duration(row) for row in rows if row[-2] is not None and (row[-1] is not None or not row[1])]
    return found if len(found) == len(rows) else None


def _duration(row: Sequence[object]) -> Duration:
    title, whole, version, n, total, retries, retried, asked, waited, since, median, p95 = row
    return Duration(
        title=number(title),
        whole=bool(whole),
        version=text(version),
        n=number(n),
        total=known(total),
        retries=number(retries),
        retried=known(retried),
        asked=known(asked),
        waited=known(waited),
        since=real(since) or 0.0,
        median=known(median),
        p95=real(p95),
    )


_SUMS = (
    "sum(n) AS n, sum(total) AS total, sum(retries) AS retries, sum(retried) AS retried, sum(asked) AS asked, "
    "sum(waited) AS waited, min(since) AS since"
)
_SAME = "a.key = b.key AND a.whole = b.whole AND a.version IS NOT DISTINCT FROM b.version"


def _question(scope: Scope, *, by_name: bool) -> tuple[str, list[object]]:
    """``place`` is that of a quantile among all durations in their order, counted from 0; ``before`` so many are in
    the bins before. Where it lies between the last one of a bin and the first one of another, both bins are read."""
    days, day_values = days_of(scope, "durations", durations_of_days)
    where, values = scope._replace(sequence=None).where("runs")
    chosen = f"SEMI JOIN (SELECT run FROM runs WHERE {where}) USING (run)" if values else ""
    key = "min(title) OVER (PARTITION BY name)" if by_name else "title"
    of_sequence, sequences = ("TRUE", []) if scope.sequence is None else ("sequence = ?", [scope.sequence])
    versions = "FALSE" if by_name else "TRUE"
    text = f"""
        WITH keys AS (
            SELECT title, key FROM (SELECT title, sequence, {key} AS key FROM titles) WHERE {of_sequence}
        ), bins AS MATERIALIZED (
            SELECT key, version, bin, {_SUMS} FROM ({days}) JOIN keys USING (title) GROUP BY key, version, bin
        ), parts AS (
            SELECT key, TRUE AS whole, NULL::VARCHAR AS version, bin, {_SUMS} FROM bins GROUP BY key, bin
            UNION ALL SELECT key, FALSE, version, bin, {_SUMS} FROM bins WHERE {versions} GROUP BY key, version, bin
        ), sums AS (
            SELECT key, whole, version, {_SUMS} FROM parts GROUP BY key, whole, version
        ), placed AS (
            SELECT key, whole, version, bin, n, sum(n) OVER own - n AS before,
                   sum(n) OVER (PARTITION BY key, whole, version) - 1 AS last
            FROM parts WINDOW own AS (PARTITION BY key, whole, version ORDER BY bin)
        ), wanted AS MATERIALIZED (
            SELECT key, whole, version, bin, part, last * part AS place, before::BIGINT AS before, n::BIGINT AS n
            FROM placed, (SELECT unnest([0.5::DOUBLE, 0.95::DOUBLE]) AS part)
            WHERE before + n > floor(last * part) AND before <= ceil(last * part) AND (whole OR part < 0.9)
        ), near AS MATERIALIZED (
            SELECT key, version, bin, seconds FROM cases
            JOIN (
                SELECT DISTINCT key, bin, (title::UBIGINT * {_BINS} + bin)::UBIGINT AS cell
                FROM wanted JOIN keys USING (key)
            ) USING (cell)
            {chosen} WHERE counted AND seconds IS NOT NULL
        ), sorted AS (
            SELECT a.key, TRUE AS whole, NULL::VARCHAR AS version, part, place, before, b.n,
                   list_sort(list(seconds)) AS values
            FROM near a JOIN (SELECT * FROM wanted WHERE whole) b ON a.key = b.key AND a.bin = b.bin
            GROUP BY a.key, a.bin, part, place, before, b.n
            UNION ALL
            SELECT a.key, FALSE, a.version, part, place, before, b.n, list_sort(list(seconds))
            FROM near a JOIN (SELECT * FROM wanted WHERE NOT whole) b
            ON a.key = b.key AND a.bin = b.bin AND a.version IS NOT DISTINCT FROM b.version
            GROUP BY a.key, a.version, a.bin, part, place, before, b.n
        ), picked AS (
            SELECT key, whole, version, part, place - floor(place) AS share,
                   CASE WHEN floor(place) >= before THEN values[floor(place)::BIGINT - before + 1] END AS low,
                   CASE WHEN ceil(place) < before + n THEN values[ceil(place)::BIGINT - before + 1] END AS high
            FROM sorted
        ), ends AS (
            SELECT key, whole, version, part, any_value(share) AS share, max(low) AS low, max(high) AS high
            FROM picked GROUP BY key, whole, version, part
        ), quantiles AS (
            SELECT key, whole, version, max(low + (high - low) * share) FILTER (part < 0.9) AS median,
                   max(low + (high - low) * share) FILTER (part > 0.9) AS p95
            FROM ends GROUP BY key, whole, version
        )
        SELECT a.key, a.whole, a.version, n::BIGINT, total, retries::BIGINT, retried, asked, waited, since, median, p95
        FROM sums a LEFT JOIN quantiles b ON {_SAME}
        ORDER BY a.whole DESC, a.key, since, a.version NULLS FIRST"""
    return text, [*sequences, *day_values, *values]
