from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sequencer.language.read import load
from sequencer.language.yaml import reader as yaml_reader
from sequencer.language.yaml.loader import MAX_BYTES, Document, display_path, parse_document, read_document
from sequencer.language.yaml.reader import resolve
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.tree import MappingNode, place_at, plain

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff"))
"""What YAML allows to stand unescaped."""


def parsed(text: str | bytes) -> Document:
    return parse_document(Document("f.yaml", "", text if isinstance(text, bytes) else text.encode()))


def value(text: str) -> Any:
    document = parsed(f"key: {text}\n")
    assert document.problems == [], document.problems
    assert document.root is not None
    return document.root["key"]


@pytest.mark.parametrize(
    "text",
    [
        "on", "off", "yes", "no", "y", "n", "Y", "N", "On", "OFF", "Yes", "NO", "12:30", "1:30:00", "190:20:30.15",
        "0012", "-007", "+012", "00", "01.5", "007e3", "2024-01-01", "2024-01-01T12:00:00Z", "1_000", "0b11", "017_0",
        "0x", "0o8", "0xG", "1e", "e5", ".", "+", "1.2.3", "v1", "1 V", "=", "<<x", "nULL", "tRUE", ".Nan", "inf",
        "1e400", "-1e999", "12345e6789", "9" * 500, "nan", "Infinity", "0o", "++1", "1-", "١٢",
    ],
)  # fmt: skip
def test_what_only_yaml_1_1_or_python_would_convert_is_text(text: str) -> None:
    """Under the rules of YAML 1.2, and with leading zeros or beyond the range of floats, a scalar is a text."""
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("null", None), ("Null", None), ("NULL", None), ("~", None), ("", None),
        ("0", 0), ("-0", 0), ("12", 12), ("+12", 12), ("-12", -12), ("0o17", 15), ("0x1F", 31), ("0xab", 171),
        ("1.5", 1.5), ("-1.5", -1.5), (".5", 0.5), ("5.", 5.0), ("1e5", 1e5), ("1E-3", 1e-3), ("0.10", 0.1),
        (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf),
        ("!!str 12", "12"), ("!!int 12", 12), ("!!float 12", 12.0), ("!!bool true", True), ("!!null ~", None),
        ("'12'", "12"), ('"true"', "true"), ("'it''s'", "it's"), ('"\\u00e4\\n"', "ä\n"), ("! 12", "12"),
        ("[1, on, 1.0]", [1, "on", 1.0]), ("{a: 1, b: [2]}", {"a": 1, "b": [2]}),
    ],
)  # fmt: skip
def test_the_core_schema(text: str, expected: object) -> None:
    """Booleans, null, integers and floats are those of the YAML 1.2 core schema."""
    found = plain(value(text))
    assert found == expected
    assert type(found) is type(expected)


def test_not_a_number_is_a_float() -> None:
    """``.nan`` is the float NaN."""
    assert math.isnan(value(".nan"))


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_json_is_read_as_json(data: Any) -> None:
    """Every JSON document is read to the same data: JSON is a part of YAML 1.2."""
    text = json.dumps({"key": data}, ensure_ascii=False)
    if len(text) > 900:  # libyaml takes no key in braces that is longer than 1024 characters
        return
    document = parsed(text)
    if any(problem.code == "nested-too-deeply" for problem in document.problems):
        return
    assert document.problems == []
    assert plain(document.root) == {"key": data}


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_numbers_keep_their_value(number: float, integer: int) -> None:
    """What Python writes for a number is read back as the same number."""
    assert resolve(repr(number)) == number
    assert resolve(str(integer)) == integer


@given(st.text(alphabet="0123456789+-.eExo_:abftrunlTN~ ", max_size=12))
def test_numbers_and_words_of_the_core_schema_and_nothing_else(text: str) -> None:
    """A scalar becomes something else than its text only when it looks exactly as YAML 1.2 says."""
    found = resolve(text)
    if isinstance(found, bool):
        assert text in ("true", "True", "TRUE", "false", "False", "FALSE")
    elif isinstance(found, int):
        assert int(text, 0) == found and "_" not in text and " " not in text
    elif isinstance(found, float):
        assert "." in text or "e" in text or "E" in text
    elif found is None:
        assert text in ("", "~", "null", "Null", "NULL")
    else:
        assert found == text


