"""What may be recorded of a unit, a stand and the people there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.identity import identity_facts, identity_text
from sequencer.report.record import merge
from sequencer.vocabulary.failure import StepError


@pytest.mark.parametrize(
    "written",
    ["SN0042", " SN0042\r\n", "SN0042\xa0", "\ufeffSN0042", "\u200bSN0042\u200b", "\t SN0042 \u2003", "SN0042\u2028"],
)
def test_what_surrounds_a_serial_number_is_no_part_of_it(written: str) -> None:
    """Line ends, blanks of all kinds, byte order marks and characters without width make no other unit."""
    assert identity_facts("dut", {"serial_number": written}) == {"serial_number": "SN0042"}


@pytest.mark.parametrize("value", [None, "", "  ", "\xa0", "\u200b\ufeff", "\r\n"])
@pytest.mark.parametrize(
    ("section", "fact"),
    [
        ("dut", "serial_number"),
        ("dut", "part_number"),
        ("batch", "serial_number"),
        ("process", "name"),
        ("stand", "revision"),
    ],
)
def test_no_serial_number_is_an_error_and_not_another_one(section: str, fact: str, value: Any) -> None:
    """A driver that gave null, or a text of nothing but blanks, is told by the field's name."""
    with pytest.raises(StepError, match=rf"{section}\.{fact} is (null|blank)"):
        identity_facts(section, {fact: value})


@pytest.mark.parametrize("value", [None, " ", "An\x00n"])
def test_the_operator_and_the_instruments_are_held_to_the_same(value: Any) -> None:
    """User, instruments and parts of the device, at any depth."""
    for section, data in (
        ("user", value),
        ("instruments", [{"name": "Meter"}, {"name": value}]),
        ("instruments", {"serial_number": value}),
        ("dut", {"sub_units": [{"part_number": value}]}),
    ):
        with pytest.raises(StepError):
            identity_facts(section, data)


@pytest.mark.parametrize(
    "written",
    [
        "LOT\x0042",
        "SN0042\x00\x00",
        "\x1b[31mSN",
        "SN0042\nSN0043",
        "21AB\x1d10CD",
        "SN\x7f",
        "SN\x9b",
        "SN\u200b42",
        "SN\u202e42",
        "SN\u200e42",
        "SN\xad42",
        "SN\u200342\u3164",
        "SN\u2028",
        "SN\udc80",
        "SN\\udc80",
    ],
)
def test_what_nobody_can_type_is_an_error(written: str) -> None:
    """Control characters, line ends inside, invisible characters and halves of characters are no part of a number."""
    if written.endswith("\u2028"):
        written += "42"
    with pytest.raises(StepError, match=r"batch\.serial_number has an invisible character"):
        identity_facts("batch", {"serial_number": written})


def test_numbers_are_their_text_and_other_values_no_text() -> None:
    """A serial number that a driver gives as a number is kept as its text; NaN, true and lists are none."""
    assert identity_facts("dut", {"serial_number": 42}) == {"serial_number": "42"}
    for wrong in (float("nan"), float("inf"), True, ["SN"], {"a": 1}):
        with pytest.raises(StepError, match=r"dut\.serial_number must (be a string|not be)"):
            identity_facts("dut", {"serial_number": wrong})


def test_names_of_free_facts_are_names() -> None:
    """A blank key of ``info`` names nothing; its values are free."""
    assert identity_facts("dut", {"info": {" fw ": " 1.0\n", "x": None}}) == {"info": {"fw": " 1.0\n", "x": None}}
    for key in ("", " ", "a\x00"):
        with pytest.raises(StepError, match=r"a name in dut\.info"):
            identity_facts("dut", {"info": {key: 1}})


def test_a_remark_may_have_several_lines() -> None:
    """An instrument's comment is a sentence for people."""
    facts = [{"name": "Meter", "comment": "calibrated in May\nby Ann"}]
    assert identity_facts("instruments", facts) == facts


def test_what_an_older_version_recorded_is_still_read() -> None:
    """Facts are cleaned where they are recorded; a journal of yesterday with a blank one folds as it did."""
    assert merge(None, "dut", {"serial_number": " ", "name": None}) == {"serial_number": " "}


@given(st.text(max_size=12))
def test_a_recorded_text_is_clean(written: str) -> None:
    """Whatever was written: an error, or a text that is its own cleaned form, printable on one line."""
    try:
        text = identity_text(written, "x")
    except StepError:
        return
    assert text and text.splitlines() == [text] and text == identity_text(text, "x")
    text.encode("utf-8")
