"""Limits from a table: an empty cell is no limit on its side, as long as there is one on the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIDES = frozenset({"gt", "ge", "lt", "le"})


def without_open_sides(limits: Any) -> Any:
    """``limits`` with null bounds left out: ``[null, 5.2]`` is ``{"le": 5.2}``, ``{"ge": null, "le": 5.2}`` as well.

    Where nothing would be left, they stay as they are, and are no limits then.
    """
    if isinstance(limits, list) and len(limits) == 2:
        lower, upper = limits
        if lower is None and upper is not None:
            return {"le": upper}
        return {"ge": lower} if upper is None and lower is not None else limits
    if isinstance(limits, Mapping):
        if "each" in limits:
            return {**limits, "each": without_open_sides(limits["each"])}
        if _SIDES.issuperset(limits):
            return {side: bound for side, bound in limits.items() if bound is not None} or limits
    return limits