def test_every_key_and_value_has_its_place() -> None:
    """Keys, values, items and collections know line and column from 1, counted in characters."""
    root = parsed('größe: "ä" # x\nlist:\n  - 1\n  - {日本: [a, bc]}\nblock: |\n  two\n  lines\nend: x\n').root
    assert root is not None
    assert root.key_place("größe")[1:] == (1, 1, 1, 6)
    assert root.value_place("größe")[1:] == (1, 8, 1, 11)
    assert root["list"].item_place(1)[1:] == (4, 5, 4, 18)
    assert root["list"].place[1:] == (3, 3, 4, 18)
    inner = root["list"][1]
    assert inner.key_place("日本")[1:] == (4, 6, 4, 8)
    assert inner["日本"].item_place(1)[1:] == (4, 14, 4, 16)
    assert root.value_place("block")[1:3] == (5, 8)
    assert root.place[1:] == (1, 1, 8, 7)
    assert place_at(root, ["list", 1, "日本", 0])[1:3] == (4, 11)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(newline: str) -> None:
    """Unix, Windows and old Macintosh line ends give the same places."""
    root = parsed(newline.join(["a: 1", "b:", "  - c: 2", ""])).root
    assert root is not None
    assert root["b"][0].key_place("c")[1:] == (3, 5, 3, 6)


def test_unicode_line_breaks_are_no_line_breaks() -> None:
    """NEL, LS and PS stay in texts and do not shift places: YAML 1.2 and editors do not see lines there."""
    root = parsed("a: 'x\u2028y\u2029z\x85'\nb: p\u2028q\nc: 1\n").root
    assert root is not None
    assert (root["a"], root["b"]) == ("x\u2028y\u2029z\x85", "p\u2028q")
    assert root.key_place("c").line == 3


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfa: 1\n", "\ufeffa: 1\n".encode("utf-16-le"), "\ufeffa: 1\n".encode("utf-16-be")]
)
def test_byte_order_marks_are_understood(data: bytes) -> None:
    """UTF-8 with a byte order mark and UTF-16 are read, their columns right."""
    root = parsed(data).root
    assert root == {"a": 1}
    assert root is not None and root.key_place("a")[1:] == (1, 1, 1, 2)


def test_merge_keys() -> None:
    """``<<`` brings in what is not said, earlier mappings first, and keeps the places of what it brings."""
    root = parsed(
        "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\none: {<<: *x, b: 3}\nboth: {<<: [*x, *y], d: 4}\nnot: {'<<': 5}\n"
    ).root
    assert root is not None
    assert root["one"] == {"a": 1, "b": 3}
    assert root["both"] == {"a": 1, "b": 1, "c": 2, "d": 4}
    assert root["not"] == {"<<": 5}
    assert root["both"].key_place("c").line == 2


def test_the_written_text_of_a_number_is_kept() -> None:
    """``1.10`` is the number 1.1, and that it was written ``1.10`` is not forgotten, also behind an alias."""
    document = parsed("a: &n 1.10\nb: *n\nc: 5\nd: 0x10\n")
    assert document.root == {"a": 1.1, "b": 1.1, "c": 5, "d": 16}
    assert sorted(document.written.values()) == ["0x10", "1.10", "1.10"]


def test_a_thousand_millionfold_expansion_is_refused_before_it_grows() -> None:
    """A "billion laughs" file builds no more nodes than it has, and is refused with a place."""
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    document = parsed("\n".join(lines))
    assert [problem.code for problem in document.problems] == ["too-many-aliases"]
    assert document.root is None
    assert document.problems[0].place.line == 6


