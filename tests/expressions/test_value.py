"""Values of drivers as JSON-safe data."""

from __future__ import annotations

import array
import datetime
import enum
import io
import json
import math
import uuid
from collections import UserList, UserString, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.expressions import value as values
from sequencer.expressions.value import measured, measurement_type, plain, refuse_unfinished, to_data
from sequencer.limits import judge, parse_limits
from sequencer.vocabulary.failure import StepError


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
    assert measurement_type(measured(value)) == kind


class LyingFloat(float):
    """Says that it is whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ge__(self, other: object) -> bool:
        return True

    def __le__(self, other: object) -> bool:
        return True

    def __float__(self) -> float:
        return 5.0

    __hash__ = float.__hash__


class LyingInt(int):
    """Shows another number than it is."""

    def __int__(self) -> int:
        return 5

    __index__ = __int__


class LyingText(str):
    """Shows another text than it is."""

    def __str__(self) -> str:
        return "OK"

    __repr__ = __str__


class LyingList(list[Any]):
    """Goes through other elements than it has."""

    def __iter__(self) -> Iterator[Any]:
        return iter([5.0])


class LyingDict(dict[str, Any]):
    """Shows other entries than it has."""

    def items(self) -> Any:
        return {"volts": 5.0}.items()


class Reading(NamedTuple):
    """What many drivers return."""

    volts: float
    amps: float


@dataclass
class Record:
    """Fields of any kind."""

    volts: Any
    note: str = "x"


PLAIN: list[tuple[Any, Any]] = [
    (LyingFloat(99.0), 99.0),
    (LyingInt(99), 99),
    (LyingText("NO"), "NO"),
    (LyingList([LyingFloat(99.0)]), [99.0]),
    (LyingDict(volts=LyingFloat(99.0)), {"volts": 99.0}),
    ((1, {2.5}, deque([Level.LOW])), [1, [2.5], [1]]),
    (
        {"trace": array.array("d", [1.5]), Mode.ON: (1,), (1, 2): 3, 7: 8},
        {"trace": [1.5], "on": [1], "[1, 2]": 3, 7: 8},
    ),
    (MappingProxyType({"a": (1,)}), {"a": [1]}),
    (UserList([UserString("a")]), ["a"]),
    ({"a": 1}.keys(), ["a"]),
    (bytearray(b"ab"), b"ab"),
    (memoryview(b"ab")[::-1], b"ba"),
    (Decimal("9007199254740993"), 9007199254740993),
    (Fraction(9007199254740993), 9007199254740993),
    (Decimal("4.8"), 4.8),
    (Reading(5.0, 0.1), {"volts": 5.0, "amps": 0.1}),
    ("boot \udc80 ok", "boot \\udc80 ok"),
    ({"\udc80": ["\udc80"]}, {"\\udc80": ["\\udc80"]}),
    (2**70, 2**70),
    (Decimal(2**53), 2**53),
    (Decimal(2**53 - 1), float(2**53 - 1)),
    (Decimal("9007199254740993.5"), 9007199254740994.0),
    (Decimal("1E400"), math.inf),
    (Decimal("-Infinity"), -math.inf),
    (Fraction(2**53), 2**53),
    (Fraction(-(2**53)), -(2**53)),
    (Fraction(2**53 - 1), float(2**53 - 1)),
    (Fraction(2**60 + 1, 2), float(2**59)),
    (type("NAType", (), {})(), None),
    (type("NaTType", (datetime.datetime,), {})(2026, 1, 2), None),
    (type("Moment", (datetime.datetime,), {})(2026, 1, 2), datetime.datetime(2026, 1, 2)),
    (type("Series", (), {"to_numpy": lambda self: Scalar([1.5])})(), [1.5]),
    ({True: "a", None: "b", 1.5: "c"}, {True: "a", None: "b", 1.5: "c"}),
    (((1, 2), [frozenset([3])]), [[1, 2], [[3]]]),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN, ids=[str(index) for index in range(len(PLAIN))])
def test_a_value_becomes_plain_at_every_level(value: Any, expected: Any) -> None:
    """What limits, expressions and the report see is made of Python's own types, whatever a subclass says of itself."""

    def types_of(data: Any) -> Any:
        if isinstance(data, list):
            return [list, *map(types_of, data)]
        return {key: types_of(item) for key, item in data.items()} if isinstance(data, dict) else type(data)

    assert plain(value) == expected
    assert types_of(plain(value)) == types_of(expected)


def test_a_dataclass_is_measured_by_its_fields_and_else_passed_on() -> None:
    """A driver's own object goes to its next call as it is; what is recorded of one are its fields."""
    record = Record(Decimal("NaN"))
    assert plain([record])[0] is record
    assert measured([record])[0]["note"] == "x"
    judgement = judge(record, None)
    assert (judgement.result, str(judgement.reason)) == (False, "volts: nan is not a finite number")


