"""All measurements in one table: how they fit their limits, what they cost, and where they are going."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures import formulas
from sequencer.figures.capability import CapabilityRow, capabilities
from sequencer.figures.cells import known, number
from sequencer.figures.scope import Ask, Scope, named

BUCKETS = 24
"""Into which the time from the first run of the scope to the last one is cut for a trend."""


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
        split = (*row.split.by.values(), row.split.span)
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
    return {row[:-2]: formulas.rate(number(row[-2]), number(row[-1])) for row in rows}


def _trends(ask: Ask, scope: Scope) -> dict[tuple[object, ...], list[float]]:
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    by = ", ".join(names)
    where, values = scope.where("runs")
    rows = ask(
        f"""
        WITH chosen AS (
            SELECT run, {named(scope.split("runs"), names)},
                   least((start_time - min(start_time) OVER ())
                         / nullif(max(start_time) OVER () - min(start_time) OVER (), 0) * {BUCKETS},
                         {BUCKETS - 1}) AS part
            FROM runs WHERE counted AND {where}
        ), means AS (
            SELECT {by}, series, coalesce(floor(part), 0)::INTEGER AS bucket, avg(value) AS mean
            FROM measurements JOIN chosen USING (run) WHERE value IS NOT NULL GROUP BY ALL
        )
        SELECT {by}, sequence, name, measurement, unit, list(mean ORDER BY bucket)
        FROM means JOIN series USING (series) GROUP BY ALL
        """,
        values,
    )
    found: dict[tuple[object, ...], list[float]] = {}
    for *key, means in rows:
        assert isinstance(means, list)
        found[tuple(key)] = [known(mean) for mean in means]
    return found
