"""Tables as factories' spreadsheets write them: each with its right values, or a problem at its row and column."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.language import expressions, read_sequence
from sequencer.language.tables.table import Table, TableRules, read_records, read_table

LIMITS: dict[str, Any] = {"columns": {"rail": "Rail", "lo": "Low Limit", "hi": "High Limit"}}
GOOD: dict[str, tuple[bytes, dict[str, Any], list[dict[str, Any]]]] = {
    "comma": (b"rail,lo,hi\n5V,4.8,5.2\n", {}, [{"rail": "5V", "lo": 4.8, "hi": 5.2}]),
    "semicolon, CR LF, byte order mark, decimal comma": (
        b"\xef\xbb\xbfRail;Low Limit;High Limit\r\n5V;4,8;5,2\r\n",
        {**LIMITS, "decimal": ","},
        [{"rail": "5V", "lo": 4.8, "hi": 5.2}],
    ),
    "tab": (b"rail\tlo\thi\n5V\t4.8\t\n", {}, [{"rail": "5V", "lo": 4.8, "hi": None}]),
    "CR only": (b"rail;lo\r5V;4.8\r3V3;3.1\r", {}, [{"rail": "5V", "lo": 4.8}, {"rail": "3V3", "lo": 3.1}]),
    "cp1252": ("rail;unit\nGerät;µA\n".encode("cp1252"), {"encoding": "cp1252"}, [{"rail": "Gerät", "unit": "µA"}]),
    "UTF-16, as Excel's Unicode text": (
        "rail\tlo\r\nGerät\t4.8\r\n".encode("utf-16"),
        {"delimiter": "\t"},
        [{"rail": "Gerät", "lo": 4.8}],
    ),
    "UTF-16, the other way round": (b"\xfe\xff" + "rail;lo\nA;1\n".encode("utf-16-be"), {}, [{"rail": "A", "lo": 1}]),
    "sep line": (b"sep=;\r\nrail;lo\r\n5V;4,8\r\n", {"decimal": ","}, [{"rail": "5V", "lo": 4.8}]),
    "sep line of a separator that nobody would guess": (b"sep=|\nrail|lo\n5V|4.8\n", {}, [{"rail": "5V", "lo": 4.8}]),
    "comma separates, decimal commas in quotes": (
        b'rail,lo,hi\n5V,"4,8","5,2"\n',
        {"decimal": ",", "types": {"lo": "number", "hi": "number"}},
        [{"rail": "5V", "lo": 4.8, "hi": 5.2}],
    ),
    "trailing separators and empty rows": (
        b"rail;lo;;\n;;;\n5V;4.8;;\n\n;;\n3V3;3.1;\n",
        {},
        [{"rail": "5V", "lo": 4.8}, {"rail": "3V3", "lo": 3.1}],
    ),
    "comment lines, above the headings too": (
        b"# limits of PSB, rev. C\nrail;lo\n# not today;3\n5V;4.8\n",
        {},
        [{"rail": "5V", "lo": 4.8}],
    ),
    "headings of several lines, further columns": (
        b'Rail;"Low\r\n Limit";High Limit;Who, when\r\n5V;4.8;5.2;"J. M.;\nMay"\r\n',
        LIMITS,
        [{"rail": "5V", "lo": 4.8, "hi": 5.2}],
    ),
    "one-sided rows": (
        b"rail;lo;hi\nA;4.8;\nB;;5.2\n",
        {},
        [{"rail": "A", "lo": 4.8, "hi": None}, {"rail": "B", "lo": None, "hi": 5.2}],
    ),
    "firmware and part numbers": (
        b'model;fw;part\nA;1.10;12E4\nB;"1.20";"00E7"\nC;1.30;0012\n',
        {"types": {"fw": "text"}},
        [
            {"model": "A", "fw": "1.10", "part": "12E4"},
            {"model": "B", "fw": "1.20", "part": "00E7"},
            {"model": "C", "fw": "1.30", "part": "0012"},
        ],
    ),
    "quoted numbers are texts": (b'a,b\n1,"2"\n', {}, [{"a": 1, "b": "2"}]),
    "doubled quotes, blanks before a quote": (b'a, b\nx, "say ""so"", now"\n', {}, [{"a": "x", "b": 'say "so", now'}]),
    "inches": (b'a;b\nx;5" panel\n', {}, [{"a": "x", "b": '5" panel'}]),
    "numbers of all kinds": (
        "n\n5\n-0.5\n+1.5e-3\n\N{MINUS SIGN}3\n1.5\N{NO-BREAK SPACE}\n007\n".encode(),
        {"types": {"n": "number"}},
        [{"n": 5}, {"n": -0.5}, {"n": 0.0015}, {"n": -3}, {"n": 1.5}, {"n": 7}],
    ),
    "truth and whole numbers": (
        b"on,n\nTRUE,3\nfalse,\n",
        {"types": {"on": "boolean", "n": "integer"}},
        [{"on": True, "n": 3}, {"on": False, "n": None}],
    ),
    "a point among decimal commas is no decimal point": (
        b"a;b;c\n1.500;1,5;2\n",
        {"decimal": ","},
        [{"a": "1.500", "b": 1.5, "c": 2}],
    ),
    "code is text": (b"a;b\n${{ 1+1 }};${{ run.id }}\n", {}, [{"a": "${{ 1+1 }}", "b": "${{ run.id }}"}]),
    "one column": (b"rail\n5V\n3V3\n", {}, [{"rail": "5V"}, {"rail": "3V3"}]),
    "headings tell which separator": (
        b"Rail;Limit, low\n5V;4,8\n",
        {"columns": {"rail": "Rail", "lo": "Limit, low"}, "decimal": ","},
        [{"rail": "5V", "lo": 4.8}],
    ),
}
BAD: dict[str, tuple[bytes, dict[str, Any], list[str]]] = {
    "wrong separator": (
        b"rail;lo;hi\n5V;4.8;5.2\n",
        {"delimiter": ","},
        ['1:1 bad-name, delimiter: ";"'],
    ),
    "headings that are no names": (
        b"Test Name,lo,max\nA,1,2\n",
        {},
        ["1:1 bad-name, test_name: Test Name", "1:14 reserved-name, column_max: max"],
    ),
    "a column without heading": (b"a,,c\n1,2,3\n", {}, ["1:3 bad-name"]),
    "the same heading twice": (b"a,b,a\n1,2,3\n", {}, ["1:5 duplicate-key"]),
    "a heading that is not there": (b"Rail;Low\nA;1\n", LIMITS, ["lo unknown-column, Low", "hi unknown-column, Low"]),
    "a type for nothing": (b"rail\nA\n", {"types": {"rial": "text"}}, ["rial unknown-column, rail"]),
    "decimal comma nobody spoke of": (
        b"rail;lo\n5V;4,8\n",
        {"types": {"lo": "number"}},
        ['2:4 wrong-type, decimal: ","'],
    ),
    "thousands": (
        b"rail;lo\n5V;1.234,5\n",
        {"types": {"lo": "number"}, "decimal": ","},
        ["2:4 wrong-type, no thousands separator"],
    ),
    "words where numbers belong": (
        b"rail;lo;n\n5V;NaN;1.5\n3V;four;2\n",
        {"types": {"lo": "number", "n": "integer"}},
        ["2:4 wrong-type", "2:8 wrong-type", "3:4 wrong-type"],
    ),
    "uneven rows": (b"a;b\n1;2\n3;4;5\n6\n", {}, ["3:5 uneven-rows", "4:1 uneven-rows"]),
    "a quote that is never closed": (b'a,b\n1,"2\n', {}, ["2:3 bad-csv"]),
    "text behind a quote": (b'a,b\n1,"2"3\n', {}, ["2:6 bad-csv"]),
    "not UTF-8": (b"a;b\nGer\xe4t;1\n", {}, ["not-utf-8, encoding: cp1252"]),
    "UTF-16 without a mark": ("a;b\n1;2\n".encode("utf-16-le"), {}, ["bad-csv, encoding: utf-16-le"]),
    "an encoding that is none": (b"a\n1\n", {"encoding": "excel"}, ["encoding wrong-value"]),
    "headings alone": (b"a;b\n\n", {}, ["no-rows"]),
    "two separators that both would do": (b"a;b,c\n1;2,3\n", {}, ["1:1 bad-csv, delimiter"]),
    "a row that looks like a comment": (b"n;lo\n#1;4.8\n2;1\n", {}, ["2:1 commented-row, space after"]),
}


def read(data: bytes, rules: dict[str, Any]) -> Table:
    """The table by these rules."""
    return read_table(data, TableRules(**rules))


@pytest.mark.parametrize("name", GOOD)
def test_good_tables_give_their_values(name: str) -> None:
    """Values have the types that were meant, and no cell is lost."""
    data, rules, expected = GOOD[name]
    table = read(data, rules)
    assert table.problems == []
    assert [dict(row.values) for row in table.rows] == expected
    assert [list(map(type, row.values.values())) for row in table.rows] == [
        list(map(type, row.values())) for row in expected
    ]


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_are_told_at_row_and_column(name: str) -> None:
    """Everything that is wrong, where it stands, and what helps."""
    data, rules, expected = BAD[name]
    problems = read(data, rules).problems
    assert len(problems) == len(expected)
    for problem, wanted in zip(problems, expected, strict=True):
        place, _, hint = wanted.partition(", ")
        where = "" if problem.span is None else "{}:{} ".format(*problem.span)
        assert f"{where}{' '.join(problem.at[-1:])} {problem.code}".split() == place.split()
        assert hint in f"{problem.hint}"


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=2, max_size=4), min_size=1
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_what_a_spreadsheet_quotes_is_read_back(rows: list[list[str]], delimiter: str, end: str) -> None:
    """Any texts, quoted and joined as RFC 4180 says, come back as they were, and each cell knows its place."""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    text = written.getvalue()
    records = list(read_records(text, delimiter))
    assert [[cell.text for cell in record] for record in records] == rows
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for cell in (cell for record in records for cell in record):
        assert cell.quoted
        assert lines[cell.span[0] - 1][cell.span[1] - 1] == '"'


@given(st.binary(max_size=60) | st.text('abc01;,\t"\r\n#=', max_size=60).map(str.encode))
def test_anything_else_is_a_table_or_a_problem(data: bytes) -> None:
    """Whatever the bytes are, reading ends, and a table without rows says why."""
    table = read(data, {})
    assert table.rows or table.problems
    for row in table.rows:
        assert row.values.keys() == table.headings.keys()


SEQUENCE = """\
name: Limits from a table
drivers: {meter: meter.Meter}
modules:
  m:
    cases:
      rail:
        for_each: {csv: rails.csv%s}
