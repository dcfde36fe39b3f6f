"""What was meant by limits that are none: names of other tools, and a comparison where a mapping belongs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from sequencer.vocabulary.shown import show

_OTHER_NAMES = {
    **dict.fromkeys(("min", "low", "lower", "lo", "minimum", "at_least"), "ge"),
    **dict.fromkeys(("max", "high", "upper", "hi", "maximum", "at_most"), "le"),
    **dict.fromkeys(("equals", "equal", "value"), "eq"),
    **dict.fromkeys(("tol", "plus_minus"), "tolerance"),
    **dict.fromkeys(("regex", "pattern"), "matches"),
}
"""What other tools, and people, call them."""
_SIGNS = {
    ">": "gt",
    ">=": "ge",
    "=>": "ge",
    "≥": "ge",
    "<": "lt",
    "<=": "le",
    "=<": "le",
    "≤": "le",
    "=": "eq",
    "==": "eq",
    "!=": "ne",
    "<>": "ne",
    "≠": "ne",
}
_COMPARISON = re.compile(r"\s*([<>=!≤≥≠]{1,2})\s*([\w.+-][\w.+\- %°/]{0,40})")


def other_name(key: object, known: Iterable[str]) -> str:
    """``; write `ge` `` for a key that is no limit; empty when nothing is like it."""
    if key in _OTHER_NAMES:
        return f"; write `{_OTHER_NAMES[str(key)]}`"
    from difflib import get_close_matches

    matches = get_close_matches(str(key), sorted(known), 1)
    return f"; did you mean `{matches[0]}`?" if matches else ""


def as_mapping(written: object) -> str:
    """``; write {gt: 4.8}`` for a value or a comparison where a mapping belongs; empty when none is like it."""
    if isinstance(written, bool):
        return f"; write {{is: {show(written)}}}"
    if isinstance(written, int):
        return f"; write {{eq: {show(written)}}}"
    if isinstance(written, float):
        return f"; write {{nominal: {show(written)}, tolerance: 1%}}" if math.isfinite(written) else ""
    if not isinstance(written, str) or not written.strip():
        return ""
    if found := _COMPARISON.fullmatch(written):
        key = _SIGNS.get(found[1])
        return f"; write {{{key}: {found[2].strip()}}}" if key else ""
    return "" if re.search("[<>=≤≥≠]", written) else f"; write {{eq: {show(written)}}}"
