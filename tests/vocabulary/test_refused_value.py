"""Values that are refused: a sentence for people, a code and a limit for programs."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.refused_value import CODES, RefusedValue
from sequencer.vocabulary.sentences import SENTENCES


@pytest.mark.parametrize(
    ("reason", "code", "limit", "text"),
    [
        (Reason("required"), "required", None, "is required"),
        (Reason("max", limit=0.1234567), "max", 0.1234567, "must be at most 0.1234567"),
        (Reason("min", limit=0), "min", 0, "must be at least 0"),
        (Reason("min_length", count=3), "min_length", 3, "must have at least 3 characters"),
        (Reason("pattern"), "pattern", None, "does not have the right form"),
        (Reason("form_example", example="SN1"), "pattern", "SN1", "does not have the right form, such as SN1"),
        (
            Reason("form", hint="SN and digits"),
            "pattern",
            "SN and digits",
            "does not have the right form: SN and digits",
        ),
        (Reason("one_of", choices=["A", "2"]), "choice", None, "must be one of A, 2"),
        (Reason("finite"), "number", None, "must be a finite number"),
    ],
)
def test_programs_get_a_code_and_what_was_missed(reason: Reason, code: str, limit: Any, text: str) -> None:
    """The codes of the HTTP interface stay, however many sentences there are for one; limits are exact."""
    refused = RefusedValue(reason)
    assert (refused.code, refused.limit, str(refused)) == (code, limit, text)


def test_each_broader_code_is_for_a_reason_that_there_is() -> None:
    """No entry of the table is misspelt or left over."""
    assert CODES.keys() <= SENTENCES.keys()
