"""Filters and tests of expressions: Jinja2's own with all their arguments, made to fail closed and to stay small."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, SupportsInt

from sequencer.expressions.budget import Budget, digits, fits, text_of
from sequencer.expressions.comparison import compare, distinct, is_nan, one_kind
from sequencer.expressions.functions import fits_number, functions
from sequencer.expressions.jinja_private import attribute_getter
from sequencer.expressions.methods import joined, percent, replaced
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from jinja2 import Environment

JINJA_FILTERS = frozenset(
    {
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "format",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "sum",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "wordcount",
    }
)
"""Those of Jinja2's own filters that expressions may use: no HTML, no randomness, none that hides a failure."""

JINJA_TESTS = frozenset(
    {
        "boolean",
        "defined",
        "even",
        "false",
        "float",
        "integer",
        "iterable",
        "lower",
        "mapping",
        "none",
        "number",
        "odd",
        "divisibleby",
        "sequence",
        "string",
        "true",
        "undefined",
        "upper",
    }
)

_COMPARING_TESTS = {
    "==": "eq", "eq": "eq", "equalto": "eq", "sameas": "eq", "!=": "ne", "ne": "ne", ">": "gt", "gt": "gt",
    "greaterthan": "gt", ">=": "gteq", "ge": "gteq", "<": "lt", "lt": "lt", "lessthan": "lt", "<=": "lteq",
    "le": "lteq", "in": "in",
}  # fmt: skip


Attribute = str | int | None
"""What of the elements a filter looks at: ``a.b``, an index, or themselves."""


class FilterContext(Protocol):
    """One evaluation, as a filter sees it."""

    @property
    def environment(self) -> Environment:
        """What reads attributes."""

    @property
    def budget(self) -> Budget:
        """The work that is left."""

    def original(self, name: str, value: object, *args: object, **kwargs: object) -> object:
        """What Jinja2's own filter of that name gives."""


def _attributes(use: FilterContext, values: Iterable[object], attribute: Attribute) -> list[object]:
    """What ``values`` are sorted or compared by: themselves, or an attribute (of ``sort``: ``a.b,c``)."""
    if attribute is None:
        return list(values)
    names = attribute.split(",") if isinstance(attribute, str) else [attribute]
    getters = [attribute_getter(use.environment, name) for name in names]
    found = [[getter(value) for getter in getters] for value in values]
    return [keys[0] if len(keys) == 1 else keys for keys in found]


def _sort(
    use: FilterContext,
    value: Iterable[object],
    reverse: bool = False,
    case_sensitive: bool = False,
    attribute: Attribute = None,
) -> object:
    values = list(value)
    one_kind(_attributes(use, values, attribute))
    return use.original("sort", values, reverse, case_sensitive, attribute)


def _extreme(name: str) -> Callable[..., object]:
    def extreme(
        use: FilterContext, value: Iterable[object], case_sensitive: bool = False, attribute: Attribute = None
    ) -> object:
        values = list(value)
        keys = _attributes(use, values, attribute)
        one_kind([key for key in keys if not is_nan(key)])
        return math.nan if any(map(is_nan, keys)) else use.original(name, values, case_sensitive, attribute)

    return extreme


def _unique(
    use: FilterContext, value: Iterable[object], case_sensitive: bool = False, attribute: Attribute = None
) -> object:
    values = list(value)
    distinct(_attributes(use, values, attribute))
    return use.original("unique", values, case_sensitive, attribute)


def _dictsort(
    use: FilterContext,
    value: Mapping[object, object],
    case_sensitive: bool = False,
    by: str = "key",
    reverse: bool = False,
) -> object:
    one_kind(value.values() if by == "value" else value)
    return use.original("dictsort", value, case_sensitive, by, reverse)


def _sum(use: FilterContext, value: Iterable[object], attribute: Attribute = None, start: object = 0) -> object:
    return functions()["sum"](_attributes(use, value, attribute), start)


def _int(use: FilterContext, value: object, *default: object, **named: object) -> object:
    """``value | int(default, base)``; without a default, what is not a number is an error and not 0."""
    return _read(_integer, value, *default, **named)


def _float(use: FilterContext, value: object, *default: object, **named: object) -> object:
    return _read(float, value, *default, **named)


_NO_DEFAULT = object()


