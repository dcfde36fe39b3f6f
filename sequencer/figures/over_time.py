"""The values of a measurement one after the other, as many as a chart can show, and the limits that were in force."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures.cells import known, number, real, text
from sequencer.figures.one_measurement import ORDER, Measured, values_of
from sequencer.figures.scope import Ask, Scope, Split, same

MOST_POINTS = 1_600
"""Of an answer: what a screen has columns for."""

_OF_A_COLUMN = 4


class PointRow(NamedTuple):
    """A value, the run that measured it, and the limits that it was judged by."""

    split: Split
    id: str
    serial_number: str | None
    start_time: float
    value: float
    lower: float | None
    upper: float | None

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {**self.split.document(), **{name: getattr(self, name) for name in self._fields[1:]}}


def points(ask: Ask, scope: Scope, of: Measured, most: int = MOST_POINTS) -> list[PointRow]:
    """All values in the order of time, or those of them that a chart needs: M4, which keeps every extreme.

    Time is cut into columns of the same length, of which the first, the last, the smallest and the largest value stay
    (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014), in each split.
    """
    values = values_of(ask, scope, of)
    if values is None:
        return []
    ((n, splits, first, last),) = ask(
        f"{values.sql} SELECT count(*), count(DISTINCT ({values.by})), min(start_time), max(start_time) FROM taken",
        values.parameters,
    )
    shown = f"{values.by}, id, serial_number, start_time, value, lower, upper"
    if number(n) <= most:
        rows = ask(f"{values.sql} SELECT {shown} FROM taken ORDER BY {ORDER}", values.parameters)
    else:
        columns = max(1, most // _OF_A_COLUMN // max(1, number(splits)))
        begin, length = known(first), ((known(last)) - (known(first))) or 1.0
        rows = ask(_thinned(values.sql, values.splits, shown), [*values.parameters, begin, length, columns, columns])
    width = len(values.splits)
    return [_point_row(scope, row, width) for row in rows]


def _thinned(sql: str, splits: tuple[str, ...], shown: str) -> str:
    """M4. What is the same value is there once: the first in time."""
    by = ", ".join((*splits, "cut"))
    same_cut = same("c", "ends", (*splits, "cut"))
    ends = {"low": "value", "high": "value", "since": "start_time", "until": "start_time"}
    is_end = " OR ".join(f"c.{column} = {end}" for end, column in ends.items())
    cut = ", ".join(f"c.{name}" for name in (*splits, "cut"))
    first = " OR ".join(
        f"(c.{column} = {end} AND row_number() OVER (PARTITION BY {cut}, c.{column} = {end} ORDER BY {ORDER}) = 1)"
        for end, column in ends.items()
    )
    return f"""{sql}, columned AS (
            SELECT *, least(floor((start_time - ?) / ? * ?), ? - 1)::INTEGER AS cut FROM taken
        ), ends AS (
            SELECT {by}, min(value) AS low, max(value) AS high, min(start_time) AS since, max(start_time) AS until
            FROM columned GROUP BY {by}
        ), kept AS (
            SELECT c.* FROM columned c JOIN ends ON {same_cut} WHERE {is_end} QUALIFY {first}
        )
        SELECT {shown} FROM kept ORDER BY {ORDER}"""


def _point_row(scope: Scope, row: tuple[object, ...], splits: int) -> PointRow:
    identity, serial_number, start_time, value, lower, upper = row[splits:]
    when, what = known(start_time), known(value)
    said = scope.said(row[:splits])
    return PointRow(said, str(identity), text(serial_number), when, what, real(lower), real(upper))


class LimitsRow(NamedTuple):
    """Limits that values were judged by: of how many, of the first and of the last of them the time of the run."""

    split: Split
    lower: float | None
    upper: float | None
    target: float | None
    n: int
    since: float
    until: float

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {**self.split.document(), **{name: getattr(self, name) for name in self._fields[1:]}}


def limits_in_force(ask: Ask, scope: Scope, of: Measured) -> list[LimitsRow]:
    """Different limits, those that were used last first."""
    values = values_of(ask, scope, of)
    if values is None:
        return []
    rows = ask(
        f"{values.sql} SELECT {values.by}, lower, upper, target, count(*), min(start_time), max(start_time) AS until "
        f"FROM taken GROUP BY {values.by}, lower, upper, target ORDER BY until DESC, lower, upper, target, {values.by}",
        values.parameters,
    )
    return [_limits_row(scope, row, len(values.splits)) for row in rows]


def _limits_row(scope: Scope, row: tuple[object, ...], splits: int) -> LimitsRow:
    lower, upper, target, n, since, until = row[splits:]
    bounds = real(lower), real(upper), real(target)
    return LimitsRow(scope.said(row[:splits]), *bounds, number(n), known(since), known(until))
