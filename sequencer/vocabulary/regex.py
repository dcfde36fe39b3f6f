"""Regular expressions of a sequence: one reading of them for limits, parameters, dialogs, programs and instruments.

They are Python's, with two rules: an empty one matches anything and is none, and ``$`` is the very end of the text.
Python's own ``$`` also matches before a line break at the end, and a serial number with one would be taken for right.

Python's parser of expressions is private; only this file uses it (``tests/test_private_interfaces.py``).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from sequencer.vocabulary.dataclass import dataclass

ID_PATTERN = "^[a-z][a-z0-9_]*$"
"""What a sequence calls its modules, cases, drivers, parameters and variables: a name of Python's in small letters."""
_MANY = 16
"""A repetition that may go on at least so often is taken for an endless one."""
_FLAGS = r"\(\?([aiLmsux]*)(?:-([imsx]+))?([:)])"
_RESERVED = r"(?s)\[.*(\[|--|&&|~~|\|\|)"
_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]?"


_Parsed = Any
"""What the parser gives: lists of ``(code, argument)``."""


class PatternError(ValueError):
    """A text that is not a valid regular expression; the message says why, without naming it."""


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """A compiled expression; ``pattern`` is its text as it was written."""

    pattern: str
    compiled: re.Pattern[str]

    def search(self, text: str) -> re.Match[str] | None:
        """The first place where it is found."""
        return self.compiled.search(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of all of ``text``."""
        return self.compiled.fullmatch(text)

    @property
    def groupindex(self) -> Mapping[str, int]:
        """The named groups."""
        return self.compiled.groupindex


@lru_cache(maxsize=1024)
def compile_pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> CompiledPattern:
    """The expression of ``text``. Raises ``PatternError``."""
    try:
        with _unwarned(text):
            return CompiledPattern(text, re.compile(bound(text, flags), flags))
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from None


@contextmanager
def _unwarned(text: str) -> Iterator[None]:
    """Python warns of characters in a set that a later version may read otherwise, ``[a--z]``: nobody reads that."""
    if re.search(_RESERVED, text) is None:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def compile_bytes(text: str, encoding: str) -> re.Pattern[bytes]:
    """The expression of ``text`` for bytes in ``encoding``. Raises ``PatternError``."""
    compile_pattern(text)
    try:
        with _unwarned(text):
            return re.compile(bound(text).encode(encoding))
    except (re.error, UnicodeEncodeError) as error:
        raise PatternError(str(error)) from None


def bound(text: str, flags: re.RegexFlag = re.NOFLAG) -> str:
    r"""``text`` with ``\Z`` for each ``$`` that stands for the end of the text, not of a line. Raises ``PatternError``.

    A ``$`` in a class, behind a backslash, in a comment or under the flag ``m`` keeps its meaning.
    """
    if not text:
        raise PatternError("it is empty and would match everything")
    written: list[str] = []
    scope = _Scope(bool(flags & re.MULTILINE), bool(flags & re.VERBOSE))
    outer: list[_Scope] = []
    position = 0
    while position < len(text):
        letter, end = text[position], _end_of_piece(text, position, scope)
        if letter == "(" and end == position + 1:
            outer.append(scope)
            set_here = re.compile(_FLAGS).match(text, position)
            if set_here is not None:
                scope, end = scope.changed(set_here[1], set_here[2] or ""), set_here.end()
                if set_here[3] == ")":  # flags of the whole expression
                    outer.pop()
        elif letter == ")" and outer:
            scope = outer.pop()
        written.append(r"\Z" if letter == "$" and not scope.multiline else text[position:end])
        position = end
    return "".join(written)


class _Scope(NamedTuple):
    """The flags that count where one reads."""

    multiline: bool
    verbose: bool

    def changed(self, on: str, off: str) -> _Scope:
        return _Scope((self.multiline or "m" in on) and "m" not in off, (self.verbose or "x" in on) and "x" not in off)


def _end_of_piece(text: str, position: int, scope: _Scope) -> int:
    """Where an escape, a class or a comment ends that begins there; any other letter is a piece of its own."""
    letter, end = text[position], position + 1
    if letter == "\\":
        end += 1
    elif letter == "[":
        found = re.compile(_CLASS, re.DOTALL).match(text, position)
        end = end if found is None else found.end()
    elif letter == "#" and scope.verbose:
        end = text.find("\n", position) % (len(text) + 1)
    elif text.startswith("(?#", position):
        end = text.find(")", position) % (len(text) + 1) + 1
    return max(end, position + 1)


MOST_STEPS = 1_000_000_000
"""About how many steps a search may take that nothing can cut short: some seconds."""


def search_bounded(pattern: CompiledPattern, text: str) -> re.Match[str] | None:
    """The first place where the pattern is found. Raises ``PatternError`` where finding none might take too long.

    Each endless repetition that may give back what it took multiplies the steps by the length of the text, and so does
    a search that is not bound to the beginning.
    """
    repetitions = _endless(pattern.pattern)
    if repetitions is None or len(text) ** repetitions > MOST_STEPS:
        raise PatternError(f"it may take too long on a text of {len(text)} characters")
    return pattern.search(text)


def is_boundable(pattern: CompiledPattern) -> bool:
    """Whether ``search_bounded`` takes it for any text at all."""
    return _endless(pattern.pattern) is not None


@lru_cache(maxsize=256)
def _endless(pattern: str) -> int | None:
    """How many times the length of a text counts; ``None`` when that cannot be told, or repetitions nest."""
    try:
        with _unwarned(pattern):
            parsed = list(import_module("re._parser").parse(pattern))
        if _nested(parsed, False):
            return None
        bound_to_start = bool(parsed) and str(parsed[0][0]) == "AT" and str(parsed[0][1]).startswith("AT_BEGINNING")
        return _count(parsed) + (not bound_to_start)
    except Exception:  # the parser is private, and may be another one tomorrow
        return None


def _count(node: _Parsed) -> int:
    """The endless, backtracking repetitions in a node."""
    found = 0
    for code, argument in node:
        name = str(code)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, body = argument
            found += (most >= _MANY and most != least) + _count(body)
        else:
            found += sum(_count(part) for part in _PARTS.get(name, lambda _: ())(argument))
    return found


def nests_repetitions(pattern: CompiledPattern) -> bool:
    """Whether an endless repetition stands inside another: on a text that does not match it may take forever."""
    try:
        # The standard library's own parser: private, so that its absence only costs the warning.
        with _unwarned(pattern.pattern):
            parsed = import_module("re._parser").parse(pattern.pattern)
        return _nested(parsed, False)
    except Exception:
        return False


def _nested(node: _Parsed, inside: bool) -> bool:
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
_PARTS: Mapping[str, Callable[[_Parsed], Iterable[_Parsed]]] = {
    "SUBPATTERN": lambda argument: [argument[-1]],
    "BRANCH": lambda argument: argument[1],
    "ASSERT": lambda argument: [argument[1]],
    "ASSERT_NOT": lambda argument: [argument[1]],
}
