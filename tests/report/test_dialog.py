"""Dialogs as data, and what counts as an answer."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.dialog import appearance, describe, describe_field, field_problems, useless_keys
from sequencer.report.dialog_answer import LONGEST_TEXT, NOT_GIVEN, InvalidAnswer, buttons, read_answer, without_ends


def choice(value: object, label: str, image: object = None) -> dict[str, Any]:
    return {"value": value, "label": label, "image": image}


def codes(dialog: dict[str, Any], result: str, value: object = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidAnswer) as raised:
        read_answer(dialog, result, value)
    return [(problem.field, problem.refused.code) for problem in raised.value.problems]


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


def test_a_hint_stands_in_for_the_pattern() -> None:
    """An operator reads words where there are some, and no regular expression."""
    dialog = describe({"type": "text", "pattern": "^SN[0-9]{6}$", "hint": "SN and six digits"})
    assert read_answer(dialog, "confirm", "SN000123") == "SN000123"
    with pytest.raises(InvalidAnswer) as raised:
        read_answer(dialog, "confirm", "000123")
    (problem,) = raised.value.problems
    assert (problem.refused.code, problem.refused.limit) == ("pattern", "SN and six digits")
    assert problem.message == "the answer does not have the right form: SN and six digits"


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
    assert read_answer(counted, "confirm", ["b", "a"]) == ["a", "b"]
    assert codes(counted, "confirm", []) == [("value", "min_chosen")]
    assert codes(counted, "confirm", ["a", "a"]) == [("value", "min_chosen")]
    assert codes(counted, "confirm", ["a", "b", "c"]) == [("value", "max_chosen")]


def test_ticked_choices_keep_their_type() -> None:
    """Who ticks `true` has not ticked 1, and what is offered may be a list."""
    dialog = describe({"type": "checkbox", "choices": [1, True, [2]]})
    assert read_answer(dialog, "confirm", [True]) == [True]
    assert read_answer(dialog, "confirm", [True])[0] is True
    assert read_answer(dialog, "confirm", [[2], 1]) == [1, [2]]
    assert read_answer(dialog, "confirm", (1,)) == [1]


def test_the_longest_text_has_a_length_of_its_own() -> None:
    """Without `max_length`, or with a larger one, a text ends at 10,000 characters."""
    for dialog in (describe({"type": "text"}), describe({"type": "text", "max_length": 2 * LONGEST_TEXT})):
        assert read_answer(dialog, "confirm", "x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
        assert codes(dialog, "confirm", "x" * (LONGEST_TEXT + 1)) == [("value", "max_length")]


def test_lengths_include_themselves() -> None:
    """A text may be as short as `min_length` and as long as `max_length`; a number is a text as it is written."""
    dialog = describe({"type": "text", "min_length": 2, "max_length": 4})
    assert [read_answer(dialog, "confirm", text) for text in ("ab", "abcd", 12)] == ["ab", "abcd", "12"]
    assert codes(dialog, "confirm", True) == [("value", "text")]


def test_the_largest_number_is_one() -> None:
    """Every finite float is a number, and no integer beyond them."""
    dialog = describe({"type": "number"})
    for number in (sys.float_info.max, -sys.float_info.max):
        assert read_answer(dialog, "confirm", number) == number
    assert codes(dialog, "confirm", 10**400) == [("value", "number")]
    assert codes(dialog, "confirm", math.nan) == [("value", "number")]


def test_a_switch_is_on_or_off() -> None:
    """A switch takes true and false and the words for them, and is off when it was left alone."""
    form = describe({"type": "form", "fields": [{"name": "s", "type": "switch"}]})
    assert [read_answer(form, "confirm", {"s": said})["s"] for said in (True, False, "on", "", None)] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert codes(form, "confirm", {"s": 1}) == [("s", "switch")]


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
    assert codes(describe({"type": "number"}), "confirm", "") == [("value", "required")]


def test_what_need_not_be_filled_in_may_stay_empty() -> None:
    """An optional field that was left empty is null, a list of ticks empty."""
    for kind in ("text", "number"):
        assert read_answer(describe({"type": kind, "required": False}), "confirm", " ") is None
    ticks = describe({"type": "checkbox", "choices": ["a"], "required": False})
    assert read_answer(ticks, "confirm", None) == []
    needed = describe({"type": "checkbox", "choices": ["a"], "required": True})
    assert codes(needed, "confirm", None) == [("value", "required")]


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ({"name": "volts", "label": "Voltage"}, "Voltage is required"),
        ({"name": "volts"}, "volts is required"),
        ({"name": "value"}, "the answer is required"),
    ],
)
def test_a_refusal_names_the_field_as_the_operator_sees_it(field: dict[str, Any], subject: str) -> None:
    """By its label, else by its name; the one field of a dialog has none."""
    with pytest.raises(InvalidAnswer, match=f"^{subject}$"):
        read_answer(describe({"type": "form", "fields": [field]}), "confirm", {})


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ({}, {"type": "text", "required": True, "label": None, "choices": []}),
        ({"label": 5}, {"label": "5"}),
        ({"required": False}, {"required": False}),
        ({"type": "checkbox", "choices": ["a"]}, {"required": False, "default": None}),
        ({"type": "checkbox", "choices": ["a"], "min": 1}, {"required": True}),
        ({"type": "checkbox", "choices": ["a"], "default": "a"}, {"default": ["a"]}),
        ({"type": "checkbox", "choices": ["a"], "default": ["a"]}, {"default": ["a"]}),
        ({"type": "radio", "choices": ["a"], "default": "a"}, {"default": "a", "required": True}),
        ({"type": "slider"}, {"min": 0, "max": 100}),
        ({"type": "slider", "min": 5, "max": 7.5}, {"min": 5, "max": 7.5}),
        ({"type": "number"}, {"min": None, "max": None}),
        ({"min_length": 1, "max_length": 2}, {"min_length": 1, "max_length": 2}),
        ({"type": "radio", "choices": (True, "b")}, {"choices": [choice(True, "true"), choice("b", "b")]}),
        (
            {
                "type": "radio",
                "choices": [{"value": 1}, {"label": "two"}, {"value": 3, "label": "three", "image": "3.png"}],
            },
            {"choices": [choice(1, "1"), choice("two", "two"), choice(3, "three", {"file": "3.png"})]},
        ),
        (
            {"type": "radio", "choices": [{"value": 1, "image": {"file": "1.png", "width": 50}}]},
            {"choices": [choice(1, "1", {"file": "1.png", "width": 50})]},
        ),
    ],
    ids=str,
)
def test_the_form_in_which_a_field_travels(written: dict[str, Any], form: dict[str, Any]) -> None:
    """What a sequence leaves out is filled in as the reference says."""
    field = describe_field({"name": "n", **written})
    assert {key: field[key] for key in form} == form


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"type": "nonsense"}, "a field's type must be one of"),
        *(
            ({"type": "number", key: value}, f"{key} must be a number")
            for key in ("min", "max")
            for value in (True, math.nan, "1")
        ),
        ({"type": "slider", "step": "1"}, "step must be a number"),
        *(
            ({key: value}, f"{key} must be an integer")
            for key in ("min_length", "max_length")
            for value in (True, 1.5, "1")
        ),
        ({"pattern": 5}, "a pattern must be a string"),
        *(({"type": "radio", "choices": said}, "choices must be a list") for said in ("abc", b"abc", {"a": 1}, 5)),
        *(({"type": kind, "choices": []}, "nothing to choose from in 'n'") for kind in ("radio", "list", "checkbox")),
        ({"type": "radio", "label": "Which"}, "nothing to choose from in 'Which'"),
    ],
    ids=str,
)
def test_what_makes_no_field(written: dict[str, Any], words: str) -> None:
    """Each key has its type, booleans are no numbers, and a choice needs something to choose from."""
    with pytest.raises(ValueError, match=words):
        describe_field({"name": "n", **written})


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"type": "number", "min": 2, "max": 1}, [("min", "nothing-allowed")]),
        ({"type": "number", "min": 1, "max": 1}, []),
        ({"type": "number", "min": 1}, []),
        ({"type": "number", "max": 1}, []),
        ({"min_length": 2, "max_length": 1}, [("min_length", "nothing-allowed")]),
        ({"min_length": 1, "max_length": 1}, []),
        ({"min_length": 5}, []),
        ({"max_length": 5}, []),
        ({"pattern": "("}, [("pattern", "bad-pattern")]),
        ({"pattern": "(", "min_length": 2, "max_length": 1}, [("min_length", "nothing-allowed")]),
        ({"pattern": "^a"}, []),
        ({"type": "radio", "choices": ["a", "a"]}, [("choices", "duplicate-choice")]),
        ({"type": "radio", "choices": [1, 1.0]}, [("choices", "duplicate-choice")]),
        ({"type": "radio", "choices": [1, True]}, []),
        ({"type": "radio", "choices": [1, "1"]}, [("choices", "duplicate-choice")]),
        ({"type": "radio", "choices": [[1], [2]]}, []),
        ({"type": "checkbox", "choices": ["a", "b"], "min": 3}, [("min", "nothing-allowed")]),
        ({"type": "checkbox", "choices": ["a", "b"], "min": 2}, []),
        ({"type": "checkbox", "choices": ["a", "b"]}, []),
        ({"type": "number", "default": 5, "min": 1}, []),
        ({"type": "number", "default": 0, "min": 1}, [("default", "bad-default")]),
        ({"type": "number", "default": "5"}, [("default", "bad-default")]),
        ({"type": "number", "default": 10**400}, [("default", "bad-default")]),
        ({"type": "number", "default": sys.float_info.max}, []),
        ({"type": "slider", "default": True}, [("default", "bad-default")]),
        ({"type": "slider", "step": 0}, [("step", "wrong-value")]),
        ({"type": "slider", "step": -1}, [("step", "wrong-value")]),
        ({"type": "slider", "step": 0.001}, []),
        ({"type": "switch", "default": True}, []),
        ({"type": "switch", "default": "on"}, [("default", "bad-default")]),
        ({"default": " "}, [("default", "bad-default")]),
        ({"default": " ", "required": False}, []),
        ({"default": "SN1", "pattern": "^SN"}, []),
        ({"default": "1", "pattern": "^SN"}, [("default", "bad-default")]),
        ({"type": "list", "choices": ["a"], "default": "b"}, [("default", "bad-default")]),
        ({"type": "checkbox", "choices": ["a"], "default": ["a"]}, []),
    ],
    ids=str,
)
def test_what_no_operator_could_answer_is_found_before(written: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """Bounds that shut everything out, twins among the choices, and defaults that would be refused."""
    problems = list(field_problems(describe_field({"name": "n", **written})))
    assert [(problem.key, problem.code) for problem in problems] == found


def test_a_field_that_cannot_be_answered_is_named_where_there_are_several() -> None:
    """A form says which field it is by its label or name; a dialog of one field says what is wrong with it."""
    with pytest.raises(ValueError, match=r"^`min` is above `max`$"):
        describe({"type": "number", "min": 2, "max": 1})
    for field, name in (({"name": "b"}, "b"), ({"name": "b", "label": "Bias"}, "Bias")):
        wrong = {**field, "type": "number", "min": 2, "max": 1}
        with pytest.raises(ValueError, match=f"^{name}: `min` is above `max`$"):
            describe({"type": "form", "fields": [{"name": "a"}, wrong]})


@pytest.mark.parametrize(
    ("said", "useless"),
    [
        ({"text": "?", "title": "t", "image": "x.png"}, []),
        ({"text": "?", "min": 1, "default": 5}, ["min", "default"]),
        ({"type": "text", "min": 1, "pattern": "a"}, ["min"]),
        ({"type": "number", "pattern": "a", "unit": "V"}, ["pattern"]),
        ({"name": "n", "pattern": "a"}, []),
        ({"name": "n", "type": "switch", "placeholder": "x"}, ["placeholder"]),
        ({"name": "n", "type": "slider", "step": 1}, []),
        ({"type": "nonsense", "min": 1}, []),
        ({"type": "form", "fields": [], "choices": []}, ["choices"]),
    ],
    ids=str,
)
def test_keys_that_do_not_go_with_the_type(said: dict[str, Any], useless: list[str]) -> None:
    """A key that the type would ignore is told; a type that nobody knows is a problem of its own."""
    assert list(useless_keys(said)) == useless


def test_what_is_only_shown() -> None:
    """Texts become texts, a picture's name a file, HTML its code; what is not said is null."""
    assert appearance({"title": 5, "text": None, "image": "led.png", "html": "<b>"}) == {
        "title": "5",
        "text": None,
        "font_size": None,
        "image": {"file": "led.png"},
        "html": {"code": "<b>"},
    }
    shown = {"image": {"file": "led.png", "width": 50}, "html": {"url": "http://x"}}
    assert {key: appearance(shown)[key] for key in shown} == shown


