"""The values of a measurement one after the other, as many as a chart can show, and the limits that were in force."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sequencer.figures.cells import known, number, real, text
from sequencer.figures.one_measurement import NAMED, ORDER, Measured, Values, values_of
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
        return {**self.split.document(), **dict(zip(self._fields[1:], self[1:], strict=True))}


def points(ask: Ask, scope: Scope, of: Measured, most: int = MOST_POINTS) -> list[PointRow]:
    """All values in the order of time, or those of them that a chart needs: M4, which keeps every extreme.

    Time is cut into columns of the same length, of which the first, the last, the smallest and the largest value stay
    (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014), in each split.
    """
    values = values_of(ask, scope, of)
    if values is None:
        return []
    splits_there = f"count(DISTINCT ({', '.join(values.different)}))" if values.different else "1"
    ((count, splits, first, last),) = ask(
        f"{values.sql} SELECT count(*), {splits_there}, min(start_time), max(start_time) FROM taken",
        values.parameters,
    )
    n = number(count)
    shown = f"{values.by}, id, serial_number, start_time, value, lower, upper"
    if n <= most:
        rows = ask(f"{values.sql} SELECT {shown} FROM {NAMED} ORDER BY {ORDER}", values.parameters)
    else:
        columns = max(1, most // _OF_A_COLUMN // max(1, number(splits)))
        length = known(last) - known(first) or 1.0
        rows = ask(_thinned(values, shown), [*values.parameters, first, length, columns, columns])
    width = len(values.splits)
    said = cache(scope.said)
    return [_point_row(said(row[:width]), row[width:]) for row in rows]


def _thinned(values: Values, shown: str) -> str:
    """M4. What is the same value is there once: the first in time.

    What texts there are, is read of those that stay alone.
    """
    groups = (*values.splits, "cut")
    cut = ", ".join(groups)
    of_cut = f"c.cut = ends.cut AND {same('c', 'ends', values.different)}"
    ends = ("value = low", "value = high", "start_time = since", "start_time = until")
    return f"""{values.sql}, columned AS NOT MATERIALIZED (
            SELECT {values.by}, run, start_time, position, value, lower, upper,
                   least(floor((start_time - ?) / ? * ?), ? - 1)::INTEGER AS cut
            FROM taken
        ), ends AS (
            SELECT {cut}, min(value) AS low, max(value) AS high, min(start_time) AS since, max(start_time) AS until
            FROM columned GROUP BY {cut}
        ), kept AS MATERIALIZED (
            SELECT c.*, unnest([{", ".join(ends)}]) AS is_end, unnest(range({len(ends)})) AS which
            FROM columned c JOIN ends ON {of_cut} WHERE {" OR ".join(ends)}
        ), firsts AS (
            SELECT DISTINCT {shown}, position
            FROM (FROM kept WHERE is_end) JOIN (SELECT run, id, serial_number FROM runs) USING (run)
            QUALIFY row_number() OVER (PARTITION BY {cut}, which ORDER BY {ORDER}) = 1
        )
        SELECT {shown} FROM firsts ORDER BY {ORDER}"""


def _point_row(split: Split, row: tuple[object, ...]) -> PointRow:
    identity, serial_number, start_time, value, lower, upper = row
    when, what = known(start_time), known(value)
    return PointRow(split, str(identity), text(serial_number), when, what, real(lower), real(upper))


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
