"""What an expression compares, keeps of Jinja2's filters, may cost, and reads of a driver's own objects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sequencer.expressions.budget import MAX_BITS, MAX_SIZE
from sequencer.expressions.engine import environment
from sequencer.expressions.expression import Budget, TooLarge, TooMuchWork, compile_expression
from sequencer.expressions.methods import METHODS
from sequencer.vocabulary.failure import StepError

LANGUAGE = (Path(__file__).parents[2] / "docs/reference/language.md").read_text("utf-8")
VALUES: dict[str, Any] = {
    "nan": float("nan"),
    "nothing": None,
    "word": "5",
    "five": 5,
    "yes": True,
    "raw": b"OK",
    "thing": object(),
    "fives": [5],
    "texts": ["5"],
    "nans": [float("nan"), 1],
    "nulls": [None, 1],
    "flags": [True],
    "when": datetime(2026, 1, 2),
    "zoned": datetime(2026, 1, 2, tzinfo=UTC),
}


def evaluated(text: str, **scope: Any) -> Any:
    return compile_expression(text).evaluate(scope)


@pytest.mark.parametrize(
    "text",
    [
        *["not (nan > five)", "nan != 5", "nan in [1]", "nan not in [1]", "5 in nans", "5 not in nans", "nan != none"],
        *[
            "nothing != 5",
            "5 != nothing",
            "nothing not in [1]",
            "five in nothing",
            "nothing == nothing",
            "five == [nothing]",
        ],
        *[
            "word not in fives",
            "five not in texts",
            "word != 5",
            "texts != fives",
            "yes == 1",
            "yes != 1",
            "1 in flags",
        ],
        *[
            "1 not in flags",
            "raw != 'OK'",
            "'O' in raw",
            "thing != 5",
            "thing == thing",
            "thing not in [5]",
            "1 == 1 != '1'",
        ],
        *["fives is ne(texts)", "five is in(texts)", "nan is ne(1)", "yes is sameas(1)", "nothing is sameas(5)"],
        *["nans | select('gt', 0)", "nulls | select('ne', 1)", "texts | reject('eq', 5)", "[five, word] | sort"],
        *[
            "[1, yes] | unique",
            "[nan, nan] | unique",
            "[1, nan] | sort",
            "[1, 'a'] | min",
            "nulls | max",
            "max(nothing, 1)",
        ],
        *["[{'v': nan}, {'v': 1}] | sort(attribute='v')", "{'a': 1} == {'a': '1'}", "{'a': nothing} != {'a': 1}"],
        *[
            "sum([yes, 1])",
            "mean([nothing])",
            "texts.count(5)",
            "texts.index(5)",
            "'' in word",
            "'' not in word",
            "all([])",
        ],
        *["nan is odd", "'%s' is even", "yes < false", "[[1, nan]] != [[1, 2]]", "when != zoned", "[1, 2] != ['1']"],
        *["nan | int(0)", "nan | float(0)", "[1, [2]] | sort", "{'b': 1, 2: 1} | dictsort"],
    ],
)
def test_what_cannot_be_compared_is_an_error_however_it_is_asked(text: str) -> None:
    """NaN, null and two types give neither true nor false: each would let something pass that was not compared."""
    with pytest.raises(StepError):
        evaluated(text, **VALUES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nothing == none", True),
        ("nothing != null", False),
        ("none != five", True),
        ("nothing is none and five is not none", True),
        ("2 ** 53 + 1 == 2 ** 53", False),
        ("2 ** 53 + 1 > 9007199254740992.0", True),
        ("2 ** 53 + 1 in [2 ** 53]", False),
        ("'9007199254740993.0' | int", 2**53 + 1),
        ("5 == 5.0", True),
        ("'a' in ['a', 5]", True),
        ("[1, [2, 'a']] == [1, [2, 'a']]", True),
        ("{'a': [1]} == {'a': [2]}", False),
        ("[1] == [1, 2]", False),
        ("[[2, 'b'], [1, 'a']] | sort", [[1, "a"], [2, "b"]]),
        ("when < when", False),
        ("nan is number", False),
        ("yes is number", False),
        ("'b' in {'b': 1}", True),
        ("max([2, nan]) is number", False),
    ],
)
def test_what_can_be_compared_is(text: str, value: Any) -> None:
    """Values of one type are compared as anybody would, exactly."""
    assert evaluated(text, **VALUES) == value


GOOD: dict[str, Any] = {
    "xs": [3, 1, 2],
    "ts": ["b", "A", "c"],
    "rows": [{"v": 2, "n": "b"}, {"v": 1, "n": "a"}],
    "m": {"b": 1, "A": 2},
    "t": "Hello wide world",
    "x": -3.7,
    "h": "0x10",
    "z": [[1, 2], [3]],
}
SAME_AS_JINJA = """
x|abs; xs|batch(2)|list; xs|batch(2, 0)|list; t|capitalize; t|center; t|center(width=30); xs|count; q|d(3)
q|default(3); ''|default('x', true); m|dictsort; m|dictsort(true); m|dictsort(by='value')
m|dictsort(false, 'value', true); xs|first; '3.5'|float; 'x'|float(1.5); 'x'|float(default=2.0)
'%s-%d'|format('a', 3); '%(a)s'|format(a=1); h|int(0, 16); h|int(base=16); '42.9'|int; 'z'|int(7); x|int
m|items|list; xs|join; xs|join(','); rows|join(', ', attribute='n'); xs|last; xs|length; t|list; m|list; t|lower
xs|map('string')|list; ['0x10', '0x11']|map('int', 0, 16)|list; rows|map(attribute='v')|list
rows|map(attribute='q', default=5)|list; xs|max; rows|max(attribute='v'); ts|max; ts|max(case_sensitive=true)
xs|min; rows|min(attribute='v'); xs|reject('gt', 1)|list; xs|reject('odd')|list; rows|rejectattr('v', 'eq', 1)|list
t|replace('l', 'L'); t|replace('l', 'L', 1); xs|reverse|list; t|reverse; 42.55|round; 42.55|round(1)
42.55|round(1, 'floor'); 42.55|round(method='ceil'); xs|select|list; xs|select('gt', 1)|list
rows|selectattr('v', 'gt', 1)|list; rows|selectattr('v')|list; xs|slice(2)|list; xs|slice(2, 9)|list; xs|sort
xs|sort(reverse=true); ts|sort; ts|sort(case_sensitive=true); rows|sort(attribute='v'); rows|sort(attribute='n,v')
xs|string; xs|sum; rows|sum('v'); rows|sum(attribute='v', start=10); z|sum(start=[]); t|title; ' a '|trim
'xax'|trim('x'); t|truncate(8); t|truncate(8, true, '..', 0); ['a', 'A', 'b']|unique|list
['a', 'A', 'b']|unique(true)|list; rows|unique(attribute='v')|list; t|upper; t|wordcount; xs|tojson; 3 is odd
4 is even; 9 is divisibleby(3); t is defined; q is undefined; none is none; true is boolean; true is true
false is false; 3 is integer; 3.0 is float; 'a' is lower; 'A' is upper; t is string; m is mapping; 3 is number
xs is sequence; xs is iterable; 3 is sameas(3); 1 is in(xs); 1 is eq(1); 1 is equalto 1; 1 is gt(0); 2 is ge 2
2 is lessthan(3); 3 is greaterthan 2; 2 is le 1; 2 is lt 1; 1 is ne 1; t.split(); t.replace('l', 'L')
'{} {a}'.format(1, a=2); '{0[b]} {1:>5.2f} {0.b}'.format(m, 2.5); '%5.2f|%-5s|%05d' % (1.234, 'a', 3)
'a\tb'.expandtabs(4); '7'.zfill(3); xs[::-1]; t[1:4]; 'x' if 1 > 2 else 'y'; 7 // 2; -7 % 3; t ~ 1 ~ true; xs + [4]
m.get('q', 5); (1, 2)[0]; not xs; xs and t; '' or 'x'; +x; z|map('sum')|list; '{:%Y}'.format(d); m|map('upper')|list
'ab'.translate({97: 'x'}); ', '.join(ts)
"""


@pytest.mark.parametrize("text", [each.strip() for each in re.split(r";|\n", SAME_AS_JINJA) if each.strip()])
def test_filters_and_operations_are_those_of_jinja2(text: str) -> None:
    """On good values every filter, with all of its arguments, every test and operation gives what Jinja2 gives."""
    scope = {**GOOD, "d": datetime(2026, 1, 2)}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    expected = sandbox.compile_expression(text, undefined_to_none=False)(**scope)
    assert evaluated(text, **scope) == (list(expected) if hasattr(expected, "__next__") else expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'ab' * 3", "ababab"),
        ("3 * 'ab'", "ababab"),
        ("[0] * 2", [0, 0]),
        ("'ab' * 0", ""),
        ("'ab' * -1", ""),
        ("2 * 3", 6),
        ("2 ** 3", 8),
        ("2 ** 0", 1),
        ("2 ** -1", 0.5),
        ("4 ** 0.5", 2.0),
        (f"('x' * {MAX_SIZE}) | length", MAX_SIZE),
        (f"2 ** {MAX_BITS - 1}", 2 ** (MAX_BITS - 1)),
        ("1.5 ** 2", 2.25),
        ("2.5 * 10000000", 25_000_000.0),
        ("3 * 10000000", 30_000_000),
    ],
)
def test_what_is_not_too_large_is_computed(text: str, value: Any) -> None:
    """Repeated texts and powers are Python's, up to the largest."""
    assert evaluated(text) == value


