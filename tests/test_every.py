"""What checks many things in one test."""

from __future__ import annotations

import pytest

from tests.every import every


def test_all_that_is_wrong_is_told_and_nothing_is_wrong_too() -> None:
    """It goes on after the first fault, says each, and does not pass by not looking."""
    with pytest.raises(AssertionError, match=r"0: ZeroDivisionError.*\n.*0\.0: ZeroDivisionError"):
        every([1, 0, 2, 0.0], lambda number: 1 / number)
    with pytest.raises(AssertionError):
        every([], print)
