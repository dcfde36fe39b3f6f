"""JSON for people and programs: three forms, one rule for what JSON cannot hold."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.vocabulary.json_text import as_text, compact, indented, indented_parts, one_line
from tests.effort import examples

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def refuse(written: str) -> object:
    raise AssertionError(f"{written} is not JSON")


@settings(max_examples=examples(60), deadline=None)
@given(PLAIN)
def test_every_form_is_valid_and_say_the_same(document: object) -> None:
    """Whatever a document holds, strict readers take each form, and read one thing in them."""
    texts = [compact(document), one_line(document), indented(document)]
    read = [json.loads(text.encode("utf-8"), parse_constant=refuse) for text in texts]
    assert read[0] == read[1] == read[2]
    assert "\n" not in texts[0] + texts[1]


@pytest.mark.parametrize(
    ("number", "name"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")], ids=str
)
def test_a_number_that_json_lacks_is_its_name(number: float, name: str) -> None:
    """As reports name it, at any depth and as a key."""
    document = {"a": [1.5, (number, True)], number: None}
    for text in (compact(document), indented(document)):
        assert json.loads(text) == {"a": [1.5, [name, True]], name: None}


def test_letters_stay_and_lone_surrogates_are_escapes() -> None:
    """An undecodable byte of a driver breaks neither form, and letters stay readable."""
    for text in (compact({"unit": "µΩ \udc80"}), indented({"unit": "µΩ \udc80"})):
        assert "µΩ \\udc80" in text
        assert json.loads(text.encode("utf-8")) == {"unit": "µΩ \udc80"}


def test_compact_text_cannot_end_a_script() -> None:
    """A page may hold the compact form in an element of its own."""
    assert compact({"a": "</script>"}) == '{"a":"<\\/script>"}'
    assert json.loads(compact(["</"])) == ["</"]


def test_a_value_by_itself_is_its_text_or_json() -> None:
    """One rule for cells, version 1 and the pages' tables: texts as they are, numbers JSON lacks by their name."""
    shown = [as_text(value) for value in ('a, "b"', None, True, [1, 2.5], {"µ": math.nan})]
    assert shown == ['a, "b"', "null", "true", "[1, 2.5]", '{"µ": "NaN"}']


def test_what_is_no_data_is_refused() -> None:
    """An object that JSON has no form for is a defect of ours, and no text."""
    with pytest.raises(TypeError):
        compact({"a": object()})


def test_a_large_document_is_written_in_small_pieces() -> None:
    """None is larger than some kilobytes, however large the document, and together they are the whole text."""
    document = {"cases": [{"id": f"c{number}", "value": number / 7, "unit": "\u00b5"} for number in range(20_000)]}
    parts = list(indented_parts(document))
    assert max(map(len, parts)) < 100_000
    assert sum(map(len, parts)) > 1_000_000
    assert "".join(parts) == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    document["cases"][19_999]["value"] = math.nan
    assert json.loads("".join(indented_parts(document)))["cases"][19_999]["value"] == "NaN"
