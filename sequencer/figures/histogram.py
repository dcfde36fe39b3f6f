"""How the values of a measurement are distributed: in bins against its limits, and in boxes side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from sequencer.figures import formulas
from sequencer.figures.cells import known, number, real
from sequencer.figures.one_measurement import NAMED, ORDER, Measured, Values, values_in, values_of
from sequencer.figures.scope import Ask, Scope, Split, grouped, same

MOST_BINS = 100
FAR = 20
"""Values that are so many quartile ranges from the quartiles are counted beside the bins: one overload would make all
others one bin."""

_NARROWEST = 1e-300
"""No bin is narrower: below that numbers have fewer digits, and there is no width that divides them."""
_FEW = 200


class Bins(NamedTuple):
    """Bin ``i`` holds ``(first + i) width <= value < (first + i + 1) width``, for ``size`` of them."""

    width: float
    first: int
    size: int

    def edge(self, place: int) -> float:
        """Where the bin of this place begins, without what reckoning adds to it."""
        return float(f"{(self.first + place) * self.width:.12g}")


class HistogramRow(NamedTuple):
    """Values in bins: ``counts`` of each, and those ``under`` and ``over`` all of them. Limits are the newest value's.

    The rows of an answer share their bins.
    """

    split: Split
    n: int
    mean: float | None
    sigma: float | None
    lower: float | None
    upper: float | None
    target: float | None
    under: int
    over: int
    bins: Bins
    counts: list[int]

    def document(self) -> dict[str, object]:
        """As JSON."""
        edge = self.bins.edge
        bins = [{"from": edge(place), "to": edge(place + 1), "count": n} for place, n in enumerate(self.counts)]
        return {**self.split.document(), **{name: getattr(self, name) for name in self._fields[1:-2]}, "bins": bins}


def bins_of(
    n: int, quartiles: tuple[float, float], sigma: float | None, ends: tuple[float, float], step: float | None
) -> Bins:
    """The bins for ``n`` values: 2 IQR / cube root of n wide (Freedman and Diaconis 1981), or 3.49 sigma / cube root of
    n where the quartiles are the same (Scott 1979), rounded up to 1, 2 or 5 times a power of ten.

    ``step``: the smallest difference between values where there are few different ones: no bin is narrower.
    """
    (first, third), (low, high) = quartiles, ends
    spread = third - first
    if spread > 0:
        low, high = max(low, first - FAR * spread), min(high, third + FAR * spread)
    wanted = (2 * spread or 3.49 * (sigma or 0.0)) / n ** (1 / 3)
    wanted = max(wanted, (high - low) / (MOST_BINS - 2), step or 0.0, abs(high) * 1e-12, abs(low) * 1e-12)
    if low == high:
        wanted = abs(high) / 10 or 1.0
    width = _rounded_up(max(wanted, _NARROWEST))
    begin = _bin(low, width)
    return Bins(width, begin, _bin(high, width) - begin + 1)


def _rounded_up(width: float) -> float:
    power = 10.0 ** math.floor(math.log10(width))
    return next(nice * power for nice in (1, 2, 5, 10) if nice * power >= width * (1 - 1e-9))


_SLACK = 1e-9
"""Values that lie on an edge but for rounding are in the bin that begins there."""


def _bin(value: float, width: float) -> int:
    return math.floor(value / width + _SLACK)


def histogram(ask: Ask, scope: Scope, of: Measured) -> list[HistogramRow]:
    """The distribution in each split, in the order of time, then of the splits."""
    values = values_of(ask, scope, of)
    bins = None if values is None else _bins(ask, values)
    if values is None or bins is None:
        return []
    rows = ask(
        f"""{values.sql}
        SELECT {values.by},
               greatest(-1, least({bins.size}, floor(value / ?::DOUBLE + {_SLACK}) - {bins.first}))::INTEGER AS bin,
               count(*), avg(value), var_pop(value) * count(*), max(start_time)
        FROM taken GROUP BY {values.by}, bin ORDER BY {values.order}, bin
        """,
        [*values.parameters, bins.width],
    )
    splits = list(grouped(rows, len(values.splits)))
    newest = _newest_limits(ask, scope, values, [max(known(part[-1]) for part in parts) for _, parts in splits])
    found: list[HistogramRow] = []
    for split, parts in splits:
        counts = [0] * (bins.size + 2)
        for place, n, *_ in parts:
            counts[number(place) + 1] = number(n)
        found.append(_histogram_row(scope.said(split), bins, _together(parts), newest[split], counts))
    return found


class _Sums(NamedTuple):
    n: int
    mean: float
    sigma: float | None


def _together(parts: Sequence[Sequence[object]]) -> _Sums:
    """Of the values in all bins (Chan, Golub and LeVeque 1983)."""
    sums = [(number(n), known(mean), known(squares)) for _, n, mean, squares, _ in parts]
    n = sum(count for count, _, _ in sums)
    mean = math.fsum(count * middle for count, middle, _ in sums) / n
    squares = math.fsum(inside + count * (middle - mean) ** 2 for count, middle, inside in sums)
    return _Sums(n, mean, None if n < 2 else math.sqrt(squares / (n - 1)))


_Limits = tuple[float | None, float | None, float | None]


def _newest_limits(ask: Ask, scope: Scope, values: Values, times: Sequence[float]) -> dict[tuple[object, ...], _Limits]:
    """Lower, upper and target of the newest value of each split; ``times``: when the run of each of these began."""
    latest = values_in(scope._replace(since=min(times)), values.series)
    rows = ask(
        f"{latest.sql} SELECT {latest.by}, max_by({{l: lower, u: upper, t: target}}, ({ORDER})) FROM {NAMED} "
        f"WHERE start_time IN (SELECT unnest(?::DOUBLE[])) GROUP BY {latest.by}",
        [*latest.parameters, list(times)],
    )
    found: dict[tuple[object, ...], _Limits] = {}
    for *split, limits in rows:
        assert isinstance(limits, dict)
        found[tuple(split)] = real(limits["l"]), real(limits["u"]), real(limits["t"])
    return found


def _histogram_row(split: Split, bins: Bins, sums: _Sums, limits: _Limits, counts: list[int]) -> HistogramRow:
    overall = formulas.overall_sigma(sums.mean, sums.sigma)
    under, *inside, over = counts
    return HistogramRow(split, sums.n, sums.mean, overall, *limits, under, over, bins, inside)


def _bins(ask: Ask, values: Values) -> Bins | None:
    """Those for all values together."""
    (row,) = ask(
        f"{values.sql} SELECT count(*), stddev_samp(value), quantile_cont(value, [0.25, 0.75]), min(value), "
        f"max(value), (SELECT list(value) FROM (SELECT DISTINCT value FROM taken LIMIT {_FEW + 1})) FROM taken",
        values.parameters,
    )
    n, sigma, quartiles, low, high, different = row
    if not n:
        return None
    assert isinstance(quartiles, list) and isinstance(different, list)
    first, third = quartiles
    return bins_of(number(n), (first, third), real(sigma), (known(low), known(high)), _step(different))


def _step(different: Sequence[float]) -> float | None:
    """The smallest difference of few values; of many there is none that matters."""
    found = sorted(different)
    if not 2 <= len(found) <= _FEW:
        return None
    return min(later - earlier for earlier, later in pairwise(found))


class BoxRow(NamedTuple):
    """A box plot (Tukey 1977): whiskers reach to the farthest values within 1.5 quartile ranges of the box.

    ``outliers``: how many values are beyond. Quantiles are interpolated linearly (R7 of Hyndman and Fan).
    """

    split: Split
    n: int
    mean: float
    minimum: float
    lower_whisker: float
    first_quartile: float
    median: float
    third_quartile: float
    upper_whisker: float
    maximum: float
    outliers: int

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            **self.split.document(),
            "n": self.n,
            "mean": self.mean,
            "minimum": self.minimum,
            "lower_whisker": self.lower_whisker,
            "first_quartile": self.first_quartile,
            "median": self.median,
            "third_quartile": self.third_quartile,
            "upper_whisker": self.upper_whisker,
            "maximum": self.maximum,
            "outliers": self.outliers,
        }


def boxes(ask: Ask, scope: Scope, of: Measured) -> list[BoxRow]:
    """A box of each split, in the order of time, then of the splits."""
    values = values_of(ask, scope, of)
    if values is None:
        return []
    rows = ask(
        f"""{values.sql}, quartered AS (
            SELECT {values.by}, quantile_cont(value, [0.25, 0.5, 0.75]) AS q, avg(value) AS mean,
                   min(value) AS low, max(value) AS high, count(*) AS n
            FROM taken GROUP BY {values.by}
        ), fenced AS (
            SELECT *, q[1] - 1.5 * (q[3] - q[1]) AS fence_low, q[3] + 1.5 * (q[3] - q[1]) AS fence_high FROM quartered
        ), within AS (
            SELECT {", ".join(f"t.{name}" for name in values.splits)}, min(value) AS low, max(value) AS high,
                   count(*) AS n
            FROM taken t JOIN fenced f ON {same("t", "f", values.different)}
            WHERE value BETWEEN fence_low AND fence_high GROUP BY ALL
        )
        SELECT {", ".join(f"f.{name}" for name in values.splits)}, f.n, mean, f.low, least(w.low, q[1]), q[1], q[2],
               q[3], greatest(w.high, q[3]), f.high, f.n - w.n
        FROM fenced f JOIN within w ON {same("f", "w", values.splits)} ORDER BY {values.order}
        """,
        values.parameters,
    )
    return [_box_row(scope, row) for row in rows]


def _box_row(scope: Scope, row: tuple[object, ...]) -> BoxRow:
    *split, n, mean, low, whisker, first, median, third, other_whisker, high, outliers = row
    return BoxRow(
        split=scope.said(split),
        n=number(n),
        mean=known(mean),
        minimum=known(low),
        lower_whisker=known(whisker),
        first_quartile=known(first),
        median=known(median),
        third_quartile=known(third),
        upper_whisker=known(other_whisker),
        maximum=known(high),
        outliers=number(outliers),
    )