def test_a_dialog_of_several_pages() -> None:
    """`steps` are pages that look like dialogs; other types have none, and buttons are texts."""
    dialog = describe({"type": "steps", "text": "All", "steps": [{"text": "First"}], "buttons": {"confirm": 1}})
    assert [page["text"] for page in dialog["steps"]] == ["First"]
    assert dialog["buttons"] == {"confirm": "1"}
    assert describe({"type": "steps"})["steps"] == []
    plain = describe({"text": "?", "steps": [{"text": "First"}]})
    assert (plain["steps"], plain["buttons"], plain["pass_fail"]) == ([], {}, False)


def test_a_form_that_was_not_filled_in_has_its_defaults() -> None:
    """Without a value the fields' defaults count; a value of another shape than a form's fills nothing in."""
    form = describe({"type": "form", "fields": [{"name": "n", "default": "x"}]})
    assert read_answer(form, "confirm", NOT_GIVEN) == {"n": "x"}
    assert read_answer(form, "confirm", ["y"]) == {"n": "x"}
    assert read_answer(describe({"type": "form"}), "confirm", {"n": 1}) is None


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


def test_what_a_scanner_adds_is_no_part_of_the_answer() -> None:
    """Length and pattern are those of the rest; the answer is told as it was typed, and used without its ends."""
    ends = {"remove_prefix": "]C1", "remove_suffix": "#"}
    dialog = describe({"type": "text", **ends, "pattern": "^SN\\d$", "max_length": 3})
    typed = read_answer(dialog, "confirm", " ]C1SN7# ")
    assert (typed, without_ends(dialog, typed)) == ("]C1SN7#", "SN7")
    assert without_ends(dialog, read_answer(dialog, "confirm", "SN7")) == "SN7"
    for refused in ("]C1#", "]C1SN77#", "C1SN7"):
        with pytest.raises(InvalidAnswer):
            read_answer(dialog, "confirm", refused)
    assert without_ends(describe("Ready?"), None) is None
