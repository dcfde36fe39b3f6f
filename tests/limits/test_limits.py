"""Limits: what passes, what is said when it does not, and what is refused at check time."""

from __future__ import annotations

import enum
import json
import math
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sequencer.limits import LIMITS_SCHEMA, Judgement, Limit, judge, limit_problems, parse_limits, show
from sequencer.limits.bounds import bounds
from sequencer.limits.parse import FORMS, read_limits
from tests.effort import examples


def told(judgement: Judgement) -> tuple[bool | None, str]:
    """The result with the reason in words."""
    return judgement.result, str(judgement.reason)


PASSES: list[tuple[Any, Any]] = [
    ([4.8, 5.2], 4.8),
    ([4.8, 5.2], 5.2),
    ([5, 5], 5.0),
    ({"ge": 4.8, "lt": 5.2}, 4.8),
    ({"gt": 4, "le": 5}, 5),
    ({"nominal": 5.0, "tolerance": "4%"}, 5.2),
    ({"nominal": 2**53 + 1, "tolerance": 0}, 2**53 + 1),
    ({"nominal": 5.0, "tolerance": "4 %"}, 4.8),
    ({"nominal": 3, "tolerance": "4%"}, 3.12),
    ({"nominal": 1.1, "tolerance": "10%"}, 1.21),
    ({"nominal": 3.3, "tolerance": 0.3}, 3.6),
    ({"nominal": 0.7, "tolerance": 0.1}, 0.8),
    ({"nominal": -5, "tolerance": "4%"}, -5.2),
    ({"nominal": 0.0, "tolerance": int(sys.float_info.max)}, sys.float_info.max),
    ({"nominal": 5, "tolerance": {"plus": 0.3, "minus": "2%"}}, 4.9),
    ({"outside": {"lt": 1.0, "gt": 2.0}}, 0.5),
    ({"outside": {"le": 1.0, "ge": 2.0}}, 1.0),
    ({"outside": {"le": 1.0, "ge": 2.0}}, 2.0),
    ({"outside": {"lt": 1.0, "gt": 2.0}}, 2.5),
    ({"outside": {"lt": 1.0, "gt": 1.0}}, 2),
    ({"eq": 5}, 5.0),
    ({"ne": 5}, 6),
    ({"eq": "v1.2.0", "ignore_case": True}, "V1.2.0"),
    ({"eq": "STRASSE", "ignore_case": True}, "straße"),
    ({"ne": "a"}, "A"),
    ({"eq": True}, True),
    ({"one_of": [1, 2, 3]}, 2.0),
    ({"one_of": ["a", 5]}, "a"),
    ({"none_of": [1, "a"]}, 2),
    ({"none_of": [1, "a"]}, "b"),
    ({"eq": [1, {"a": [True, None]}]}, (1.0, {"a": [True, None]})),
    ({"eq": {}}, {}),
    ({"eq": None}, None),
    ({"is": False}, False),
    ({"matches": r"\d+"}, "build 17, final"),
    ({"matches": r"^v\d+$"}, "v17"),
    ({"contains": "OK"}, "all OK."),
    ({"contains": 3}, [1, 2, 3]),
    ({"each": [4.8, 5.2]}, [5, 5.1]),
    ({"each": [4.8, 5.2]}, (5,)),
    ({"each": {"each": {"is": True}}}, [[True], [True, True]]),
    ([4.8, 5.2], Decimal("5.2")),
    ([0, 1], Fraction(1, 3)),
    ({"eq": 2}, enum.Enum("Mode", {"ON": 2}).ON),  # type: ignore[attr-defined]
]

BOUNDS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "limit_bounds.json").read_text("utf-8"))
"""Limits with what bounds them; the page's own reading is held to the same table."""