@pytest.mark.parametrize("text", ["'a' + 1", "1 + 'a'", "[1] + 'a'", "'a' * 'b'", "'a' * 1.5"])
def test_what_does_not_add_up_is_told_by_its_types(text: str) -> None:
    """Two types that cannot be added or repeated are an error that names them."""
    with pytest.raises(StepError, match=r"cannot be used with a (number|string|list) and a (number|string)"):
        evaluated(text)


def test_every_filter_is_held_against_jinja2() -> None:
    """The list above leaves out only what Jinja2 does not have."""
    used = set(re.findall(r"\|\s*(\w+)", SAME_AS_JINJA)) | set(re.findall(r" is (\w+)", SAME_AS_JINJA))
    own = {"bool", "mean", "median", "sorted", "stdev"}
    signs = {"==", "!=", "<", "<=", ">", ">="}
    assert (environment().filters.keys() | environment().tests.keys()) - used == own | signs


BOMBS = [
    f"'x' * {MAX_SIZE + 1}",
    f"2 ** {MAX_BITS}",
    "2 ** (10 ** 12)",
    "'x' * 10 ** 12",
    *["((7 ** 9999) ** 9999) ** 9999 > 1", "2 ** 4000 * 2 ** 4000", "'x'.ljust(4 * 10 ** 9)", "'x'.center(10 ** 10)"],
    *["'x'.zfill(10 ** 10)", "'x' | center(10 ** 9)", "round(5, -10 ** 9)", "5 | round(10 ** 9, 'ceil')"],
    *["'%*d' % (1000000000, 1)", "'%1000000000d' % 1", "'%.1000000000f' % 1.0", "'{:1000000000}'.format(1)"],
    *[
        "'{:{w}}'.format(1, w=10 ** 9)",
        "('{0}' * 100000).format('a' * 100000)",
        "('%(a)s' * 10000) % {'a': 'b' * 100000}",
    ],
    *[
        "[[0] * 999999] * 999999",
        "('a' * 100000).translate({97: 'b' * 100000})",
        "('a' * 100000).replace('a', 'b' * 1000)",
    ],
    *[
        "'\t'.expandtabs(10 ** 10)",
        "[1] | slice(10 ** 8)",
        "[1] | batch(10 ** 8, 'x')",
        "('b' * 1000).join(['a'] * 100000)",
    ],
    *["(['a'] * 100000) | join('b' * 100000)", "int('9' * 100000)", "('f' * 1000000) | int(0, 16)", "range(10 ** 9)"],
    *["([range(100000)] * 10) | string", "sum([[0] * 1000] * 2000, [])", "(['a' * 100] * 1000000) | map('upper')"],
    *["range(100000) | map('center', 100000)", "range(100000) | select('in', range(100000))", "'a' * 1000000 ~ 'b'"],
    *["now().strftime('%c' * 100000)", "range(100000) | map('replace', '1', '2' * 100000)", "x | string", "x ~ ''"],
    *[
        "x == 1",
        "x | tojson",
        "'%s' % x",
        "'{}'.format(x)",
        "[x, x, x]",
        "x | join",
        "'a'.encode().ljust(10 ** 9)",
    ],
]