def _coroutine() -> Any:
    async def later() -> int:
        return 5

    return later()


def _async_generator() -> Any:
    async def some() -> AsyncIterator[int]:
        yield 1

    return some()


class Promise:
    """Something to be awaited."""

    def __await__(self) -> Iterator[None]:
        yield None


@pytest.mark.parametrize(
    "make",
    [_coroutine, _async_generator, Promise, lambda: (x for x in [1]), lambda: map(str, [1]), lambda: iter([1])],
    ids=["coroutine", "async generator", "awaitable", "generator", "map", "iterator"],
)
@pytest.mark.filterwarnings("error")
def test_what_was_never_carried_out_is_no_value(make: Any) -> None:
    """A coroutine, a generator or an iterator is an error at any depth, and leaves no warning behind."""
    for take in (plain, measured, refuse_unfinished):
        with pytest.raises(StepError, match=r"never (run|finished|iterated over)"):
            take(make())
        with pytest.raises(StepError):
            take({"a": [1.0, (make(), "x")]})
    assert judge(make(), None).result is False


def test_a_value_that_nobody_wants_may_be_of_any_kind_and_size() -> None:
    """A call that keeps nothing looks for what was not carried out alone: what contains itself is no error there."""
    around: list[Any] = [1, {"a": "text"}, object()]
    around.append([around, around])
    refuse_unfinished(around)


@pytest.mark.parametrize(
    "attributes",
    [{"tolist": lambda self: [1]}, {"dtype": "float64"}, {"typecode": "d"}, {"numerator": 1}, {"denominator": 2}],
    ids=lambda attributes: next(iter(attributes)),
)
def test_an_object_that_has_half_of_a_number_is_none(attributes: dict[str, Any]) -> None:
    """An array has elements and a type, a ratio both of its parts; whatever has one of two stays what it is."""
    handle = type("Handle", (), attributes)()
    assert plain(handle) is handle


def test_a_tuple_whose_names_do_not_fit_is_refused() -> None:
    """Names for a part of the elements alone would drop the rest of what was measured."""
    with pytest.raises(StepError, match="a Odd that cannot be read"):
        plain(type("Odd", (tuple,), {"_fields": ("volts",)})((5.0, 400.0)))


def test_a_class_is_no_measured_value() -> None:
    """Neither any class nor that of a record, whose fields nobody has filled in."""
    for kind in (Record, Scalar):
        with pytest.raises(StepError, match=f"class '{kind.__name__}', which was never called"):
            measured(kind)
    assert plain(Record) is Record


def test_what_was_not_carried_out_is_named() -> None:
    """With the article that goes with its name."""
    with pytest.raises(StepError, match="returned a `map`, which"):
        plain(map(str, []))
    with pytest.raises(StepError, match="returned an `async_generator`, which"):
        plain(_async_generator())


def test_a_function_is_no_measured_value() -> None:
    """A driver that names its method and forgets the call gives no measurement; as a handle it may be passed on."""
    with pytest.raises(StepError, match="function 'print', which was never called"):
        measured([print])
    assert plain(print) is print


def test_an_open_file_is_a_handle() -> None:
    """A file can be gone through, and still is an object that one call gives and the next one takes."""
    handle = io.StringIO("a")
    assert plain({"log": handle})["log"] is handle


@pytest.mark.slow
def test_what_has_no_end_is_refused() -> None:
    """A value in itself, one nested without measure, one of a million elements and more: each is an error."""
    loop: list[Any] = []
    loop.append({"again": loop})
    with pytest.raises(StepError, match="contains itself"):
        plain(loop)
    deep: list[Any] = []
    for _ in range(values.MAX_DEPTH):
        deep = [deep]
    with pytest.raises(StepError, match="levels deep"):
        plain(deep)
    doubled: list[Any] = [0]
    for _ in range(40):
        doubled = [doubled, doubled]
    with pytest.raises(StepError, match="more than 1000000 elements"):
        plain(doubled)
    with pytest.raises(StepError, match="1000001 elements"):
        plain(Scalar([0] * (values.MAX_TAKEN + 1)))
    with pytest.raises(StepError, match="more than 1000000 elements"):
        plain([0] * (values.MAX_TAKEN + 1))


def test_the_largest_values_are_taken() -> None:
    """A million elements, and as many levels as are allowed; the same list twice side by side is none in itself."""
    assert len(plain([0] * values.MAX_TAKEN)) == values.MAX_TAKEN
    assert len(plain(Scalar([0] * values.MAX_TAKEN))) == values.MAX_TAKEN
    deep: list[Any] = []
    for _ in range(values.MAX_DEPTH - 1):
        deep = [deep]
    assert plain(deep) == deep
    twin = [object()]
    assert plain([twin, {"a": twin}]) == [twin, {"a": twin}]


