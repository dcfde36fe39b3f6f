"""Limits on numbers: intervals, a nominal value with its tolerance, and ranges that a value must stay out of.

Bounds are inclusive or not as written; a measured float is compared exactly. The bounds of a nominal value are computed
in decimal from the digits that were written and only then rounded to the nearest float, so that ``nominal: 5`` with
``tolerance: 4%`` accepts 5.2 (in binary, 0.04 * 3 + 3 already misses 3.12).
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from sequencer.limits.base import PASSED, Judgement, Limit, Number, is_number, missed, wrong_kind
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.shown import show, with_unit

_LOWER = {True: ("ge", "≥", "≤"), False: ("gt", ">", "<")}
_UPPER = {True: ("le", "≤"), False: ("lt", "<")}
_EXACT = Context(prec=6000)
"""Digits enough for the sum of any two numbers: integers are written with 4,300 at most, floats reach 1e-324."""


@dataclass(frozen=True, slots=True)
class Interval(Limit):
    """``lower`` ≤ value ≤ ``upper``; a bound that is ``None`` does not exist, one that is not included is exclusive."""

    lower_bound: Number | None
    upper_bound: Number | None
    includes_lower: bool = True
    includes_upper: bool = True

    def judge(self, value: Any, unit: str | None = None) -> Judgement:
        """True for a number inside."""
        if not is_number(value):
            return wrong_kind(value, "number")
        lower, upper = self.lower_bound, self.upper_bound
        if lower is not None and not (value >= lower if self.includes_lower else value > lower):
            return missed("not_above" if value == lower else "below", unit=unit, value=value, limit=lower)
        if upper is not None and not (value <= upper if self.includes_upper else value < upper):
            return missed("not_below" if value == upper else "above", unit=unit, value=value, limit=upper)
        return PASSED

    def describe(self, unit: str | None = None) -> str:
        """``4.8 V ≤ value ≤ 5.2 V``, ``value ≥ 4.8 V``."""
        _, single, between = _LOWER[self.includes_lower]
        at_most = _UPPER[self.includes_upper][1]
        if self.upper_bound is None:
            return f"value {single} {show(self.lower_bound, unit)}"
        end = f"value {at_most} {show(self.upper_bound, unit)}"
        return end if self.lower_bound is None else f"{show(self.lower_bound, unit)} {between} {end}"

    def lower(self) -> dict[str, object]:
        """``gele`` and its kin with two bounds, else ``ge``, ``gt``, ``le``, ``lt`` with a ``comparison_value``."""
        first, second = _LOWER[self.includes_lower][0], _UPPER[self.includes_upper][0]
        if self.lower_bound is None:
            return {"operation": second, "comparison_value": self.upper_bound}
        if self.upper_bound is None:
            return {"operation": first, "comparison_value": self.lower_bound}
        return {"operation": first + second, "lower_limit": self.lower_bound, "upper_limit": self.upper_bound}


@dataclass(frozen=True, slots=True)
class Tolerance(Interval):
    """An interval around ``nominal``; ``plus`` and ``minus`` as written, without sign: ``4%`` or ``0.2``."""

    nominal: Number = 0
    plus: str = ""
    minus: str = ""

    def describe(self, unit: str | None = None) -> str:
        """``5 V ± 4% (4.8 V ≤ value ≤ 5.2 V)``."""
        interval = Interval.describe(self, unit)
        if self.plus == self.minus:
            return f"{show(self.nominal, unit)} ± {_amount(self.plus, unit)} ({interval})"
        return f"{show(self.nominal, unit)} +{_amount(self.plus, unit)} −{_amount(self.minus, unit)} ({interval})"


@dataclass(frozen=True, slots=True)
class Outside(Limit):
    """value < ``below`` or value > ``above``; a bound that is included is itself allowed."""

    below: Number
    above: Number
    includes_below: bool
    includes_above: bool

    def judge(self, value: Any, unit: str | None = None) -> Judgement:
        """True for a number outside."""
        if not is_number(value):
            return wrong_kind(value, "number")
        low = value <= self.below if self.includes_below else value < self.below
        high = value >= self.above if self.includes_above else value > self.above
        if low or high:
            return PASSED
        return missed("inside", unit=unit, value=value, limit=self.below, upper=self.above)

    def describe(self, unit: str | None = None) -> str:
        """``value < 1 V or value > 2 V``."""
        low, high = _UPPER[self.includes_below][1], _LOWER[self.includes_above][1]
        return f"value {low} {show(self.below, unit)} or value {high} {show(self.above, unit)}"

    def lower(self) -> dict[str, object]:
        """``ltgt``, ``lege``, ``legt`` or ``ltge``."""
        operation = _UPPER[self.includes_below][0] + _LOWER[self.includes_above][0]
        return {"operation": operation, "lower_limit": self.below, "upper_limit": self.above}


def written_decimal(number: Number) -> Decimal:
    """The number as its shortest text says it: 0.1 is one tenth."""
    return Decimal(repr(number))


def around(nominal: Number, minus: Decimal, plus: Decimal) -> tuple[Number, Number]:
    """``nominal - minus`` and ``nominal + plus``, computed without rounding, as the bounds of an interval."""
    middle = written_decimal(nominal)
    return _bound(_EXACT.subtract(middle, minus), ROUND_CEILING), _bound(_EXACT.add(middle, plus), ROUND_FLOOR)


def percentage(nominal: Number, percent: str) -> Decimal:
    """So many percent of the magnitude of ``nominal``, exactly."""
    return _EXACT.divide(_EXACT.multiply(abs(written_decimal(nominal)), Decimal(percent)), Decimal(100))


def _bound(number: Decimal, inwards: str) -> Number:
    """An integer as such, else the nearest float; where floats have no fractions, the integer next to it inside."""
    if number == number.to_integral_value():
        return int(number)
    if abs(number) >= 2**53:
        return int(number.to_integral_value(inwards))
    return float(number)


def _amount(written: str, unit: str | None) -> str:
    return written if written.endswith("%") else with_unit(written, unit)
