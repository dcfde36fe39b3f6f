"""The functions of expressions: what ``${{ mean(samples) }}`` may call. Each fails closed.

A NaN among the values is never dropped: ``min``, ``max``, ``median`` give NaN, ``sorted`` refuses, so that a lost
sample cannot pass a limit. ``int`` and ``float`` refuse what they cannot read, ``all`` an empty list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, SupportsFloat
from uuid import uuid4

from sequencer.expressions.budget import TooLarge, digits, fits, text_of
from sequencer.expressions.comparison import is_nan, one_kind
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.regex import PatternError, compile_pattern, search_bounded

MAX_RANGE = 100_000
_MAX_NUMBER_TEXT = 5_000
"""Characters of a text that is read as a number; Python itself reads 4,300 decimal digits."""


def _values(arguments: tuple[Any, ...]) -> list[object]:
    listed = list(arguments[0]) if len(arguments) == 1 else list(arguments)
    if not listed:
        raise UnusableValue(Reason("empty_list"))
    return listed


def _extreme(pick: Callable[[list[Any]], object]) -> Callable[..., object]:
    def extreme(*values: object) -> object:
        listed = _values(values)
        kept = [value for value in listed if not is_nan(value)]
        one_kind(kept)
        return pick(listed) if len(kept) == len(listed) else math.nan

    return extreme


def _statistic(name: str) -> Callable[..., object]:
    def statistic(*values: object) -> object:
        listed = _values(values)
        for value in listed:
            if type(value) not in (int, float):
                raise UnusableValue(Reason("not_a_number", found=f"{value!r:.80}"))
        if any(is_nan(value) for value in listed):
            return math.nan
        # Imported here: it is large, and few sequences ask for it.
        import statistics

        compute: Callable[[list[object]], object] = getattr(statistics, name)
        return compute(listed)

    return statistic


def _sum(values: Iterable[Any], start: Any = 0) -> object:
    """Of numbers, or of lists when ``start`` is one."""
    listed = list(values)
    if isinstance(start, list):
        result = list(start)
        for value in listed:
            if not isinstance(value, list | tuple):
                raise UnusableValue(Reason("not_a_list", found=f"{value!r:.80}"))
            fits(len(result) + len(value), "elements")
            result += value
        return result
    for value in [start, *listed]:
        if type(value) not in (int, float, complex, timedelta):
            raise UnusableValue(Reason("not_a_number", found=f"{value!r:.80}"))
    return sum(listed, start)


def _sorted(values: Iterable[Any], reverse: bool = False) -> list[object]:
    listed = list(values)
    one_kind(listed)
    return sorted(listed, reverse=reverse)


def _all(values: Iterable[object]) -> bool:
    listed = list(values)
    if not listed:
        raise UnusableValue(Reason("all_of_nothing"))
    return all(listed)


def read_integer(value: Any, base: int = 10) -> int:
    """``int(value)``, of a text in ``base``. Raises ``UnusableValue``."""
    fits_number(value)
    try:
        return int(value, base) if isinstance(value, str) or base != 10 else int(value)
    except (TypeError, ValueError, OverflowError):
        raise UnusableValue(Reason("not_a_number", found=f"{value!r:.80}")) from None


def read_float(value: str | SupportsFloat) -> float:
    """``float(value)``. Raises ``UnusableValue``."""
    fits_number(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UnusableValue(Reason("not_a_number", found=f"{value!r:.80}")) from None
    except OverflowError:
        raise UnusableValue(Reason("large_result")) from None


def fits_number(value: object) -> None:
    """Raises ``ValueError`` for a text too long to be a number."""
    if isinstance(value, str) and len(value) > _MAX_NUMBER_TEXT:
        raise TooLarge(Reason("long_number", count=f"{len(value):,}"))


def _round(number: Any, ndigits: Any = None) -> object:
    return round(number, digits(ndigits))


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TooLarge(Reason("large_range", most=MAX_RANGE))
    return list(numbers)


def _bool(value: object) -> bool:
    if isinstance(value, str):
        if value in ("true", "false"):
            return value == "true"
        raise UnusableValue(Reason("not_true_false", found=f"{value[:80]!r}"))
    if is_nan(value) or value is None:
        raise UnusableValue(Reason("nan_true_false"))
    return bool(value)


def _match(pattern: object, text: object) -> dict[str, str | None] | None:
    """The named groups of the first place where the pattern is found; null when there is none."""
    if not isinstance(pattern, str) or not isinstance(text, str):
        found = pattern if not isinstance(pattern, str) else text
        raise UnusableValue(Reason("match_strings", found=f"{found!r:.80}"))
    try:
        matched = search_bounded(compile_pattern(pattern), text)
    except PatternError as error:
        raise UnusableValue(Reason("match_pattern", pattern=pattern[:80], detail=str(error))) from None
    return None if matched is None else matched.groupdict()


def _now() -> datetime:
    return datetime.now().astimezone()


def functions() -> dict[str, Callable[..., object]]:
    """Every function by its name in expressions."""
    return {
        "abs": abs,
        "all": _all,
        "any": any,
        "bool": _bool,
        "ceil": math.ceil,
        "cos": math.cos,
        "degrees": math.degrees,
        "exp": math.exp,
        "float": read_float,
        "floor": math.floor,
        "hex": hex,
        "int": read_integer,
        "isfinite": math.isfinite,
        "isnan": math.isnan,
        "len": len,
        "list": list,
        "log": math.log,
        "log10": math.log10,
        "log2": math.log2,
        "match": _match,
        "max": _extreme(max),
        "mean": _statistic("fmean"),
        "median": _statistic("median"),
        "min": _extreme(min),
        "now": _now,
        "radians": math.radians,
        "range": _range,
        "round": _round,
        "sin": math.sin,
        "sorted": _sorted,
        "sqrt": math.sqrt,
        "stdev": _statistic("stdev"),
        "str": text_of,
        "sum": _sum,
        "tan": math.tan,
        "uuid": lambda: str(uuid4()),
        "zip": lambda *columns: [list(row) for row in zip(*columns, strict=True)],
    }


FUNCTIONS: frozenset[str] = frozenset(functions())
"""The names of all functions."""

CONSTANTS: Mapping[str, object] = {"null": None, "pi": math.pi}
"""Names with a fixed value, beside Jinja2's own ``true``, ``false`` and ``none``."""
