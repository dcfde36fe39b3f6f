"""``match`` in expressions: named groups, in bounded time."""

from __future__ import annotations

import pytest

from sequencer.expressions.expression import evaluate_template
from sequencer.vocabulary.failure import StepError


def value(expression: str, **names: object) -> object:
    """What it gives."""
    return evaluate_template(f"${{{{ {expression} }}}}", names)


def test_the_named_groups_of_a_text() -> None:
    """A group that took no part is null, and so is all where the pattern is not found."""
    pattern = r"^(?P<type>[A-Z]+)-(?P<number>\d+)(?P<tail>x)?$"
    assert value("match(p, 'PSB-017')", p=pattern) == {"type": "PSB", "number": "017", "tail": None}
    assert value("match(p, 'PSB-017').number", p=pattern) == "017"
    assert value("match(p, t)", p=pattern, t="PSB-017\n") is None
    assert value("match('b', 'abc')") == {}
    with pytest.raises(StepError):
        value("match(p, '?').number", p=pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "said"),
    [
        ("(a+)+$", "a", "it may take too long on a text of 1 characters"),
        (".*.*.*x", "a" * 1000, "it may take too long on a text of 1000 characters"),
        ("(", "a", "missing )"),
        ("", "a", "it is empty"),
        (5, "a", "match needs a regular expression and a string, not 5"),
        ("a", None, "match needs a regular expression and a string, not None"),
    ],
)
def test_what_cannot_be_matched_is_an_error(pattern: object, text: object, said: str) -> None:
    """Wrong patterns and types, and what nothing could cut short."""
    with pytest.raises(StepError) as raised:
        value("match(p, t)", p=pattern, t=text)
    assert said in str(raised.value)


def test_common_patterns_may_be_long() -> None:
    """What a program prints is searched, however many lines it has; a possessive repetition counts nothing."""
    output = "line\n" * 5_000 + "volts=5.1\n"
    assert value("match(p, t).volts", p=r"volts=(?P<volts>[\d.]+)", t=output) == "5.1"
    assert value("match(p, t)", p=r"^(?P<all>(?:a++b?+)++)$", t="a" * 5_000) == {"all": "a" * 5_000}
