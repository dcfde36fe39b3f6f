"""A chart of a report as a small drawing in a page (SVG), axes with four ticks each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Any

from sequencer.report.exports.words import printable

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 30, 45
COLOURS = ("#1f5fbf", "#c2410c", "#14732f", "#7e22ce", "#0f766e", "#a16207")

Point = tuple[float, float]


def chart_svg(chart: dict[str, Any]) -> str:
    """The drawing; empty when the chart has no point that can be drawn."""
    log_x, log_y = chart.get("type") in ("line_log_x", "log_x_y"), chart.get("type") in ("line_log_y", "log_x_y")
    series = [
        [point for point in (_point(x, y, log_x, log_y) for x, y in zip(xs, ys, strict=False)) if point is not None]
        for xs, ys in zip(_rows(chart.get("x_data")), _rows(chart.get("y_data")), strict=False)
    ]
    points = [point for line in series for point in line]
    if not points:
        return ""
    across, along = _range(x for x, _ in points), _range(y for _, y in points)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">']
    title = _label(chart.get("title"))
    if title:
        parts.append(f'<title>{title}</title><text x="{LEFT}" y="18" font-size="13" font-weight="600">{title}</text>')
    parts.extend(_axes(chart, across, along, log_x, log_y))
    names = chart.get("marker_name")
    for index, line in enumerate(series):
        name = _label(names[index]) if isinstance(names, list) and index < len(names) else ""
        colour = COLOURS[index % len(COLOURS)]
        parts.append(_line(line, across, along, colour, name))
        if name:
            y = TOP + 14 * (index + 1)
            parts.append(f'<text x="{LEFT + 8}" y="{y}" font-size="12" fill="{colour}">{name}</text>')
    return "".join([*parts, "</svg>"])


def _line(line: list[Point], across: Point, along: Point, colour: str, name: str) -> str:
    placed = " ".join(f"{_x(x, across):.1f},{_y(y, along):.1f}" for x, y in line)
    title = f"<title>{name}</title>" if name else ""
    if len(line) == 1:
        x, y = placed.split(",")
        return f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}">{title}</circle>'
    return f'<polyline points="{placed}" fill="none" stroke="{colour}" stroke-width="1.6">{title}</polyline>'


def _axes(chart: dict[str, Any], across: Point, along: Point, log_x: bool, log_y: bool) -> Iterable[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for step in range(4):
        x_value = across[0] + (across[1] - across[0]) * step / 3
        y_value = along[0] + (along[1] - along[0]) * step / 3
        x, y = _x(x_value, across), _y(y_value, along)
        yield f'<path d="M{x:.1f} {TOP}V{bottom}M{LEFT} {y:.1f}H{right}" stroke="#d5d8dc" fill="none"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 15}" font-size="11" text-anchor="middle">{_tick(x_value, log_x)}</text>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" font-size="11" text-anchor="end">{_tick(y_value, log_y)}</text>'
    yield f'<text x="{right}" y="{bottom + 32}" font-size="12" text-anchor="end">{_label(chart.get("x_label"))}</text>'
    y_label = _label(chart.get("y_label"))
    yield f'<text x="14" y="{TOP}" font-size="12" text-anchor="end" transform="rotate(-90 14 {TOP})">{y_label}</text>'


def _rows(data: Any) -> list[list[Any]]:
    return [row for row in data if isinstance(row, list)] if isinstance(data, list) else []


def _point(x: Any, y: Any, log_x: bool, log_y: bool) -> Point | None:
    placed_x, placed_y = _scaled(x, log_x), _scaled(y, log_y)
    return None if placed_x is None or placed_y is None else (placed_x, placed_y)


def _scaled(value: Any, logarithmic: bool) -> float | None:
    """Where the value stands on its axis; nowhere for what is no number, or not above 0 on a logarithmic one."""
    if type(value) not in (int, float) or not abs(value) < 1e300:
        return None
    if not logarithmic:
        return float(value)
    return math.log10(value) if value > 0 else None


def _range(values: Iterable[float]) -> Point:
    seen = list(values)
    low, high = min(seen), max(seen)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _x(value: float, across: Point) -> float:
    return LEFT + (value - across[0]) / (across[1] - across[0]) * (WIDTH - LEFT - RIGHT)


def _y(value: float, along: Point) -> float:
    return HEIGHT - BOTTOM - (value - along[0]) / (along[1] - along[0]) * (HEIGHT - TOP - BOTTOM)


def _tick(value: float, logarithmic: bool) -> str:
    return f"{10**value:.3g}" if logarithmic else f"{value:.4g}"


def _label(text: Any) -> str:
    return escape(printable(text)) if isinstance(text, str) else ""