@pytest.mark.parametrize("text", BOMBS)
def test_no_expression_costs_more_than_a_moment(text: str) -> None:
    """What would take gigabytes or minutes is refused before it is begun, whichever operation it comes from."""
    shared: list[Any] = [0]
    for _ in range(40):
        shared = [shared, shared]
    with pytest.raises((TooLarge, TooMuchWork)):
        compile_expression(text).evaluate({"x": shared}, Budget(20_000_000))


@given(st.integers(-(10**12), 10**12), st.sampled_from(["ljust", "rjust", "center", "zfill", "expandtabs"]))
def test_any_width_is_met_or_refused(width: int, method: str) -> None:
    """A text of a million characters is the longest that comes of padding."""
    try:
        assert len(evaluated(f"'a\t'.{method}({width})")) <= 1_000_000
    except StepError as error:
        assert width > 900_000, error


def test_every_method_is_documented_and_there() -> None:
    """The reference lists exactly the methods that texts, lists and the others have in expressions."""
    rows = LANGUAGE[LANGUAGE.index("**Methods** that can be called") :].split("\n\n")[1]
    documented = set(re.findall(r"`(\w+)`", rows)) - {"now", "_"}
    fields = {"year", "month", "day", "hour", "minute", "second", "microsecond", "days", "seconds", "microseconds"}
    assert documented - fields == {name for methods in METHODS.values() for name in methods} | {"format"}