FAILS: list[tuple[Any, Any, str]] = [
    ([4.8, 5.2], 5.31, "5.31 V is above the upper limit of 5.2 V"),
    (
        {"nominal": 2**53 + 1, "tolerance": 0},
        2**53,
        "9007199254740992 V is below the lower limit of 9007199254740993 V",
    ),
    ([4.8, 5.2], 4, "4 V is below the lower limit of 4.8 V"),
    ({"gt": 4.8}, 4.8, "4.8 V is not above the lower limit of 4.8 V"),
    ({"lt": 5}, 5.0, "5 V is not below the upper limit of 5 V"),
    ([4.8, 5.2], 5.200000000000001, "5.200000000000001 V is above the upper limit of 5.2 V"),
    ({"outside": {"lt": 1, "gt": 2}}, 1, "1 V is inside the forbidden range of 1 V to 2 V"),
    ({"outside": {"lt": 1, "gt": 2}}, 2, "2 V is inside the forbidden range of 1 V to 2 V"),
    ({"outside": {"le": 1, "gt": 2}}, 2, "2 V is inside the forbidden range of 1 V to 2 V"),
    ({"outside": {"lt": 1, "ge": 2}}, 1, "1 V is inside the forbidden range of 1 V to 2 V"),
    ({"outside": {"lt": 1, "gt": 2}}, True, "true is a boolean, the limit is for a number"),
    ([4.8, 5.2], None, "there is no value"),
    ([4.8, 5.2], math.nan, "nan is not a finite number"),
    ([4.8, 5.2], Decimal("sNaN"), "nan is not a finite number"),
    ({"ge": 0}, math.inf, "inf is not a finite number"),
    ([4.8, 5.2], "5.0", '"5.0" is text, the limit is for a number'),
    ([0, 2], True, "true is a boolean, the limit is for a number"),
    ([0, 2], [1], "[1] is an array, the limit is for a number"),
    ([0, 2], {"a": 1}, "{…} is a mapping, the limit is for a number"),
    ([0, 2], b"1", "<bytes> is of type bytes, the limit is for a number"),
    ([0, 2], 1j, "<complex> is of type complex, the limit is for a number"),
    ({"eq": 1}, True, "true is a boolean, the limit is for a number"),
    ({"eq": "5"}, 5, "5 is a number, the limit is for text"),
    ({"ne": 5}, "x", '"x" is text, the limit is for a number'),
    ({"ne": 5}, 5, "the value must not be 5 V"),
    ({"eq": "a"}, "A", '"A" is not "a"'),
    ({"one_of": [1, 2]}, True, "true is not one of 1 V, 2 V"),
    ({"none_of": [1, 2]}, 2.0, "the value must not be 2 V"),
    ({"none_of": [1, 2]}, "2", '"2" is text, the limit is for a number'),
    ({"none_of": [1, 2]}, None, "there is no value"),
    ({"none_of": [1, 2]}, math.nan, "nan is not a finite number"),
    ({"eq": [1, 2]}, [1, True], "element [1]: true is a boolean, the limit is for a number"),
    ({"eq": [1, 2]}, [1, math.nan], "element [1]: nan V is not 2 V"),
    ({"eq": [1, 2]}, [1], "there are 1 elements instead of 2"),
    ({"eq": [1, 2]}, [1, 2, 3], "there are 3 elements instead of 2"),
    ({"eq": [1, 2]}, None, "there is no value"),
    ({"eq": [1, 2]}, {"0": 1}, "{…} is a mapping, the limit is for an array"),
    ({"eq": [None]}, [0], "element [0]: 0 V is not null"),
    ({"eq": {"a": {"b": 1}}}, {"a": {"b": 2}}, "a: b: 2 V is not 1 V"),
    ({"eq": {"a": 1}}, {}, "there is no entry `a`"),
    ({"eq": {"a": None}}, {}, "there is no entry `a`"),
    ({"eq": {"a": 1}}, {"a": 1, "b": 2}, "there is an entry `b` too many"),
    ({"eq": {"1": 1}}, {1: 1}, "there is no entry `1`"),
    ({"eq": {"a": 1}}, [], "[] is an array, the limit is for a mapping"),
    ({"eq": None}, 0, "0 V is not null"),
    ({"is": True}, 1, "1 is a number, the limit is for true or false"),
    ({"is": True}, False, "false is not true"),
    ({"matches": r"^v\d+"}, "x", r'"x" does not match /^v\d+/'),
    ({"matches": r"5"}, 5, "5 is a number, the limit is for text"),
    ({"contains": "OK"}, "NO", '"NO" does not contain "OK"'),
    ({"contains": 5}, "5", '"5" is text, the limit is for an array'),
    ({"each": [4.8, 5.2]}, [5, 6], "element [1]: 6 V is above the upper limit of 5.2 V"),
    ({"each": [4.8, 5.2]}, [], "the array is empty"),
    ({"each": [4.8, 5.2]}, 5, "5 is a number, the limit is for an array"),
    ({"eq": "µ"}, "Ω", '"Ω" is not "µ"'),
    ({"each": [4.8, 5.2]}, [5, None], "element [1]: there is no value"),
    ({"each": {"matches": "a"}}, ["a", math.nan], "element [1]: nan is not a finite number"),
]


