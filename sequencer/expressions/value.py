"""Values as drivers hand them over, turned into plain data once, where they enter. numpy is never imported.

Whatever judges, compares or records a value looks at the outcome of ``plain``, so that none of them can see another
value than the others: a float whose comparison lies, a NaN of numpy that is not a Python float, text that has no UTF-8.
Only methods of Python's own types are asked for that, never those that a subclass of them brings along.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections import UserString, deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from io import IOBase
from itertools import islice
from pathlib import PurePath
from typing import Any, TypeVar
from uuid import UUID

from sequencer.vocabulary.data import Data, MeasurementType, utf8
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason

MAX_TEXT = 100_000
"""Characters that a text keeps in a report; what follows is cut, visibly."""
MAX_ITEMS = 100_000
"""Elements that a value keeps in a report, counted over all its levels."""
MAX_TAKEN = 1_000_000
"""Elements that a value may have at all, counted over all its levels."""
MAX_DEPTH = 50
MAX_INTEGER_BITS = 4096
"""Python refuses to write integers of more than 4,300 digits; JSON readers give up long before."""

_Container = TypeVar("_Container", list[object], dict[object, object])

_EXACT_FLOATS = 2**53
"""From here on not every integer is a float."""
_ATOMS = frozenset([type(None), bool, int, float, bytes, complex, datetime, date, time, timedelta])
_CONTAINERS = frozenset([list, tuple, set, frozenset, deque, dict])
_FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, type)


def plain(value: object) -> Any:
    """``value`` as plain data at every level: null, booleans, numbers, texts, bytes, dates, lists and mappings.

    Integers stay whole; numpy scalars, ``Decimal`` and ``Fraction`` become the nearest float (an integer beyond 2^53
    itself), arrays, tuples and sets lists, members of an ``Enum`` their value, named tuples mappings, a lone surrogate
    of a text its escape (``\\udc80``). Objects of other classes stay what they are, for another call to take.

    Raises ``StepError`` for what was never carried out (a coroutine, a generator), what contains itself, and what has
    more than ``MAX_TAKEN`` elements; whatever a foreign object's own methods raise comes through as ``StepError`` too.
    """
    if type(value) in _ATOMS:
        return value
    if type(value) is str:
        return clean(value)
    return _ValueReader().read(value)


def measured(value: object) -> object:
    """``plain`` for a value that is to be recorded: an instance of a dataclass becomes a mapping of its fields.

    Raises ``StepError`` like ``plain``, and for a function or class: it was named and never called.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    return _ValueReader(records=True).read(value)


def refuse_unfinished(value: object) -> None:
    """Raises ``StepError`` for a coroutine, a generator and their like, also inside lists and mappings.

    What a method would do is not done then. For a value that nobody wants: of any size, and not converted.
    """
    waiting: list[Any] = [value]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind in _CONTAINERS:
            if id(item) not in seen:
                seen.add(id(item))
                inside = item.values() if kind is dict else item
                waiting += [part for part in inside if type(part) not in _ATOMS]
        elif kind not in _ATOMS and kind is not str:
            _refuse_unfinished(item)


def clean(text: str) -> str:
    """``text`` with lone surrogates (a driver's undecodable bytes, which have no UTF-8 form) as their escape."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return utf8(text).decode()
    return text


class _ValueReader:
    """One conversion: counts the elements that it has taken and knows the containers it stands in."""

    def __init__(self, *, records: bool = False) -> None:
        self._records = records
        self._taken = 0
        self._open: set[int] = set()

    def read(self, value: object) -> object:
        if type(value) in _ATOMS:
            return value
        if type(value) is str:
            return clean(value)
        try:
            simple = _simplified(value)
            if self._records and not isinstance(simple, (list, dict)):
                simple = _record(simple)
                _refuse_uncalled(simple)
        except StepError:
            raise
        except Exception as error:
            detail = Reason("exception", type=type(error).__name__, message=str(error))
            raise StepError(Reason("unreadable", type=type(value).__name__, detail=detail)) from None
        if type(simple) is list:
            return self._nested(value, simple, self._list)
        return self._nested(value, simple, self._mapping) if type(simple) is dict else simple

    def _nested(self, value: object, simple: _Container, read: Callable[[_Container], _Container]) -> _Container:
        self._taken += len(simple)
        if self._taken > MAX_TAKEN:
            raise StepError(Reason("many_elements", most=MAX_TAKEN))
        if id(value) in self._open:
            raise StepError(Reason("contains_itself"))
        if len(self._open) >= MAX_DEPTH:
            raise StepError(Reason("nested_deeply", most=MAX_DEPTH))
        self._open.add(id(value))
        try:
            return read(simple)
        finally:
            self._open.discard(id(value))

    def _list(self, items: list[object]) -> list[object]:
        if _ATOMS.issuperset(map(type, items)):
            return items
        return [item if type(item) in _ATOMS else self.read(item) for item in items]

    def _mapping(self, items: dict[object, object]) -> dict[object, object]:
        return {key: value if type(value) in _ATOMS else self.read(value) for key, value in items.items()}


def _simplified(value: object) -> object:
    """One level of ``value``: an atom, a text, a new list or mapping of what is inside, or ``value`` itself."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if type(value) is list:
        return list(value)
    if type(value) is dict:
        return _entries(value)
    if isinstance(value, Enum):
        return _simplified(object.__getattribute__(value, "_value_"))
    for base, convert in _SUBCLASSES:
        if isinstance(value, base):
            return convert(value)
    if isinstance(value, (list, tuple, set, frozenset, deque, range)):
        return _elements(value)
    if isinstance(value, (Mapping, types.MappingProxyType)):
        return _entries(value)
    return _of_another_library(value)