def test_every_test_is_documented() -> None:
    """The reference names each test."""
    text = LANGUAGE[LANGUAGE.index("**Tests**, after `is`") :].split("\n\n")[0]
    assert [name for name in environment().tests if f"`{name}`" not in text] == []


class Session:
    """A driver's own object."""

    volts = Decimal("NaN")
    readings = (1, 2)
    _secret = 1

    def read(self, channel: int) -> Any:
        """A tuple, as drivers give them."""
        return (channel, Decimal("1.5"))

    def later(self) -> Any:
        """A generator: never carried out."""
        yield 1

    def __getitem__(self, key: str) -> Any:
        return {"2.5": Decimal("2.5")}[key]


def test_what_cannot_be_called_is_named() -> None:
    """A value, or an object of a driver that is no function."""
    for text, words in (("[s][0]()", "an object of type object"), ("[5][0]()", "a number"), ("['x'][0]()", "a string")):
        with pytest.raises(StepError, match=f"{words} cannot be called"):
            evaluated(text, s=object())


def test_a_function_of_a_driver_is_called_and_nothing_else() -> None:
    """It need not be one that can be shown."""

    class Shy:
        def __call__(self) -> Any:
            return (5,)

        def __str__(self) -> str:
            raise RuntimeError

    assert evaluated("[f][0]()", f=Shy()) == [5]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bool('true')", True),
        ("bool('false')", False),
        ("bool(0)", False),
        ("bool(5)", True),
        ("bool([])", False),
        ("all([true, 1])", True),
        ("all([true, 0])", False),
        ("all([false])", False),
        ("any([false, 1])", True),
        ("any([])", False),
        ("sorted([3, 1, 2])", [1, 2, 3]),
        ("sorted([3, 1, 2], reverse=true)", [3, 2, 1]),
        ("list('ab')", ["a", "b"]),
        ("int(7.9)", 7),
        ("int('7')", 7),
        ("int('ff', 16)", 255),
        ("float('0' * 5000)", 0.0),
        ("range(100000) | length", 100_000),
    ],
)
def test_functions_that_read(text: str, value: Any) -> None:
    """Texts become values where they are written as such, up to the longest that is read."""
    read = evaluated(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bool('True')", "neither 'true' nor 'false'"),
        ("bool(none)", "neither true nor false"),
        ("bool(float('nan'))", "neither true nor false"),
        ("float('0' * 5001)", "is not a number"),
        ("range(100001)", "at most 100000 numbers"),
        ("[[0] * 1000] * 2000", "more than 1,000,000 elements are too many"),
        ("'x' * 600000 + 'x' * 600000", "characters"),
        ("[0] * 600000 + [0] * 600000", "elements"),
    ],
)
def test_functions_that_refuse(text: str, words: str) -> None:
    """What is no value in words, and what is too long, is told as such."""
    with pytest.raises(StepError, match=words):
        evaluated(text)


def test_a_drivers_object_is_read_as_plain_data() -> None:
    """Its attributes, elements and methods give plain values; it is handed on as itself and never compared."""
    session = Session()
    assert evaluated("s", s=session) is session
    assert evaluated("s.read(channel=2)", s=session) == [2, 1.5]
    assert evaluated("s.readings", s=session) == [1, 2]
    assert evaluated("s['2.5']", s=session) == 2.5
    assert evaluated("[s] | map(attribute='readings')", s=session) == [[1, 2]]
    for text in (
        "s.volts != 5",
        "s.later()",
        "'{0._secret}'.format(s)",
        "s.read(1) != s",
        "s.nothing",
        "s.readings()",
    ):
        with pytest.raises(StepError):
            evaluated(text, s=session)