@pytest.mark.parametrize(("written", "value"), PASSES, ids=str)
def test_passes(written: Any, value: object) -> None:
    """A value that meets the limits passes, and no reason is given."""
    assert judge(value, parse_limits(written)) == (True, None)


@pytest.mark.parametrize(("written", "value", "reason"), FAILS, ids=str)
def test_fails_and_says_why(written: Any, value: object, reason: str) -> None:
    """A value that misses them, or cannot be compared, fails with the reason in words."""
    assert told(judge(value, parse_limits(written, "V"), "V")) == (False, reason)


UNFIT: list[tuple[Any, str]] = [
    (None, "there is no value"),
    (math.nan, "nan is not a finite number"),
    (-math.inf, "-inf is not a finite number"),
    ([[math.inf]], "element [0]: element [0]: inf is not a finite number"),
    (complex(math.nan, 0), "nan is not a finite number"),
    (complex(0, math.inf), "inf is not a finite number"),
    ({"volts": math.nan}, "volts: nan is not a finite number"),
    ({"rails": [3.3, math.inf]}, "rails: element [1]: inf is not a finite number"),
    ({math.nan: 1}, "key nan: nan is not a finite number"),
    ({1.5: 1, math.inf: 1}, "key inf: inf is not a finite number"),
]


@pytest.mark.parametrize(("value", "reason"), UNFIT, ids=str)
def test_what_was_not_measured_fails_without_limits(value: object, reason: str) -> None:
    """A missing or infinite value, at any level, is a failure although nothing was asked of it."""
    assert told(judge(value, None)) == (False, reason)


@pytest.mark.parametrize(
    "value",
    [0, "", False, [], {}, b"", [1.0, True, 10**400], 1j, {"left out": None}, pytest.param(object(), id="object")],
    ids=lambda value: f"{value!s:.20}",
)
def test_any_other_value_without_limits_is_not_judged(value: object) -> None:
    """Without limits a value has no result."""
    assert judge(value, None) == (None, None)


