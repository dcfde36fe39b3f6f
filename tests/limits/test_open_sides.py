"""Limits with an empty side, as a table's empty cell gives them."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.limits import judge, parse_limits
from sequencer.limits.parse import without_open_sides


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ([None, 5.2], {"le": 5.2}),
        ([4.8, None], {"ge": 4.8}),
        ({"ge": None, "le": 5.2}, {"le": 5.2}),
        ({"gt": 4.8, "lt": None}, {"gt": 4.8}),
        ({"each": [None, 5.2]}, {"each": {"le": 5.2}}),
    ],
)
def test_a_null_leaves_its_side_out(written: Any, left: Any) -> None:
    """The other side is judged as if it stood alone."""
    assert without_open_sides(written) == left
    parse_limits(left)


@pytest.mark.parametrize(
    "written",
    [
        [None, None],
        {"ge": None, "le": None},
        {"ge": None},
        {"nominal": None, "tolerance": 1},
        None,
        [None],
    ],
)
def test_nothing_at_all_is_no_limit(written: Any) -> None:
    """Where no side is left, or the null is no side, it stays an error."""
    assert without_open_sides(written) == written
    with pytest.raises(ValueError):
        parse_limits(written)


def test_the_bound_that_is_left_judges() -> None:
    """One-sided limits fail what is beyond the side that is there, and nothing else."""
    limit = parse_limits(without_open_sides([None, 5.2]))
    assert [judge(value, limit).result for value in (-1e9, 5.2, 5.3)] == [True, True, False]
