"""All measurements in one table: how they fit their limits, what they cost, and where they are going."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures import daily, formulas
from sequencer.figures.capability import CapabilityRow, capabilities
from sequencer.figures.cells import known, number
from sequencer.figures.daily import DAY_SECONDS, day_of
from sequencer.figures.scope import Ask, Scope, grouped, named

BUCKETS = 24
"""Into which the time from the first run of the scope to the last one is cut for a trend, by days where it is long."""


class MeasurementsRow(NamedTuple):
    """A measurement's capability; the yield ``lost`` to it: of the judged runs of its sequence in which it was measured
    or not, the share in which it missed its limits; and the mean of its values in each bucket of time that has any.
    """

    capability: CapabilityRow
    lost: float | None
    trend: list[float]

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {**self.capability.document(), "lost": self.lost, "trend": self.trend}


def measurements(ask: Ask, scope: Scope) -> list[MeasurementsRow]:
    """Every numeric measurement, the worst Ppk first; those of which none can be said follow."""
    lost, trends = _lost(ask, scope), _trends(ask, scope)
    found: list[MeasurementsRow] = []
    for row in capabilities(ask, scope):
        split = row.split.key
        share = lost.get((*split, row.sequence, row.case, row.measurement), 0.0)
        trend = trends.get((*split, row.sequence, row.case, row.measurement, row.unit), [])
        found.append(MeasurementsRow(row, share, trend))
    return found


def _lost(ask: Ask, scope: Scope) -> dict[tuple[object, ...], float | None]:
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    by = ", ".join(names)
    where, values = scope.where("runs")
    rows = ask(
        f"""
        WITH chosen AS (
            SELECT run, sequence, {named(scope.split("runs"), names)} FROM runs WHERE judged AND {where}
        ), totals AS (
            SELECT {by}, sequence, count(*) AS runs FROM chosen GROUP BY ALL
        ), missed AS (
            SELECT {by}, c.sequence, t.name, f.measurement, count(DISTINCT run) AS missed
            FROM failures f JOIN chosen c USING (run) JOIN titles t USING (title)
            WHERE f.measurement IS NOT NULL GROUP BY ALL
        )
        SELECT {", ".join(f"m.{name}" for name in names)}, m.sequence, name, measurement, missed, runs
        FROM missed m JOIN totals t
        ON m.sequence = t.sequence AND {" AND ".join(f"m.{name} IS NOT DISTINCT FROM t.{name}" for name in names)}
        """,
        values,
    )
    found: dict[tuple[object, ...], float | None] = {}
    for split, missed in grouped(rows, len(names)):
        key = scope.said(split).key
        found |= {(*key, *which): formulas.rate(number(some), number(runs)) for *which, some, runs in missed}
    return found


def _trends(ask: Ask, scope: Scope) -> dict[tuple[object, ...], list[float]]:
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    by = ", ".join(names)
    where, values = scope.where("runs")
    ((first, last),) = ask(f"SELECT min(start_time), max(start_time) FROM runs WHERE counted AND {where}", values)
    if first is None:
        return {}
    begin, end = known(first), known(last)
    in_days = end - begin >= BUCKETS * DAY_SECONDS
    if in_days and daily.answers(scope):
        days, days_values = daily.pieces_of(scope)
        means = f"""
            SELECT NULL::VARCHAR AS s0, series, {_bucket(begin, end, "day")} AS bucket, sum(mean * n) / sum(n) AS mean
            FROM ({days}) GROUP BY ALL"""
        values = days_values
    else:
        place = _bucket(begin, end, day_of("start_time") if in_days else None)
        means = f"""
            SELECT {by}, series, bucket, avg(value) AS mean
            FROM measurements JOIN (
                SELECT run, {named(scope.split("runs"), names)}, {place} AS bucket FROM runs WHERE counted AND {where}
            ) USING (run)
            WHERE value IS NOT NULL GROUP BY ALL"""
    rows = ask(
        f"""
        SELECT {by}, sequence, name, measurement, unit, list(mean ORDER BY bucket)
        FROM ({means}) JOIN series USING (series) GROUP BY ALL
        """,
        values,
    )
    found: dict[tuple[object, ...], list[float]] = {}
    for split, lines in grouped(rows, len(names)):
        key = scope.said(split).key
        for *which, line in lines:
            assert isinstance(line, list)
            found[*key, *which] = [known(mean) for mean in line]
    return found


def _bucket(begin: float, end: float, day: str | None) -> str:
    """SQL of the part of the time that a day lies in, or a run that began at ``start_time``."""
    if day is not None:
        first, last = (f"{day_of(f'{time!r}::DOUBLE')}" for time in (begin, end))
        return f"(({day} - {first}) * {BUCKETS} // ({last} - {first} + 1))"
    length = end - begin or 1.0
    return f"least(floor((start_time - {begin!r}::DOUBLE) / {length!r}::DOUBLE * {BUCKETS}), {BUCKETS - 1})::INTEGER"
