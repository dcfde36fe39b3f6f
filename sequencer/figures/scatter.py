"""What two measurements of the same runs have to do with each other."""

from __future__ import annotations

import math
from typing import NamedTuple

from sequencer.figures.cells import known, number, ranked, real, text
from sequencer.figures.one_measurement import Measured, series_of
from sequencer.figures.scope import Ask, Scope, Split, grouped, named, same

NEWEST_RUNS = 5_000
"""Counted runs of the scope that are looked at, the newest ones. Of a run the last value of each measurement counts."""
MOST_POINTS = 1_000
"""Of an answer: a random sample, the values whose runs' ids have the smallest hash, and the four ends."""


class ScatterPoint(NamedTuple):
    """Both values of a run."""

    id: str
    serial_number: str | None
    start_time: float
    x: float
    y: float


class ScatterRow(NamedTuple):
    """``n`` runs that have both values, their correlation ``r`` (Pearson), and the line of least squares through them.

    ``other``: whose values are the ``y`` of the points. ``None`` where values do not vary. NIST 1.3.3.26 (scatter
    plots), 4.1.4.1 (least squares).
    """

    split: Split
    other: Measured
    n: int
    r: float | None
    slope: float | None
    intercept: float | None
    points: list[ScatterPoint]

    def document(self) -> dict[str, object]:
        """As JSON."""
        points = [point._asdict() for point in self.points]
        other = {f"other_{name}": value for name, value in self.other._asdict().items()}
        figures = {name: getattr(self, name) for name in self._fields[2:-1]}
        return {**self.split.document(), **other, **figures, "points": points}


def scatter(ask: Ask, scope: Scope, of: Measured, other: Measured | None = None) -> list[ScatterRow]:
    """Values of ``of`` (x) against those of ``other`` (y) in each split; default: of what goes with it most."""
    if other is None:
        others = correlations(ask, scope._replace(by=(), span=None), of)
        if not others:
            return []
        other = Measured(others[0].case, others[0].measurement, others[0].unit or "")
    x = series_of(ask, scope, of)
    if x is None:
        return []
    # A run is of one sequence: another one with a measurement of the same name has no values beside those of x.
    ((sequence,),) = ask("SELECT sequence FROM series WHERE series = ?", [x])
    y = series_of(ask, scope._replace(sequence=str(sequence)), other)
    if y is None:
        return []
    chosen, values, names = _newest(ask, scope)
    by, by_line = ", ".join(names), ", ".join(f"l.{name}" for name in names)
    varying = names if scope.span else names[:-1]
    ends = ", ".join(f"min(id) FILTER ({end})" for end in ("x = min_x", "x = max_x", "y = min_y", "y = max_y"))
    rows = ask(
        f"""{chosen}, coupled AS (
            SELECT run, max_by(value, position) FILTER (series = {x}) AS x,
                   max_by(value, position) FILTER (series = {y}) AS y
            FROM measurements JOIN chosen USING (run) WHERE series IN ({x}, {y}) AND value IS NOT NULL
            GROUP BY run HAVING x IS NOT NULL AND y IS NOT NULL
        ), pairs AS MATERIALIZED (
            FROM coupled JOIN chosen USING (run)
        ), lines AS (
            SELECT {by}, count(*) AS n, min(x) AS min_x, max(x) AS max_x, min(y) AS min_y, max(y) AS max_y,
                   min_x < max_x AND min_y < max_y AS vary, corr(x, y) AS r,
                   regr_slope(y, x) AS slope, regr_intercept(y, x) AS intercept
            FROM pairs GROUP BY {by}
        ), ends AS (
            SELECT unnest([{ends}]) AS id FROM pairs p JOIN lines l ON {same("p", "l", varying)} GROUP BY {by_line}
        ), shown AS (
            SELECT * FROM pairs
            QUALIFY row_number() OVER (PARTITION BY {by} ORDER BY hash(id), id)
                    <= greatest(1, {MOST_POINTS} // (SELECT count(*) FROM lines)) OR id IN (FROM ends)
        )
        SELECT {by_line}, n, vary, r, slope, intercept, id, serial_number, start_time, x, y
        FROM shown s JOIN lines l ON {same("s", "l", varying)}
        ORDER BY {by_line}, start_time, id
        """,
        values,
    )
    found: list[ScatterRow] = []
    for split, of_split in grouped(rows, len(names)):
        n, vary, *figures = of_split[0][:5]
        r, slope, intercept = (_finite(figure) if vary else None for figure in figures)
        points = [_point(row[5:]) for row in of_split]
        found.append(ScatterRow(scope.said(split), other, number(n), r, slope, intercept, points))
    return found


