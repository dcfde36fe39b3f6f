"""How capable a process is of a measurement's limits.

Cp = (U - L) / 6s and Cpk = min(U - m, m - L) / 3s with mean m, sample standard deviation s and limits L, U, as in
ISO 22514-2 for a normal distribution; strictly these are Pp and Ppk, since s is taken over all values and not within
subgroups. With one limit alone there is no Cp, and Cpk is the one-sided value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sequencer.store.base import SeriesPoint


def capability(points: Sequence[SeriesPoint]) -> dict[str, Any]:
    """``{count, missing, mean, deviation, minimum, maximum, lower, upper, cp, cpk}``; ``None`` where undefined.

    The limits are those of the newest point. ``deviation`` needs two values, ``cp`` and ``cpk`` a deviation above 0.
    """
    values = [point.value for point in points if point.value is not None]
    lower, upper = (points[-1].lower, points[-1].upper) if points else (None, None)
    mean = math.fsum(values) / len(values) if values else None
    deviation = None
    if mean is not None and len(values) > 1:
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    cp = cpk = None
    if mean is not None and deviation:
        if lower is not None and upper is not None:
            cp = (upper - lower) / (6 * deviation)
        sides = [upper - mean] if upper is not None else []
        sides += [mean - lower] if lower is not None else []
        cpk = min(sides) / (3 * deviation) if sides else None
    return {
        "count": len(values),
        "missing": len(points) - len(values),
        "mean": mean,
        "deviation": deviation,
        "minimum": min(values, default=None),
        "maximum": max(values, default=None),
        "lower": lower,
        "upper": upper,
        "cp": cp,
        "cpk": cpk,
    }
