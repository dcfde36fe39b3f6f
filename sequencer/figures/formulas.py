"""The formulas behind the figures, each with its source; pure, and ``None`` where nothing can be said.

NIST is the NIST/SEMATECH e-Handbook of Statistical Methods (https://www.itl.nist.gov/div898/handbook/), AIAG the
Statistical Process Control reference manual of the Automotive Industry Action Group, second edition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

RANGE_TO_SIGMA = 1.128
"""d2 for ranges of two values: the mean range of two values of a normal distribution, in sigmas (NIST 6.3.2, table)."""


class CapabilityIndices(NamedTuple):
    """How well a process fits its limits: ``cp`` and ``cpk`` by the sigma within, ``pp`` and ``ppk`` by the overall."""

    cp: float | None
    cpk: float | None
    pp: float | None
    ppk: float | None


def rate(part: int, whole: int) -> float | None:
    """``part`` of ``whole``, 0 to 1."""
    return part / whole if whole else None


def quotient(total: float, count: int) -> float | None:
    """What falls to each of ``count``."""
    return total / count if count else None


def sample_sigma(values: Sequence[float]) -> float | None:
    """The sample standard deviation (n - 1, NIST 1.3.5.6) of at least two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def overall_sigma(mean: float | None, sigma: float | None) -> float | None:
    """The sample standard deviation (n - 1, NIST 1.3.5.6); what rounding leaves of equal values is none."""
    return 0.0 if mean is not None and sigma is not None and sigma <= abs(mean) * 1e-15 else sigma


def sigma_within(mean_moving_range: float | None) -> float | None:
    """What values scatter from one to the next: the mean moving range of two / d2.

    NIST 6.3.2.2 (individuals control charts); AIAG chapter II, I-MR charts.
    """
    return None if mean_moving_range is None else mean_moving_range / RANGE_TO_SIGMA


def spread_index(sigma: float | None, lower: float | None, upper: float | None) -> float | None:
    """(upper - lower) / 6 sigma: Cp with the sigma within, Pp with the overall sample sigma.

    NIST 6.1.6; AIAG chapter IV. Needs both limits.
    """
    if not sigma or lower is None or upper is None:
        return None
    return (upper - lower) / (6 * sigma)


def nearest_index(mean: float | None, sigma: float | None, lower: float | None, upper: float | None) -> float | None:
    """The distance of the mean from the nearer limit / 3 sigma: Cpk or Ppk. With one limit it is that one's.

    NIST 6.1.6 (Cpk, Cpl and Cpu); AIAG chapter IV.
    """
    if not sigma or mean is None:
        return None
    sides = [*([] if lower is None else [mean - lower]), *([] if upper is None else [upper - mean])]
    return min(sides) / (3 * sigma) if sides else None


def capability(
    mean: float | None, sigma: float | None, within: float | None, lower: float | None, upper: float | None
) -> CapabilityIndices:
    """All four; ``sigma`` is the overall sample standard deviation, ``within`` that of neighbours."""
    return CapabilityIndices(
        spread_index(within, lower, upper),
        nearest_index(mean, within, lower, upper),
        spread_index(sigma, lower, upper),
        nearest_index(mean, sigma, lower, upper),
    )
