"""Comparisons in expressions, one by one: what is equal, what is in what, what has an order, what cannot be told."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from sequencer.expressions.comparison import compare, contains, distinct, equal, is_nan, kind_named, kind_of, one_kind

NAIVE, ZONED = datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3, tzinfo=UTC)
LATER = timedelta(hours=1)


class Instrument:
    """A driver's own object: it stands for no data. Its name in a test's id is the same in every process."""

    def __repr__(self) -> str:
        return "an object"


OPAQUE = Instrument()

ORDERED: list[tuple[Any, Any]] = [
    (1, 2),
    (-1, 0.5),
    (0.5, 1),
    (2**53, 2.0**53 + 2),
    (0.25, 0.5),
    ("a", "b"),
    (b"a", b"b"),
    ([1, "a"], [1, "b"]),
    ((1, 2), (1, 3)),
    (NAIVE, NAIVE + LATER),
    (ZONED, ZONED + LATER),
    (date(2026, 1, 1), date(2026, 1, 2)),
    (time(1), time(2)),
    (time(1, tzinfo=UTC), time(2, tzinfo=UTC)),
    (timedelta(0), LATER),
]


@pytest.mark.parametrize(("less", "more"), ORDERED, ids=str)
def test_what_has_an_order(less: Any, more: Any) -> None:
    """Each operator holds exactly where it holds of numbers, at equal values too."""
    operators = ("lt", "lteq", "eq", "ne", "gteq", "gt")
    assert [compare(less, name, more) for name in operators] == [True, True, False, True, False, False]
    assert [compare(more, name, less) for name in operators] == [False, False, False, True, True, True]
    assert [compare(less, name, less) for name in operators] == [False, True, True, False, True, False]


@pytest.mark.parametrize("value", [True, {"a": 1}, [True], [{}], OPAQUE, None, math.nan, 1j], ids=str)
@pytest.mark.parametrize("name", ["lt", "lteq", "gt", "gteq"])
def test_what_has_no_order(value: Any, name: str) -> None:
    """Booleans, mappings, null, NaN and objects are neither less nor more, not even than themselves."""
    with pytest.raises(ValueError, match=r"cannot be ordered|cannot be compared"):
        compare(value, name, value)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (True, True, True),
        (True, False, False),
        (5, 5.0, True),
        (2**53 + 1, 2.0**53, False),
        ([], [], True),
        ([1, 2], (1, 2), True),
        ([1, 2], [1, 3], False),
        ([2, 1], [3, 1], False),
        ([1], [1, 2], False),
        ([[1]], [[1]], True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1, "b": 2}, {"a": 2, "b": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (NAIVE, NAIVE, True),
        (ZONED, ZONED, True),
    ],
    ids=str,
)
def test_what_is_equal(left: Any, right: Any, same: bool) -> None:
    """Values of one type are equal or not, at every level; `ne` is the contrary of `eq`."""
    assert equal(left, right) is same
    assert compare(left, "eq", right) is same
    assert compare(left, "ne", right) is not same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (None, None),
        (None, 5),
        (math.nan, math.nan),
        (math.nan, 1.0),
        (math.nan, 1),
        (True, 1),
        ("5", 5),
        (b"a", "a"),
        (OPAQUE, 5),
        ([1], 1),
        ([None], [1]),
        ([None, 1], [2]),
        ([1, None], [2, 3]),
        ([[None]], [[1], [2]]),
        ([{"a": math.nan}], []),
        ([1, "a"], [2, 1]),
        ({"a": None}, {"a": 1}),
        ({"a": None}, {}),
        ({"a": [math.nan]}, {"b": 1}),
        ({"a": "1"}, {"a": 1}),
        ({"a": 1, "b": "1"}, {"a": 2, "b": 1}),
        (NAIVE, ZONED),
        (time(1), time(1, tzinfo=UTC)),
        (date(2026, 1, 2), datetime(2026, 1, 2)),
    ],
    ids=str,
)
def test_what_is_neither_equal_nor_different(left: Any, right: Any) -> None:
    """A missing value, two types, or a time with and one without a zone, wherever they stand, in either order."""
    for first, second in ((left, right), (right, left)):
        for name in ("eq", "ne"):
            with pytest.raises(ValueError, match="cannot be compared"):
                compare(first, name, second)


@pytest.mark.parametrize(
    ("chain", "holds"),
    [
        ((1, "lt", 2, "lteq", 2), True),
        ((1, "lt", 2, "lt", 2), False),
        ((2, "lt", 1, "lt", 9), False),
        ((1, "lt", 3, "gt", 2), True),
        ((1, "in", [1, 2], "eq", [1, 2]), True),
        ((3, "in", [1, 2], "eq", [1, 2]), False),
        ((3, "notin", [1, 2], "eq", [1]), False),
    ],
    ids=str,
)
def test_a_chain_holds_when_each_part_does(chain: tuple[Any, ...], holds: bool) -> None:
    """Each part compares what stands on both of its sides, as in Python."""
    assert compare(*chain) is holds


@pytest.mark.parametrize(
    ("container", "value", "inside"),
    [
        ("abc", "b", True),
        ("abc", "x", False),
        (b"abc", b"b", True),
        ([1, 2], 2, True),
        ([1, 2], 3, False),
        (["a"], "a", True),
        ([], 1, False),
        ([1.5, 2], 1.5, True),
        ([1.5, 2], 2.0, True),
        ([1.5], 2.5, False),
        ([True], True, True),
        ([True], False, False),
        (["a", 5], "a", True),
        (["a", 5], 5, True),
        ([[1], [2]], [2], True),
        ([[1], [2]], [3], False),
        ({"a": 1}, "a", True),
        ({"a": None}, "b", False),
        ((1, 2), 1, True),
    ],
    ids=str,
)
def test_what_is_in_what(container: Any, value: Any, inside: bool) -> None:
    """A part of a text, an element of a list, a key of a mapping."""
    assert contains(container, value) is inside
    assert compare(value, "in", container) is inside
    assert compare(value, "notin", container) is not inside


@pytest.mark.parametrize(
    ("container", "value", "words"),
    [
        ("abc", "", "empty string"),
        ("", "", "empty string"),
        ("abc", 5, "cannot be compared"),
        (b"abc", "a", "cannot be compared"),
        ("abc", b"a", "cannot be compared"),
        (5, 5, "`in` cannot be used with a number"),
        (None, 5, "`in` cannot be used with null"),
        (True, True, "`in` cannot be used with a boolean"),
        ([1, 2], None, "null"),
        ([1, 2], math.nan, "NaN"),
        ([math.nan], 1.0, "NaN"),
        ([math.nan, 1.0], 1.0, "NaN"),
        ([None, 1], 1, "null"),
        ([[None]], [1], "null"),
        ([1], "1", "the string '1' cannot be compared with the number 1"),
        (["1"], 1, "the string '1' cannot be compared with the number 1"),
        ([1], True, "true cannot be compared with the number 1"),
        (["a", 5], "b", "the string 'b' cannot be compared with the number 5"),
        ([OPAQUE], 5, "Instrument"),
        ([5], OPAQUE, "Instrument"),
    ],
    ids=str,
)
def test_what_is_neither_in_it_nor_not(container: Any, value: Any, words: str) -> None:
    """An empty text, a missing value and an element of another type give no answer, asked either way."""
    for name in ("in", "notin"):
        with pytest.raises(ValueError, match=words):
            compare(value, name, container)


@pytest.mark.parametrize(
    "values", [[], [1, 2.5], ["a", "b"], [[1, "a"], [2, "b"]], [NAIVE, NAIVE], [ZONED, ZONED], [b""]], ids=str
)
def test_values_of_one_kind_can_be_sorted(values: list[Any]) -> None:
    """Numbers of both sorts, texts, lists of the same build."""
    one_kind(values)
    one_kind(iter(values))


@pytest.mark.parametrize(
    "values",
    [
        *([1, math.nan], [math.nan], [None], [True], [{}], [1, "a"], ["a", 1], [[1], ["a"]], [[1], [1, 2]]),
        *([[math.nan]], [NAIVE, ZONED], [1, True], [time(1), time(1, tzinfo=UTC)], [OPAQUE]),
    ],
    ids=str,
)
def test_other_values_cannot(values: list[Any]) -> None:
    """One that is missing, has no order or is of another type makes the order of all of them a guess."""
    with pytest.raises(ValueError, match=r"cannot be compared|cannot be ordered"):
        one_kind(values)


def test_values_that_are_to_be_told_apart_are_of_one_kind() -> None:
    """Booleans and mappings can be told apart although they have no order."""
    for values in ([], [1, 2.5], [True, False], [{}, {"a": 1}], ["a"]):
        distinct(values)
    for values in ([1, "a"], [1, True], [None], [math.nan], [1, None], [object()]):
        with pytest.raises(ValueError, match="cannot be compared"):
            distinct(values)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("5", 5, "the string '5' cannot be compared with the number 5; convert it with float() or int()"),
        (5, "5", "the string '5' cannot be compared with the number 5; convert it with float() or int()"),
        (True, 1, "true cannot be compared with the number 1"),
        (False, "x", "false cannot be compared with the string 'x'"),
        ([1], {}, "a list cannot be compared with a mapping"),
        (None, 1, "null cannot be compared; use `is none`"),
    ],
)
def test_what_is_said_of_two_types(left: Any, right: Any, words: str) -> None:
    """The values as they were, and how to make them comparable where that can be."""
    with pytest.raises(ValueError) as raised:
        compare(left, "eq", right)
    assert str(raised.value) == words


def test_nan_and_kinds() -> None:
    """Only a float is NaN, and every plain value has a kind in words."""
    assert [is_nan(value) for value in (math.nan, 1.0, 1, "nan", None)] == [True, False, False, False, False]
    values = (None, True, 1, 1.5, (), 1j)
    assert [kind_of(value) for value in values] == ["null", "boolean", "number", "number", "list", "object"]
    words = ["null", "a boolean", "a number", "a number", "a list", "an object of type complex"]
    assert [str(kind_named(value)) for value in values] == words
