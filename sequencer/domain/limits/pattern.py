"""Regular expressions that compile and still are no good limit: those that match anything, or may take for ever."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from sequencer.vocabulary.problem import Severity

_MANY = 16
"""A repetition that may go on at least so often is taken for an endless one."""


def pattern_problems(pattern: re.Pattern[str]) -> Iterator[tuple[str, str, Severity]]:
    """``(code, message, severity)`` for each."""
    if _nests_repetitions(pattern.pattern):
        words = "a repetition inside a repetition can take for ever on a text that does not match; simplify it"
        yield "slow-regex", f"{words}, or make the inner one possessive (`++`)", "warning"
    elif pattern.search("") and pattern.search("\x00\x7f\x00"):
        yield "limits-always", "every text matches this regular expression", "warning"


def _nests_repetitions(pattern: str) -> bool:
    try:
        # The standard library's own parser: private, so that its absence only costs the warning.
        parsed = import_module("re._parser").parse(pattern)
        return _nested(parsed, False)
    except Exception:
        return False


def _nested(node: Any, inside: bool) -> bool:
    """Whether an endless, backtracking repetition stands inside another; a node is a list of ``(code, argument)``."""
    for code, argument in node:
        name = str(code)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, body = argument
            endless = most >= _MANY and most != least
            if (endless and inside) or _nested(body, inside or endless):
                return True
        elif any(_nested(part, inside) for part in _PARTS.get(name, lambda _: ())(argument)):
            return True
    return False


# Possessive repetitions and atomic groups are left out: they never backtrack.
_PARTS: Mapping[str, Callable[[Any], Iterable[Any]]] = {
    "SUBPATTERN": lambda argument: [argument[-1]],
    "BRANCH": lambda argument: argument[1],
    "ASSERT": lambda argument: [argument[1]],
    "ASSERT_NOT": lambda argument: [argument[1]],
}
