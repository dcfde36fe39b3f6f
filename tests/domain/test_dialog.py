"""Dialogs as data, and what counts as an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.domain.dialog import InvalidAnswer, buttons, describe, read_answer


def codes(dialog: dict[str, Any], result: str, value: object = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidAnswer) as raised:
        read_answer(dialog, result, value)
    return [(problem.field, problem.code) for problem in raised.value.problems]


def test_a_bare_text_asks_to_confirm_it() -> None:
    """The short form is a confirm dialog without fields."""
    dialog = describe("Connect the device", 30.0)
    assert (dialog["type"], dialog["text"], dialog["fields"], dialog["timeout"]) == (
        "confirm",
        "Connect the device",
        [],
        30.0,
    )
    assert buttons(dialog) == ("confirm",)
    assert read_answer(dialog, "confirm", "ignored") is None


def test_pass_fail_takes_no_confirm() -> None:
    """With pass_fail only Pass and Fail answer, whatever the dialog asks for."""
    dialog = describe({"text": "Does it light?", "pass_fail": True})
    assert buttons(dialog) == ("pass", "fail")
    assert codes(dialog, "confirm") == [("", "result")]
    assert read_answer(dialog, "fail") is None


@pytest.mark.parametrize(
    ("typed", "value"),
    [("5", 5), ("-4.5", -4.5), ("2e3", 2000.0), (" +1.5E-3 ", 0.0015), (7, 7), (0.5, 0.5), (".5", 0.5), ("5.", 5.0)],
)
def test_numbers_as_people_type_them(typed: object, value: float) -> None:
    """Integers, decimals, exponents and signs are numbers, typed or sent as JSON numbers."""
    answer = read_answer(describe({"type": "number", "text": "?"}), "confirm", typed)
    assert (answer, type(answer)) == (value, type(value))


@pytest.mark.parametrize("typed", ["abc", "1_000", "0x10", "nan", "inf", "1e999", "--1", "1 2", True, [1], {"a": 1}])
def test_what_is_no_number_is_refused(typed: object) -> None:
    """NaN, infinities, Python's own spellings and other types are no numbers."""
    assert codes(describe({"type": "number", "text": "?"}), "confirm", typed) == [("value", "number")]


def test_number_bounds() -> None:
    """min and max include themselves."""
    dialog = describe({"type": "number", "min": -1, "max": 1.5})
    assert read_answer(dialog, "confirm", "-1") == -1
    assert read_answer(dialog, "confirm", "1.5") == 1.5
    assert codes(dialog, "confirm", "0,5") == [("value", "comma")]
    assert read_answer(dialog, "confirm", " 0,5 ", decimal_comma=True) == 0.5
    assert codes(dialog, "confirm", "-1.01") == [("value", "min")]
    assert codes(dialog, "confirm", "1.51") == [("value", "max")]


def test_text_rules() -> None:
    """Length, pattern and requiredness are held; a scanner's blank or line end is no part of the text."""
    dialog = describe({"type": "text", "min_length": 3, "max_length": 5, "pattern": "^SN"})
    assert read_answer(dialog, "confirm", " SN1 \r\n") == "SN1"
    assert codes(dialog, "confirm", "") == [("value", "required")]
    assert codes(dialog, "confirm", "  ") == [("value", "required")]
    assert codes(dialog, "confirm", "SN") == [("value", "min_length")]
    assert codes(dialog, "confirm", "SN1234") == [("value", "max_length")]
    assert codes(dialog, "confirm", "XX12") == [("value", "pattern")]
    assert codes(dialog, "confirm", ["SN1"]) == [("value", "text")]


def test_choices_keep_their_type() -> None:
    """A choice is one of those offered, with its own type; 1 and true are not the same."""
    dialog = describe({"type": "radio", "choices": [1, "two", {"value": 3.5, "label": "three and a half"}]})
    assert read_answer(dialog, "confirm", 3.5) == 3.5
    assert read_answer(dialog, "confirm", "two") == "two"
    assert codes(dialog, "confirm", "three and a half") == [("value", "choice")]
    assert codes(dialog, "confirm", True) == [("value", "choice")]
    assert codes(dialog, "confirm", None) == [("value", "required")]


def test_checkboxes() -> None:
    """Ticks come back in the order offered, each once; none is an answer unless min says otherwise."""
    dialog = describe({"type": "checkbox", "choices": ["a", "b", "c"]})
    assert read_answer(dialog, "confirm", ["c", "a"]) == ["a", "c"]
    assert read_answer(dialog, "confirm", []) == []
    assert codes(dialog, "confirm", "a") == [("value", "choice")]
    counted = describe({"type": "checkbox", "choices": ["a", "b", "c"], "min": 2, "max": 2})
    assert codes(counted, "confirm", []) == [("value", "required")]
    assert codes(counted, "confirm", ["a", "a"]) == [("value", "min_chosen")]
    assert codes(counted, "confirm", ["a", "b", "c"]) == [("value", "max_chosen")]


def test_a_form_reports_every_field() -> None:
    """All fields of a form are judged at once, unknown ones ignored."""
    dialog = describe(
        {
            "type": "form",
            "fields": [
                {"name": "who", "min_length": 2},
                {"name": "volts", "type": "number", "max": 5, "required": False},
                {"name": "lit", "type": "switch"},
                {"name": "level", "type": "slider", "max": 10},
            ],
        }
    )
    assert codes(dialog, "confirm", {"who": "x", "volts": 6, "lit": "maybe", "level": 11}) == [
        ("who", "min_length"),
        ("volts", "max"),
        ("lit", "switch"),
        ("level", "max"),
    ]
    assert read_answer(dialog, "confirm", {"who": "Ann", "level": 3, "extra": 1}) == {
        "who": "Ann",
        "volts": None,
        "lit": False,
        "level": 3,
    }
    assert codes(dialog, "confirm", "text") == [("who", "required"), ("level", "required")]


def test_fail_needs_no_value() -> None:
    """Who answers Fail need not fill the form in, but what is filled in must be right."""
    dialog = describe({"type": "number", "pass_fail": True})
    assert read_answer(dialog, "fail", "") is None
    assert codes(dialog, "fail", "abc") == [("value", "number")]
    assert codes(dialog, "pass", "") == [("value", "required")]


@pytest.mark.parametrize(
    "written",
    [
        {"type": "nonsense"},
        {"type": "radio", "choices": "abc"},
        {"type": "radio", "choices": []},
        {"type": "radio"},
        {"type": "number", "min": "low"},
        {"type": "form", "fields": [{"name": "a", "type": "nonsense"}]},
    ],
)
def test_what_an_expression_can_spoil_is_said_plainly(written: dict[str, Any]) -> None:
    """A dialog whose expressions gave something unusable raises ValueError with a sentence."""
    with pytest.raises(ValueError, match=r"\w+"):
        describe(written)


@given(
    kind=st.sampled_from(["text", "number", "radio", "checkbox", "form", "confirm"]),
    result=st.sampled_from(["confirm", "pass", "fail", "close", ""]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_answer_breaks_the_reader(kind: str, result: str, value: object) -> None:
    """Whatever comes over HTTP is an answer or an InvalidAnswer, never another exception."""
    dialog = describe(
        {"type": kind, "choices": ["a", 1], "fields": [{"name": "n", "type": "number"}], "min": 0, "max": 10}
    )
    try:
        read_answer(dialog, result, value)
    except InvalidAnswer as invalid:
        assert invalid.problems
