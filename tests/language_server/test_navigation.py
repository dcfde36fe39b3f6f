"""Hover, definition, references, rename, quick fixes, the structure of a file: each by what its user does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.language_server.conftest import BLOCKS, SEQUENCE
from tests.language_server.editor import Editor
from tests.later import Later

exceptions = Later("pygls.exceptions")

INCLUDING = SEQUENCE.replace("vars:", "include: parts/bench.yaml\nvars:").replace(
    "          - call: meter.reset\n", "          - use: wake\n            with: {level: 3}\n"
)


@pytest.fixture
def path(editor: Editor, project: Path) -> Path:
    """The sequence, open."""
    path = project / "sequences" / "rail.yaml"
    editor.open(path)
    assert editor.problems(path) == []
    return path


@pytest.fixture
def included(editor: Editor, project: Path) -> tuple[Path, Path]:
    """A sequence that includes a file of blocks; only the sequence is open."""
    blocks = project / "sequences" / "parts" / "bench.yaml"
    blocks.parent.mkdir()
    blocks.write_text(BLOCKS)
    path = project / "sequences" / "rail.yaml"
    path.write_text(INCLUDING)
    editor.open(path)
    assert editor.problems(path) == []
    return path, blocks


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("read_voltage", "The voltage of a channel."),
        ("meter.read", "A multimeter."),
        ("limits", "limit"),
        ("volts > nominal", "save: volts"),
        ("nominal - 1", "nominal: 5.0"),
        ("serial }}", "Scan the board"),
        ('rails"', "rails:"),
        ("bench.Meter", "class Meter"),
    ],
)
def test_a_word_is_explained(editor: Editor, path: Path, word: str, said: str) -> None:
    """A method by its docstring, a key by its schema, a name by where it is declared."""
    assert said in (editor.hover(path, word) or "")


def test_nothing_is_said_where_there_is_nothing_to_say(editor: Editor, path: Path) -> None:
    """The text of a name is a person's."""
    assert editor.hover(path, "Rail check") is None


@pytest.mark.parametrize(
    ("word", "file", "line"),
    [
        ("read_voltage", "drivers/bench.py", 9),
        ("bench.Meter", "drivers/bench.py", 3),
        ("meter.reset", "sequences/rail.yaml", 7),
        ("volts > nominal", "sequences/rail.yaml", 20),
        ("nominal - 1", "sequences/rail.yaml", 5),
        ("serial }}", "sequences/rail.yaml", 3),
        ('rails"', "sequences/rail.yaml", 12),
    ],
)
def test_a_name_leads_to_its_declaration(
    editor: Editor, path: Path, project: Path, word: str, file: str, line: int
) -> None:
    """In the sequence or in the driver's source; lines count from 0."""
    assert editor.definition(path, word) == [(project / file, line)]


def test_an_included_file_a_block_and_a_table_row_are_found(editor: Editor, included: tuple[Path, Path]) -> None:
    """Each from where it is named."""
    path, blocks = included
    assert editor.definition(path, "parts/bench") == [(blocks, 0)]
    assert editor.definition(path, "wake\n") == [(blocks, 1)]
    assert editor.definition(path, "level: 3") == [(blocks, 2)]
    (path.parent / "rails.csv").write_text("measurement,ge,le,unit\nother,1,2,V\n5 V rail,4.8,5.2,V\n")
    text = INCLUDING.replace("limits: [4.8, 5.2]", "limits: {table: rails}").replace(
        "vars:", "tables:\n  rails: {file: rails.csv}\nvars:"
    )
    editor.type(path, text)
    assert {each[4] for each in editor.problems(path)} <= {"unused-row"}
    assert editor.definition(path, "rails}\n") == [(path.parent / "rails.csv", 2), (path, 6)]
    assert editor.definition(path, "rails.csv") == [(path.parent / "rails.csv", 0)]