def _of_another_library(value: Any) -> object:
    """The same for numpy, pandas and whatever has their methods, and for Python's abstract collections."""
    kind = type(value)
    if hasattr(kind, "tolist") and (hasattr(kind, "dtype") or hasattr(kind, "typecode")):
        return _from_array(value)
    if hasattr(kind, "to_numpy"):
        return _simplified(value.to_numpy())
    if hasattr(kind, "numerator") and hasattr(kind, "denominator"):
        return _from_ratio(int(value.numerator), int(value.denominator))
    if isinstance(value, (Sequence, Set, ValuesView)):
        return list(islice(iter(value), MAX_TAKEN + 1))
    if kind.__name__ in ("NAType", "NaTType"):  # what pandas has for "missing"
        return None
    _refuse_unfinished(value)
    return value


def _elements(value: Any) -> object:
    names = getattr(type(value), "_fields", None) if isinstance(value, tuple) else None
    base = next(base for base in (list, tuple, set, frozenset, deque, range) if isinstance(value, base))
    items = list(base.__iter__(value))
    return dict(zip(names, items, strict=True)) if names is not None else items


def _entries(value: Mapping[object, object]) -> dict[object, object]:
    entries = dict.items(value) if isinstance(value, dict) else value.items()
    result: dict[object, object] = {}
    for key, item in islice(entries, MAX_TAKEN + 1):
        name = key if type(key) in (str, int, bool, float, type(None)) else _key(key)
        if type(name) is str:
            name = clean(name)
        result[repr(name) if name in result else name] = item
    return result


def _key(key: object) -> object:
    key = _simplified(key)
    return key if isinstance(key, (str, int, float, type(None))) else str(key)


def _from_array(value: Any) -> object:
    """numpy's arrays and scalars, and whatever has their methods; also ``array.array``."""
    size = getattr(value, "size", None)
    if type(size) is int and size > MAX_TAKEN:
        raise StepError(Reason("large_array", number=size, most=MAX_TAKEN))
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind in ("M", "m"):  # dates of a nanosecond's resolution would become plain integers
        value = value.astype("datetime64[us]" if kind == "M" else "timedelta64[us]")
    result = value.tolist()
    if hasattr(type(result), "dtype"):  # a long double has no exact Python counterpart and stays what it is
        return complex(result) if kind == "c" else _from_float(result)
    return result if type(result) is list else _simplified(result)


def _from_float(value: Any) -> int | float:
    result = float(value)
    # Of a long double: integers that are no float any more, exactly.
    return int(value) if math.isfinite(result) and abs(result) >= _EXACT_FLOATS and value == int(value) else result


def _from_decimal(value: Decimal) -> int | float:
    if Decimal.is_nan(value):
        return math.nan
    result = Decimal.__float__(value)
    if math.isfinite(result) and abs(result) >= _EXACT_FLOATS:
        whole = Decimal.__int__(value)
        return whole if Decimal(whole) == Decimal(value) else result
    return result


def _from_ratio(numerator: int, denominator: int) -> int | float:
    if abs(numerator) >= _EXACT_FLOATS * denominator and numerator % denominator == 0:
        return numerator // denominator
    return numerator / denominator


def _from_moment(value: datetime) -> datetime | None:
    if type(value).__name__ == "NaTType":
        return None
    return datetime.fromisoformat(datetime.isoformat(value))


_SUBCLASSES: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (float, float.__float__),
    (int, int.__int__),
    (str, lambda value: clean(str.__str__(value))),
    (UserString, lambda value: clean(str(value.data))),
    ((bytes, bytearray, memoryview), lambda value: memoryview(value).tobytes()),
    (Decimal, _from_decimal),
    (complex, complex.__complex__),
    (datetime, _from_moment),
)
"""Python's own types in subclasses: what the base type says is in them."""


