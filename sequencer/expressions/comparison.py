"""Comparisons that fail closed: what cannot be compared is an error, in whichever way it is asked.

``x != 5`` of a NaN, a null or a string would be true, and ``not (x > 5)`` too: a test would pass that measured nothing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

_NUMBERS = frozenset([int, float])
_COMPARED_DIRECTLY = frozenset([float, int, str])
_ORDERED = frozenset(["number", "string", "bytes", "list", "date_time", "date", "time", "duration"])
_KINDS: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    bytes: "bytes",
    list: "list",
    tuple: "list",
    dict: "mapping",
    datetime: "date_time",
    date: "date",
    time: "time",
    timedelta: "duration",
}

OBJECT = "object"
"""The kind of what is no plain value."""
EMPTY_SOUGHT = Reason("empty_sought")
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
            raise UnusableValue(Reason("nan_compared"))
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
    if kind == "list":
        _refuse_missing([*left, *right])
        pairs = [equal(*pair) for pair in zip(left, right, strict=False)]
        return len(left) == len(right) and all(pairs)
    if kind == "mapping":
        _refuse_missing([*left.values(), *right.values()])
        shared = [equal(value, right[key]) for key, value in left.items() if key in right]
        return left.keys() == right.keys() and all(shared)
    if kind in ("date_time", "time") and (left.tzinfo is None) is not (right.tzinfo is None):
        raise UnusableValue(Reason("zone_compared"))
    return bool(left == right)


def contains(container: Any, value: Any) -> bool:
    """Whether a string has the part, a list the element, a mapping the key ``value``. Raises ``ValueError``.

    An element of another type than ``value`` is neither equal nor different: unless ``value`` is found beside it, that
    is an error.
    """
    kind = kind_of(container)
    if kind in ("string", "bytes"):
        _one_kind_of_two(value, container)
        if not value:
            raise UnusableValue(EMPTY_SOUGHT)
        return value in container
    if kind not in ("list", "mapping"):
        raise UnusableValue(Reason("wrong_operand", sign="in", subject=kind_named(container)))
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
        raise _unlike(value, other)
    return False


def one_kind(values: Iterable[object]) -> None:
    """Raises ``ValueError`` unless all ``values`` can be put in order: of one type, no NaN, no null."""
    listed = list(values)
    types = set(map(type, listed))
    if types <= _NUMBERS:
        if any(map(is_nan, listed)):
            raise UnusableValue(Reason("nan_compared"))
        return
    first = _shape(listed[0])
    for value in listed[1:]:
        if _shape(value) != first:
            raise _unlike(listed[0], value)


def _shape(value: object) -> object:
    """The type that decides about the order; of a list that of each of its elements."""
    kind = _comparable(value)
    if kind not in _ORDERED:
        raise UnusableValue(Reason("not_ordered", subject=kind_named(value)))
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
    """The type of a plain value: a word of ``sentences.KINDS``, or ``OBJECT``."""
    return _KINDS.get(type(value), OBJECT)


def kind_named(value: object) -> Reason:
    """The type of any value, for a sentence."""
    kind = kind_of(value)
    return Reason("object_of_type", type=type(value).__name__) if kind == OBJECT else Reason("of_kind", kind=kind)


def _comparable(value: object) -> str:
    kind = kind_of(value)
    if kind == "null":
        raise UnusableValue(Reason("null_compared"))
    if is_nan(value):
        raise UnusableValue(Reason("nan_compared"))
    if type(value) not in _KINDS:
        raise UnusableValue(Reason("not_compared", subject=kind_named(value)))
    return kind


def _one_kind_of_two(left: object, right: object) -> str:
    kind = _comparable(left)
    if _comparable(right) != kind:
        raise _unlike(left, right)
    return kind


def _refuse_missing(values: Iterable[object]) -> None:
    for value in values:
        _comparable(value)
        if isinstance(value, list | tuple):
            _refuse_missing(value)
        elif isinstance(value, dict):
            _refuse_missing(value.values())


def _unlike(left: object, right: object) -> UnusableValue:
    kinds = kind_of(left), kind_of(right)
    if kinds == ("number", "string"):
        left, right = right, left
    if set(kinds) == {"string", "number"}:
        return UnusableValue(Reason("unlike_number", left=_shown(left), right=_shown(right)))
    return UnusableValue(Reason("unlike", left=_shown(left), right=_shown(right)))


def _shown(value: object) -> Reason | str:
    kind = kind_of(value)
    if type(value) is str:
        return Reason("string_shown", found=f"{value[:80]!r}")
    if kind == "number":
        return Reason("number_shown", found=f"{value!r:.80}")
    return ("true" if value else "false") if kind == "boolean" else kind_named(value)
