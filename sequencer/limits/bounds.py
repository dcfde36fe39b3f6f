"""The two numbers that bound what passes, for whoever draws, sorts or reckons with them: one rule for all of these."""

from __future__ import annotations

from sequencer.limits import parse_limits
from sequencer.limits.numeric import Tolerance
from sequencer.vocabulary.data import Data, finite_number

Bound = int | float | None


def bounds(limits: Data, unit: str | None = None) -> tuple[Bound, Bound]:
    """The lowest and the highest value that passes (or that values must stay above, below), in ``unit``.

    ``None`` where there is no such number: limits outside of a range, texts, limits that cannot be read. Never raises.
    """
    if limits is None:
        return None, None
    try:
        lowered = parse_limits(limits, unit).lower()
    except ValueError:
        return None, None
    operation, compared = lowered.get("operation"), lowered.get("comparison_value")
    if operation in ("ltgt", "ltge", "legt", "lege"):  # what passes lies on both sides of these two
        return None, None
    lower = lowered.get("lower_limit", compared if operation in ("eq", "gt", "ge") else None)
    upper = lowered.get("upper_limit", compared if operation in ("eq", "lt", "le") else None)
    return finite_number(lower), finite_number(upper)


def target(limits: Data, unit: str | None = None) -> Bound:
    """The nominal value that limits say, in ``unit``; ``None`` where they say none. Never raises."""
    try:
        parsed = None if limits is None else parse_limits(limits, unit)
    except ValueError:
        return None
    return finite_number(parsed.nominal) if isinstance(parsed, Tolerance) else None
