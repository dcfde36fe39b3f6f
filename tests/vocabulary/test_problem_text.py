from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.vocabulary.problem import Place, Problem, render, source_line, split_lines


def shown(line: str, start: int, end: int, **more: str) -> list[str]:
    place = Place("a.yaml", 7, start, 7, end)
    return render(Problem("some-code", "something is wrong", place, **more), line).split("\n")  # type: ignore[arg-type]


def test_place_sentence_line_caret_and_hint() -> None:
    """Four lines: where and what, the source, a caret under the word, what to do."""
    assert shown("    limit: 5", 5, 10, hint="did you mean `limits`?") == [
        "a.yaml:7:5: error: something is wrong [some-code]",
        "   7 |     limit: 5",
        "     |     ^^^^^",
        "     = hint: did you mean `limits`?",
    ]


def test_a_place_over_several_lines_is_marked_to_the_end_of_the_first() -> None:
    """Of a span of lines the first is shown, and marked to its end."""
    text = render(Problem("c", "m", Place("a.yaml", 1, 3, 4, 2)), "a: {b")
    assert text.split("\n")[2] == "     |   ^^^"


def test_without_a_source_only_the_sentence_is_shown() -> None:
    """A problem of a file that cannot be read has no line to show."""
    assert render(Problem("c", "m", Place("a.yaml", 1, 1, 1, 2)), None) == "a.yaml:1:1: error: m [c]"


@pytest.mark.parametrize(
    ("line", "start", "end", "source", "caret"),
    [
        ("\tx: 1", 2, 3, "    x: 1", "    ^"),
        ("ab\tx", 4, 5, "ab  x", "    ^"),
        ("日本: x", 5, 6, "日本: x", "      ^"),
        ("日本: x", 1, 3, "日本: x", "^^^^"),
        ("e\u0301 x", 4, 5, "e\u0301 x", "  ^"),
        ("a\x07b", 3, 4, "a�b", "  ^"),
        ("ab", 3, 4, "ab", "  ^"),
        ("", 1, 2, "", "^"),
    ],
)
def test_the_caret_stands_under_the_right_letters(line: str, start: int, end: int, source: str, caret: str) -> None:
    """Tabs, wide letters, combining marks and invisible characters do not shift the caret."""
    _, shown_line, shown_caret = shown(line, start, end)
    assert shown_line == f"   7 | {source}".rstrip()
    assert shown_caret == f"     | {caret}"


def test_a_long_line_is_cut_around_the_caret() -> None:
    """A line of a megabyte is shown as far as a terminal is wide, the marked word in it."""
    line = "x" * 500_000 + "WORD" + "y" * 500_000
    _, shown_line, shown_caret = shown(line, 500_001, 500_005)
    assert len(shown_line) < 130
    start = shown_caret.index("^")
    assert shown_line[start : start + 4] == "WORD"
    assert shown_caret.count("^") == 4


@given(st.text(max_size=300), st.integers(1, 320), st.integers(0, 320))
def test_anything_can_be_shown(line: str, start: int, length: int) -> None:
    """Whatever stands in a line, exactly two lines are drawn, and the caret is there."""
    line = line.replace("\n", " ").replace("\r", " ")
    lines = shown(line, start, start + length)
    assert len(lines) == 3
    assert "^" in lines[2]
    assert not [letter for letter in lines[1] if unicodedata.category(letter) in ("Cc", "Zl", "Zp")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_found_whatever_ends_them(newline: str) -> None:
    """Line numbers count from 1 with the line ends of every system."""
    text = newline.join(["one", "two\u2028still two", "three"])
    assert split_lines(text) == ["one", "two\u2028still two", "three"]
    assert source_line(text, 3) == "three"
    assert source_line(text, 4) is None
    assert source_line(None, 1) is None
