"""Limits: what a measured value must meet, how it is judged, and what is wrong with limits as written.

A test process reads ``[lowest, highest]`` far more often than anything else: the rest is imported when it is met.
Others import from here, not from the files below: two threads that begin at different ends would wait for each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sequencer.limits.base import Judgement, Limit, judge
from sequencer.limits.numeric import Interval
from sequencer.limits.schema import LIMITS_SCHEMA
from sequencer.vocabulary.shown import show

if TYPE_CHECKING:
    from sequencer.limits.leaves import LimitProblem

__all__ = ["LIMITS_SCHEMA", "Judgement", "Limit", "judge", "limit_problems", "parse_limits", "show"]


def parse_limits(written: object, unit: str | None = None) -> Limit:
    """The limit that plain data says, bounds in ``unit``.

    Raises ``ValueError`` with a plain sentence for data that is malformed or makes no sense.
    """
    if type(written) is list and len(written) == 2:
        lower, upper = written
        if type(lower) in (int, float) and type(upper) in (int, float) and -math.inf < lower < upper < math.inf:
            return Interval(lower, upper)
    from sequencer.limits.parse import read_limits

    return read_limits(written, unit)


def limit_problems(written: object, unit: str | None = None) -> list[LimitProblem]:
    """Everything wrong with limits, for check time; parts that hold ``${{ expressions }}`` are left out.

    Each problem is ``(path, code, message, severity)``.
    """
    from sequencer.limits.parse import problems_of

    return problems_of(written, unit)