def _point(row: tuple[object, ...]) -> ScatterPoint:
    identity, serial_number, when, x, y = row
    return ScatterPoint(str(identity), text(serial_number), known(when), known(x), known(y))


class CorrelationRow(NamedTuple):
    """Another measurement of the same runs: ``n`` of them have both values."""

    split: Split
    case: str
    measurement: str
    unit: str | None
    n: int
    r: float

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {**self.split.document(), **{name: getattr(self, name) for name in self._fields[1:]}}


def correlations(ask: Ask, scope: Scope, of: Measured) -> list[CorrelationRow]:
    """What goes with this measurement, the strongest first; what does not vary goes with nothing."""
    series = series_of(ask, scope, of)
    if series is None:
        return []
    chosen, values, names = _newest(ask, scope)
    by = ", ".join(names)
    rows = ask(
        f"""{chosen}, own AS MATERIALIZED (
            SELECT {by}, run, max_by(value, position) AS x
            FROM measurements JOIN chosen USING (run) WHERE series = {series} AND value IS NOT NULL GROUP BY {by}, run
        ), others AS (
            SELECT {by}, x, series, max_by(value, position) AS y
            FROM measurements JOIN own USING (run) WHERE series != {series} AND value IS NOT NULL
            GROUP BY {by}, run, x, series
        ), pairs AS (
            SELECT {by}, series, count(*) AS n,
                   CASE WHEN min(x) < max(x) AND min(y) < max(y) THEN corr(x, y) END AS r
            FROM others GROUP BY {by}, series
        )
        SELECT {by}, name, measurement, unit, n, r FROM pairs JOIN series USING (series)
        WHERE r IS NOT NULL AND isfinite(r) ORDER BY name, measurement, unit, {by}
        """,
        values,
    )
    found: list[CorrelationRow] = []
    for row in rows:
        case, measurement, unit, n, r = row[len(names) :]
        said = scope.said(row[: len(names)])
        found.append(CorrelationRow(said, str(case), str(measurement), text(unit), number(n), known(r)))
    return sorted(found, key=lambda one: -ranked(abs(one.r)))


def _newest(ask: Ask, scope: Scope) -> tuple[str, list[object], list[str]]:
    """The table ``chosen`` of the newest counted runs, its values, and the columns of the splits."""
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    where, values = scope.where("runs")
    # The time of the last of them is found from numbers: to sort all runs with their ids takes twice as long.
    last = ask(
        f"SELECT start_time FROM runs WHERE counted AND {where} "
        f"ORDER BY start_time DESC LIMIT 1 OFFSET {NEWEST_RUNS - 1}",
        values,
    )
    since, times = ("start_time >= ?", [*last[0]]) if last else ("TRUE", [])
    sql = f"""WITH chosen AS (
            SELECT run, id, serial_number, start_time, {named(scope.split("runs"), names)}
            FROM runs WHERE counted AND {where} AND {since} ORDER BY start_time DESC, id DESC LIMIT {NEWEST_RUNS}
        )"""
    return sql, [*values, *times], names


def _finite(value: object) -> float | None:
    found = real(value)
    return found if found is not None and math.isfinite(found) else None
