from __future__ import annotations

import contextlib
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.expressions.expression import (
    FUNCTIONS,
    ExpressionPart,
    ExpressionSyntaxError,
    LiteralText,
    compile_expression,
    evaluate_template,
    evaluate_text,
    has_expression,
    split,
)
from sequencer.expressions.functions import functions
from sequencer.vocabulary.failure import StepError

ROOT = Path(__file__).parents[2]


def evaluated(text: str, **scope: Any) -> Any:
    return compile_expression(text).evaluate(scope)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("minute % 2 == 0", True),
        ("1 < minute <= 4", True),
        ("minute >= 4 and minute <= 4 and minute != 5", True),
        ("minute > 4 or minute < 4", False),
        ("not (minute == 4)", False),
        ("minute in [1, 4]", True),
        ("minute not in [1, 4]", False),
        ("minute * 2 + 1", 9),
        ("minute / 8", 0.5),
        ("minute // 3 ** 1", 1),
        ("'a' ~ minute", "a4"),
        ("params.serial[:2]", "SN"),
        ("params['serial'].startswith('SN')", True),
        ("params.items", "an entry"),
        ("{'a': {'b': 1}}.a.b", 1),
        ("range(5, 0, -1)", [5, 4, 3, 2, 1]),
        ("'low' if minute < 5 else 'high'", "low"),
        ("missing is defined", False),
        ("missing | default(7)", 7),
        ("samples | length", 3),
        ("samples | map('int') | list", [1, 2, 3]),
        ("samples | select('ge', 2) | list", [2, 3]),
        ("mean(samples)", 2.0),
        ("[median(samples), stdev(samples)]", [2, 1.0]),
        ("min(samples) + max(4, 5)", 6),
        ("round(pi, 2)", 3.14),
        ("null", None),
        ("'%.2f' % 2.5", "2.50"),
    ],
)
def test_expressions_compute(text: str, value: Any) -> None:
    """An expression gives what a reader of it expects."""
    scope = {"minute": 4, "params": {"serial": "SN0001", "items": "an entry"}, "samples": [1, 2, 3]}
    assert evaluated(text, **scope) == value


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("sides", ["value {} 5", "5 {} value", "not (value {} 5)"])
def test_nan_is_never_compared(operator: str, sides: str) -> None:
    """Every comparison with NaN is an error, also where Python would say true."""
    with pytest.raises(StepError, match="NaN cannot be compared"):
        evaluated(sides.format(operator), value=math.nan)


@pytest.mark.parametrize("method", ["startswith", "endswith", "find", "index", "rfind", "rindex", "count"])
@pytest.mark.parametrize("sought", ["cell", "('a', cell)", "data[:0]"])
def test_no_method_looks_for_an_empty_text(method: str, sought: str) -> None:
    """Every text begins and ends with it, and has it everywhere: an empty cell of a table would always be found."""
    if "," in sought and not method.endswith("with"):
        method = "endswith"
    if sought.startswith("data"):
        method = method.removeprefix("r")
    where = "data" if sought.startswith("data") else "serial"
    with pytest.raises(StepError, match="the empty string is in every string"):
        evaluated(f"{where}.{method}({sought})", serial="abc", data=b"abc", cell="")


def test_texts_are_looked_for_within_bounds() -> None:
    """What is looked for may be one of several, begin later, or be the number of a byte."""
    assert evaluated("serial.startswith(('x', 'b'), 1) and serial.count('a', 1, 2) == 0", serial="abc")
    assert evaluated("data.find(98)", data=b"abc") == 1


@pytest.mark.parametrize("text", ["value == 5", "value != 5", "5 != value", "values | select('ne', 5) | list"])
def test_a_text_is_not_compared_with_a_number(text: str) -> None:
    """The text "5" is neither equal to 5 nor different from it: comparing them is an error."""
    with pytest.raises(StepError, match="cannot be compared with the number 5"):
        evaluated(text, value="5", values=["5"])


