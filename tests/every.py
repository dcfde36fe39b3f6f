"""Many things of a kind in one test: one for each of thousands would take longer than what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

Thing = TypeVar("Thing")


def every(things: Iterable[Thing], check: Callable[[Thing], object]) -> None:
    """Checks all of them, and fails with all that is wrong; also where there is none."""
    wrong = []
    checked = 0
    for thing in things:
        checked += 1
        try:
            check(thing)
        except (Exception, pytest.fail.Exception) as error:
            wrong.append(f"{thing}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
    assert checked
