"""What SQL answers, as what it is: a column has one type, or nothing."""

from __future__ import annotations

from collections.abc import Sequence


def numbers(values: Sequence[object]) -> list[int]:
    """Whole numbers."""
    return [number(value) for value in values]


def number(value: object) -> int:
    """A whole number."""
    assert isinstance(value, int)
    return value


def real(value: object) -> float | None:
    """A number, or none."""
    assert value is None or isinstance(value, float)
    return value


def known(value: object) -> float:
    """A number that there is."""
    assert isinstance(value, float)
    return value


def text(value: object) -> str | None:
    """A string, or none."""
    return None if value is None else str(value)


def ranked(value: float) -> float:
    """The value to nine digits, to sort rows by.

    Sums of the same values differ in their last digits with the order in which these came: rows that are alike would
    change their places.
    """
    return float(f"{value:.9g}")