%s        steps:
%s
"""


def check(folder: Path, table: str, *steps: str, rules: str = "", case: str = "") -> list[str]:
    """``line:column code`` of what the check tells of a sequence with this table; places in the YAML have no line."""
    (folder / "rails.csv").write_text(table, newline="")
    (folder / "drivers").mkdir(exist_ok=True)
    (folder / "drivers" / "meter.py").write_text("class Meter:\n    def volts(self, rail): ...\n")
    body = "".join(f"          - {step}\n" for step in steps)
    (folder / "s.yaml").write_text(SEQUENCE % (rules, case, body))
    reading = read_sequence(folder / "s.yaml", project=folder)
    return [
        f"{'' if each.place.file == 's.yaml' else f'{each.place.line}:{each.place.column} '}{each.code}"
        for each in reading.problems
        if each.severity != "note"
    ]


MEASURE = '{measure: v, call: meter.volts, with: {rail: "${{ rail }}"}, unit: V, limits: %s}'
BY_SIDE = MEASURE % '{ge: "${{ lo }}", le: "${{ hi }}"}'
TABLE = "rail;lo;hi\n5V;4.8;5.2\n"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (TABLE, []),
        (TABLE + "A;4.8;\nB;;5.2\nC;4800 mV;5.2 V\n", []),
        (TABLE + "A;5.2;4.8\n", ["3:3 limits-reversed"]),
        (TABLE + "A;4,8;5,2\n", ["3:3 limit-value", "3:7 limit-value"]),
        (TABLE + "A;4.8 A;5.2\nB;four;5\n", ["3:3 limit-unit", "4:3 limit-value"]),
        (TABLE + "A;;\n", ["3:3 limit-value", "3:4 limit-value"]),
        (TABLE + "A;-Inf;5\n", ["3:3 limit-value"]),
        (TABLE + "5V;1;2\n", ["3:1 duplicate-row"]),
    ],
)
def test_the_check_judges_every_row(tmp_path: Path, table: str, expected: list[str]) -> None:
    """Limits that a row makes wrong are told at its cell, before any run."""
    assert check(tmp_path, table, BY_SIDE) == expected
    assert (
        check(tmp_path, table, BY_SIDE.replace('{ge: "${{ lo }}", le: "${{ hi }}"}', '["${{ lo }}", "${{ hi }}"]'))
        == expected
    )


@pytest.mark.parametrize(
    ("steps", "case"),
    [
        (["set: {lo: 1}", BY_SIDE], ""),
        ([BY_SIDE.replace("limits:", "if: lo < hi, limits:")], ""),
        (["{if: lo < hi, steps: [" + BY_SIDE + "]}"], ""),
        (["{for_each: {lo: [1]}, steps: [" + BY_SIDE + "]}"], ""),
        ([BY_SIDE], "        if: lo < hi\n"),
    ],
)
def test_rows_are_not_judged_for_what_they_do_not_do(tmp_path: Path, steps: list[str], case: str) -> None:
    """A variable that was set anew, and steps and cases that the row itself leaves out."""
    assert check(tmp_path, TABLE + "A;5.2;4.8\n", *steps, case=case) == []


def test_units_may_stand_in_the_table(tmp_path: Path) -> None:
    """A unit per row, and limits that do not go with it."""
    step = BY_SIDE.replace("unit: V", 'unit: "${{ unit }}"')
    table = "rail;lo;hi;unit\n5V;4.8;5.2;V\nA;4.8 mV;5.2;mA\nB;1;2;furlongs?\n"
    assert [each for each in check(tmp_path, table, step) if each != "expression-in-fixed-text"] == ["3:3 limit-unit"]


@pytest.mark.parametrize("table", ["rail;lo;hi\n", "Rail;lo;hi\nA;1;2\n", 'rail;lo;hi\nA;"1;2\n', "rail;lo;hi\nA;1\n"])
def test_a_broken_table_makes_no_false_warning(tmp_path: Path, table: str) -> None:
    """When cases are missing because of the table, nobody is told that their driver is not called."""
    found = check(tmp_path, table, BY_SIDE)
    assert found and not any("unused" in each for each in found)


def test_names_that_are_functions_are_told_once_at_the_heading(tmp_path: Path) -> None:
    """Not once per row, and with a way out that works."""
    table = "rail;min;max\n5V;4.8;5.2\n3V3;3.1;3.5\n"
    assert check(tmp_path, table, BY_SIDE) == ["1:6 reserved-name", "1:10 reserved-name"]
    assert check(tmp_path, table, BY_SIDE, rules=", columns: {lo: min, hi: max}") == []
    assert check(tmp_path, table, BY_SIDE, rules=", columns: {min: min, hi: max}")[0] == "reserved-name"


def test_a_table_stands_alone(tmp_path: Path) -> None:
    """Beside `csv` only its own keys, and the message says so."""
    (tmp_path / "s.yaml").write_text(SEQUENCE % (", port: [C1, C2]", "", "          - wait: 1 s"))
    reading = read_sequence(tmp_path / "s.yaml", project=tmp_path)
    assert ("unknown-key", "unknown key `port`") in [(each.code, each.message) for each in reading.problems]


@pytest.mark.parametrize(
    ("table", "rules", "expected"),
    [
        ("rail;fw\nA;1.10\nB;1.1\n", "", ["2:3 number-in-text"]),
        ("rail;fw\nA;1.10\n", ", types: {fw: text}", []),
        ('rail;fw\nA;"1.10"\n', "", []),
    ],
)
def test_a_number_that_loses_a_digit_in_a_text_is_told(
    tmp_path: Path, table: str, rules: str, expected: list[str]
) -> None:
    """Firmware 1.1 would pass as 1.10: what is compared is a text, and the column was read as numbers."""
    step = MEASURE.replace(", unit: V", "") % '{eq: "v${{ fw }}"}'
    assert check(tmp_path, table, step, rules=rules) == expected


def test_a_broken_expression_is_told_as_one(tmp_path: Path) -> None:
    """Limits whose expression has no end are a problem of the sequence and no defect of the check."""
    assert check(tmp_path, TABLE, MEASURE % '{eq: "v${{ lo"}') == ["expression-syntax"]


def test_the_rows_of_a_stranger_cost_the_check_no_more_than_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of all matrices share one budget: when it is used up, the check says so instead of going on."""
    monkeypatch.setattr(expressions, "ROW_WORK", 2_000_000)
    path = tmp_path / "rows.yaml"
    path.write_text(
        "name: Rows\nmodules: {m: {cases: {c: {for_each: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9]}, "
        "if: \"(range(500) | map('string') | list | length) > n\", steps: [{message: hello}]}}}}\n"
    )
    assert [problem.code for problem in read_sequence(path).problems] == ["expression-too-large"]
    monkeypatch.setattr(expressions, "ROW_WORK", 20_000_000)
    assert not read_sequence(path).problems