class Evil:
    """An object whose every comparison raises."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __lt__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]

    @property
    def dtype(self) -> str:
        return "evil"

    def tolist(self) -> None:
        raise RuntimeError


@pytest.mark.parametrize(
    "written", [[0, 1], {"eq": 5}, {"one_of": [1]}, {"contains": 1}, {"each": [0, 1]}, {"is": True}]
)
def test_a_comparison_that_raises_is_a_failure(written: Any) -> None:
    """Whatever an object of a driver does when compared, the judgement is false and nothing is raised."""
    assert judge(Evil(), parse_limits(written)).result is False
    assert judge([Evil()], parse_limits(written)).result is False


def test_a_limit_that_cannot_judge_lets_nothing_pass() -> None:
    """Whatever goes wrong inside of a limit, the value was not compared, and that is a failure."""

    class Broken(Limit):
        def judge(self, value: object, unit: str | None = None) -> Judgement:
            raise ZeroDivisionError

        def describe(self, unit: str | None = None) -> str:
            return ""

    assert told(judge(5, Broken())) == (False, "the value could not be compared: ZeroDivisionError")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (5.0, "V", "5 V"),
        (5, "", "5"),
        (9999999999999998.0, None, "9999999999999998"),
        (1e16, None, "1e+16"),
        (2**256 - 1, None, str(2**256 - 1)),
        (2**256, None, "about 2**257"),
        ("x" * 60, "V", '"' + "x" * 60 + '"'),
        ("x" * 61, "V", '"' + "x" * 60 + '…"'),
        ([1, 2, 3, 4, 5], "V", "[1, 2, 3, 4, 5]"),
        ([1, 2, 3, 4, 5, 6], "V", "[1, 2, 3, 4, 5, … 6 elements]"),
        ({}, None, "{}"),
        (None, None, "null"),
    ],
    ids=lambda value: f"{value!s:.20}",
)
def test_values_in_words(value: object, unit: str | None, words: str) -> None:
    """A reason shows what was measured as a person writes it, and no more of it than fits a line."""
    assert show(value, unit) == words


DESCRIPTIONS = [
    ([4.8, 5.2], "4.8 V ≤ value ≤ 5.2 V"),
    ({"gt": 1, "lt": 2.5}, "1 V < value < 2.5 V"),
    ({"ge": 1}, "value ≥ 1 V"),
    ({"lt": 1}, "value < 1 V"),
    ({"nominal": 5, "tolerance": "4%"}, "5 V ± 4% (4.8 V ≤ value ≤ 5.2 V)"),
    ({"nominal": 5, "tolerance": 0.5}, "5 V ± 0.5 V (4.5 V ≤ value ≤ 5.5 V)"),
    ({"nominal": 5, "tolerance": {"plus": 0.3, "minus": 0.1}}, "5 V +0.3 V −0.1 V (4.9 V ≤ value ≤ 5.3 V)"),
    ({"outside": {"lt": 1, "ge": 2}}, "value < 1 V or value ≥ 2 V"),
    ({"eq": 5}, "value = 5 V"),
    ({"ne": "a", "ignore_case": True}, 'value ≠ "a", ignoring case'),
    ({"one_of": [1, "a"]}, 'value is one of 1 V, "a"'),
    ({"is": True}, "value is true"),
    ({"matches": r"^v\d"}, r"value matches /^v\d/"),
    ({"contains": "OK"}, 'value contains "OK"'),
    ({"each": {"ge": 0}}, "every element: value ≥ 0 V"),
]


@pytest.mark.parametrize(("written", "words"), DESCRIPTIONS, ids=str)
def test_limits_in_words(written: Any, words: str) -> None:
    """Every form has a description that a person understands without the language reference."""
    assert parse_limits(written, "V").describe("V") == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ([4.8, 5.2], "4.8 ≤ value ≤ 5.2"),
        ({"nominal": 5, "tolerance": 0.5}, "5 ± 0.5 (4.5 ≤ value ≤ 5.5)"),
        ({"nominal": 5, "tolerance": "4%"}, "5 ± 4% (4.8 ≤ value ≤ 5.2)"),
        ({"eq": "a"}, 'value = "a"'),
    ],
    ids=str,
)
def test_limits_without_a_unit_in_words(written: Any, words: str) -> None:
    """Where a measurement has no unit, its limits are told without one."""
    assert parse_limits(written).describe() == words


def test_signs_follow_the_number_without_a_blank() -> None:
    """Degrees, minutes, seconds and per cent stand at their number, in limits and in the reason."""
    limit = parse_limits({"nominal": 45, "tolerance": 0.5}, "°")
    assert limit.describe("°") == "45° ± 0.5° (44.5° ≤ value ≤ 45.5°)"
    assert str(judge(46, limit, "°").reason) == "46° is above the upper limit of 45.5°"


REFUSED: list[tuple[Any, str, tuple[str | int, ...]]] = [
    ([5.2, 4.8], "limits-reversed", ()),
    ({"ge": 2, "le": 1}, "limits-reversed", ()),
    ({"gt": 1, "lt": 1}, "limits-impossible", ()),
    ({"ge": 1, "lt": 1}, "limits-impossible", ()),
    ({"gt": 1, "le": 1}, "limits-impossible", ()),
    ({"outside": {"lt": 2, "gt": 1}}, "limits-always", ("outside",)),
    ({"outside": {"le": 1, "ge": 1}}, "limits-always", ("outside",)),
    ({"outside": {"le": 1, "gt": 1}}, "limits-always", ("outside",)),
    ({"outside": {"lt": 1, "ge": 1}}, "limits-always", ("outside",)),
    ({"outside": {"lt": 1, "gt": 2, "ge": 3}}, "limit-form", ("outside",)),
    ({"outside": {"lt": 1, "eq": 2}}, "limit-form", ("outside",)),
    ({"outside": {"lt": 1, "gt": 2, "eq": 3}}, "limit-form", ("outside",)),
    ({"outside": {"lt": "x", "gt": 2}}, "limit-value", ("outside", "lt")),
    ({"outside": {"lt": 1, "gt": "x"}}, "limit-value", ("outside", "gt")),
    ({"outside": {"lt": 1}}, "limit-form", ("outside",)),
    ({"outside": {"lt": 1, "le": 2, "gt": 3}}, "limit-form", ("outside",)),
    ({"outside": [1, 2]}, "limit-form", ("outside",)),
    ([1], "limit-form", ()),
    ([1, 2, 3], "limit-form", ()),
    ([1, "x"], "limit-value", (1,)),
    ([True, 2], "limit-value", (0,)),
    ([None, 2], "limit-value", (0,)),
    ([-math.inf, 2], "limit-value", (0,)),
    ([1, math.inf], "limit-value", (1,)),
    ({"ge": math.nan}, "limit-value", ("ge",)),
    ({"le": math.inf}, "limit-value", ("le",)),
    ({"gt": 1, "ge": 2}, "limit-form", ("ge",)),
    ({"lt": 1, "le": 2}, "limit-form", ("le",)),
    ({"gt": "x", "lt": 2}, "limit-value", ("gt",)),
    ({"gt": 1, "eq": 2}, "limit-form", ()),
    ({"grt": 1}, "unknown-limit", ("grt",)),
    ({}, "limit-form", ()),
    (5, "limit-form", ()),
    ("5", "limit-form", ()),
    (None, "limit-form", ()),
    ({"nominal": 5}, "limit-form", ()),
    ({"tolerance": 5}, "limit-form", ()),
    ({"nominal": "x", "tolerance": 5}, "limit-value", ("nominal",)),
    ({"nominal": 5, "tolerance": True}, "limit-value", ("tolerance",)),
    ({"nominal": 1.7e308, "tolerance": 1e308}, "limit-value", ("tolerance",)),
    ({"nominal": 5, "tolerance": -1}, "limit-value", ("tolerance",)),
    ({"nominal": 5, "tolerance": "-4%"}, "limit-value", ("tolerance",)),
    ({"nominal": 5, "tolerance": "x"}, "limit-value", ("tolerance",)),
    ({"nominal": 5, "tolerance": {"plus": 1}}, "limit-form", ("tolerance",)),
    ({"nominal": 5, "tolerance": {"plus": 1, "minus": True}}, "limit-value", ("tolerance", "minus")),
    ({"nominal": 5, "tolerance": {"plus": True, "minus": 1}}, "limit-value", ("tolerance", "plus")),
    ({"nominal": 5, "tolerance": {"plus": 1, "minus": 1, "other": 1}}, "limit-form", ("tolerance",)),
    ({"eq": [1, math.inf]}, "limit-value", ("eq", 1)),
    ({"none_of": []}, "limit-form", ("none_of",)),
    ({"eq": math.nan}, "limit-value", ("eq",)),
    ({"ne": [1]}, "limit-value", ("ne",)),
    ({"eq": 5, "ignore_case": True}, "limit-value", ("ignore_case",)),
    ({"eq": "a", "ignore_case": 1}, "limit-value", ("ignore_case",)),
    ({"ignore_case": True}, "limit-form", ()),
    ({"one_of": []}, "limit-form", ("one_of",)),
    ({"one_of": [1, None]}, "limit-value", ("one_of", 1)),
    ({"is": 1}, "limit-value", ("is",)),
    ({"matches": "("}, "bad-regex", ("matches",)),
    ({"matches": 5}, "limit-value", ("matches",)),
    ({"contains": ""}, "limits-always", ("contains",)),
    ({"each": [2, 1]}, "limits-reversed", ("each",)),
    ({"each": {"matches": "["}}, "bad-regex", ("each", "matches")),
]


@pytest.mark.parametrize(("written", "code", "path"), REFUSED, ids=str)
def test_senseless_limits_are_refused(written: Any, code: str, path: tuple[str | int, ...]) -> None:
    """Each is a problem with its path at check time, and a `ValueError` with the same words at run time."""
    problem = limit_problems(written)[0]
    assert (problem.code, problem.path, problem.severity) == (code, path, "error")
    with pytest.raises(ValueError, match=re.escape(problem.message)):
        parse_limits(written)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"eq": 5.5}, "eq-float"),
        ({"eq": 5.0}, "eq-float"),
        ({"one_of": [1, 2.5]}, "eq-float"),
        ({"contains": 2.5}, "eq-float"),
        ({"nominal": 5, "tolerance": 0}, "eq-float"),
        ({"nominal": 0, "tolerance": "5%"}, "eq-float"),
        ({"matches": "(a+)+$"}, "slow-regex"),
        ({"matches": r"^(\w+\s?)*$"}, "slow-regex"),
        ({"matches": "(?:a|b*)*c"}, "slow-regex"),
        ({"matches": r"\d*"}, "limits-always"),
    ],
    ids=str,
)
def test_doubtful_limits_are_warned_about(written: Any, code: str) -> None:
    """What is legal and hardly meant is a warning, and the limits still work."""
    (problem,) = limit_problems(written)
    assert (problem.code, problem.severity) == (code, "warning")
    parse_limits(written)


@pytest.mark.parametrize(
    "written",
    [
        {"matches": r"^v\d+\.\d+$"},
        {"matches": "(ab)+c"},
        {"matches": "(a++)+b"},
        {"matches": r"^$"},
        {"matches": r"(\d{1,3}\.){3}\d{1,3}"},
        {"eq": 5},
        {"eq": "5 V"},
        {"contains": "5 V"},
        {"each": {"one_of": ["a"]}},
        {"ge": "${{ lowest }}"},
        ["${{ a }}", 5],
        "${{ limits }}",
        {"each": "${{ limits }}"},
        {"matches": "${{ pattern }}"},
        {"is": "${{ flag }}"},
        {"one_of": "${{ choices }}"},
        {"outside": "${{ range }}"},
        {"eq": "a", "ignore_case": "${{ flag }}"},
    ],
    ids=str,
)
def test_sensible_limits_have_no_problems(written: Any) -> None:
    """Good limits, and what only the run can know, are left alone at check time."""
    assert limit_problems(written) == []


def test_every_problem_is_told_at_once() -> None:
    """Two wrong parts of one limit are two problems."""
    assert [problem.path for problem in limit_problems({"ge": "x", "lt": True})] == [("ge",), ("lt",)]


def test_an_expression_left_in_limits_is_no_limit() -> None:
    """At run time a text that still holds an expression is refused, not ignored."""
    with pytest.raises(ValueError, match="text"):
        parse_limits(["${{ a }}", 5])


SCHEMA = Draft202012Validator({"$ref": "#/$defs/limits", "$defs": {"limits": LIMITS_SCHEMA}})


def test_the_schema_of_limits_is_one() -> None:
    """Editors get a schema that is itself in order."""
    SCHEMA.check_schema(SCHEMA.schema)


def test_the_schema_has_every_key_and_no_other() -> None:
    """A key that only one of language and schema knows is refused in an editor, or offered and then refused."""
    of_tables = {"table", "key"}
    assert {key for form in FORMS for key in form} | of_tables == set(LIMITS_SCHEMA["properties"])  # type: ignore[call-overload]


@pytest.mark.parametrize("written", [written for written, _ in (*PASSES, *DESCRIPTIONS)], ids=str)
def test_the_schema_takes_every_form(written: Any) -> None:
    """What the language reads, the schema for editors allows."""
    SCHEMA.validate(written)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"volts": 1},
        [1],
        [1, 2, 3],
        {"outside": {"lt": 1}},
        {"outside": {"lt": 1, "gt": 2, "eq": 3}},
        {"outside": {"lt": 1, "eq": 3}},
        {"nominal": 5, "tolerance": {"plus": 1}},
        {"nominal": 5, "tolerance": {"plus": 1, "minus": 1, "other": 1}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_an_editor_can_see(written: Any) -> None:
    """Unknown keys and wrong numbers of them are marked while they are typed."""
    assert not SCHEMA.is_valid(written)


@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: json.dumps(row["limits"]))
def test_the_bounds_of_limits(row: dict[str, Any]) -> None:
    """What a chart draws: two bounds, one, or none where the limits are of another kind; never an exception."""
    assert bounds(row["limits"], None) == (row["lower"], row["upper"])


NUMBERS = st.one_of(st.integers(-20, 20), st.floats(-20, 20), st.sampled_from([0.1, 0.2, 0.3, 4.8, 5.2]))
ANYTHING = st.one_of(
    NUMBERS,
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.floats(),
    st.binary(max_size=2),
    st.lists(NUMBERS, max_size=3),
    st.complex_numbers(),
    st.decimals(),
    st.fractions(),
)
OPERATORS = {
    "gt": lambda value, bound: value > bound,
    "ge": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "le": lambda value, bound: value <= bound,
    "eq": lambda value, bound: value == bound,
    "ne": lambda value, bound: value != bound,
}


@given(ANYTHING, st.dictionaries(st.sampled_from(sorted(OPERATORS)), NUMBERS, min_size=1, max_size=2))
@settings(max_examples=examples(300))
def test_intervals_agree_with_a_naive_reading(value: Any, written: dict[str, float]) -> None:
    """A finite number passes exactly when each operator holds of it; nothing else ever passes."""
    try:
        limit = parse_limits(written)
    except ValueError:
        return
    number = value
    if isinstance(value, (Decimal, Fraction)):
        number = math.nan if isinstance(value, Decimal) and value.is_nan() else float(value)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
    expected = is_number and all(OPERATORS[key](number, bound) for key, bound in written.items())
    assert judge(value, limit).result is expected


@given(st.integers(-1000, 1000), st.integers(0, 4), st.integers(0, 200), st.integers(-2000, 2000))
@settings(max_examples=examples(300))
def test_tolerances_are_computed_on_what_was_written(digits: int, places: int, tenths: int, step: int) -> None:
    """A value written with as many digits as the exact bound passes exactly when it lies inside, as on paper."""
    nominal = Decimal(digits).scaleb(-places)
    spread = abs(nominal) * Decimal(tenths) / 1000
    value = nominal + spread * Decimal(step) / 1000
    limit = parse_limits({"nominal": float(nominal), "tolerance": f"{Decimal(tenths) / 10}%"})
    assert judge(float(value), limit).result is (abs(value - nominal) <= spread)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([*(key for form in FORMS for key in form), "plus", "minus", "other"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@given(JSON, ANYTHING, st.sampled_from([None, "V"]))
@settings(max_examples=examples(400))
def test_any_limits_either_work_or_are_refused(written: Any, value: Any, unit: str | None) -> None:
    """Whatever is written, reading it gives a limit that judges and describes, or a `ValueError`; check time agrees."""
    errors = [problem for problem in limit_problems(written, unit) if problem.severity == "error"]
    try:
        limit = parse_limits(written, unit)
    except ValueError as error:
        assert errors or "${{" in str(written)
        assert str(error)
        return
    assert not errors
    assert isinstance(judge(value, limit, unit).result, bool)
    assert limit.describe(unit)
    assert isinstance(limit.lower(), dict)


def test_forms_and_codes_are_documented() -> None:
    """The reference of limits names every key and every problem that check time can tell."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")
    for key in (key for form in FORMS for key in form):
        assert f"{key}: " in page or f"`{key}`" in page
    for code in {code for _, code, _ in REFUSED} | {"eq-float", "slow-regex", "limit-unit"}:
        assert f"`{code}`" in page