def test_all_uses_of_a_name_are_found(editor: Editor, included: tuple[Path, Path]) -> None:
    """Also in a file that is not open, and in expressions in texts."""
    path, blocks = included
    assert editor.references(path, "meter: bench") == [(path, 8), (path, 17), (blocks, 4)]
    assert editor.references(path, "nominal: 5") == [(path, 6), (path, 22), (blocks, 7)]
    assert editor.references(path, "volts\n") == [(path, 21), (path, 22), (path, 23)]
    assert editor.references(path, "rails:") == [(path, 13), (path, 25)]


def test_a_driver_is_renamed_everywhere(editor: Editor, included: tuple[Path, Path], project: Path) -> None:
    """In the sequence, in what it includes, and in the configuration."""
    path, blocks = included
    (project / "hardseq.toml").write_text("[drivers.meter]\naddress = 'x'\n")
    editor.saved(path)
    changed = editor.rename(path, "meter: bench", "dmm")
    assert changed == {
        path: INCLUDING.replace("meter:", "dmm:").replace("meter.", "dmm."),
        blocks: BLOCKS.replace("meter.", "dmm."),
        project / "hardseq.toml": "[drivers.dmm]\naddress = 'x'\n",
    }


def test_a_variable_and_a_case_are_renamed(editor: Editor, included: tuple[Path, Path]) -> None:
    """A variable where it is set and read; a case where it is written and depended on."""
    path, blocks = included
    changed = editor.rename(path, "nominal - 1", "wanted")
    assert changed == {path: INCLUDING.replace("nominal", "wanted"), blocks: BLOCKS.replace("nominal", "wanted")}
    changed = editor.rename(path, "level: 3", "lowest")
    assert changed == {path: INCLUDING.replace("level", "lowest"), blocks: BLOCKS.replace("level", "lowest")}
    changed = editor.rename(path, "rails:", "all_rails")
    assert changed == {path: INCLUDING.replace("rails:\n", "all_rails:\n").replace("::rails", "::all_rails")}


@pytest.mark.parametrize(
    ("word", "name", "reason"),
    [
        ("volts\n", "Volts", "cannot be a name"),
        ("volts\n", "nominal", "already"),
        ("volts\n", "params", "reserved"),
        ("rails:", "ripple", "already"),
        ("meter: bench", "class", "cannot be the name of a driver"),
        ("serial:", "number", "cannot be renamed"),
        ("Rail check", "x", "there is no"),
    ],
)
def test_a_bad_name_is_refused(editor: Editor, path: Path, word: str, name: str, reason: str) -> None:
    """With the reason, and nothing is changed."""
    with pytest.raises(exceptions.JsonRpcException, match=reason):
        editor.rename(path, word, name)


def test_nothing_is_renamed_beside_an_error(editor: Editor, path: Path) -> None:
    """What has an error was not read whole: the name could stand in it, and would be left there."""
    editor.type(path, SEQUENCE.replace("limits: [4.8, 5.2]", "limits: ${{ volts"))
    with pytest.raises(exceptions.JsonRpcException, match="mend this first"):
        editor.rename(path, "volts > nominal", "rail_volts")


def test_a_hint_is_a_quick_fix(editor: Editor, path: Path) -> None:
    """The name that was meant takes the place of the one that was written; the text has no problem then."""
    for meant, written in (
        ("meter.read_voltage", "metr.read_voltage"),
        ("meter.read_voltage", "meter.read_voltag"),
        ("unit: V", "unt: V"),
        ("volts > nominal", "volt > nominal"),
        ("::rails", "::rail"),
        ("check: volts > nominal - 1", 'check: "${{ volts > nominal - 1 }}"'),
    ):
        editor.type(path, SEQUENCE.replace(meant, written, 1))
        assert editor.problems(path) != []
        editor.type(path, editor.fixed(path))
        assert editor.problems(path) == []


def test_the_structure_is_shown_and_folded(editor: Editor, path: Path) -> None:
    """Modules, cases and steps, also while the text is not valid YAML."""
    editor.type(path, SEQUENCE.replace("limits: [4.8, 5.2]", "limits: [4.8"))
    names = {"modules/power/rails/measure: 5 V rail", "modules/power/ripple", "drivers/meter", "vars/nominal"}
    assert names <= set(editor.symbols(path))
    assert {(8, 26), (12, 22), (14, 22), (15, 20)} <= set(editor.folds(path))
