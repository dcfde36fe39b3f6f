"""The values of one measurement as a table in SQL, for the questions about it.

DuckDB takes milliseconds to plan a question before it reads anything, and as long again to join a million runs: where
time alone chooses, the values are read without their runs, and the texts of these only for the values that are shown.
"""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures.daily import answers
from sequencer.figures.scope import Ask, Scope, named


class Measured(NamedTuple):
    """A measurement of a case (``module::case``). ``unit`` empty: it has none; ``None``: that of the newest value.

    Its sequence is that of the scope, or the one of the newest value.
    """

    case: str
    measurement: str
    unit: str | None = None


class Values(NamedTuple):
    """``sql`` makes the table ``taken``, which begins with the columns ``splits``; ``parameters`` are its values.

    It has each finite value of the ``series`` in counted runs of the scope with ``run``, ``start_time``, ``position``,
    ``lower``, ``upper`` and ``target``; :data:`NAMED` adds ``id`` and ``serial_number`` of the run. Values follow each
    other in ``ORDER``. ``different`` are the splits that have more than one value: whatever joins by fewer is faster.
    """

    series: int
    sql: str
    parameters: list[object]
    splits: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def by(self) -> str:
        """The columns of the splits."""
        return ", ".join(self.splits)

    @property
    def order(self) -> str:
        """In time, then as the splits are."""
        return ", ".join(f"{name} NULLS LAST" for name in (self.splits[-1], *self.splits[:-1]))


NAMED = "taken JOIN (SELECT run, id, serial_number FROM runs) USING (run)"
"""``taken`` with the texts of the runs."""
ORDER = "start_time, id, position"
"""Values in time, then by the id of the run and their place in it."""


def series_of(ask: Ask, scope: Scope, of: Measured) -> int | None:
    """The number of its series; of several (other sequences, other units) the one with the newest value."""
    conditions, values = ["name = ?", "measurement = ?"], [of.case, of.measurement]
    if scope.sequence is not None:
        conditions.append("sequence = ?")
        values.append(scope.sequence)
    if of.unit is not None:
        conditions.append("unit IS NOT DISTINCT FROM nullif(?, '')")
        values.append(of.unit)
    found = ask(f"SELECT series FROM series WHERE {' AND '.join(conditions)}", values)
    if len(found) > 1:
        where, chosen = scope.where("runs")
        found = ask(
            "SELECT series FROM measurements JOIN runs USING (run) "
            f"WHERE series IN (SELECT unnest(?)) AND value IS NOT NULL AND runs.counted AND {where} "
            "ORDER BY runs.start_time DESC, id DESC, position DESC LIMIT 1",
            [[series for (series,) in found], *chosen],
        )
    for (series,) in found:
        assert isinstance(series, int)
        return series
    return None


def values_of(ask: Ask, scope: Scope, of: Measured) -> Values | None:
    """Its values in the scope; ``None`` where nothing of this name was ever measured."""
    series = series_of(ask, scope, of)
    return None if series is None else values_in(scope, series)


def values_in(scope: Scope, series: int) -> Values:
    """The values of a series in the scope."""
    names = tuple(f"s{number}" for number in range(len(scope.by) + 1))
    if scope.newest is None:
        scope = scope._replace(sequence=None)  # the series is that of a sequence already
    if scope.is_of_circumstances:
        split = scope.split("circumstances")
        where, values = scope.where("measurements", circumstances="circumstances")
        joined = "" if answers(scope) else "JOIN circumstances USING (circumstance)"
    else:
        split = list(names)
        chosen, values = scope.where("runs")
        splits = named(scope.split("runs"), names)
        where, joined = "TRUE", f"JOIN (SELECT run, {splits} FROM runs WHERE counted AND {chosen}) USING (run)"
    own = ("run", "start_time", "position", "value", "lower", "upper", "target")
    sql = f"""
        WITH taken AS (
            SELECT {named(split, names)}, {", ".join(f"measurements.{name}" for name in own)}
            FROM measurements {joined}
            WHERE counted AND series = {series} AND value IS NOT NULL AND {where}
        )"""
    return Values(series, sql, values, names, names if scope.span else names[:-1])
