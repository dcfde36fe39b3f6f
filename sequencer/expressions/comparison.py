"""Comparisons that fail closed: what cannot be compared is an error, in whichever way it is asked.

``x != 5`` of a NaN, a null or a string would be true, and ``not (x > 5)`` too: a test would pass that measured nothing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

_NUMBERS = frozenset([int, float])
_COMPARED_DIRECTLY = frozenset([float, int, str])
_ORDERED = frozenset(["a number", "a string", "bytes", "a list", "a date and time", "a date", "a time", "a duration"])
_KINDS: Mapping[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    bytes: "bytes",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
    datetime: "a date and time",
    date: "a date",
    time: "a time",
    timedelta: "a duration",
}

EMPTY_SOUGHT = "the empty string is in every string"
"""Why nobody looks for one: whoever does has read an empty cell, or nothing at all."""


def is_nan(value: object) -> bool:
    """Whether ``value`` is a number that is not a number."""
    return type(value) is float and math.isnan(value)


def compare(left: Any, *rest: Any) -> bool:
    """``compare(a, "lt", b, "lteq", c)`` is ``a < b <= c``, except that it fails closed.

    Raises ``ValueError`` for NaN, null, values of two types (``true`` and 1 among them) and what has no order. Numbers
    are compared exactly, integers of any size with floats too.
    """
    for index in range(0, len(rest), 2):
        name, right = rest[index], rest[index + 1]
        if name in ("in", "notin"):
            if contains(right, left) is not (name == "in"):
                return False
        elif not _holds(name, left, right):
            return False
        left = right
    return True


def _holds(name: str, left: Any, right: Any) -> bool:
    kind = type(left)
    if kind is type(right) and kind in _COMPARED_DIRECTLY:
        if kind is float and (math.isnan(left) or math.isnan(right)):
            raise ValueError("NaN cannot be compared")
        return bool(_OPERATORS[name](left, right))
    if name == "eq":
        return equal(left, right)
    if name == "ne":
        return not equal(left, right)
    one_kind([left, right])
    return bool(_OPERATORS[name](left, right))


_OPERATORS: Mapping[str, Callable[..., object]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,  # as Jinja2 names `<=` and `>=`
    "gt": operator.gt,
    "gteq": operator.ge,
}


def equal(left: Any, right: Any) -> bool:
    """Whether two values of one type are equal, at every level. Raises ``ValueError`` when that cannot be told."""
    kind = _one_kind_of_two(left, right)
    if kind == "a list":
        _refuse_missing([*left, *right])
        pairs = [equal(*pair) for pair in zip(left, right, strict=False)]
        return len(left) == len(right) and all(pairs)
    if kind == "a mapping":
        _refuse_missing([*left.values(), *right.values()])
        shared = [equal(value, right[key]) for key, value in left.items() if key in right]
        return left.keys() == right.keys() and all(shared)
    if kind in ("a date and time", "a time") and (left.tzinfo is None) is not (right.tzinfo is None):
        raise ValueError("a time with a zone cannot be compared with one without")
    return bool(left == right)


def contains(container: Any, value: Any) -> bool:
    """Whether a string has the part, a list the element, a mapping the key ``value``. Raises ``ValueError``.

    An element of another type than ``value`` is neither equal nor different: unless ``value`` is found beside it, that
    is an error.
    """
    kind = kind_of(container)
    if kind in ("a string", "bytes"):
        _one_kind_of_two(value, container)
        if not value:
            raise ValueError(EMPTY_SOUGHT)
        return value in container
    if kind not in ("a list", "a mapping"):
        raise ValueError(f"`in` cannot be used with {kind}")
    kind_of_value = _comparable(value)
    elements = list(container)
    types = set(map(type, elements))
    if types == {type(value)} and types <= {int, str}:
        return value in elements
    _refuse_missing(elements)
    alike = [element for element in elements if kind_of(element) == kind_of_value]
    if any(equal(element, value) for element in alike):
        return True
    if len(alike) < len(elements):
        other = next(element for element in elements if kind_of(element) != kind_of_value)
        raise ValueError(_unlike(value, other))
    return False


def one_kind(values: Iterable[object]) -> None:
    """Raises ``ValueError`` unless all ``values`` can be put in order: of one type, no NaN, no null."""
    listed = list(values)
    types = set(map(type, listed))
    if types <= _NUMBERS:
        if any(map(is_nan, listed)):
            raise ValueError("NaN cannot be compared")
        return
    first = _shape(listed[0])
    for value in listed[1:]:
        if _shape(value) != first:
            raise ValueError(_unlike(listed[0], value))


def _shape(value: object) -> object:
    """The type that decides about the order; of a list that of each of its elements."""
    kind = _comparable(value)
    if kind not in _ORDERED:
        raise ValueError(f"{kind} cannot be ordered")
    if isinstance(value, list | tuple):
        return tuple(map(_shape, value))
    zoned = isinstance(value, datetime | time) and value.tzinfo is not None
    return f"{kind} with a zone" if zoned else kind


def distinct(values: Iterable[object]) -> None:
    """Raises ``ValueError`` unless all ``values`` can be told apart: of one type, no NaN, no null."""
    listed = list(values)
    for value in listed:
        _one_kind_of_two(listed[0], value)


def kind_of(value: object) -> str:
    """The type of a plain value in words."""
    return _KINDS.get(type(value)) or f"an object of type {type(value).__name__}"


def _comparable(value: object) -> str:
    kind = kind_of(value)
    if kind == "null":
        raise ValueError("null cannot be compared; use `is none`")
    if is_nan(value):
        raise ValueError("NaN cannot be compared")
    if type(value) not in _KINDS:
        raise ValueError(f"{kind} cannot be compared")
    return kind


def _one_kind_of_two(left: object, right: object) -> str:
    kind = _comparable(left)
    if _comparable(right) != kind:
        raise ValueError(_unlike(left, right))
    return kind


def _refuse_missing(values: Iterable[object]) -> None:
    for value in values:
        _comparable(value)
        if isinstance(value, list | tuple):
            _refuse_missing(value)
        elif isinstance(value, dict):
            _refuse_missing(value.values())


def _unlike(left: object, right: object) -> str:
    kinds = kind_of(left), kind_of(right)
    hint = "; convert it with float() or int()" if set(kinds) == {"a string", "a number"} else ""
    if kinds == ("a number", "a string"):
        left, right = right, left
    return f"{_shown(left)} cannot be compared with {_shown(right)}{hint}"


def _shown(value: object) -> str:
    kind = kind_of(value)
    if type(value) is str:
        return f"the string {value[:80]!r}"
    if kind == "a number":
        return f"the number {value!r:.80}"
    return ("true" if value else "false") if kind == "a boolean" else kind