def _record(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return value


def _refuse_uncalled(value: object) -> None:
    if isinstance(value, _FUNCTIONS):
        name = str(getattr(value, "__name__", ""))
        is_class = isinstance(value, type)
        raise StepError(Reason("class_not_called" if is_class else "function_not_called", name=name))


def _refuse_unfinished(value: object) -> None:
    kind = type(value)
    if isinstance(value, types.CoroutineType):
        value.close()  # else Python warns, somewhere, that nobody awaited it
        raise StepError(Reason("not_awaited"))
    if hasattr(kind, "__await__") or isinstance(value, types.AsyncGeneratorType):
        raise StepError(Reason("not_finished", found=_article(kind)))
    if isinstance(value, types.GeneratorType):
        value.close()
        raise StepError(Reason("generator"))
    if isinstance(value, Iterator) and not isinstance(value, IOBase):
        raise StepError(Reason("not_iterated", found=_article(kind)))


def _article(kind: type) -> str:
    return f"{'an' if kind.__name__[:1].lower() in 'aeiou' else 'a'} `{kind.__name__}`"


def measurement_type(value: object) -> MeasurementType:
    """What kind of measurement a ``measured`` value makes; what nobody can classify is ``other``."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "numeric"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "other"


def to_data(value: object) -> Data:
    """``value`` as JSON-safe data, bounded in size and depth. Never raises.

    A number that JSON lacks becomes ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``; dates become ISO 8601 text, bytes and
    objects their ``repr``, keys of mappings text, a container in itself ``"<cycle>"``; what is cut off leaves a ``…``.
    """
    if value is None or type(value) is bool:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else _non_finite(value)
    if type(value) is str and len(value) <= MAX_TEXT:
        return clean(value)
    return _Converter().convert(value, 0)


class _Converter:
    """One conversion: counts the elements it has taken and knows the containers it stands in."""

    def __init__(self) -> None:
        self.left = MAX_ITEMS
        self.open: set[int] = set()

    def convert(self, value: object, depth: int) -> Data:
        try:
            return self._convert(value, depth)
        except Exception as error:
            return f"<{type(value).__name__} that cannot be read: {type(error).__name__}>"

    def _convert(self, value: object, depth: int) -> Data:
        simple = value if type(value) in _ATOMS else _simplified(value)
        if type(simple) not in (list, dict):
            simple = _record(simple)
        if simple is None or isinstance(simple, bool):
            return simple
        if isinstance(simple, int):
            return simple if simple.bit_length() <= MAX_INTEGER_BITS else cut(hex(simple))
        if isinstance(simple, float):
            return simple if math.isfinite(simple) else _non_finite(simple)
        if isinstance(simple, str):
            return cut(clean(simple))
        if isinstance(simple, (date, time)):
            return simple.isoformat()
        if isinstance(simple, (UUID, PurePath, timedelta)):
            return cut(clean(str(simple)))
        if type(simple) is list:
            return self._nested(value, simple, depth, self._list)
        return self._nested(value, simple, depth, self._mapping) if type(simple) is dict else cut(clean(_repr(simple)))

    def _nested(
        self, value: object, simple: _Container, depth: int, convert: Callable[[_Container, int], Data]
    ) -> Data:
        if id(value) in self.open:
            return "<cycle>"
        if depth >= MAX_DEPTH:
            return "<nested too deeply>"
        self.open.add(id(value))
        try:
            return convert(simple, depth + 1)
        finally:
            self.open.discard(id(value))

    def _list(self, value: list[object], depth: int) -> list[Data]:
        length = len(value)
        taken = self._take(length)
        result = [
            item if type(item) is float and math.isfinite(item) else self.convert(item, depth)
            for item in islice(value, taken)
        ]
        if taken < length:
            result.append(_more(length - taken, "elements"))
        return result

    def _mapping(self, value: dict[object, object], depth: int) -> dict[str, Data]:
        length = len(value)
        taken = self._take(length)
        result: dict[str, Data] = {}
        for key, item in islice(value.items(), taken):
            name = cut(key if isinstance(key, str) else str(key))
            result[_repr(key) if name in result else name] = self.convert(item, depth)
        if taken < length:
            result["…"] = _more(length - taken, "entries")
        return result

    def _take(self, length: int) -> int:
        taken = min(length, self.left)
        self.left -= taken
        return taken


def _non_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _repr(value: object) -> str:
    return repr(value[: MAX_TEXT // 4]) if isinstance(value, bytes) else repr(value)


def cut(text: str) -> str:
    """``text`` with at most ``MAX_TEXT`` of its characters, and a word on how many are missing."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}{_more(len(text) - MAX_TEXT, 'characters')}"


def _more(count: int, what: str) -> str:
    return f"… ({count} more {what})"
