"""Numbers, yes and no as people type them, read alike wherever they come in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.protocol.params import WrongParam, read_param, read_params
from sequencer.report.dialog import describe
from sequencer.report.dialog_answer import InvalidAnswer, read_answer
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.refused_value import UnreadableText, for_author
from sequencer.vocabulary.text_values import (
    read_boolean,
    read_integer,
    read_number,
    stripped,
)

TABLE: list[dict[str, Any]] = json.loads((Path(__file__).parent / "number_texts.json").read_text("utf-8"))
"""``number`` or ``code``; with a decimal comma ``with_comma`` or ``code_with_comma``, where that differs."""


def expected(row: dict[str, Any], decimal_comma: bool) -> Any:
    """The number or the code of what is wrong."""
    plain = row.get("number", row.get("code"))
    return row.get("with_comma", row.get("code_with_comma", plain)) if decimal_comma else plain


def read(text: str, decimal_comma: bool) -> Any:
    try:
        return read_number(text, decimal_comma=decimal_comma)
    except UnreadableText as error:
        return error.code


@pytest.mark.parametrize("decimal_comma", [False, True])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: ascii(row["text"]))
def test_numbers_are_read_by_one_table(row: dict[str, Any], decimal_comma: bool) -> None:
    """A comma is refused or a decimal sign, as the stand says; what only a programming language reads is refused."""
    assert read(row["text"], decimal_comma) == expected(row, decimal_comma)


@pytest.mark.parametrize("decimal_comma", [False, True])
@pytest.mark.parametrize("row", [row for row in TABLE if row["text"]], ids=lambda row: ascii(row["text"]))
def test_parameters_and_dialogs_read_the_same(row: dict[str, Any], decimal_comma: bool) -> None:
    """``--arg``, HTTP, start form and dialogs give the number or the code of the table."""
    values, errors = read_params([Param(name="n", type="number")], {"n": row["text"]}, decimal_comma=decimal_comma)
    assert values.get("n", errors["n"].code if errors else None) == expected(row, decimal_comma)
    try:
        answered = read_answer(describe({"type": "number"}), "confirm", row["text"], decimal_comma=decimal_comma)
    except InvalidAnswer as invalid:
        answered = invalid.problems[0].refused.code
    assert answered == expected(row, decimal_comma)


@pytest.mark.parametrize("text", ["5.0", "1e3", "1,000", "１２", "1_000", "", "9" * 400])
def test_a_whole_number_is_digits_and_a_sign(text: str) -> None:
    """Nothing is rounded, and no other notation is taken."""
    assert read_integer(" -12\r\n") == -12
    with pytest.raises(UnreadableText, match="an integer"):
        read_integer(text)


def test_the_largest_numbers_in_texts() -> None:
    """The largest float is a number; a whole number of 300 characters is a float or, where it must be whole, none."""
    assert read_number(repr(sys.float_info.max)) == sys.float_info.max
    assert read_number(f"-{sys.float_info.max!r}") == -sys.float_info.max
    assert type(read_number("9" * 299)) is int
    assert type(read_number("9" * 300)) is float
    assert read_integer("9" * 299) == int("9" * 299)
    with pytest.raises(UnreadableText, match="an integer"):
        read_integer("9" * 300)


def test_a_comma_is_refused_unless_the_stand_says_otherwise() -> None:
    """Whoever does not say that a comma is a decimal sign gets none; where it is one, there is one of them."""
    param = Param(name="n", type="number")
    with pytest.raises(UnreadableText, match="without a comma"):
        read_number("1,5")
    with pytest.raises(WrongParam, match="without a comma"):
        read_param(param, "1,5")
    assert read_params([param], {"n": "1,5"})[1]["n"].code == "comma"
    for text in ("1.234,5", "1,000,000", "1,234.5"):
        with pytest.raises(UnreadableText, match="a single decimal sign"):
            read_number(text, decimal_comma=True)


def test_a_form_is_told_by_its_hint() -> None:
    """The hint of a pattern is quoted, else its example; the pattern itself is for its author and programs."""
    for hint, example, said, limit in (
        (None, None, "", "^SN"),
        (None, "SN123456", ", such as SN123456", "SN123456"),
        ("SN and six digits", "SN123456", ": SN and six digits", "SN and six digits"),
    ):
        with pytest.raises(WrongParam) as caught:
            read_param(Param(name="serial", pattern="^SN", hint=hint, example=example), "XY")
        refused = caught.value
        sentence = f"does not have the right form{said}"
        assert (refused.code, str(refused), refused.limit) == ("pattern", sentence, limit)
        assert for_author(refused) == (sentence if said else "must match ^SN")


def test_yes_and_no_are_the_same_words_everywhere() -> None:
    """What ``--arg`` takes for a switch, a dialog takes too."""
    switch = describe({"type": "form", "fields": [{"name": "s", "type": "switch"}]})
    for word, value in {"true": True, "Yes": True, "y": True, "ON ": True, "1": True, "off": False, "n": False}.items():
        assert read_boolean(word) is value
        assert read_params([Param(name="b", type="boolean")], {"b": word}) == ({"b": value}, {})
        assert read_answer(switch, "confirm", {"s": word}) == {"s": value}
    for word in ("", "2", "ja", "oui", "None"):
        with pytest.raises(UnreadableText, match="true or false"):
            read_boolean(word)


def test_a_separator_of_a_barcode_is_no_white_space() -> None:
    """GS (0x1D) at an end belongs to what was scanned: an expression splits there."""
    assert stripped("\ufeff \x1d01\x1d\r\n") == "\x1d01\x1d"
    assert read_params([Param(name="scan", type="string")], {"scan": "\x1d01\x1d10\x1d\n"}) == (
        {"scan": "\x1d01\x1d10\x1d"},
        {},
    )


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff", " \xa0\r\n"])
def test_what_nobody_can_see_is_missing(blank: str) -> None:
    """A serial number of a character without width was given by nobody."""
    assert read_params([Param(name="sn", type="string")], {"sn": blank})[1]["sn"].code == "required"


@given(st.text(alphabet="0123456789+-.,eE _\u00a0\u0661x", max_size=8))
def test_a_comma_never_makes_another_number(text: str) -> None:
    """With or without a decimal comma a text is the same number, or at most one of the two takes it."""
    without, with_comma = read(text, False), read(text, True)
    if isinstance(without, int | float):
        assert with_comma == without and "," not in text
    if isinstance(with_comma, int | float) and "," in text:
        assert without == "comma"


def test_a_field_that_is_not_spoken_of_has_its_default() -> None:
    """A program that answers a part of a form gets what the page would have filled in; null leaves a field empty."""
    form = describe(
        {
            "type": "form",
            "fields": [
                {"name": "fan", "type": "switch", "default": True},
                {"name": "volts", "type": "number", "default": 5, "required": False},
                {"name": "which", "type": "checkbox", "choices": ["a", "b"], "default": ["b"]},
            ],
        }
    )
    assert read_answer(form, "confirm", {}) == {"fan": True, "volts": 5, "which": ["b"]}
    assert read_answer(form, "confirm") == {"fan": True, "volts": 5, "which": ["b"]}
    assert read_answer(form, "confirm", {"fan": None, "volts": None, "which": None}) == {
        "fan": False,
        "volts": None,
        "which": [],
    }
