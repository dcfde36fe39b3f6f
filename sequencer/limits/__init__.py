"""Limits: what a measured value must meet, how it is judged, and what is wrong with limits as written.

A test process reads ``[lowest, highest]`` and ``{ge: lowest, le: highest}`` far more often than anything else: the rest
is imported when it is met.
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

_PLAIN = (int, float)
_LOWER = {"ge": True, "gt": False}
_UPPER = {"le": True, "lt": False}
"""Whether the bound itself passes."""


def parse_limits(written: object, unit: str | None = None, *, nulls: bool = True) -> Limit:
    """The limit that plain data says, bounds in ``unit``.

    ``nulls``: false where expressions gave them, and a null in them may be a value that is missing.
    Raises ``ValueError`` with a plain sentence for data that is malformed or makes no sense.
    """
    found = None
    if type(written) is list and len(written) == 2:
        found = _interval(*written)
    elif type(written) is dict and len(written) == 2:
        (below, lower), (above, upper) = written.items()
        if below in _LOWER and above in _UPPER:
            found = _interval(lower, upper, includes_lower=_LOWER[below], includes_upper=_UPPER[above])
    if found is not None:
        return found
    from sequencer.limits.parse import read_limits

    return read_limits(written, unit, nulls=nulls)


def _interval(
    lower: object, upper: object, *, includes_lower: bool = True, includes_upper: bool = True
) -> Limit | None:
    """The limit between two plain numbers; ``None`` for what has to be looked at closely."""
    if type(lower) not in _PLAIN or type(upper) not in _PLAIN:
        return None
    assert isinstance(lower, (int, float)) and isinstance(upper, (int, float))
    if not -math.inf < lower < upper < math.inf:
        return None
    return Interval(lower, upper, includes_lower, includes_upper)


def limit_problems(written: object, unit: str | None = None) -> list[LimitProblem]:
    """Everything wrong with limits, for check time; parts that hold ``${{ expressions }}`` are left out.

    Each problem is ``(path, code, message, severity)``.
    """
    from sequencer.limits.parse import problems_of

    return problems_of(written, unit)
