"""One value in a TOML text is set, and nothing else changes."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.project.toml_edit import with_text_value

PATH = ("drivers", "dmm", "address")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[drivers.dmm]\naddress = "X"\n'),
        ("# only this", '# only this\n\n[drivers.dmm]\naddress = "X"\n'),
        (
            "[drivers.dmm]\n# why\nrate = 1 # one\n\n[b]\n",
            '[drivers.dmm]\naddress = "X"\n# why\nrate = 1 # one\n\n[b]\n',
        ),
        ("[drivers.dmm] # head\naddress = 'old' # why\n", '[drivers.dmm] # head\naddress = "X" # why\n'),
        ("drivers.dmm.address = '''a\nb''' # why\n", 'drivers.dmm.address = "X" # why\n'),
        ("[drivers]\ndmm = {rate = 1}\n", '[drivers]\ndmm = {address = "X", rate = 1}\n'),
        ("[drivers]\ndmm = {}\n", '[drivers]\ndmm = {address = "X"}\n'),
        ("[drivers.dmm]\r\naddress = 1\r\n", '[drivers.dmm]\r\naddress = "X"\r\n'),
        ("[drivers.dmm]", '[drivers.dmm]\naddress = "X"\n'),
    ],
)
def test_the_rest_stays_as_it_is(before: str, after: str) -> None:
    """Comments, order and line ends; a missing table is made at the end."""
    assert with_text_value(before, PATH, "X") == after


@pytest.mark.parametrize(
    "text",
    [
        "[drivers]\ndmm.rate = 1\n",
        "drivers = {other = {a = 1}}\n",
        "drivers = 5\n",
        "[drivers\n",
        "[drivers]\ndmm = [1]\n",
    ],
)
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    """Rather no change than one that means something else."""
    with pytest.raises(ValueError, match=r"takes no further line|is not a table|not valid TOML"):
        with_text_value(text, PATH, "X")


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"\\'), min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    tables=st.dictionaries(NAMES, st.dictionaries(NAMES, TEXTS, max_size=3), max_size=3),
    path=st.tuples(NAMES, NAMES),
    value=TEXTS,
)
def test_any_text_can_be_a_value(tables: dict[str, dict[str, str]], path: tuple[str, str], value: str) -> None:
    """Whatever names and values are made of, the result means what was there and the new value."""
    text = ""
    for table in tables:
        for name, each in tables[table].items():
            text = with_text_value(text, (table, name), each)
    wanted: dict[str, Any] = {name: dict(table) for name, table in tables.items() if table}
    wanted.setdefault(path[0], {})[path[1]] = value
    assert tomllib.loads(with_text_value(text, path, value)) == wanted