BOUND = st.one_of(st.integers(-3, 3), st.floats(width=16), st.booleans(), st.sampled_from([2**60, None, "2", "3 V"]))
SIDE = st.sampled_from(["ge", "gt", "le", "lt", "eq"])


def _said(read: Callable[[object, str | None], Limit], written: object) -> object:
    try:
        return repr(read(written, "V"))
    except ValueError as error:
        return str(error)


@given(st.one_of(st.lists(BOUND, min_size=2, max_size=2), st.dictionaries(SIDE, BOUND, min_size=1, max_size=2)))
def test_the_common_forms_are_read_quickly_and_no_otherwise(written: object) -> None:
    """Two bounds in brackets or by name: the way past the full reader gives the same limit, and refuses the same."""
    assert _said(parse_limits, written) == _said(read_limits, written)


@pytest.mark.parametrize("written", [{"eq": None}, {"eq": [1, None]}, {"eq": {"a": None}}, {"each": {"eq": None}}])
def test_null_is_compared_with_only_where_it_is_written(written: object) -> None:
    """One that an expression gave would let a value pass that is missing, by a limit that is missing."""
    assert parse_limits(written).judge(None) is not None
    with pytest.raises(ValueError, match="gave null to compare with"):
        parse_limits(written, nulls=False)
