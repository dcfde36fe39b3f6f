"""Files with several records, in each form that programs write them in, and what is wrong at its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.records.files import files_in, records_in
from sequencer.records.record import Origin
from sequencer.report.exports.csv_rows import to_csv
from tests.records.read import HARDPY, OPENHTF, document, record

ONE, OTHER = document(OPENHTF / "pass.json"), document(HARDPY / "fail.json")
FORMS: dict[str, Callable[[list[Any]], str]] = {
    "list": json.dumps,
    "indented": lambda records: json.dumps(records, indent=4),
    "runs": lambda records: json.dumps({"runs": records}),
    "docs": lambda records: json.dumps({"docs": records}),
    "all_docs": lambda records: json.dumps(
        {"total_rows": 3, "rows": [{"id": "_design/x", "doc": {}}, *({"id": "a", "doc": each} for each in records)]}
    ),
    "lines": lambda records: "\n\n".join(map(json.dumps, records)) + "\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_with_several_records_gives_each(form: str, encoding: str, tmp_path: Path) -> None:
    """Of different programs, too, in UTF-8 and UTF-16."""
    path = tmp_path / "records.json"
    path.write_text(FORMS[form]([ONE, OTHER]), encoding)
    found = list(records_in(path, Origin))
    assert [each.record.report["imported"]["program"] for each in found if each.record] == ["OpenHTF", "HardPy"]
    assert len(found) == 2


def test_csv_of_any_encoding_is_read(tmp_path: Path) -> None:
    """As the page downloads it, with a byte order mark."""
    report = record(OPENHTF / "fail.json").report
    path = tmp_path / "run.csv"
    path.write_text(to_csv(report), "utf-8-sig", newline="")
    (found,) = records_in(path, Origin)
    assert found.record is not None
    assert found.record.report["id"] == report["id"]


def test_what_is_wrong_has_its_line(tmp_path: Path) -> None:
    """In JSON Lines that of the file, in a list that of the entry; the others are read."""
    bad = {**ONE, "outcome": "GOOD"}
    lines = tmp_path / "a.jsonl"
    lines.write_text("\n".join([json.dumps(ONE), json.dumps(bad), "{", json.dumps(OTHER)]))
    found = list(records_in(lines, Origin))
    assert [each.record is not None for each in found] == [True, False, False, True]
    assert [each.problem.place.line for each in found if each.problem] == [2, 3]
    whole = tmp_path / "b.json"
    whole.write_text(json.dumps([ONE, bad], indent=1))
    _, (none, problem, _) = records_in(whole, Origin)
    assert (none, problem is not None) == (None, True)
    assert problem is not None
    line = whole.read_text().splitlines()[problem.place.line - 1]
    assert line[problem.place.column - 1 :].startswith('"GOOD"')


def test_folders_are_gone_through(tmp_path: Path) -> None:
    """By name, folders in folders too; hidden files, other files and links to folders are left out."""
    for name in ("b/2.json", "a.CSV", "b/1.jsonl", "c.txt", ".hidden/3.json", "b/.4.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    with suppress(OSError):  # Windows lets few people make one
        (tmp_path / "d").symlink_to(tmp_path / "b", target_is_directory=True)
    assert [path.relative_to(tmp_path).as_posix() for path in files_in(tmp_path)] == ["a.CSV", "b/1.jsonl", "b/2.json"]
