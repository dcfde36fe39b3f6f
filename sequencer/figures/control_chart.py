"""Control charts of a measurement: individual values with moving ranges, or means with deviations of subgroups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

from sequencer.figures import daily, formulas
from sequencer.figures.cells import known, number, real, text
from sequencer.figures.control import LOOKS_BACK, ControlLimits, c4, individual_limits, marked, subgroup_limits
from sequencer.figures.one_measurement import NAMED, ORDER, Measured, Values, values_in, values_of
from sequencer.figures.scope import Ask, Scope, Split, grouped, same

MOST_POINTS = 500
"""Of a chart: the newest ones. Its lines are of all values in the scope."""

SpanOfSubgroup = Literal["hour", "shift", "day"]
SPANS_OF_SUBGROUPS: tuple[SpanOfSubgroup, ...] = get_args(SpanOfSubgroup)
Subgroup = int | SpanOfSubgroup
"""1: individual values. So many that follow each other; or all of an hour, a shift or a day."""

_RESOLUTION = 1e-12
"""A sigma below this part of the mean is what rounding leaves of equal values."""


class ControlPoint(NamedTuple):
    """A value or the mean of a subgroup of this ``size``, with its spread: the moving range or the standard deviation.

    The first value has no moving range. ``id`` and ``serial_number`` are those of the last value of the subgroup.
    """

    id: str
    serial_number: str | None
    since: float
    until: float
    size: int
    value: float
    spread: float | None
    limits: ControlLimits | None
    rules: list[str]

    def document(self) -> dict[str, object]:
        """As JSON."""
        fields = self._asdict()
        limits = fields.pop("limits")
        return {
            **fields,
            "lower": limits and limits.lower,
            "upper": limits and limits.upper,
            "spread_lower": limits and limits.spread_lower,
            "spread_upper": limits and limits.spread_upper,
        }


class ControlRow(NamedTuple):
    """A chart: the centre line, the sigma within subgroups (or from value to value), the centre line of the spreads.

    ``n`` values in the scope, of which ``points`` shows the newest; ``incomplete`` belong to no subgroup.
    """

    split: Split
    n: int
    incomplete: int
    centre: float
    sigma: float | None
    spread_centre: float | None
    points: list[ControlPoint]

    def document(self) -> dict[str, object]:
        """As JSON."""
        points = [point.document() for point in self.points]
        return {**self.split.document(), **{name: getattr(self, name) for name in self._fields[1:-1]}, "points": points}


def control_charts(ask: Ask, scope: Scope, of: Measured, subgroup: Subgroup = 1) -> list[ControlRow]:
    """A chart of each split; the scope's span is none of them. A subgroup in time is of what the stand's clock showed.

    ``subgroup``: see there.
    """
    values = values_of(ask, scope._replace(span=subgroup if isinstance(subgroup, str) else None), of)
    if values is None:
        return []
    if subgroup == 1 and daily.answers(scope := scope._replace(span=None)):
        return _of_days(ask, scope, values.series)
    points = _individuals(values) if subgroup == 1 else _subgroups(values, subgroup)
    rows = ask(
        f"""{values.sql}, {points}
        SELECT {_of("p", values)}, l.n, incomplete, centre, spread_centre, pooled,
               last, since, until, p.n, value, spread
        FROM points p JOIN lines l ON {same("p", "l", values.different)} WHERE is_whole
        QUALIFY row_number() OVER (PARTITION BY {_of("p", values)} ORDER BY place DESC) <= {MOST_POINTS + LOOKS_BACK}
        ORDER BY {_of("p", values)}, place
        """,
        values.parameters,
    )
    return [_chart(scope, split, of_chart, subgroup) for split, of_chart in grouped(rows, len(values.splits))]


def _of_days(ask: Ask, scope: Scope, series: int) -> list[ControlRow]:
    """The chart of individual values whose lines are those of the days: only the newest values are read."""
    most = MOST_POINTS + LOOKS_BACK
    n, mean, moving, begin = daily.steps(ask, scope, series, most + 1)
    if not n:
        return []
    newest = values_in(scope if begin is None else scope._replace(since=max(begin, scope.since or begin)), series)
    rows = ask(
        f"""{newest.sql}
        SELECT {{i: id, s: serial_number}}, start_time, start_time, 1::BIGINT, value FROM {NAMED}
        ORDER BY start_time DESC, id DESC, position DESC LIMIT ?""",
        [*newest.parameters, most + 1],
    )[::-1]
    spreads = [None, *(abs(known(later[-1]) - known(earlier[-1])) for earlier, later in pairwise(rows))]
    lines = n, 0, mean, moving, None
    return [
        _chart(scope, (None,), [(*lines, *row, spread) for row, spread in zip(rows, spreads, strict=True)][-most:], 1)
    ]


def _individuals(values: Values) -> str:
    """The tables ``points`` and ``lines``."""
    return f"""stepped AS (
            SELECT *, abs(value - lag(value) OVER own) AS spread, row_number() OVER own AS place FROM {NAMED}
            WINDOW own AS (PARTITION BY {values.by} ORDER BY {ORDER})
        ), points AS (
            SELECT {values.by}, place, 1::BIGINT AS n, TRUE AS is_whole, value, spread, start_time AS since,
                   start_time AS until, {{i: id, s: serial_number}} AS last
            FROM stepped
        ), lines AS (
            SELECT {values.by}, count(*) AS n, 0::BIGINT AS incomplete, avg(value) AS centre,
                   avg(spread) AS spread_centre, NULL::DOUBLE AS pooled
            FROM stepped GROUP BY {values.by}
        )"""


def _subgroups(values: Values, subgroup: Subgroup) -> str:
    """The tables ``points`` and ``lines``; a subgroup in time belongs to no span of its own."""
    span = values.splits[-1]
    if isinstance(subgroup, str):
        place, is_whole = f"dense_rank() OVER (ORDER BY taken.{span})", "count(*) >= 2"
    else:
        place = f"(row_number() OVER (PARTITION BY {values.by} ORDER BY {ORDER}) - 1) // {subgroup}"
        is_whole = f"count(*) = {subgroup}"
    return f"""placed AS (
            SELECT * REPLACE (NULL::TIMESTAMP AS {span}), {place} AS place FROM {NAMED}
        ), points AS (
            SELECT {values.by}, place, count(*) AS n, {is_whole} AS is_whole, avg(value) AS value,
                   stddev_samp(value) AS spread, min(start_time) AS since, max(start_time) AS until,
                   max_by({{i: id, s: serial_number}}, ({ORDER})) AS last
            FROM placed GROUP BY {values.by}, place
        ), lines AS (
            SELECT {values.by}, sum(n)::BIGINT AS n,
                   coalesce(sum(n) FILTER (NOT is_whole), 0)::BIGINT AS incomplete,
                   sum(n * value) FILTER (is_whole) / sum(n) FILTER (is_whole) AS centre,
                   avg(spread) FILTER (is_whole) AS spread_centre,
                   sqrt(sum((n - 1) * spread * spread) FILTER (is_whole) / sum(n - 1) FILTER (is_whole)) AS pooled
            FROM points GROUP BY {values.by}
        )"""


def _chart(scope: Scope, split: Sequence[object], rows: Sequence[Sequence[object]], subgroup: Subgroup) -> ControlRow:
    n, incomplete, mean, *lines = rows[0][:5]
    centre = known(mean)
    middle, pooled = (real(line) for line in lines)
    sigma = _sigma(middle, pooled, subgroup)
    shown = [row[5:] for row in rows]
    sizes = [number(row[3]) for row in shown]
    limits = {size: _limits(centre, middle, sigma, None if subgroup == 1 else size) for size in set(sizes)}
    rules: list[list[str]] = [[] for _ in shown]
    if sigma is not None and sigma > abs(centre) * _RESOLUTION:
        values = zip(shown, sizes, strict=True)
        rules = marked([(known(row[4]) - centre) / (sigma / math.sqrt(size)) for row, size in values])
    points = [_point(*each) for each in zip(shown, (limits[size] for size in sizes), rules, strict=True)]
    spread_centre = pooled if isinstance(subgroup, str) else middle
    said = scope._replace(span=None).said(split)
    return ControlRow(said, number(n), number(incomplete), centre, sigma, spread_centre, points[-MOST_POINTS:])


def _sigma(middle: float | None, pooled: float | None, subgroup: Subgroup) -> float | None:
    """From moving ranges, from the mean deviation of subgroups of one size, or pooled from those of several sizes.

    NIST 6.3.2.2 and 6.3.2.1; Montgomery, Introduction to Statistical Quality Control, 6.3.2.
    """
    if isinstance(subgroup, str):
        return pooled
    if subgroup == 1:
        return formulas.sigma_within(middle)
    return None if middle is None else middle / c4(subgroup)


def _limits(centre: float, middle: float | None, sigma: float | None, size: int | None) -> ControlLimits | None:
    """Of subgroups of this size; ``None``: of individual values."""
    if sigma is None or middle is None:
        return None
    return individual_limits(centre, middle) if size is None else subgroup_limits(centre, sigma, size)


def _point(row: Sequence[object], limits: ControlLimits | None, rules: list[str]) -> ControlPoint:
    last, since, until, size, value, spread = row
    assert isinstance(last, dict)
    times = known(since), known(until)
    return ControlPoint(
        str(last["i"]), text(last["s"]), *times, number(size), known(value), real(spread), limits, rules
    )


def _of(table: str, values: Values) -> str:
    return ", ".join(f"{table}.{name}" for name in values.splits)
