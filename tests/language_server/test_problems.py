"""Problems are published while one types: those of ``hardseq check``, each at its own file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from sequencer.cli.main import command_line
from tests.language_server.conftest import SEQUENCE
from tests.language_server.editor import Editor, until


def checked(path: Path) -> list[tuple[int, int, str]]:
    """What ``hardseq check`` says of a file: line and column from 0, and the code."""
    result = CliRunner().invoke(command_line, ["check", str(path), "--format", "json"])
    return [(each["line"] - 1, each["column"] - 1, each["code"]) for each in json.loads(result.stdout)]


def test_what_is_wrong_is_told_while_one_types_and_goes_when_it_is_mended(editor: Editor, project: Path) -> None:
    """A misspelt method appears with its hint, also in an unsaved text, and is gone after the next change."""
    path = project / "sequences" / "rail.yaml"
    editor.open(path)
    assert editor.problems(path) == []
    editor.type(path, SEQUENCE.replace("meter.read_voltage", "meter.read_voltag"))
    (line, start, _, end, code, message), *_ = editor.problems(path)
    assert (line, start, end, code) == (16, 24, 35, "unknown-method")
    assert message.endswith("\nhint: did you mean `read_voltage`?")
    editor.type(path, SEQUENCE)
    assert editor.problems(path) == []


def test_broken_yaml_is_told_as_check_tells_it(editor: Editor, project: Path) -> None:
    """In the middle of a word the text is not valid YAML; its problem is at its place, and the only one."""
    path = project / "sequences" / "rail.yaml"
    broken = SEQUENCE.replace("limits: [4.8, 5.2]", "limits: [4.8, ")
    editor.open(path, broken)
    found = [(*each[:2], each[4]) for each in editor.problems(path)]
    path.write_text(broken)
    assert found == checked(path)
    assert found[0][2] == "yaml-syntax"


def test_columns_are_counted_in_utf_16(editor: Editor, project: Path) -> None:
    """An umlaut is one unit, an emoji two: the caret of the editor stands under the misspelt name."""
    path = project / "sequences" / "rail.yaml"
    editor.open(path, SEQUENCE.replace('"only ${{ volts }} V', '"nür 🔋🔋 ${{ volt }} V'))
    (line, start, _, end, code, _), *_ = editor.problems(path)
    written = '            message: "nür 🔋🔋 ${{ '
    assert (line, start, end) == (22, len(written) + 2, len(written) + 2 + len("volt"))
    assert code == "undefined-name"


def test_problems_of_an_included_file_are_told_there(editor: Editor, project: Path) -> None:
    """The unsaved text of a file of blocks counts in the sequence that includes it; its problems are its own."""
    blocks = project / "blocks.yaml"
    blocks.write_text("steps:\n  wake:\n    - call: meter.reset\n")
    path = project / "sequences" / "rail.yaml"
    path.write_text(
        SEQUENCE.replace("vars:", "include: ../blocks.yaml\nvars:").replace("- call: meter.reset", "- use: wake")
    )
    editor.open(blocks)
    assert editor.problems(blocks) == []
    editor.type(blocks, "steps:\n  wake:\n    - call: meter.rest\n")
    assert [each[4] for each in editor.problems(blocks)] == ["unknown-method"]
    editor.open(path)
    assert editor.problems(path) == []
    editor.leave(blocks)
    editor.texts.pop(blocks)
    until(lambda: editor.told(blocks) == [])


def test_a_driver_saved_elsewhere_is_read_again(editor: Editor, project: Path) -> None:
    """A method that the driver's source no longer has is told once the file is saved."""
    path, driver = project / "sequences" / "rail.yaml", project / "drivers" / "bench.py"
    editor.open(path)
    assert editor.problems(path) == []
    driver.write_text(driver.read_text().replace("def reset", "def restart"))
    editor.saved(driver)
    until(lambda: [each[4] for each in editor.told(path)] == ["unknown-method"])


def test_an_error_of_the_configuration_is_told_at_the_configuration(editor: Editor, project: Path) -> None:
    """No sequence runs with it, so that a person who writes one has to know."""
    (project / "hardseq.toml").write_text("tests_name = 5\n")
    path = project / "sequences" / "rail.yaml"
    editor.open(path)
    assert editor.problems(path) == []
    until(lambda: [each[4] for each in editor.told(project / "hardseq.toml")] != [])


def test_other_files_are_left_alone(editor: Editor, project: Path) -> None:
    """A YAML file that is no sequence and that none includes has no problems of hardseq's, and nothing is offered."""
    other = project / "mkdocs.yml"
    other.write_text("site_name: x\nnav: []\n\n")
    editor.open(other)
    assert editor.problems(other) == []
    assert editor.completion(other, 2, 0) == []
    editor.type(other, "\n")
    assert {"name", "modules"} <= set(editor.completion(other, 0, 0))


def test_blocks_that_nothing_includes_are_left_alone(editor: Editor, tmp_path: Path) -> None:
    """A file of blocks is no sequence with mistakes, also where nothing says which project it is of."""
    blocks = tmp_path.resolve() / "bench.yaml"
    blocks.write_text("cases:\n  wake: {steps: [{wait: 1 s}]}\nmodules:\n  all:\n    cases:\n      one: {use: wake}\n")
    editor.open(blocks)
    assert editor.problems(blocks) == []
    assert "timeout" in editor.completion(blocks, 5, 12)
