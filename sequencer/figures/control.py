"""Control charts: their constants, their limits and the rules by which points are marked; pure.

NIST is the NIST/SEMATECH e-Handbook (https://www.itl.nist.gov/div898/handbook/), AIAG the Statistical Process Control
reference manual, second edition. Western Electric: Statistical Quality Control Handbook, 1956 (NIST 6.3.2). Nelson:
"The Shewhart Control Chart: Tests for Special Causes", Journal of Quality Technology 16 (4), 1984.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sequencer.figures.formulas import RANGE_TO_SIGMA

RANGE_LIMIT = 3.267
"""D4 for ranges of two values: the upper limit of moving ranges, in mean moving ranges (NIST 6.3.2.2, AIAG)."""


class ControlLimits(NamedTuple):
    """Of the points of a chart, and of their spread (moving ranges, or standard deviations of subgroups)."""

    lower: float
    upper: float
    spread_lower: float
    spread_upper: float


def c4(size: int) -> float:
    """The mean of the sample standard deviation of ``size`` >= 2 values, in sigmas (NIST 6.3.2.1)."""
    half = size / 2
    return math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(half) - math.lgamma(half - 0.5))


def individual_limits(mean: float, mean_moving_range: float) -> ControlLimits:
    """Of individual values: mean ± 3 MR / d2, and D4 MR of their moving ranges (NIST 6.3.2.2, AIAG chapter II)."""
    reach = 3 * mean_moving_range / RANGE_TO_SIGMA
    return ControlLimits(mean - reach, mean + reach, 0.0, RANGE_LIMIT * mean_moving_range)


def subgroup_limits(mean: float, sigma: float, size: int) -> ControlLimits:
    """Of means and standard deviations of subgroups of this size, by the sigma within them (NIST 6.3.2.1, AIAG).

    mean ± 3 sigma / sqrt(size) (A3 s), and sigma (c4 ± 3 sqrt(1 - c4²)), not below 0 (B3 s, B4 s).
    """
    reach, middle = 3 * sigma / math.sqrt(size), c4(size) * sigma
    spread = 3 * sigma * math.sqrt(1 - c4(size) ** 2)
    return ControlLimits(mean - reach, mean + reach, max(0.0, middle - spread), middle + spread)


def _all_of(count: int, of: int, beyond: float) -> Callable[[Sequence[float]], bool]:
    """Whether the last one and at least ``count`` of the last ``of`` are beyond so many sigmas, on the same side."""

    def rule(z: Sequence[float]) -> bool:
        side = math.copysign(1.0, z[-1])
        return z[-1] * side > beyond and sum(value * side > beyond for value in z[-of:]) >= count

    return rule


def _trend(z: Sequence[float]) -> bool:
    last = z[-6:]
    rises, falls = (all(map(step, last, last[1:])) for step in (operator.lt, operator.gt))
    return len(last) == 6 and (rises or falls)


def _alternating(z: Sequence[float]) -> bool:
    last = z[-14:]
    turns = ((two - one) * (three - two) < 0 for one, two, three in zip(last, last[1:], last[2:], strict=False))
    return len(last) == 14 and all(turns)


def _within(z: Sequence[float]) -> bool:
    return len(z) >= 15 and all(abs(value) < 1 for value in z[-15:])


def _mixture(z: Sequence[float]) -> bool:
    return len(z) >= 8 and all(abs(value) > 1 for value in z[-8:])


RULES: Mapping[str, Callable[[Sequence[float]], bool]] = {
    "western_electric_1": _all_of(1, 1, 3.0),
    "western_electric_2": _all_of(2, 3, 2.0),
    "western_electric_3": _all_of(4, 5, 1.0),
    "western_electric_4": _all_of(8, 8, 0.0),
    "nelson_1": _all_of(1, 1, 3.0),
    "nelson_2": _all_of(9, 9, 0.0),
    "nelson_3": _trend,
    "nelson_4": _alternating,
    "nelson_5": _all_of(2, 3, 2.0),
    "nelson_6": _all_of(4, 5, 1.0),
    "nelson_7": _within,
    "nelson_8": _mixture,
}
"""Whether the last of some points, in sigmas from the centre line, completes a pattern; numbers are the authors'."""

LOOKS_BACK = 15
"""Points that the longest rule needs."""


def marked(z: Sequence[float]) -> list[list[str]]:
    """For each point, in sigmas from the centre line, the names of the rules whose pattern it completes."""
    found = []
    for place in range(len(z)):
        so_far = z[max(0, place - LOOKS_BACK + 1) : place + 1]
        found.append([name for name, rule in RULES.items() if rule(so_far)])
    return found
