"""Charts in version 1: one per case, of finite numbers, every x series as long as its y series."""

from __future__ import annotations

import math
from typing import Any

TYPES = ("line", "line_log_x", "line_log_y", "log_x_y")


def lower_charts(charts: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The first chart that version 1 can hold, and all the others."""
    for index, chart in enumerate(charts):
        lowered = _lower(chart)
        if lowered is not None:
            return lowered, charts[:index] + charts[index + 1 :]
    return None, charts


def _lower(chart: dict[str, Any]) -> dict[str, Any] | None:
    xs, ys, names = chart.get("x_data"), chart.get("y_data"), chart.get("marker_name") or []
    if chart.get("type") not in TYPES or not _is_series(xs) or not _is_series(ys) or not isinstance(names, list):
        return None
    assert isinstance(xs, list) and isinstance(ys, list)
    if [len(x) for x in xs] != [len(y) for y in ys]:
        return None
    labels = {key: chart.get(key) for key in ("title", "x_label", "y_label")}
    if any(text is not None and not isinstance(text, str) for text in (*labels.values(), *names)):
        return None
    return {"type": chart["type"], **labels, "marker_name": names, "x_data": xs, "y_data": ys}


def _is_series(data: object) -> bool:
    return isinstance(data, list) and all(isinstance(row, list) and all(map(_is_finite, row)) for row in data)


def _is_finite(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
