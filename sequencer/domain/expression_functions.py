"""The functions of expressions: what ``${{ mean(samples) }}`` may call. Each fails closed.

A NaN among the values is never dropped: ``min``, ``max``, ``median`` give NaN, ``sorted`` refuses, so that a lost
sample cannot pass a limit. ``int`` and ``float`` refuse what they cannot read.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

MAX_RANGE = 100_000
MAX_EXPONENT = 10_000
MAX_REPEAT = 1_000_000


def is_nan(value: object) -> bool:
    """Whether ``value`` is a number that is not a number."""
    try:
        return isinstance(value, float) and math.isnan(value)
    except TypeError:
        return False


def _values(arguments: tuple[Any, ...]) -> list[Any]:
    return list(arguments[0]) if len(arguments) == 1 else list(arguments)


def _extreme(pick: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def extreme(*values: Any) -> Any:
        listed = _values(values)
        return math.nan if any(is_nan(value) for value in listed) else pick(listed)

    return extreme


def _statistic(compute: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def statistic(*values: Any) -> Any:
        listed = _values(values)
        for value in listed:
            if isinstance(value, str | bool) or value is None:
                raise ValueError(f"{value!r} is not a number")
        return math.nan if any(is_nan(value) for value in listed) else compute(listed)

    return statistic


def _sorted(values: Iterable[Any], reverse: bool = False) -> list[Any]:
    listed = list(values)
    if any(is_nan(value) for value in listed):
        raise ValueError("values with NaN among them have no order")
    return sorted(listed, reverse=reverse)


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise ValueError(f"a range may have at most {MAX_RANGE} numbers")
    return list(numbers)


def _bool(value: Any) -> bool:
    if isinstance(value, str):
        if value in ("true", "false"):
            return value == "true"
        raise ValueError(f"{value[:80]!r} is neither 'true' nor 'false'")
    if is_nan(value) or value is None:
        raise ValueError("NaN and null are neither true nor false")
    return bool(value)


def _now() -> datetime:
    return datetime.now().astimezone()


def functions() -> dict[str, Callable[..., Any]]:
    """Every function by its name in expressions."""
    return {
        "abs": abs,
        "all": all,
        "any": any,
        "bool": _bool,
        "ceil": math.ceil,
        "cos": math.cos,
        "degrees": math.degrees,
        "exp": math.exp,
        "float": float,
        "floor": math.floor,
        "hex": hex,
        "int": int,
        "isfinite": math.isfinite,
        "isnan": math.isnan,
        "len": len,
        "list": list,
        "log": math.log,
        "log10": math.log10,
        "log2": math.log2,
        "max": _extreme(max),
        "mean": _statistic(statistics.fmean),
        "median": _statistic(statistics.median),
        "min": _extreme(min),
        "now": _now,
        "radians": math.radians,
        "range": _range,
        "round": round,
        "sin": math.sin,
        "sorted": _sorted,
        "sqrt": math.sqrt,
        "stdev": _statistic(statistics.stdev),
        "str": str,
        "sum": sum,
        "tan": math.tan,
        "uuid": lambda: str(uuid4()),
        "zip": lambda *columns: [list(row) for row in zip(*columns, strict=True)],
    }


FUNCTIONS: frozenset[str] = frozenset(functions())
"""The names of all functions."""

CONSTANTS: Mapping[str, Any] = {"null": None, "pi": math.pi}
"""Names with a fixed value, beside Jinja2's own ``true``, ``false`` and ``none``."""


def compare(left: Any, *rest: Any) -> bool:
    """``compare(a, "lt", b, "lteq", c)`` is ``a < b <= c``, except that it fails closed.

    Raises ``ValueError`` where NaN is compared (every answer would be a guess, and ``not x > limit`` would pass) and
    where a text is compared with a number (``"5" != 5`` would pass).
    """
    for index in range(0, len(rest), 2):
        operator, right = rest[index], rest[index + 1]
        if operator in ("in", "notin"):
            if (left in right) is not (operator == "in"):
                return False
        elif not _holds(operator, left, right):
            return False
        left = right
    return True


def _holds(operator: str, left: Any, right: Any) -> bool:
    if is_nan(left) or is_nan(right):
        raise ValueError("NaN cannot be compared")
    for text, number in ((left, right), (right, left)):
        if isinstance(text, str) and isinstance(number, int | float) and not isinstance(number, bool):
            raise ValueError(
                f"the text {text[:80]!r} cannot be compared with the number {number!r};"
                " convert it with float() or int()"
            )
    outcome = _OPERATORS[operator](left, right)
    if not isinstance(outcome, bool):
        outcome = bool(outcome)  # numpy's own booleans; an array raises, as it should
    return outcome


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "lteq": lambda left, right: left <= right,  # as Jinja2 names `<=` and `>=`
    "gt": lambda left, right: left > right,
    "gteq": lambda left, right: left >= right,
}


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent``; a result that would take minutes to compute is refused."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and abs(exponent) > MAX_EXPONENT:
        raise ValueError(f"an exponent above {MAX_EXPONENT} is too large")
    return base**exponent


def times(left: Any, right: Any) -> Any:
    """``left * right``; repeating a text or list to a giant one is refused."""
    for repeated, count in ((left, right), (right, left)):
        if isinstance(repeated, str | bytes | list | tuple) and isinstance(count, int):
            if len(repeated) * count > MAX_REPEAT:
                raise ValueError(f"more than {MAX_REPEAT} repeated elements are too many")
            break
    return left * right