def test_an_object_that_raises_is_an_error_with_its_reason() -> None:
    """What a driver's own class raises while it is read names that class."""

    class Bad(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            raise KeyError(key)

        def __iter__(self) -> Iterator[str]:
            raise RuntimeError("bus gone")

        def __len__(self) -> int:
            return 1

    with pytest.raises(StepError, match="a Bad that cannot be read: RuntimeError: bus gone"):
        plain([Bad()])


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


def test_what_is_exactly_as_large_as_allowed_is_whole() -> None:
    """Nothing is said of more where there is no more."""
    assert to_data("x" * values.MAX_TEXT) == "x" * values.MAX_TEXT
    assert to_data(["é" * values.MAX_TEXT]) == ["é" * values.MAX_TEXT]
    assert to_data([0] * values.MAX_ITEMS) == [0] * values.MAX_ITEMS
    assert to_data(dict.fromkeys(range(values.MAX_ITEMS))) == dict.fromkeys(map(str, range(values.MAX_ITEMS)))
    more = to_data(dict.fromkeys(range(values.MAX_ITEMS + 2)))
    assert isinstance(more, dict)
    assert more["…"] == "… (2 more entries)"
    assert to_data(2**values.MAX_INTEGER_BITS - 1) == 2**values.MAX_INTEGER_BITS - 1
    assert to_data(2**values.MAX_INTEGER_BITS) == hex(2**values.MAX_INTEGER_BITS)
    deep: list[Any] = []
    for _ in range(values.MAX_DEPTH - 1):
        deep = [deep]
    assert to_data(deep) == deep
    assert "<nested too deeply>" in json.dumps(to_data([deep]))


def test_times_and_names_become_texts() -> None:
    """ISO 8601 for moments, what people read for lengths of time, unique ids and paths."""
    said = [datetime.time(1, 2), datetime.datetime(2026, 1, 2), datetime.timedelta(seconds=90), uuid.UUID(int=5)]
    assert to_data(said) == ["01:02:00", "2026-01-02T00:00:00", "0:01:30", "00000000-0000-0000-0000-000000000005"]
    assert to_data(Record(1.5)) == {"volts": 1.5, "note": "x"}


def test_numpy_values_are_taken_as_they_are() -> None:
    """Scalars, booleans and arrays of numpy become Python's own."""
    numpy = pytest.importorskip("numpy")
    assert to_data(numpy.float64(4.8)) == 4.8
    assert to_data(numpy.bool_(True)) is True
    assert measurement_type(measured(numpy.bool_(False))) == "boolean"
    assert to_data(numpy.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert to_data(numpy.float32("nan")) == "NaN"
    for name in ("float16", "float32", "float64", "longdouble", "complex64"):
        one = plain(numpy.dtype(name).type(1.5))
        assert (one, type(one)) == (1.5, complex if name == "complex64" else float)
    for name in ("int8", "uint16", "int32", "uint64"):
        assert type(plain(numpy.dtype(name).type(5))) is int
    assert plain(numpy.longdouble(2**53 + 1)) == 2**53 + 1
    for number in (numpy.longdouble(2**53), numpy.longdouble(-(2**53))):
        assert (plain(number), type(plain(number))) == (int(number), int)
    assert type(plain(numpy.longdouble(2**53 - 1))) is float
    assert plain(numpy.longdouble("inf")) == math.inf
    assert (plain(numpy.array(Decimal("1.5"), dtype=object)), plain(numpy.array("a\udc80"))) == (1.5, "a\\udc80")
    assert plain(numpy.clongdouble(1.5 + 2j)) == 1.5 + 2j
    assert plain(numpy.timedelta64(1_500, "ms")) == datetime.timedelta(seconds=1.5)
    assert plain(numpy.datetime64("2026-01-02T03:04:05.123456789")) == datetime.datetime(2026, 1, 2, 3, 4, 5, 123456)
    assert plain(numpy.datetime64("NaT", "s")) is None
    assert plain(numpy.ma.masked_array([1.5, 2.5], [True, False])) == [None, 2.5]
    assert plain([numpy.float32(1.5), {"a": numpy.arange(2)}]) == [1.5, {"a": [0, 1]}]
    assert plain(numpy.str_("a\udc80")) == "a\\udc80"
    assert judge(list(numpy.array([math.nan, 5.0], dtype="float32")), None).result is False
    assert judge(list(numpy.array([4.0, 5.0], dtype="float32")), parse_limits({"contains": 5})).result is True
    assert measurement_type(measured(numpy.array(5.0))) == "numeric"


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
            st.sampled_from([Mode.ON, object()]),
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
    assert measurement_type(measured(value)) in ("numeric", "string", "boolean", "array", "missing", "other")