@pytest.mark.parametrize("function", ["min", "max", "mean", "median", "stdev", "sum"])
def test_statistics_keep_a_nan(function: str) -> None:
    """A NaN among the samples makes the result NaN instead of being dropped."""
    assert math.isnan(evaluated(f"{function}(samples)", samples=[1.0, math.nan, 2.0]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a / 0", "division by zero"),
        ("a.nothing", "a number has no 'nothing'"),
        ("[a.nothing]", "a number has no 'nothing'"),
        ("b.c", "a mapping has no 'c'"),
        ("1 if false", "it has no `else`"),
        ("int('x')", "'x' is not a number"),
        ("'x' | int", "'x' is not a number"),
        ("float('1 V')", "'1 V' is not a number"),
        ("sorted([2, a, nan])", "NaN cannot be compared"),
        ("mean([])", "the list is empty"),
        ("mean(['1'])", "is not a number"),
        ("bool('off')", "neither 'true' nor 'false'"),
        ("range(1000000)", "at most 100000"),
        ("10 ** 100000", "too large"),
        ("'a' * 100000000", "too many"),
        ("a < [1]", "the number 1 cannot be compared with a list"),
        ("zip([1], [1, 2])", "zip()"),
        ("unknown", "not defined"),
        ("unknown + 1", "'unknown' is not defined"),
    ],
)
def test_what_goes_wrong_is_a_step_error(text: str, message: str) -> None:
    """Whatever an expression raises becomes a StepError that quotes the expression and says why."""
    with pytest.raises(StepError) as raised:
        evaluated(text, a=1, b={}, nan=math.nan)
    assert message in str(raised.value)
    assert text.split("(")[0] in str(raised.value)


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("", 0, "the expression is empty", None),
        ("a <", 3, "ends too early", None),
        ("(a", 2, "ends too early", None),
        ("a b", 2, "`b` is unexpected here", None),
        ("a)", 1, "there is a `)` that nothing opened", None),
        ("a && b", 2, "the character '&' has no meaning here", "write `and`"),
        ("a = 3", 2, "`=` is unexpected here", "write `==` to compare"),
        ("a ? 1 : 2", 2, "the character '?' has no meaning here", None),
        ("a | lenght", 4, "there is no filter named 'lenght'", "did you mean `length`?"),
        ("a | hex", 4, "there is no filter named 'hex'", "it is a function: `hex(...)`"),
        ("a is evn", 2, "there is no test named 'evn'", "did you mean `even`?"),
        ("1 + maen(a)", 4, "there is no function named 'maen'", "did you mean `mean`?"),
        ("len", 0, "`len` is a function", "call it: `len(...)`"),
        ("a.__class__", 2, "'__class__': names that start with an underscore are not available", None),
        ("a['__class__']", 2, "'__class__': names that start with an underscore are not available", None),
        ("_compare", 0, "'_compare': names that start with an underscore are not available", None),
        ("1e999", 0, "this number is too large", None),
        ("(" * 5000, 0, "the expression is nested too deeply", None),
    ],
)
def test_syntax_errors_know_their_column(text: str, offset: int, message: str, hint: str | None) -> None:
    """What is no expression is refused at check time, at the offending character, in plain words."""
    with pytest.raises(ExpressionSyntaxError) as raised:
        compile_expression(text)
    assert (raised.value.offset, raised.value.hint) == (offset, hint)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "''.__class__.__mro__",
        "func.__globals__",
        "x|attr('__class__')",
        "cycler.__init__",
        "lipsum",
        "namespace()",
        "self",
        "[].append(1)",
        "'{0.__class__}'.format(1)",
        "func.func_globals",
    ],
)
def test_the_sandbox_holds(text: str) -> None:
    """Neither Python's internals nor Jinja2's own globals nor mutation can be reached."""
    with pytest.raises((ExpressionSyntaxError, StepError)):
        evaluated(text, func=test_the_sandbox_holds, x=1)


