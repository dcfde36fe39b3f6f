"""Regular expressions that compile and still are no good limit: those that match anything, or may take for ever."""

from __future__ import annotations

from collections.abc import Iterator

from sequencer.vocabulary.problem import Severity
from sequencer.vocabulary.regex import Pattern, nests_repetitions


def pattern_problems(pattern: Pattern) -> Iterator[tuple[str, str, Severity]]:
    """``(code, message, severity)`` for each."""
    if nests_repetitions(pattern):
        words = "a repetition inside a repetition can take for ever on a text that does not match; simplify it"
        yield "slow-regex", f"{words}, or make the inner one possessive (`++`)", "warning"
    elif pattern.search("") and pattern.search("\x00\x7f\x00"):
        yield "limits-always", "every text matches this regular expression", "warning"
