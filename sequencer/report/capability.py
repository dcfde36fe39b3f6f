"""Process capability: how a measurement's values over many runs lie between its limits.

Cp and Cpk as defined in the NIST/SEMATECH e-Handbook of Statistical Methods, section 6.1.6 "What is Process
Capability?" (https://www.itl.nist.gov/div898/handbook/pmc/section1/pmc16.htm), with the sample standard deviation
(n - 1) as the estimate of sigma:

    Cp  = (USL - LSL) / (6 s)        Cpu = (USL - mean) / (3 s)
    Cpk = min(Cpu, Cpl)              Cpl = (mean - LSL) / (3 s)

With one limit there is no Cp, and Cpk is the Cpu or Cpl of that limit. The figures mean something for values that are
about normally distributed and of a stable process alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from sequencer.vocabulary.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Capability:
    """``count`` finite values; ``stdev`` from two values on; ``cp``, ``cpk`` where limits and a spread exist.

    Mean and standard deviation in the unit of the values, Cp and Cpk without unit. Without any spread (``stdev`` 0) Cp
    and Cpk are ``None``: infinity is no figure to steer by.
    """

    count: int
    mean: float | None = None
    stdev: float | None = None
    cp: float | None = None
    cpk: float | None = None


def capability(values: Iterable[float], lower: float | None = None, upper: float | None = None) -> Capability:
    """The figures of ``values`` between the limits; values that are not finite are left out."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Capability(0)
    try:
        mean = math.fsum(finite) / len(finite)
        squares = math.fsum((value - mean) * (value - mean) for value in finite)
    except OverflowError:  # no quantity of this world is so large
        return Capability(len(finite))
    count = len(finite)
    if count < 2 or not math.isfinite(squares):
        return Capability(count, mean)
    stdev = math.sqrt(squares / (count - 1))
    # Equal values can leave a spread of rounding errors; that is none.
    if stdev <= abs(mean) * 1e-15:
        return Capability(count, mean, 0.0)
    sides = [] if lower is None else [(mean - lower) / (3 * stdev)]
    if upper is not None:
        sides.append((upper - mean) / (3 * stdev))
    cp = (upper - lower) / (6 * stdev) if lower is not None and upper is not None else None
    return Capability(count, mean, stdev, cp, min(sides) if sides else None)
