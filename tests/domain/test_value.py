"""Values of drivers as JSON-safe data."""

from __future__ import annotations

import array
import datetime
import enum
import json
import math
from collections import deque
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.domain import value as values
from sequencer.domain.value import measurement_type, to_data


class Mode(enum.Enum):
    ON = "on"


class Level(enum.IntEnum):
    LOW = 1


class Scalar:
    """What a numpy scalar looks like from outside."""

    dtype = "float64"

    def __init__(self, value: Any) -> None:
        self.value = value
        self.size = len(value) if isinstance(value, list) else 1

    def tolist(self) -> Any:
        return self.value

    def ravel(self) -> Scalar:
        return self

    def __getitem__(self, part: slice) -> Scalar:
        return Scalar(self.value[part])


class Broken:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


CASES: list[tuple[Any, Any, str]] = [
    (None, None, "missing"),
    (True, True, "boolean"),
    (5, 5, "numeric"),
    (5.5, 5.5, "numeric"),
    (math.nan, "NaN", "numeric"),
    (math.inf, "Infinity", "numeric"),
    (-math.inf, "-Infinity", "numeric"),
    ("a", "a", "string"),
    ([1, (2, "x")], [1, [2, "x"]], "array"),
    (range(3), [0, 1, 2], "array"),
    (deque([1]), [1], "array"),
    (array.array("d", [1.5]), [1.5], "array"),
    ({"a": {1: None}}, {"a": {"1": None}}, "other"),
    ({1: "a", "1": "b"}, {"1": "a", "'1'": "b"}, "other"),
    (b"OK\n", "b'OK\\n'", "other"),
    (1j, "1j", "other"),
    (Decimal("4.80"), 4.8, "numeric"),
    (Decimal("NaN"), "NaN", "numeric"),
    (Decimal("sNaN"), "NaN", "numeric"),
    (Fraction(1, 4), 0.25, "numeric"),
    (Mode.ON, "on", "string"),
    (Level.LOW, 1, "numeric"),
    (Scalar(4.8), 4.8, "numeric"),
    (Scalar([1, 2]), [1, 2], "array"),
    (datetime.date(2026, 1, 2), "2026-01-02", "other"),
    (PurePosixPath("a/b"), "a/b", "other"),
    (Broken(), "<Broken that cannot be read: RuntimeError>", "other"),
]


@pytest.mark.parametrize(("value", "data", "kind"), CASES, ids=[repr(data) for _, data, _ in CASES])
def test_values_become_data(value: Any, data: Any, kind: str) -> None:
    """Each kind of value has one form in JSON and one type of measurement."""
    assert to_data(value) == data
    assert type(to_data(value)) is type(data)
    assert measurement_type(value) == kind


def test_a_container_in_itself_ends() -> None:
    """A cycle is named where it closes; the same list twice side by side is no cycle."""
    loop: list[Any] = [1]
    loop.append(loop)
    assert to_data(loop) == [1, "<cycle>"]
    twin = [1]
    assert to_data([twin, twin]) == [[1], [1]]


def test_size_is_bounded_and_what_is_cut_is_said() -> None:
    """Long texts, long arrays, huge integers and deep nesting are cut, visibly, and stay JSON."""
    text = to_data("x" * (values.MAX_TEXT + 7))
    assert isinstance(text, str)
    assert text.endswith("… (7 more characters)")
    rows = to_data([[0] * 60_000, [0] * 60_000])
    assert isinstance(rows, list)
    assert rows[1][-1] == "… (20002 more elements)"  # type: ignore[index]
    waveform = to_data(Scalar([0.5] * (values.MAX_ITEMS + 1)))
    assert isinstance(waveform, list)
    assert waveform[-1] == "… (1 more elements)"
    assert str(to_data(10**5000)).startswith("0x")
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]
    json.dumps(to_data(deep))


def test_numpy_values_are_taken_as_they_are() -> None:
    """Scalars, booleans and arrays of numpy become Python's own."""
    numpy = pytest.importorskip("numpy")
    assert to_data(numpy.float64(4.8)) == 4.8
    assert to_data(numpy.bool_(True)) is True
    assert measurement_type(numpy.bool_(False)) == "boolean"
    assert to_data(numpy.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert to_data(numpy.float32("nan")) == "NaN"
    assert measurement_type(numpy.array(5.0)) == "numeric"


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.floats(),
            st.integers(),
            st.text(),
            st.binary(),
            st.complex_numbers(),
            st.decimals(),
            st.dates(),
            st.uuids(),
            st.sampled_from([Mode.ON, object, print]),
            st.builds(Broken),
        ),
        lambda inner: st.one_of(
            st.lists(inner), st.tuples(inner), st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), inner)
        ),
        max_leaves=10,
    )
)
def test_any_value_is_json(value: Any) -> None:
    """Whatever a driver returns, its data is JSON without NaN, and its type is known."""
    json.dumps(to_data(value), allow_nan=False)
    assert measurement_type(value) in ("numeric", "string", "boolean", "array", "missing", "other")
