"""Limit tables as factories keep them: each file with the right limits, or a problem at its row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sequencer.language import read_sequence

SEQUENCE = """\
name: Supply
params: {part: {type: string}}
variants: {by: "${{ params.part }}", PSB-24: {volts: 24}, PSB-12: {volts: 12}}
tables: {rails: %s}
modules:
  main:
    cases:
      rails:
        steps:
          - {measure: 5 V rail, value: "${{ volts }}", limits: {table: rails}}
"""
HEADINGS = {"variant": "Part", "measurement": "Test Name", "lower": "Low Limit", "upper": "High Limit", "unit": "Unit"}
GERMAN = {"columns": HEADINGS, "decimal": ","}
BOTH = {("PSB-24", "5 V rail"): ([4.8, 5.2], "V"), ("PSB-12", "5 V rail"): ([4.7, 5.3], "V")}
PLAIN = "variant,measurement,lower,upper,unit\nPSB-24,5 V rail,4.8,5.2,V\nPSB-12,5 V rail,4.7,5.3,V\n"
EXCEL = "Part;Test Name;Low Limit;High Limit;Unit\r\nPSB-24;5 V rail;4,8;5,2;V\r\nPSB-12;5 V rail;4,7;5,3;V\r\n"

GOOD: dict[str, tuple[bytes, dict[str, Any], dict[tuple[str, ...], tuple[Any, str | None]]]] = {
    "commas, columns named as hardseq does": (PLAIN.encode(), {}, BOTH),
    "tabs": (PLAIN.replace(",", "\t").encode(), {"key": ["variant", "measurement"]}, BOTH),
    "semicolons, decimal comma, headings with blanks": (EXCEL.encode(), GERMAN, BOTH),
    "UTF-8 with its mark": (EXCEL.encode("utf-8-sig"), GERMAN, BOTH),
    "UTF-16 as Excel saves Unicode text": (
        EXCEL.replace(";", "\t").encode("utf-16"),
        {**GERMAN, "encoding": "utf-16"},
        BOTH,
    ),
    "cp1252": (
        EXCEL.replace("V\r\n", "µA\r\n").replace("5 V rail", "Gerät").encode("cp1252"),
        {**GERMAN, "encoding": "cp1252"},
        {("PSB-24", "Gerät"): ([4.8, 5.2], "µA"), ("PSB-12", "Gerät"): ([4.7, 5.3], "µA")},
    ),
    "sep line": (b"sep=|\r\n" + EXCEL.replace(";", "|").encode(), GERMAN, BOTH),
    "comment lines and empty rows": (
        b"# Rev. C\r\n\r\n;;;;\r\n" + EXCEL.replace("PSB-12", "# by hand: J. M.\r\n;;;;\r\nPSB-12").encode(),
        GERMAN,
        BOTH,
    ),
    "trailing separators": (EXCEL.replace("\r\n", ";;;\r\n").encode(), GERMAN, BOTH),
    "further columns": (
        b'Nr;Part;Test Name;Low Limit;High Limit;Unit;Who, when\r\n7;PSB-24;5 V rail;4,8;5,2;V;"J. M.;\nMay"\r\n',
        GERMAN,
        {("PSB-24", "5 V rail"): ([4.8, 5.2], "V")},
    ),
    "headings on two lines": (EXCEL.replace("Low Limit", '"Low\n Limit"').encode(), GERMAN, BOTH),
    "quoted cells": (
        b'variant,measurement,lower,upper,unit\n"PSB-24","5 V rail","4,8","5,2",V\n',
        {"decimal": ","},
        {("PSB-24", "5 V rail"): ([4.8, 5.2], "V")},
    ),
    "one-sided rows": (
        b"measurement,lower,upper,unit\nIdle,,15,mA\nLoad,1,,A\n",
        {},
        {("Idle",): ({"le": 15}, "mA"), ("Load",): ({"ge": 1}, "A")},
    ),
    "a unit per row, or in the cells": (
        b"measurement;lower;upper;unit\nA;4,8 V;5200 mV;\nB;1;2;k\xce\xa9\nC;1;2;\n",
        {"decimal": ","},
        {("A",): ([4.8, 5.2], "V"), ("B",): ([1, 2], "kΩ"), ("C",): ([1, 2], None)},
    ),
    "nominal values with tolerances": (
        b"measurement;nominal;tolerance;lower;upper;unit\nA;5;4 %;;;V\n"
        b"B;3,3;\xc2\xb10,1;;;V\nC;12;;11,8;12,2;V\nD;5;100 mV;;;V\n",
        {"decimal": ","},
        {
            ("A",): ({"nominal": 5, "tolerance": "4%"}, "V"),
            ("B",): ({"nominal": 3.3, "tolerance": 0.1}, "V"),
            ("C",): ([11.8, 12.2], "V"),
            ("D",): ({"nominal": 5, "tolerance": 0.1}, "V"),
        },
    ),
    "texts: versions, choices, patterns": (
        b'measurement,eq,one_of,matches\nFirmware,"1.10",,\nCountry,,DE|FR, \nMode,,"1, 2",\n'
        b'Serial,,,"^SN\\d{6}$"\nOn,true,,\n',
        {},
        {
            ("Firmware",): ({"eq": "1.10"}, None),
            ("Country",): ({"one_of": ["DE", "FR"]}, None),
            ("Mode",): ({"one_of": [1, 2]}, None),
            ("Serial",): ({"matches": r"^SN\d{6}$"}, None),
            ("On",): ({"eq": True}, None),
        },
    ),
    "a version that nobody quoted": (
        b"measurement,eq\nFirmware,1.10\n",
        {"types": {"eq": "text"}},
        {("Firmware",): ({"eq": "1.10"}, None)},
    ),
    "code is text": (b"measurement,eq\n${{ 1 }},${{ run.id }}\n", {}, {("${{ 1 }}",): ({"eq": "${{ run.id }}"}, None)}),
    "old Macs, exponents, minus signs": (
        "measurement;lower;upper\rA;\N{MINUS SIGN}1,5e-3;+2\r".encode(),
        {"decimal": ","},
        {("A",): ([-0.0015, 2], None)},
    ),
    "a further key": (
        b"measurement,load,upper\nRipple,0.5 A,10\nRipple,1 A,20\n",
        {"key": ["measurement", "load"]},
        {("Ripple", "0.5 A"): ({"le": 10}, None), ("Ripple", "1 A"): ({"le": 20}, None)},
    ),
}
YAML: dict[str, tuple[str, dict[str, Any]]] = {
    "a list of rows": (
        "- {variant: PSB-24, measurement: 5 V rail, lower: 4.8, upper: 5.2, unit: V}\n"
        "- {variant: PSB-12, measurement: 5 V rail, lower: 4700 mV, upper: 5300 mV, unit: V}\n",
        {},
    ),
    "a mapping for each part of the key": (
        "PSB-24: {5 V rail: {Low: 4.8, upper: 5.2, unit: V}}\nPSB-12: {5 V rail: {Low: 4.7, upper: 5.3, unit: V}}\n",
        {"columns": {"lower": "Low"}},
    ),
}
BAD: dict[str, tuple[bytes, dict[str, Any], list[str]]] = {
    "numbers that cannot be read, reversed limits": (
        b"measurement;lower;upper;unit\nA;4.8;5,2;V\nB;5,2;4,8;V\nC;low;1.234,5;V\n",
        {"decimal": ","},
        [
            "2:3 `4.8` is not a number",
            "3:3 the lower limit 5.2 V is above the upper limit 4.8 V",
            "4:3 `low` is not a number",
            "4:7 `1.234,5` is not a number",
        ],
    ),
    "decimal commas that nobody announced": (b"measurement;lower\nA;4,8\n", {}, ["2:3 `4,8` is not a number"]),
    "rows without limits, without a name, given twice": (
        b"measurement,lower,unit\nPower rails,,\nA,1,V\n,2,V\nA,3,V\n",
        {},
        [
            "2:1 this row has no limit",
            "4:1 this row has no `measurement`",
            "5:1 there are two rows for `A`; the first is on line 3",
        ],
    ),
    "limits that do not go together": (
        b"measurement,lower,nominal,tolerance,eq,unit\nA,,5,,,V\nB,,,4%,,V\nC,1,,,5,V\nD,4800 mA,,,,V\nE,,5,-1,,V\n",
        {},
        [
            "2:4 `nominal` also needs `tolerance`",
            "3:5 `tolerance` also needs `nominal`",
            "4:3 these limits cannot be combined: ge, eq; use two measurements",
            "5:3 'mA' cannot be converted to 'V': they measure different things",
            "6:6 a tolerance must not be negative: -1",
        ],
    ),
    "headings that are nearly right": (
        b"Measurement,Lower,upper\nA,1,2\n",
        {},
        ["1:1 there is no meaning to a column `Measurement`", "1:13 there is no meaning to a column `Lower`"],
    ),
    "warning limits that make no sense, alone, or cannot be read": (
        b"measurement,lower,upper,warn_lower,warn_upper,warn_tolerance\nA,1,2,1.9,1.1,\nB,,,1,2,\nC,1,2,low,,\nD,1,2,,,2%\n",
        {},
        [
            "2:7 the lower limit 1.9 is above the upper limit 1.1",
            "3:1 this row has no limit",
            "4:7 `low` is not a number",
            "5:9 `tolerance` also needs `nominal`",
        ],
    ),
    "a pattern that is none": (b"measurement,matches\nA,(\n", {}, ["2:3 this is not a valid regular expression"]),
    "a row that is too short": (
        b"measurement,lower,upper\nA,1\n",
        {},
        ["2:3 this row has 2 columns, the first line has 3"],
    ),
}


def read(folder: Path, name: str, data: bytes, said: dict[str, Any]) -> Any:
    """The reading of a sequence whose one table is this file."""
    (folder / name).write_bytes(data)
    (folder / "sequence.yaml").write_text(SEQUENCE % json.dumps({"file": name, **said}), "utf-8")
    return read_sequence(folder / "sequence.yaml", project=folder)


def rows(reading: Any, name: str) -> dict[tuple[str, ...], tuple[Any, str | None]]:
    """The rows by their keys, once nothing in the table is wrong."""
    assert [problem for problem in reading.problems if problem.place.file == name and problem.severity == "error"] == []
    ((_, table),) = reading.tables.items()
    return {row.key: (row.limits, row.unit) for row in table.rows}


@pytest.mark.parametrize("name", GOOD)
def test_a_factorys_file_is_read_as_it_is(name: str, tmp_path: Path) -> None:
    """Every separator, encoding and habit of spreadsheets gives the limits that people read there."""
    data, said, expected = GOOD[name]
    assert rows(read(tmp_path, "limits.csv", data, said), "limits.csv") == expected


def test_columns_of_what_only_warns(tmp_path: Path) -> None:
    """Each column of limits with `warn_` before its name, in the row's unit, in CSV and in YAML."""
    data = (
        b"measurement;nominal;tolerance;lower;Yellow;warn_upper;warn_tolerance;unit;eq;warn_one_of\n"
        b"A;5;4%;;;;2%;V;;\nB;;;1;1,5;2000 mV;;V;;\nC;;;1;;;;V;;\nD;;;;;;;;7;1|7\n"
    )
    said = {"decimal": ",", "columns": {"warn_lower": "Yellow"}, "types": {"warn_one_of": "text"}}
    reading = read(tmp_path, "limits.csv", data, said)
    ((_, table),) = reading.tables.items()
    assert {row.key[0]: row.warn_limits for row in table.rows} == {
        "A": {"tolerance": "2%", "nominal": 5},
        "B": [1.5, 2],
        "C": None,
        "D": {"one_of": ["1", "7"]},
    }
    assert {row.key[0]: row.limits for row in table.rows}["A"] == {"nominal": 5, "tolerance": "4%"}
    reading = read(
        tmp_path, "limits.yaml", b"A: {lower: 1, warn_lower: 2, warn_one_of: [3]}\n", {"key": ["measurement"]}
    )
    assert [problem.message for problem in reading.problems if problem.place.file == "limits.yaml"] == [
        "these limits cannot be combined: ge, one_of; use two measurements"
    ]


@pytest.mark.parametrize("name", YAML)
def test_a_table_may_be_yaml(name: str, tmp_path: Path) -> None:
    """Rows in a list, or under the names of what identifies them."""
    text, said = YAML[name]
    assert rows(read(tmp_path, "limits.yaml", text.encode(), said), "limits.yaml") == BOTH


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_at_its_row_and_column(name: str, tmp_path: Path) -> None:
    """All of it in one go, and the sequence cannot be used."""
    data, said, expected = BAD[name]
    reading = read(tmp_path, "limits.csv", data, said)
    assert reading.sequence is None
    told = [problem for problem in reading.problems if problem.place.file == "limits.csv"]
    found = [f"{problem.place.line}:{problem.place.column} {problem.message}" for problem in told]
    assert len(found) == len(expected), found
    for line, begin in zip(found, expected, strict=True):
        assert line.startswith(begin)
