"""Limits that compare: equal, unequal, one of, true or false, a pattern, a part, and every element of an array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sequencer.limits.base import PASSED, Judgement, Limit, judge, kind_name, missed, same, wrong_kind
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Severity
from sequencer.vocabulary.reason import Reason, quantity
from sequencer.vocabulary.regex import CompiledPattern, nests_repetitions
from sequencer.vocabulary.shown import show


def pattern_problems(pattern: CompiledPattern) -> Iterator[tuple[str, str, Severity]]:
    """``(code, message, severity)`` for each."""
    if nests_repetitions(pattern):
        words = "a repetition inside a repetition can take forever on a string that does not match; simplify it"
        yield "slow-regex", f"{words}, or make the inner one possessive (`++`)", "warning"
    elif pattern.search("") and pattern.search("\x00\x7f\x00"):
        yield "limits-always", "every string matches this regular expression", "warning"


Comparable = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Equal(Limit):
    """Equal (or, ``negated``, unequal) to ``expected``, of the same type; ``ignore_case`` for texts."""

    expected: Comparable
    negated: bool
    ignore_case: bool

    def judge(self, value: Any, unit: str | None = None) -> Judgement:
        """True when equal (unequal); a value of another type is neither."""
        if kind_name(value) != kind_name(self.expected):
            return wrong_kind(value, kind_name(self.expected))
        expected = self.expected
        equal = value == expected
        if self.ignore_case and isinstance(expected, str):
            equal = value.casefold() == expected.casefold()
        if bool(equal) is not self.negated:
            return PASSED
        if self.negated:
            return missed("forbidden", unit=unit, value=value)
        return missed("not_equal", unit=unit, value=value, limit=expected)

    def describe(self, unit: str | None = None) -> str:
        """``value = 5 V``, ``value ≠ "v1", ignoring case``."""
        end = ", ignoring case" if self.ignore_case else ""
        return f"value {'≠' if self.negated else '='} {show(self.expected, unit)}{end}"

    def lower(self) -> dict[str, object]:
        """``eq`` or ``ne`` for numbers and texts; version 1 has no booleans."""
        if isinstance(self.expected, bool):
            return {}
        fields: dict[str, object] = {"operation": "ne" if self.negated else "eq", "comparison_value": self.expected}
        if isinstance(self.expected, str):
            fields["casesensitive"] = not self.ignore_case
        return fields


@dataclass(frozen=True, slots=True)
class OneOf(Limit):
    """Equal to one of ``choices``, of the same type."""

    choices: tuple[Comparable, ...]

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True for a value that is among the choices."""
        if any(same(value, choice) for choice in self.choices):
            return PASSED
        choices = [quantity(choice, unit) for choice in self.choices]
        return Judgement(False, Reason("not_one_of", value=quantity(value, unit), choices=choices, unit=unit))

    def describe(self, unit: str | None = None) -> str:
        """``value is one of 1, 2, 3``."""
        return f"value is one of {self._list(unit)}"

    def _list(self, unit: str | None) -> str:
        return ", ".join(show(choice, unit) for choice in self.choices)


@dataclass(frozen=True, slots=True)
class BooleanLimit(Limit):
    """Exactly ``true`` or exactly ``false``; 1 is neither."""

    expected: bool

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True for the boolean expected."""
        if not isinstance(value, bool):
            return wrong_kind(value, "true_or_false")
        return PASSED if value is self.expected else missed("not_equal", value=value, limit=self.expected)

    def describe(self, unit: str | None = None) -> str:
        """``value is true``."""
        return f"value is {show(self.expected)}"


@dataclass(frozen=True, slots=True)
class Matches(Limit):
    """A text in which the regular expression is found, anywhere unless it has anchors (``re.search``)."""

    pattern: CompiledPattern

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True for a text with a match."""
        if not isinstance(value, str):
            return wrong_kind(value, "text")
        if self.pattern.search(value) is not None:
            return PASSED
        return Judgement(False, Reason("no_match", value=quantity(value), pattern=self.pattern.pattern))

    def describe(self, unit: str | None = None) -> str:
        r"""``value matches /^v\d+/``."""
        return f"value matches /{self.pattern.pattern}/"


@dataclass(frozen=True, slots=True)
class Contains(Limit):
    """A text with ``part`` in it, or an array with ``part`` among its elements."""

    part: Comparable

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True when the part is there."""
        if isinstance(value, (list, tuple)):
            found = any(same(item, self.part) for item in value)
        elif isinstance(value, str) and isinstance(self.part, str):
            found = self.part in value
        else:
            return wrong_kind(value, "text_or_array" if isinstance(self.part, str) else "array")
        return PASSED if found else missed("lacks", unit=unit, value=value, limit=self.part)

    def describe(self, unit: str | None = None) -> str:
        """``value contains "OK"``."""
        return f"value contains {show(self.part, unit)}"


@dataclass(frozen=True, slots=True)
class EachElement(Limit):
    """An array that is not empty and every element of which meets ``limit``."""

    limit: Limit

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True when every element is; the reason names the first that is not: ``element [0]: ...``."""
        if not isinstance(value, (list, tuple)):
            return wrong_kind(value, "array")
        if not value:
            return Judgement(False, Reason("empty"))
        for index, item in enumerate(value):
            judgement = judge(item, self.limit, unit)
            if judgement.result is not True:
                return Judgement(False, Reason("element", index=index, reason=judgement.reason))
        return PASSED

    def describe(self, unit: str | None = None) -> str:
        """``every element: 4.8 V ≤ value ≤ 5.2 V``."""
        return f"every element: {self.limit.describe(unit)}"