def test_many_honest_aliases_are_fine() -> None:
    """Ten thousand cases that share their steps by an alias are no attack."""
    document = parsed("x: &x [{wait: 1 s}, {wait: 2 s}]\n" + "".join(f"c{n}: {{steps: *x}}\n" for n in range(10_000)))
    assert document.problems == []
    assert document.root is not None and document.root["c9"]["steps"] is document.root["x"]


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a {b: [1, {c: *a}]}", "&a a: {<<: *a}"])
def test_what_contains_itself_is_refused(text: str) -> None:
    """An alias inside of what it names is refused, or is a plain problem, never an endless structure."""
    document = parsed(text)
    assert document.problems
    assert document.root is None or plain(document.root) is not None


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 10_000, "a: " + "{b: " * 2_000, "- " * 5_000 + "x", "\n".join(" " * n + "a:" for n in range(1_100))],
    ids=["brackets", "braces", "items", "indents"],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_a_deep_file_is_refused_by_name_whichever_limit_strikes(
    text: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file nested thousands of levels deep has one code and one message: our limit's, libyaml's or Python's."""
    monkeypatch.setattr(yaml_reader, "LOADER", getattr(yaml, loader))
    problems = parsed(text).problems
    assert [(problem.code, problem.message) for problem in problems] == [
        ("nested-too-deeply", "more than 60 levels of nesting")
    ]


def test_an_oversized_file_is_not_even_read(tmp_path: Path) -> None:
    """A file above the size limit is refused by its size."""
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    document = read_document(path)
    assert [problem.code for problem in document.problems] == ["file-too-large"]
    assert document.data == b""


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """A path that leads nowhere is told like everything else."""
    document = read_document(tmp_path / "none.yaml", tmp_path)
    assert [(problem.code, problem.place.file) for problem in document.problems] == [("unreadable-file", "none.yaml")]


def test_load_gives_the_mapping_or_raises(tmp_path: Path) -> None:
    """``load`` is for callers that want the mapping alone: whatever is wrong is one exception with all problems."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("a: {b: 1}\n", "utf-8")
    bad.write_text("a: 1\na: 2\nb: !x 3\n", "utf-8")
    assert load(good, tmp_path) == {"a": {"b": 1}}
    with pytest.raises(InvalidInput) as raised:
        load(bad, tmp_path)
    assert [problem.code for problem in raised.value.problems] == ["duplicate-key", "bad-tag"]


def test_paths_are_shown_relative_to_the_project(tmp_path: Path) -> None:
    """Inside the project a path is relative and has slashes, outside it stays whole."""
    inside = tmp_path / "project" / "sequences" / "a.yaml"
    assert display_path(inside, tmp_path / "project") == "sequences/a.yaml"
    assert display_path(tmp_path / "b.yaml", tmp_path / "project") == (tmp_path / "b.yaml").as_posix()


@given(st.text(max_size=200) | st.text(alphabet="ab:-[]{},&*!|>'\"%@#? \n\t0", max_size=80))
def test_any_text_is_read_or_told(text: str) -> None:
    """No text makes the loader raise; what it does not like has a place inside the text."""
    document = parsed(text.encode("utf-8", "surrogatepass"))
    assert document.root is not None or document.problems
    for problem in document.problems:
        assert 1 <= problem.place.line <= document.source.count("\n") + document.source.count("\r") + 2
        assert problem.place.column >= 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    """No bytes make the loader raise."""
    document = parsed(data)
    assert document.root is not None or document.problems


SAMPLES = [
    "a: 1\n", "a: [1, {b: c}]\n", "a: &x 1\nb: *x\n", "a: !x 1\n", "a: 'x\n", "a: [1\n", "a:\n\tb: 1\n", "a: b: c\n",
    "a: 1\n---\nb: 2\n", "- 1\n", "a: @b\n", "a: 1\n b: 2\n", "a: |\n  x\n  y\n", "a:\n  - 1\n  -  2\n", "? a\n: b\n",
]  # fmt: skip


@pytest.mark.parametrize("text", SAMPLES)
def test_the_pure_python_parser_says_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML has no libyaml, the same files give the same data and the same problems, line by line."""
    fast = parsed(text)
    monkeypatch.setattr(yaml_reader, "LOADER", yaml.SafeLoader)
    pure = parsed(text)
    assert plain(pure.root) == plain(fast.root)
    assert [(p.code, p.message, p.place.line) for p in pure.problems] == [
        (p.code, p.message, p.place.line) for p in fast.problems
    ]
    if isinstance(fast.root, MappingNode) and isinstance(pure.root, MappingNode):
        assert pure.root.key_spans == fast.root.key_spans


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("{check: a[0] == 1}", 10, "ends where a `[` begins"),
        ("{check: a[0] > 1}", 10, "ends where a `[` begins"),
        ("{check: a[0] & 1 == 1}", 10, "ends where a `[` begins"),
        ("{check: a[*] }", 10, "ends where a `[` begins"),
        ("[check: a{0} % 2]", 10, "ends where a `{` begins"),
        ('{set: [b, \'x[1]\', "\\"[2]", c[1]], d: @}', 29, "ends where a `[` begins"),
        ("{check: ${{ x }} > 3}", 9, "an ${{ expression }} inside"),
        ('{check: "a" in b["x"]}', 13, "a string ends with its closing quote, and something follows"),
        ("{a: [1, 2], b: %x}", 16, "cannot begin with '%'"),
        ("{a: 'x[1] > 3', b: @x}", 20, "cannot begin with '@'"),
    ],
)
@pytest.mark.parametrize("pure", [False, True])
def test_the_reason_is_told_where_it_is(
    text: str, at: int, said: str, pure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where the parser gave up, nor as a bracket that nobody closed, when an unquoted text broke off before it."""
    if pure:
        monkeypatch.setattr(yaml_reader, "LOADER", yaml.SafeLoader)
    problem = parsed(text).problems[0]
    assert (problem.place.column, said in problem.message) == (at, True), problem
