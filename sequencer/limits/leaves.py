"""The values that limits are made of: numbers with or without a unit, tolerances, and what to compare with."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, NamedTuple

from sequencer.expressions.value import plain
from sequencer.limits.base import Number, is_number, kind_of
from sequencer.limits.numeric import percentage, written_decimal
from sequencer.vocabulary.problem import Severity
from sequencer.vocabulary.shown import show

LimitPath = tuple[str | int, ...]

_PERCENT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*%\s*\Z", re.ASCII)


class LimitProblem(NamedTuple):
    """Something wrong with limits; ``path`` leads from the limits to the part that is meant."""

    path: LimitPath
    code: str
    message: str
    severity: Severity = "error"


class Leaves:
    """Reads single values and notes every problem.

    Methods return ``None`` where something is wrong (told in ``problems``) or, with ``templates``, not known before
    the run.
    """

    def __init__(self, unit: str | None, *, templates: bool = False, nulls: bool = True) -> None:
        self.unit = unit
        self.templates = templates
        self.nulls = nulls
        self.problems: list[LimitProblem] = []

    def problem(self, path: LimitPath, code: str, message: str, severity: Severity = "error") -> None:
        """Notes a problem; reading goes on."""
        self.problems.append(LimitProblem(path, code, message, severity))

    def number(self, written: object, path: LimitPath, *, difference: bool = False) -> Number | None:
        """A finite number in the measurement's unit. ``difference``: of two values, as a tolerance is."""
        if self.is_template(written):
            return None
        number = self._in_unit(plain(written), path, difference)
        if number is None and isinstance(written, str):
            return None
        if not is_number(number):
            wrong = "null" if number is None else f"{kind_of(number)}: {show(number)}"
            self.problem(path, "limit-value", f"a limit must be a number, not {wrong}")
            return None
        if isinstance(number, float) and not math.isfinite(number):
            self.problem(path, "limit-value", "a limit must be a finite number; for one side only, use `ge` or `le`")
            return None
        return number  # type: ignore[no-any-return]  # `is_number` has judged it

    def comparable(self, written: object, path: LimitPath, *, exact: bool = True) -> bool | Number | str | None:
        """A boolean, finite number or text to compare with."""
        if self.is_template(written):
            return None
        value = plain(written)
        if isinstance(value, str) and self.unit is not None:
            value = self._in_unit(value, path, False)
            if value is None:
                return None
        if isinstance(value, (bool, str)):
            return value
        if not is_number(value):
            self.problem(
                path, "limit-value", f"this limit must be a number, a string, true or false, not {kind_of(value)}"
            )
            return None
        number = self.number(value, path)
        if exact and isinstance(number, float):
            words = f"a measured value hardly ever equals {show(number)} exactly; use `nominal` and `tolerance`"
            self.problem(path, "eq-float", words, "warning")
        return number

    def whole(self, expected: object, path: LimitPath) -> bool:
        """Whether an array, a mapping or null can be compared with: every number in it is finite, and all is known."""
        if isinstance(expected, list | dict):
            parts = expected.items() if isinstance(expected, dict) else enumerate(expected)
            known = [not self.is_template(key) and self.whole(each, (*path, key)) for key, each in parts]
            return all(known)
        if expected is None:
            if not self.nulls:
                words = (
                    "an expression or a driver gave null to compare with; "
                    "write null itself in the sequence if it is meant"
                )
                self.problem(path, "limit-value", words)
            return self.nulls
        if isinstance(expected, str):
            return not self.is_template(expected)
        return isinstance(expected, bool) or self.comparable(expected, path) is not None

    def is_template(self, written: object) -> bool:
        """Whether ``written`` is known only once the run evaluates it."""
        return self.templates and isinstance(written, str) and "${{" in written

    def tolerance(self, written: object, nominal: Number, path: LimitPath) -> tuple[Decimal, str] | None:
        """The absolute tolerance and what to show for it."""
        percent = _PERCENT.match(written) if isinstance(written, str) else None
        if percent is not None and self.unit == "%":
            words = f"{written!r} of a value in % is ambiguous; write {percent[1]} for percentage points"
            self.problem(path, "limit-unit", words)
            return None
        if percent is not None:
            return percentage(nominal, percent[1]), f"{percent[1]}%"
        if isinstance(written, str) and written.lstrip().startswith("-"):
            self.problem(path, "limit-value", f"a tolerance must not be negative: {written}")
            return None
        amount = self.number(written, path, difference=True)
        if amount is None:
            return None
        if amount < 0:
            self.problem(path, "limit-value", f"a tolerance must not be negative: {show(amount)}")
            return None
        return written_decimal(amount), show(amount)

    def _in_unit(self, value: object, path: LimitPath, difference: bool) -> Any:
        """A text that is a number with a unit as a number; anything else as it is, ``None`` when the unit is wrong."""
        if not isinstance(value, str):
            return value
        from sequencer.limits.units import UnitProblem, in_unit, read_quantity

        if self.unit is None:
            quantity = read_quantity(value)
            if quantity is None:
                return value
            words = f"{value!r} has a unit, but the measurement has none; add `unit: {quantity[1]}`"
            self.problem(path, "limit-unit", words)
            return None
        try:
            number = in_unit(value, self.unit, difference=difference)
        except UnitProblem as error:
            self.problem(path, "limit-unit", str(error))
            return None
        return value if number is None else number
