"""Regular expressions: an empty one is none, and ``$`` is the very end."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.limits import judge, limit_problems, parse_limits
from sequencer.protocol.params import WrongParam, read_param
from sequencer.report.dialog import describe
from sequencer.report.dialog_answer import InvalidAnswer, read_answer
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.regex import PatternError, bound, compile_bytes, compile_pattern, nests_repetitions


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("^a$", r"^a\Z"),
        (r"a\$|b$", r"a\$|b\Z"),
        (r"\\$", r"\\\Z"),
        ("[$]a$", r"[$]a\Z"),
        ("[]$]$", r"[]$]\Z"),
        ("[^]$]$", r"[^]$]\Z"),
        ("(?m)^a$", "(?m)^a$"),
        ("(?m:a$)b$", r"(?m:a$)b\Z"),
        ("(?im-x:(a$))b$", r"(?im-x:(a$))b\Z"),
        ("(?x)a$ # c$ (\n$", "(?x)a\\Z # c$ (\n\\Z"),
        ("(?i:a#$)b$", r"(?i:a#\Z)b\Z"),
        ("(?x)(?-x:a#$)b$ # $", r"(?x)(?-x:a#\Z)b\Z # $"),
        ("(a(?#$)b$)$", r"(a(?#$)b\Z)\Z"),
        ("(?P<n>x$)|y$", r"(?P<n>x\Z)|y\Z"),
    ],
)
def test_the_end_is_the_end(written: str, read: str) -> None:
    """A ``$`` is the end of the text wherever it means an end, and stays what it is everywhere else."""
    assert bound(written) == read
    assert compile_pattern(written).pattern == written


def test_lines_keep_their_ends_under_the_flag() -> None:
    """With the flag for lines, as programs' output is searched, ``$`` is the end of each line."""
    assert compile_pattern("^OK$", re.MULTILINE).search("FAIL\nOK\nmore") is not None
    assert bound("(?-m:a$)b$", re.MULTILINE) == r"(?-m:a\Z)b$"
    assert compile_bytes("OK$", "ascii").search(b"OK\n") is None


@pytest.mark.parametrize("written", ["", "(", "*", "(?m", "[a"])
def test_what_is_no_expression_is_refused(written: str) -> None:
    """An empty text would match everything, and is refused like one that cannot be read."""
    with pytest.raises(PatternError):
        compile_pattern(written)


@pytest.mark.parametrize("written", ["[[a]+", "[a&&b]+", "[a||b]+", "[a~~b]+", "[+--]+", "([[a]+)+"])
def test_nobody_is_warned_of_what_later_versions_of_python_may_read(written: str) -> None:
    """A set with characters that Python reserves is read as today's Python reads it, without a word on the terminal."""
    pattern = compile_pattern(written)
    assert pattern.fullmatch("aa" if "a" in written else "++") is not None
    assert compile_bytes(written, "ascii").search(b"[a+&|~-") is not None
    assert nests_repetitions(pattern) == written.startswith("(")


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(st.text(alphabet=r"a$\[]()?#mx-:^|*", max_size=12))
def test_no_other_meaning_is_changed(written: str) -> None:
    """A text without a line break at its end is matched just as Python's own expression matches it."""
    try:
        expected = re.compile(written)
    except re.error:
        return
    if written:
        for text in ("a", "aa$", "", "m\nx", "(#)"):
            assert bool(compile_pattern(written).search(text)) is bool(expected.search(text))


@pytest.mark.parametrize(
    ("pattern", "nests"),
    [
        ("a+", False),
        ("(ab)+c", False),
        ("(a+b)c+", False),
        ("(a+)+", True),
        ("(a+?)*?", True),
        ("((ab*)c)+", True),
        ("(x|a*)+", True),
        ("(?=(a+)+)b", True),
        ("(?!(a+)+)b", True),
        ("(a++)+", False),
        ("(?>a+)+", False),
        ("(a{0,15})+", False),
        ("(a{0,16})+", True),
        ("(a{1,16}){0,16}", True),
        ("(a+){2}", False),
        ("(a{20})+", False),
        ("((a+){2})+", True),
    ],
)
def test_a_repetition_inside_a_repetition(pattern: str, nests: bool) -> None:
    """Two that may go on for long, one in the other, at whatever depth; not those that never go back."""
    assert nests_repetitions(compile_pattern(pattern)) is nests


def test_a_python_that_hides_its_parser_costs_the_warning_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser of the standard library is private: without it nothing is said of any expression."""
    monkeypatch.setitem(sys.modules, "re._parser", None)
    assert nests_repetitions(compile_pattern("(a+)+")) is False


def test_every_user_of_expressions_has_the_rules() -> None:
    """Limits, parameters and dialogs refuse a line break behind ``$``; an empty limit is a problem."""
    serial = r"^SN\d{6}$"
    assert judge("SN000123\n", parse_limits({"matches": serial})).result is False
    assert judge("SN000123", parse_limits({"matches": serial})).result is True
    assert [problem.code for problem in limit_problems({"matches": ""})] == ["bad-regex"]
    with pytest.raises(ValueError, match="empty"):
        parse_limits({"matches": ""})
    with pytest.raises(WrongParam):
        read_param(Param(name="serial", type="string", pattern=serial), "SN000123\n")
    dialog = describe({"type": "text", "pattern": "^a$"}, None)
    assert read_answer(dialog, "confirm", "a") == "a"
    with pytest.raises(InvalidAnswer):
        read_answer(dialog, "confirm", "ab")
