"""What an expression may cost: the size of its numbers, texts and lists, and the work of all its operations.

A sequence may come from a stranger, and so may the numbers in it: everything is weighed before it is made.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

MAX_SIZE = 1_000_000
"""Characters of a text and elements of a list that an expression makes."""
MAX_BITS = 4096
"""Of an integer that an expression makes: some 1,200 digits."""
MAX_DIGITS = 400
"""How far ``round`` goes to either side of the decimal point; no float reaches beyond."""
MAX_NESTING = 200
"""Levels of an expression as it is written."""
MAX_WORK = 200_000_000
"""Units of work of one evaluation; a character is one, an element of a list ten, a list a hundred: some seconds."""

_Count = TypeVar("_Count")

_ELEMENT = 10
_CONTAINER = 100
_SMALL = frozenset([type(None), bool, float])


class TooLarge(UnusableValue):
    """An expression would make a number, a text or a list larger than it may."""


class TooMuchWork(UnusableValue):
    """The operations of an expression would take too long, taken together."""


class Budget:
    """The work that is left. Raises ``TooMuchWork`` when there is none."""

    __slots__ = ("left",)

    def __init__(self, work: int = MAX_WORK) -> None:
        self.left = work

    def spend(self, *values: object, times: int = 1) -> None:
        """Takes the price of looking through ``values`` once, ``times`` over."""
        for value in values:
            self.left -= weight(value, self.left) * times
        if self.left < 0:
            raise TooMuchWork(Reason("too_much_work"))


def weight(value: Any, limit: int) -> int:
    """The price of a value: a hundred for each list or mapping, ten for each element, one for a character or digit.

    Counting ends above ``limit``, as the same list may stand in others many times.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        return _ELEMENT + len(value)
    if kind is int:
        return _ELEMENT + int(value.bit_length()) // 3
    if kind not in (list, tuple, dict):
        return _ELEMENT
    total, waiting = 0, [value]
    while waiting and total <= limit:
        value = waiting.pop()
        kind = type(value)
        if kind is dict:
            total += _CONTAINER
            waiting += [list(value), list(value.values())]
        elif kind is list or kind is tuple:
            total += _CONTAINER + _ELEMENT * len(value)
            kinds = set(map(type, value)) - _SMALL
            if kinds == {str}:
                total += sum(map(len, value)) if kinds.issuperset(map(type, value)) else sum(map(_length, value))
            elif kinds == {int}:
                total += sum(map(int.bit_length, (each for each in value if type(each) is int))) // 3
            elif kinds:
                waiting += [each for each in value if type(each) not in _SMALL]
        else:
            total += weight(value, limit)
    return total


def _length(value: object) -> int:
    return len(value) if type(value) is str else 0


def fits(size: int, what: Literal["characters", "elements"] = "characters") -> None:
    """Raises ``TooLarge`` when a text or list of ``size`` is more than an expression may make."""
    if size > MAX_SIZE:
        most = f"{MAX_SIZE:,}"
        if what == "elements":
            raise TooLarge(Reason("too_many_elements", most=most))
        raise TooLarge(Reason("too_many_characters", most=most))


def sized(value: Any) -> object:
    """``value``; raises ``TooLarge`` when it is an integer, a text or a list too large for an expression to make."""
    kind = type(value)
    if kind is int:
        if value.bit_length() > MAX_BITS:
            raise TooLarge(Reason("large_integer", most=MAX_BITS))
    elif kind is str or kind is bytes:
        fits(len(value))
    elif kind is list or kind is tuple:
        fits(len(value), "elements")
    return value


def text_of(value: object) -> str:
    """``str(value)``, unless that would be too long."""
    if type(value) is str:
        return value
    limit = MAX_SIZE * 10
    if weight(value, limit) > limit:
        raise TooLarge(Reason("long_as_text"))
    return str(value)


def digits(count: _Count) -> _Count:
    """``count``, a number of decimal places, as it was given."""
    if isinstance(count, int) and abs(count) > MAX_DIGITS:
        raise TooLarge(Reason("too_many_places", most=MAX_DIGITS))
    return count