def test_names_and_attributes_are_told_with_their_columns() -> None:
    """Each name has its offset and what is read of it, functions and constants left out."""
    expression = compile_expression("abs(minute) < params . limit and pi > dut['serial_number']")
    assert expression.names == {"minute", "params", "dut"}
    assert expression.attributes == {("params", "limit"), ("dut", "serial_number")}
    assert [use.offset for use in expression.uses] == [4, 14, 38]
    assert [use.attribute_offset for use in expression.uses] == [0, 23, 42]


def test_a_text_is_split_at_its_expressions() -> None:
    """Quotes and nested braces inside an expression do not end it."""
    text = "a ${{ {'b': {'c': '}}'}} }} d${{ e }}"
    assert split(text) == [
        LiteralText("a "),
        ExpressionPart(" {'b': {'c': '}}'}} ", 5),
        LiteralText(" d"),
        ExpressionPart(" e ", 32),
    ]
    with pytest.raises(ExpressionSyntaxError) as raised:
        split("volts: ${{ x")
    assert raised.value.offset == 7


def test_one_whole_expression_keeps_its_type() -> None:
    """A text that is nothing but one expression becomes the value; any other becomes text."""
    scope = {"volts": 5.0, "on": True, "none": None}
    data = {"value": " ${{ volts }} ", "text": "${{ volts }} V", "list": ["${{ on }}", 3, None]}
    assert evaluate_template(data, scope) == {"value": 5.0, "text": "5.0 V", "list": [True, 3, None]}
    assert evaluate_text("${{ on }} ${{ null }} ${{ '${{' }}", scope) == "true null ${{"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=8))
def test_data_without_expressions_stays_as_it_is(data: Any) -> None:
    """Plain data is its own template."""
    if not has_expression(data):
        assert evaluate_template(data, {}) == data


@given(st.text(max_size=60))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """No text makes the parser raise anything but ExpressionSyntaxError, and its offset lies in the text."""
    try:
        expression = compile_expression(text)
    except ExpressionSyntaxError as error:
        assert 0 <= error.offset <= len(text)
        return
    for use in expression.uses:
        assert text[use.offset :].startswith(use.name)


@given(st.text(alphabet="a1 .()[]{}'\"+-*/%<>=!|&,:~inotrdsel", max_size=40))
def test_any_near_expression_evaluates_or_is_a_step_error(text: str) -> None:
    """What compiles gives a value or a StepError, nothing else."""
    with contextlib.suppress(ExpressionSyntaxError, StepError):
        compile_expression(text).evaluate({"a": [1, 2.5], "i": 3})


def test_names_are_looked_up_without_jinja2() -> None:
    """A sequence whose expressions are names and attributes does not pay for importing Jinja2."""
    code = (
        "import sys; from sequencer.expressions.expression import evaluate_template as e\n"
        "assert e('${{ a }}', {'a': 1}) == 1 and e('${{ p.b }}', {'p': {'b': 2}}) == 2\n"
        "assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_functions_are_told_without_jinja2() -> None:
    """FUNCTIONS names exactly what can be called."""
    assert frozenset(functions()) == FUNCTIONS
    assert {"uuid", "now", "range", "len", "min", "max", "sum", "abs", "round", "int", "float", "str"} <= FUNCTIONS
    assert {"mean", "stdev", "sqrt", "log10"} <= FUNCTIONS


def test_keys_of_mappings_are_evaluated_and_are_texts() -> None:
    """``{"GET /units/${{ serial }}": 1}`` has the serial number in its key, at any depth; a number becomes its text."""
    written = {"GET /units/${{ serial }}": [{"${{ n }}": "${{ n }}"}], "plain": 1}
    assert has_expression({"a": [{"${{ n }}": 1}]})
    assert evaluate_template(written, {"serial": "SN1", "n": 2}) == {"GET /units/SN1": [{"2": 2}], "plain": 1}


def test_two_keys_that_become_one_are_an_error() -> None:
    """One of the two values would be lost without a word."""
    with pytest.raises(StepError, match="two keys have the value 'a'"):
        evaluate_template({"a": 1, "${{ name }}": 2}, {"name": "a"})
