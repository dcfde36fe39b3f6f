"""How the values of every measurement fit their limits."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures import daily, formulas
from sequencer.figures.cells import number, ranked, real, text
from sequencer.figures.one_measurement import Measured, series_of
from sequencer.figures.scope import Ask, Scope, Split, named, same


class CapabilityRow(NamedTuple):
    """A measurement's values in counted runs, and how they fit the limits of the newest one."""

    split: Split
    sequence: str
    case: str
    measurement: str
    unit: str | None
    n: int
    mean: float | None
    sigma: float | None
    sigma_within: float | None
    lower: float | None
    upper: float | None
    below: int
    above: int

    @property
    def indices(self) -> formulas.CapabilityIndices:
        """Cp, Cpk, Pp and Ppk."""
        return formulas.capability(self.mean, self.sigma, self.sigma_within, self.lower, self.upper)

    def document(self) -> dict[str, object]:
        """As JSON."""
        indices = self.indices
        return {
            **self.split.document(),
            **{name: getattr(self, name) for name in self._fields[1:-2]},
            "cp": indices.cp,
            "cpk": indices.cpk,
            "pp": indices.pp,
            "ppk": indices.ppk,
            "below": self.below,
            "above": self.above,
        }


def capabilities(ask: Ask, scope: Scope, of: Measured | None = None) -> list[CapabilityRow]:
    """Every numeric measurement, or one, the worst Ppk first; those of which none can be said follow.

    Neighbours are values that follow each other in time, then by the id of the run and their place in it.
    """
    which = "TRUE"
    if of is not None:
        if (series := series_of(ask, scope, of)) is None:
            return []
        which = f"series = {series}"
    plain = daily.answers(scope)
    rows = [(None, *row) for row in daily.sums(ask, scope, which)] if plain else _of_values(ask, scope, which)
    return sorted((_capability_row(scope, row, len(scope.by) + 1) for row in rows), key=_worst_first)


def _of_values(ask: Ask, scope: Scope, which: str) -> list[tuple[object, ...]]:
    """The splits of the scope, and what :func:`sequencer.figures.daily.sums` has, from the values themselves."""
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    where, values = scope.where("runs")
    # A run's place in time is found once, and as a number: values are sorted by it, and there are many more of them.
    return ask(
        f"""
        WITH placed AS (
            SELECT run, {named(scope.split("runs"), names)},
                   row_number() OVER (ORDER BY start_time, id)::UBIGINT * 4294967296 AS place
            FROM runs WHERE counted AND {where}
        ), splits AS (
            SELECT *, row_number() OVER () AS split FROM (SELECT DISTINCT {", ".join(names)} FROM placed)
        ), numbered AS (
            SELECT run, split, place FROM placed JOIN splits ON {same("placed", "splits", names)}
        ), taken AS (
            SELECT split, series, value, value - lag(value) OVER own AS step,
                   last_value(lower) OVER whole AS lower, last_value(upper) OVER whole AS upper
            FROM measurements JOIN numbered USING (run) WHERE value IS NOT NULL AND {which}
            WINDOW own AS (PARTITION BY split, series ORDER BY place + position),
                   whole AS (PARTITION BY split, series ORDER BY place + position
                             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ), sums AS (
            SELECT split, series, count(*) AS n, avg(value) AS mean, stddev_samp(value) AS sigma,
                   avg(abs(step)) AS range, max(lower) AS lower, max(upper) AS upper,
                   count(*) FILTER (value < lower) AS below, count(*) FILTER (value > upper) AS above
            FROM taken GROUP BY split, series
        )
        SELECT {", ".join(names)}, sequence, series.name, measurement, unit,
               n, mean, sigma, range, lower, upper, below, above
        FROM sums JOIN splits USING (split) JOIN series USING (series)
        """,
        values,
    )


def _capability_row(scope: Scope, row: tuple[object, ...], splits: int) -> CapabilityRow:
    sequence, case, measurement, unit, n, mean, sigma, moving, lower, upper, below, above = row[splits:]
    return CapabilityRow(
        split=scope.said(row[:splits]),
        sequence=str(sequence),
        case=str(case),
        measurement=str(measurement),
        unit=text(unit),
        n=number(n),
        mean=real(mean),
        sigma=formulas.overall_sigma(real(mean), real(sigma)),
        sigma_within=formulas.sigma_within(real(moving)),
        lower=real(lower),
        upper=real(upper),
        below=number(below),
        above=number(above),
    )


def _worst_first(row: CapabilityRow) -> tuple[object, ...]:
    ppk = row.indices.ppk
    said = [str(value) for value in row.split.key]
    return ppk is None, ranked(ppk or 0.0), row.sequence, row.case, row.measurement, row.unit or "", said
