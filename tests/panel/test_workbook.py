"""Workbooks: what is in their cells is what was given, and nothing in them is a formula."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.panel import workbook as module
from sequencer.panel.workbook import workbook

NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def _sheets(rows: Sequence[Sequence[object]], most_rows: int = 100) -> list[list[list[object]]]:
    """What stands in a workbook of these rows, read as the standard says; a formula is an error."""
    with workbook("Runs", rows, most_rows=most_rows) as file, zipfile.ZipFile(file) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("xl/worksheets/sheet"))
        trees = [ElementTree.fromstring(archive.read(name)) for name in names]
    assert not any(tree.findall(".//m:f", NAMES) for tree in trees)
    return [[[_cell(cell) for cell in row] for row in tree.findall(".//m:row", NAMES)] for tree in trees]


def _cell(cell: ElementTree.Element) -> object:
    kind, value = cell.get("t"), cell.find("m:v", NAMES)
    if kind == "inlineStr":
        return "".join(part.text or "" for part in cell.iterfind(".//m:t", NAMES))
    assert value is not None and value.text is not None
    return value.text == "1" if kind == "b" else float(value.text)


def test_cells_are_what_was_given() -> None:
    """Numbers, truth and times are such; a serial number that looks like a formula, a number or a link is a text."""
    moment = datetime(2026, 6, 26, 9, 30, tzinfo=UTC)
    rows = [("serial", "n"), ("=1+1", 1), ("0012", 2.5), ("http://x", True), ("+x", moment), ("@x", float("nan"))]
    ((heading, *found),) = _sheets(rows)
    assert heading == ["serial", "n"]
    assert [row[0] for row in found] == ["=1+1", "0012", "http://x", "+x", "@x"]
    assert [row[1] for row in found] == [1.0, 2.5, True, pytest.approx(46199.3958333333), "nan"]


@given(st.text(st.characters(exclude_categories=["Cc"], exclude_characters="_"), min_size=1, max_size=20))
def test_any_text_stays(text: str) -> None:
    """Letters of all alphabets, halves of letters from drivers included."""
    ((_, (found, _)),) = _sheets([("a", "b"), (text, 1)])
    assert found == text.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize(("count", "sheets"), [(0, [0]), (4, [4]), (5, [4, 1]), (8, [4, 4])])
def test_what_is_too_long_for_a_sheet_goes_on_in_the_next(count: int, sheets: list[int]) -> None:
    """Each with the heading; no row is lost, and none is empty."""
    found = _sheets([("n",), *((number,) for number in range(count))], most_rows=5)
    assert [len(sheet) - 1 for sheet in found] == sheets
    assert [row[0] for sheet in found for row in sheet[1:]] == [float(number) for number in range(count)]
    assert {tuple(sheet[0]) for sheet in found} == {("n",)}


def test_excel_has_so_many_rows_and_letters() -> None:
    """The bounds are those of Excel, and a longer text is cut rather than lost."""
    assert module.MOST_ROWS == 2**20
    ((_, (long,)),) = _sheets([("a",), ("x" * 40_000,)])
    assert long == "x" * 32_767
