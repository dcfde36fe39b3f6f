"""The methods of texts, lists and the like that expressions may call, each weighed before it is carried out."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from datetime import date, datetime, time, timedelta
from typing import AnyStr

from sequencer.expressions.budget import MAX_SIZE, Budget, TooLarge, fits, text_of
from sequencer.expressions.comparison import EMPTY_SOUGHT, equal
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

MAX_WIDTH = 10_000
"""Characters that a format may pad to, and decimal places that it may give."""
_MAX_DATE_FORMAT = 1_000
_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([a-zA-Z%])")
_FIELD = re.compile(r"\.([^.\[]+)|\[([^\]]+)\]")


class RestrictedFormatter(string.Formatter):
    """``str.format`` whose fields are read by ``attribute`` and ``item``, as those of an expression are."""

    def __init__(
        self, budget: Budget, attribute: Callable[[object, str], object], item: Callable[[object, str | int], object]
    ) -> None:
        self._budget = budget
        self._attribute = attribute
        self._item = item

    def get_field(
        self, field_name: str, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> tuple[object, int | str]:
        """The value of ``0.name[key]`` and the argument that it begins with."""
        first = re.split(r"[.\[]", field_name, maxsplit=1)[0]
        argument = int(first) if first.isdigit() else first
        value = self.get_value(argument, args, kwargs)
        for attribute, item in _FIELD.findall(field_name[len(first) :]):
            if attribute:
                value = self._attribute(value, attribute)
            else:
                value = self._item(value, int(item) if item.isdigit() else item)
        return value, argument

    def convert_field(self, value: object, conversion: str | None) -> object:
        """``!r`` and its kin."""
        if conversion is not None:
            self._budget.spend(text_of(value))
        return super().convert_field(value, conversion)

    def format_field(self, value: object, format_spec: str) -> object:
        """One field, no wider than ``MAX_WIDTH``."""
        _refuse_widths(re.findall(r"\d+", format_spec))
        result = format(value if format_spec else text_of(value), format_spec[: _MAX_DATE_FORMAT + MAX_WIDTH])
        self._budget.spend(result)
        fits(len(result))
        return result


def percent(budget: Budget, text: str, values: object) -> str:
    """``text % values``."""
    conversions = _CONVERSION.findall(text)
    widths = [width for each in conversions for width in each[:2] if width]
    if "*" in widths:
        raise TooLarge(Reason("starred_width"))
    _refuse_widths(widths)
    budget.spend(values, times=len(conversions) + 1)
    for value in values if isinstance(values, tuple) else values.values() if isinstance(values, dict) else [values]:
        fits(len(conversions) * (len(text_of(value)) if not isinstance(value, float) else 1))
    result: str = text % values
    fits(len(result))
    return result


def _refuse_widths(widths: list[str]) -> None:
    for width in widths:
        if len(width) > 5 or int(width) > MAX_WIDTH:
            raise TooLarge(Reason("large_width", most=f"{MAX_WIDTH:,}"))


def _padded(method: Callable[..., object]) -> Callable[..., object]:
    def padded(text: object, width: int, *fill: object) -> object:
        fits(width)
        return method(text, width, *fill)

    return padded


def expanded(text: str, tabsize: int = 8) -> str:
    """``text.expandtabs(tabsize)``."""
    fits(len(text) + text.count("\t") * max(tabsize, 0))
    return text.expandtabs(max(tabsize, 0))


def replaced(text: AnyStr, old: AnyStr, new: AnyStr, count: int = -1) -> AnyStr:
    """``text.replace(old, new, count)``."""
    found = text.count(old) if old else len(text) + 1
    times = found if count < 0 else min(count, found)
    if len(new) > len(old):
        fits(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, count)


def joined(separator: AnyStr, parts: Iterable[AnyStr]) -> AnyStr:
    """``separator.join(parts)``."""
    listed = list(parts)
    fits(sum(len(part) for part in listed if isinstance(part, str | bytes)) + len(separator) * len(listed))
    return separator.join(listed)


def _translated(text: str, table: Mapping[int, int | str | None]) -> str:
    longest = max((len(value) for value in table.values() if isinstance(value, str)), default=1)
    fits(len(text) * max(longest, 1))
    return text.translate(table)


def _split(method: Callable[..., Sized]) -> Callable[..., Sized]:
    def split(text: object, sep: object = None, maxsplit: int = -1) -> Sized:
        result = method(text, sep, maxsplit if 0 <= maxsplit <= MAX_SIZE else MAX_SIZE + 1)
        fits(len(result), "elements")
        return result

    return split


def _lines(text: str, keepends: bool = False) -> list[str]:
    fits(text.count("\n") + text.count("\r"), "elements")
    return text.splitlines(keepends)


def _date_text(value: date | time, pattern: str) -> str:
    if len(pattern) > _MAX_DATE_FORMAT:
        raise TooLarge(Reason("long_format", most=f"{_MAX_DATE_FORMAT:,}"))
    return str(value.strftime(pattern))


def _count(values: Iterable[object], value: object) -> int:
    return sum(equal(each, value) for each in values)


def _index(values: Iterable[object], value: object) -> int:
    for position, each in enumerate(values):
        if equal(each, value):
            return position
    raise UnusableValue(Reason("not_in_list", found=f"{value!r:.80}"))


def _own(kind: type, names: str) -> dict[str, Callable[..., object]]:
    """Methods that give nothing larger than what they are given."""
    return {name: getattr(kind, name) for name in names.split()}


def _sought(kind: type, names: str) -> dict[str, Callable[..., object]]:
    """Methods that look for a text, or for one of several, in another."""

    def looking(method: Callable[..., object]) -> Callable[..., object]:
        def look(text: object, sought: object, *span: object) -> object:
            if any(
                isinstance(each, str | bytes) and not each for each in (sought if type(sought) is tuple else (sought,))
            ):
                raise UnusableValue(EMPTY_SOUGHT)
            return method(text, sought, *span)

        return look

    return {name: looking(getattr(kind, name)) for name in names.split()}


METHODS: Mapping[type, Mapping[str, Callable[..., object]]] = {
    str: {
        **_own(
            str,
            "capitalize casefold encode isalnum isalpha isascii isdecimal isdigit islower isnumeric isprintable isspace"
            " istitle isupper lower lstrip partition removeprefix removesuffix rpartition rstrip strip swapcase title"
            " upper",
        ),
        **_sought(str, "count endswith find index rfind rindex startswith"),
        "center": _padded(str.center),
        "expandtabs": expanded,
        "join": joined,
        "ljust": _padded(str.ljust),
        "replace": replaced,
        "rjust": _padded(str.rjust),
        "rsplit": _split(str.rsplit),
        "split": _split(str.split),
        "splitlines": _lines,
        "translate": _translated,
        "zfill": _padded(str.zfill),
    },
    bytes: {
        **_own(bytes, "decode hex isascii isdigit lower lstrip rstrip strip upper"),
        **_sought(bytes, "count endswith find index startswith"),
        "center": _padded(bytes.center),
        "join": joined,
        "ljust": _padded(bytes.ljust),
        "replace": replaced,
        "rjust": _padded(bytes.rjust),
        "split": _split(bytes.split),
        "zfill": _padded(bytes.zfill),
    },
    list: {"count": _count, "index": _index},
    tuple: {"count": _count, "index": _index},
    dict: _own(dict, "get items keys values"),
    int: _own(int, "bit_count bit_length"),
    float: _own(float, "is_integer"),
    datetime: {
        **_own(datetime, "date isoformat isoweekday time timestamp weekday"),
        "strftime": _date_text,
    },
    date: {**_own(date, "isoformat isoweekday weekday"), "strftime": _date_text},
    time: {**_own(time, "isoformat"), "strftime": _date_text},
    timedelta: _own(timedelta, "total_seconds"),
}
"""By the type of the value; ``format`` of a text, which reads fields, is ``RestrictedFormatter``."""

ATTRIBUTES: Mapping[type, frozenset[str]] = {
    datetime: frozenset(["year", "month", "day", "hour", "minute", "second", "microsecond"]),
    date: frozenset(["year", "month", "day"]),
    time: frozenset(["hour", "minute", "second", "microsecond"]),
    timedelta: frozenset(["days", "seconds", "microseconds"]),
    complex: frozenset(["real", "imag"]),
}
"""What can be read of plain values that are no mappings."""

PLAIN_TYPES = (type(None), bool, int, float, str, bytes, list, tuple, dict, *ATTRIBUTES)
"""Whatever is none of these is a driver's own object."""
