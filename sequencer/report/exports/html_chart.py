"""Where the parts of a chart stand in its drawing: axes with four ticks each, and a line a series."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, repeat
from typing import NamedTuple

from sequencer.vocabulary.dataclass import dataclass

_WIDTH, _HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 620, 30, 215
_TICKS = 4
_LARGEST = 1e300  # what lies beyond would overflow in the distance between two points


class Point(NamedTuple):
    """A place in the drawing, in pixels from its upper left corner; before it is placed, a pair of values."""

    x: float
    y: float


class Tick(NamedTuple):
    """A line across the drawing ``at`` so many pixels, and what stands beside it."""

    at: float
    label: str


class Line(NamedTuple):
    """One series; no points when none of them can be drawn."""

    name: str
    points: list[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A chart to draw; all places in pixels."""

    title: str
    x_label: str
    y_label: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    top: int = _TOP
    bottom: int = _BOTTOM


def drawing_of(chart: Mapping[str, object]) -> Drawing | None:
    """The drawing of a report's chart; ``None`` when it has no point that can be drawn."""
    kind = chart.get("type")
    log_x, log_y = kind in ("line_log_x", "log_x_y"), kind in ("line_log_y", "log_x_y")
    series = [
        [Point(_scaled(x, log_x), _scaled(y, log_y)) for x, y in zip(xs, ys, strict=False)]
        for xs, ys in zip(_lists(chart.get("x_data")), _lists(chart.get("y_data")), strict=False)
    ]
    series = [[point for point in line if not (math.isnan(point.x) or math.isnan(point.y))] for line in series]
    points = [point for line in series for point in line]
    if not points:
        return None
    across = _Axis((point.x for point in points), _LEFT, _RIGHT, logarithmic=log_x)
    along = _Axis((point.y for point in points), _BOTTOM, _TOP, logarithmic=log_y)
    return Drawing(
        title=_text(chart.get("title")),
        x_label=_text(chart.get("x_label")),
        y_label=_text(chart.get("y_label")),
        x_ticks=across.ticks(),
        y_ticks=along.ticks(),
        lines=[
            Line(_text(name), [Point(across.place(x), along.place(y)) for x, y in line])
            for line, name in zip(series, chain(_list(chart.get("marker_name")), repeat("")), strict=False)
        ],
    )


class _Axis:
    """Spreads the range of ``values`` from the pixel ``first`` to the pixel ``last``."""

    def __init__(self, values: Iterable[float], first: int, last: int, *, logarithmic: bool) -> None:
        seen = list(values)
        low, high = min(seen), max(seen)
        self._low, self._high = (low, high) if high > low else (low - 0.5, high + 0.5)
        self._first, self._last = first, last
        self._written: Callable[[float], str] = "{:.4g}".format
        if logarithmic:
            self._written = lambda value: f"{10**value:.3g}"

    def place(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self._low) / (self._high - self._low)
        return round(self._first + share * (self._last - self._first), 1)

    def ticks(self) -> list[Tick]:
        """Evenly spread ones, the first and the last at the ends."""
        values = (self._low + (self._high - self._low) * step / (_TICKS - 1) for step in range(_TICKS))
        return [Tick(self.place(value), self._written(value)) for value in values]


def _scaled(value: object, logarithmic: bool) -> float:
    """Where the value stands on its axis; NaN for what is not a number, or not above 0 on a logarithmic one."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _LARGEST:
        return math.nan
    if not logarithmic:
        return float(value)
    return math.log10(value) if value > 0 else math.nan


def _list(data: object) -> list[object]:
    return data if isinstance(data, list) else []


def _lists(data: object) -> list[list[object]]:
    return [each for each in _list(data) if isinstance(each, list)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
