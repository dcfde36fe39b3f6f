"""Values as drivers hand them over, turned into what JSON, the journal and a page can hold. numpy is never imported."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

from sequencer.vocabulary.data import Data
from sequencer.vocabulary.event import MeasurementType

MAX_TEXT = 100_000
"""Characters that a text keeps; what follows is cut, visibly."""
MAX_ITEMS = 100_000
"""Elements that a value keeps, counted over all its levels."""
MAX_DEPTH = 50
MAX_INTEGER_BITS = 4096
"""Python refuses to write integers of more than 4,300 digits; JSON readers give up long before."""

_ARRAYS = (list, tuple, range, deque)


def plain(value: object) -> Any:
    """``value`` as ordinary Python where there is an exact counterpart, else ``value`` itself; one level deep.

    numpy scalars and arrays become Python scalars and lists, ``Decimal`` and ``Fraction`` the nearest float, members of
    an ``Enum`` their value. May raise whatever a foreign object's own methods raise.
    """
    if value is None or type(value) in (bool, int, float, str, list, dict):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else float(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return _from_numpy(value)
    if not isinstance(value, (int, float, complex, str)) and hasattr(value, "numerator"):
        return float(value)  # type: ignore[arg-type]
    if isinstance(value, _ARRAYS) or (hasattr(value, "typecode") and hasattr(value, "tolist")):
        return list(value)  # type: ignore[call-overload]
    return value


def _from_numpy(value: Any) -> Any:
    size = getattr(value, "size", 1)
    if isinstance(size, int) and size > MAX_ITEMS and hasattr(value, "ravel"):
        kept: list[Any] = value.ravel()[:MAX_ITEMS].tolist()
        return [*kept, _more(size - MAX_ITEMS, "elements")]
    result = value.tolist()
    if hasattr(result, "dtype"):  # a long double has no exact Python counterpart and stays what it is
        return float(result)
    return result


def measurement_type(value: object) -> MeasurementType:
    """What kind of measurement a value makes. Never raises; what nobody can classify is ``other``."""
    try:
        value = plain(value)
        if value is None:
            return "missing"
        if isinstance(value, bool):
            return "boolean"
        if isinstance(value, (int, float)):
            return "numeric"
        if isinstance(value, str):
            return "string"
        return "array" if isinstance(value, _ARRAYS) else "other"
    except Exception:
        return "other"


def to_data(value: object) -> Data:
    """``value`` as JSON-safe data, bounded in size and depth. Never raises.

    A number that JSON lacks becomes ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``; dates become ISO 8601 text, bytes and
    objects their ``repr``, keys of mappings text, a container in itself ``"<cycle>"``; what is cut off leaves a ``…``.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value  # type: ignore[return-value]
    if kind is float:
        return value if math.isfinite(value) else _non_finite(value)  # type: ignore[arg-type, return-value]
    if kind is str and len(value) <= MAX_TEXT:  # type: ignore[arg-type]
        return value  # type: ignore[return-value]
    return _Converter().convert(value, 0)


class _Converter:
    """One conversion: counts the elements it has taken and knows the containers it stands in."""

    def __init__(self) -> None:
        self.left = MAX_ITEMS
        self.open: set[int] = set()

    def convert(self, value: object, depth: int) -> Data:
        try:
            return self._convert(plain(value), depth)
        except Exception as error:
            return f"<{type(value).__name__} that cannot be read: {type(error).__name__}>"

    def _convert(self, value: object, depth: int) -> Data:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value) if value.bit_length() <= MAX_INTEGER_BITS else _cut(hex(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else _non_finite(value)
        if isinstance(value, str):
            return _cut(str(value))
        if isinstance(value, (date, time)):
            return value.isoformat()
        if isinstance(value, (UUID, PurePath)):
            return _cut(str(value))
        if isinstance(value, Mapping):
            return self._nested(value, depth, self._mapping)
        if isinstance(value, (*_ARRAYS, set, frozenset)):
            return self._nested(value, depth, self._list)
        return _cut(_repr(value))

    def _nested(self, value: Any, depth: int, convert: Any) -> Data:
        if id(value) in self.open:
            return "<cycle>"
        if depth >= MAX_DEPTH:
            return "<nested too deeply>"
        self.open.add(id(value))
        try:
            result: Data = convert(value, depth + 1)
            return result
        finally:
            self.open.discard(id(value))

    def _list(self, value: Any, depth: int) -> list[Data]:
        length = len(value)
        taken = self._take(length)
        result = [self.convert(item, depth) for item in islice(value, taken)]
        if taken < length:
            result.append(_more(length - taken, "elements"))
        return result

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Data]:
        length = len(value)
        taken = self._take(length)
        result: dict[str, Data] = {}
        for key, item in islice(value.items(), taken):
            name = _cut(key if isinstance(key, str) else str(key))
            result[_repr(key) if name in result else name] = self.convert(item, depth)
        if taken < length:
            result["…"] = _more(length - taken, "entries")
        return result

    def _take(self, length: int) -> int:
        taken = min(length, self.left)
        self.left -= taken
        return taken


def non_finite(values: Iterable[object]) -> bool:
    """Whether a NaN or an infinity stands among ``values``, at any level of lists."""
    for value in values:
        if isinstance(value, float):
            if not math.isfinite(value):
                return True
        elif isinstance(value, (list, tuple)) and non_finite(value):
            return True
    return False


def _non_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _repr(value: object) -> str:
    return repr(value[: MAX_TEXT // 4]) if isinstance(value, (bytes, bytearray)) else repr(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}{_more(len(text) - MAX_TEXT, 'characters')}"


def _more(count: int, what: str) -> str:
    return f"… ({count} more {what})"
