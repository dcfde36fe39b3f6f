"""Limits that compare: equal, unequal, one of, true or false, a pattern, a part, and every element of an array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from sequencer.limits.base import PASSED, Judgement, Limit, judge, kind_name, missed, same, wrong_kind
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Severity
from sequencer.vocabulary.reason import Reason, ReasonOrText, quantity
from sequencer.vocabulary.regex import CompiledPattern, nests_repetitions
from sequencer.vocabulary.shown import show, show_whole


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
class EqualWhole(Limit):
    """Equal to an array, a mapping or null in every part; numbers by value, NaN never.

    Null passes where exactly that is expected.
    """

    judges_missing: ClassVar[bool] = True

    expected: Data

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True when there is no difference; the reason names the first."""
        reason = _difference(value, self.expected, unit)
        return PASSED if reason is None else Judgement(False, reason)

    def describe(self, unit: str | None = None) -> str:
        """``value = [1, 2]``, ``value = {"mode": "DC"}``, ``value = null``."""
        return f"value = {show_whole(self.expected)}"


def _difference(value: object, expected: Data, unit: str | None) -> ReasonOrText | None:
    """The first part of ``value`` that differs."""
    if value is None and expected is not None:
        return Reason("no_value")
    if expected is None:
        return None if value is None else missed("not_equal", unit=unit, value=value, limit=expected).reason
    if isinstance(expected, Mapping):
        return _other_entry(value, expected, unit) if isinstance(value, dict) else wrong_kind(value, "mapping").reason
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return _other_element(value, expected, unit) if isinstance(value, list) else wrong_kind(value, "array").reason
    return Equal(expected, negated=False, ignore_case=False).judge(value, unit).reason


def _other_element(value: list[object], expected: Sequence[Data], unit: str | None) -> Reason | None:
    for index, (item, wanted) in enumerate(zip(value, expected, strict=False)):
        if (reason := _difference(item, wanted, unit)) is not None:
            return Reason("element", index=index, reason=reason)
    if len(value) != len(expected):
        return Reason("other_length", found=len(value), expected=len(expected))
    return None


def _other_entry(value: dict[object, object], expected: Mapping[str, Data], unit: str | None) -> Reason | None:
    for key, wanted in expected.items():
        if key not in value:
            return Reason("entry_missing", key=key)
        if (reason := _difference(value[key], wanted, unit)) is not None:
            return Reason("entry", key=key, reason=reason)
    more = next((key for key in value if key not in expected), None)
    return None if more is None else Reason("entry_added", key=str(more))


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
class NoneOf(Limit):
    """Equal to none of ``choices``, and of the type of one of them."""

    choices: tuple[Comparable, ...]

    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """True for a value that is not among the choices; what is of another type was not compared with any."""
        if any(same(value, choice) for choice in self.choices):
            return missed("forbidden", unit=unit, value=value)
        kinds = {kind_name(choice) for choice in self.choices}
        return PASSED if kind_name(value) in kinds else wrong_kind(value, kind_name(self.choices[0]))

    def describe(self, unit: str | None = None) -> str:
        """``value is none of 1, 2, 3``."""
        return f"value is none of {', '.join(show(choice, unit) for choice in self.choices)}"


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
