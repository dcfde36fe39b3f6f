"""What is the same rule in several places is written in one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sequencer.panel.tables import csv

PACKAGE = Path(__file__).parents[2] / "sequencer"


@pytest.mark.parametrize(
    ("written", "owner"),
    [
        (r'"failed", "error", "stopped"\)', "vocabulary/status.py"),
        (r"\^\[a-z\]\[a-z0-9_\]\*\$", "vocabulary/regex.py"),
        (r'"=", "\+", "-", "@"', "report/exports/csv_rows.py"),
        (r"\.is_loopback\b", "project/address.py"),
        (r'"en", "de"', "project/settings.py"),
    ],
    ids=["bad statuses", "the pattern of an id", "spreadsheet formulas", "loopback addresses", "languages"],
)
def test_a_rule_stands_in_one_file(written: str, owner: str) -> None:
    """Whoever needs it imports it: two copies drift, and one of them is wrong then."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(written, path.read_text(encoding="utf-8"))
    }
    assert found == {owner}


def test_a_table_of_the_panel_holds_no_formula_behind_blanks() -> None:
    """Some programs trim what they import; the tables of pages are as careful as the report's own."""
    (line,) = csv([["  =1+1", "@x", "plain", 3]])
    assert line == "'  =1+1,'@x,plain,3\r\n"
