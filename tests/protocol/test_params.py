"""Parameters: what is given as a text or a value becomes a value of their type, or is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sequencer.protocol.params import WrongParam, read_param, read_params
from sequencer.vocabulary.model import Param


@pytest.mark.parametrize(
    ("param", "written", "value"),
    [
        (Param(name="p", type="string"), "a b", "a b"),
        (Param(name="p", type="string"), "5", "5"),
        (Param(name="p", type="boolean"), "yes", True),
        (Param(name="p", type="boolean"), False, False),
        (Param(name="p", type="integer"), "5", 5),
        (Param(name="p", type="integer"), 5, 5),
        (Param(name="p", type="number"), "5.5", 5.5),
        (Param(name="p", type="number"), 5.5, 5.5),
        (Param(name="p", type="number"), 5, 5),
        (Param(name="p", type="integer"), 2**53 - 1, 2**53 - 1),
        (Param(name="p", type="number"), 1 - 2**53, 1 - 2**53),
        (Param(name="p", type="number"), 2.0**60, 2.0**60),
        (Param(name="p", type="number", minimum=1, maximum=2), 1, 1),
        (Param(name="p", type="number", minimum=1, maximum=2), "2", 2),
        (Param(name="p", type="number", minimum=1), 9, 9),
        (Param(name="p", type="number", maximum=1), -9, -9),
        (Param(name="p", type="string", one_of=("A", "B")), "B", "B"),
        (Param(name="p", type="integer", one_of=(1, 2)), "2", 2),
        (Param(name="p", type="string", pattern="^SN"), "SN1", "SN1"),
    ],
    ids=str,
)
def test_a_value_of_the_parameters_type(param: Param, written: Any, value: object) -> None:
    """A text is read as the type; a value must be of it. Bounds include themselves."""
    read = read_param(param, written)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("param", "written", "code"),
    [
        (Param(name="p", type="string"), 5, "text"),
        (Param(name="p", type="string"), True, "text"),
        (Param(name="p", type="boolean"), "maybe", "switch"),
        (Param(name="p", type="boolean"), 1, "switch"),
        (Param(name="p", type="integer"), "5.0", "integer"),
        (Param(name="p", type="integer"), 5.0, "integer"),
        (Param(name="p", type="integer"), True, "integer"),
        (Param(name="p", type="integer"), 10**400, "integer"),
        (Param(name="p", type="number"), "x", "number"),
        (Param(name="p", type="number"), "1,5", "comma"),
        (Param(name="p", type="number"), True, "number"),
        (Param(name="p", type="number"), math.nan, "number"),
        (Param(name="p", type="number"), -math.inf, "number"),
        (Param(name="p", type="number"), 10**400, "number"),
        (Param(name="p", type="integer"), 2**53, "max"),
        (Param(name="p", type="integer"), str(2**53), "max"),
        (Param(name="p", type="number"), -(2**53), "max"),
        (Param(name="p", type="number", minimum=1, maximum=2), 0.99, "min"),
        (Param(name="p", type="number", minimum=1, maximum=2), "2.01", "max"),
        (Param(name="p", type="string", one_of=("A", "B")), "C", "choice"),
        (Param(name="p", type="integer", one_of=(1, 2)), 3, "choice"),
        (Param(name="p", type="string", pattern="^SN"), "XSN", "pattern"),
    ],
    ids=str,
)
def test_another_value_is_refused_with_a_code(param: Param, written: Any, code: str) -> None:
    """Nothing is rounded, cut or guessed: 5.0 is no integer, `true` no number, 1 no switch."""
    with pytest.raises(WrongParam) as refused:
        read_param(param, written)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", ["integer", "number"])
def test_a_refusal_says_what_is_wanted(kind: str) -> None:
    """A whole number, or any number."""
    with pytest.raises(WrongParam, match="must be an integer" if kind == "integer" else "must be a number"):
        read_param(Param(name="p", type=kind), True)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{}, {"p": None}, {"p": ""}, {"p": " \r\n"}], ids=str)
def test_what_was_not_given_has_its_default(given: dict[str, Any]) -> None:
    """Null, an empty text and white space are not given; without a default a required parameter is missing."""
    assert read_params([Param(name="p", type="integer", required=True)], given)[1]["p"].code == "required"
    assert read_params([Param(name="p", type="integer", required=True, default=3)], given) == ({"p": 3}, {})
    assert read_params([Param(name="p", type="integer", required=False, default=3)], given) == ({"p": 3}, {})
    assert read_params([Param(name="p", type="integer", required=False)], given) == ({"p": None}, {})


def test_an_optional_text_may_be_empty() -> None:
    """An empty text is a text: it takes the default's place where nothing is required."""
    optional = Param(name="p", type="string", required=False, default="A")
    assert read_params([optional], {"p": ""}) == ({"p": ""}, {})
    assert read_params([optional], {}) == ({"p": "A"}, {})
    required = Param(name="p", type="string", required=True, default="A")
    assert read_params([required], {"p": ""}) == ({"p": "A"}, {})


def test_each_parameter_is_told_for_itself() -> None:
    """What is wrong with one keeps no other from being read; a name that is no parameter is told as well."""
    params = [Param(name="a", type="integer"), Param(name="b", type="number"), Param(name="c", type="string")]
    values, errors = read_params(params, {"a": "x", "b": "1,5", "c": "y", "d": 1}, decimal_comma=True)
    assert values == {"b": 1.5, "c": "y"}
    assert {name: error.code for name, error in errors.items()} == {"a": "integer", "d": "unknown"}
