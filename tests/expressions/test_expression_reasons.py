"""What an operation of an expression says has a code, so that every page says it in its language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sequencer.expressions.expression import compile_expression
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, read_reason

SCOPE: dict[str, Any] = {
    "a": 5,
    "b": {"x": 1},
    "s": "text",
    "t": datetime(2026, 1, 1, tzinfo=UTC),
    "nan": float("nan"),
    "empty": [],
    "driver": object(),
}


def codes(reason: object) -> Iterator[str]:
    """The code of a reason, and of those within."""
    if isinstance(reason, Reason):
        yield reason.code
        for within in reason.parameters.values():
            yield from codes(within)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / 0", ["division_by_zero"]),
        ("a % 0", ["division_by_zero"]),
        ("2.0 ** 5000", ["large_result"]),
        ("2 ** 5000", ["large_integer"]),
        ("a + s", ["wrong_operands", "of_kind", "of_kind"]),
        ("driver * 2", ["wrong_operands", "object_of_type", "of_kind"]),
        ("-s", ["wrong_operand", "of_kind"]),
        ("a in 5", ["wrong_operand", "of_kind"]),
        ("unknown", ["undefined"]),
        ("unknown + 1", ["undefined"]),
        ("[unknown]", ["undefined"]),
        ("unknown if a", ["undefined"]),
        ("1 if unknown else 2", ["undefined"]),
        ("unknown | upper", ["undefined"]),
        ("unknown.part", ["undefined"]),
        ("b.y", ["no_entry", "of_kind"]),
        ("b.y + 1", ["no_entry", "of_kind"]),
        ("empty[3]", ["no_element", "of_kind"]),
        ("empty | first", ["empty_list"]),
        ("(1 if a == 6) + 1", ["no_else"]),
        ("min(empty)", ["empty_list"]),
        ("mean(empty)", ["empty_list"]),
        ("all(empty)", ["all_of_nothing"]),
        ("a > s", ["unlike_number", "string_shown", "number_shown"]),
        ("b == s", ["unlike", "of_kind", "string_shown"]),
        ("a > none", ["null_compared"]),
        ("nan > a", ["nan_compared"]),
        ("b > b", ["not_ordered", "of_kind"]),
        ("driver == driver", ["not_compared", "object_of_type"]),
        ("'' in s", ["empty_sought"]),
        ("s.index('')", ["empty_sought"]),
        ("int('1 V')", ["not_a_number"]),
        ("float(empty)", ["not_a_number"]),
        ("'x' | int", ["not_a_number"]),
        ("nan | int", ["nan_converted"]),
        ("bool('yes')", ["not_true_false"]),
        ("bool(none)", ["nan_true_false"]),
        ("a.upper()", ["no_method", "of_kind"]),
        ("s.upper", ["method_not_called"]),
        ("[s][0]()", ["not_callable", "of_kind"]),
        ("empty.index(3)", ["not_in_list"]),
        ("[a] | map('nothing') | list", ["no_filter"]),
        ("[a] | select('nothing') | list", ["no_test"]),
        ("1.5 is even", ["test_of_integers"]),
        ("'%s' | format(1, x=1)", ["format_mixed"]),
        ("b | tojson(indent=99)", ["bad_indentation"]),
        ("'a' * 2000000", ["too_many_elements"]),
        ("s.ljust(2000000)", ["too_many_characters"]),
        ("round(a, 999)", ["too_many_places"]),
        ("range(999999)", ["large_range"]),
        ("'%99999d' % a", ["large_width"]),
        ("'%*d' % a", ["starred_width"]),
        ("t.strftime('a' * 2000)", ["long_format"]),
        ("int('1' * 9999)", ["long_number"]),
    ],
)
def test_each_operation_says_by_a_code_what_it_cannot_do(text: str, expected: list[str]) -> None:
    """Within the reason that names the expression; all of it is JSON and reads the same afterwards."""
    with pytest.raises(StepError) as raised:
        compile_expression(text).evaluate(SCOPE)
    reason = raised.value.reason
    assert isinstance(reason, Reason)
    assert (reason.code, list(codes(reason.parameters["detail"]))) == ("expression_failed", expected), str(reason)
    assert str(read_reason(json.loads(json.dumps(reason.document())))) == str(reason)