def _read(
    convert: Callable[..., object], value: object, default: object = _NO_DEFAULT, *base: object, **named: object
) -> object:
    fits_number(value)
    if is_nan(value):
        raise UnusableValue(Reason("nan_converted"))
    try:
        return convert(value, *base, **named)
    except (TypeError, ValueError, OverflowError):
        if default is not _NO_DEFAULT:
            return default
        raise UnusableValue(Reason("not_a_number", found=f"{value!r:.80}")) from None


def _integer(value: str | SupportsInt, base: int = 10) -> int:
    if not isinstance(value, str):
        return int(value)
    try:
        return int(value, base)
    except ValueError as error:
        try:
            number = float(value)  # "42.9" is 42, as in Jinja2
        except ValueError:
            raise error from None
        return int(number) if abs(number) < 2**53 or not math.isfinite(number) else int(Decimal(value))


def _center(use: FilterContext, value: object, width: int = 80) -> str:
    fits(width)
    return text_of(value).center(width)


def _format(use: FilterContext, value: object, *args: object, **kwargs: object) -> str:
    if args and kwargs:
        raise UnusableValue(Reason("format_mixed"))
    return percent(use.budget, text_of(value), kwargs or args)


def _join(use: FilterContext, value: Iterable[object], d: object = "", attribute: Attribute = None) -> str:
    return str(joined(text_of(d), [text_of(part) for part in _attributes(use, value, attribute)]))


def _replace(use: FilterContext, value: object, old: object, new: object, count: int | None = None) -> str:
    return str(replaced(text_of(value), text_of(old), text_of(new), -1 if count is None else count))


def _round(use: FilterContext, value: object, precision: int = 0, method: str = "common") -> object:
    return use.original("round", value, digits(precision), method)


def _counted(name: str) -> Callable[..., object]:
    def counted(use: FilterContext, value: object, count: int, fill_with: object = None) -> object:
        fits(count, "elements")
        return use.original(name, value, count, fill_with)

    return counted


def _tojson(use: FilterContext, value: object, indent: int | None = None) -> str:
    text_of(value)  # weighs it
    if indent is not None and not 0 <= indent <= 16:
        raise UnusableValue(Reason("bad_indentation"))
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def _of_text(name: str) -> Callable[..., object]:
    """A filter that takes what is no text as its text."""

    def of_text(use: FilterContext, value: object, *args: object, **kwargs: object) -> object:
        return use.original(name, text_of(value), *args, **kwargs)

    return of_text


def _function(name: str) -> Callable[..., object]:
    def function(use: FilterContext, value: object, *args: object, **kwargs: object) -> object:
        return functions()[name](value, *args, **kwargs)

    return function


FILTERS: Mapping[str, Callable[..., object]] = {
    **{name: _of_text(name) for name in ("capitalize", "lower", "string", "title", "trim", "upper", "wordcount")},
    **{name: _function(name) for name in ("abs", "bool", "list", "mean", "median", "sorted", "stdev")},
    "batch": _counted("batch"),
    "center": _center,
    "dictsort": _dictsort,
    "float": _float,
    "format": _format,
    "int": _int,
    "join": _join,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "replace": _replace,
    "round": _round,
    "slice": _counted("slice"),
    "sort": _sort,
    "sum": _sum,
    "tojson": _tojson,
    "unique": _unique,
}
"""Filters that are not Jinja2's own, or not without a look at what they are given: called with the evaluation first."""


def _whole(name: str, value: object) -> int:
    if type(value) is not int:
        raise UnusableValue(Reason("test_of_integers", name=name, found=f"{value!r:.80}"))
    return value


def _divisible(name: str, value: object, divisor: object = 2) -> bool:
    return _whole(name, value) % _whole(name, divisor) == (1 if name == "odd" else 0)


def _comparing(operator: str) -> Callable[..., bool]:
    return lambda left, right: compare(left, operator, right)


TESTS: Mapping[str, Callable[..., bool]] = {
    **{name: _comparing(operator) for name, operator in _COMPARING_TESTS.items()},
    "divisibleby": lambda value, num: _divisible("divisibleby", value, num),
    "even": lambda value: _divisible("even", value),
    "odd": lambda value: _divisible("odd", value),
    "number": lambda value: type(value) is int or (type(value) is float and not is_nan(value)),
    "lower": lambda value: text_of(value).islower(),
    "upper": lambda value: text_of(value).isupper(),
}
"""Tests that are not Jinja2's own: comparisons, and those that would answer for a value of the wrong type."""
