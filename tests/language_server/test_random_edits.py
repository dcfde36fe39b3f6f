"""Whatever is typed: the server goes on, and what it published last is what ``hardseq check`` says of the texts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from tests.effort import examples
from tests.language_server.conftest import BLOCKS, SEQUENCE
from tests.language_server.editor import Editor, Told, types, until

TABLES = "include: parts/bench.yaml\ntables:\n  rails: {file: rails.csv}\nvars:"
INCLUDING = SEQUENCE.replace("vars:", TABLES).replace(
    "          - call: meter.reset\n",
    "          - use: wake\n            with: {level: 3}\n"
    "          - {measure: other, call: meter.read_voltage, with: {channel: 2}, limits: {table: rails}}\n",
)
PIECES = [
    " ", "  ", "\n", "\n          - ", ":", ": ", "- ", "{", "}", "[", "]", "'", '"', "|", ">", "#",
    "&a ", "*a", "<<: ",
    "\t", "ü", "🔋", "\u2028", "\r\n", "${{ ", " }}", "volts", "params.", "meter.", "wait: 1 s", "call: meter.reset",
    "limits: [1, 2]", "!!str ", "%", "@", "`", ",", "---", "e\u0301",
    "repeat: 3\n            steps:\n              - ",
]  # fmt: skip
"""What is typed: words of sequences, and what breaks YAML or is counted differently by editors."""


def edited(text: str, chance: random.Random) -> str:
    """The text after one edit: something typed, deleted, doubled or moved."""
    at = chance.randrange(len(text) + 1)
    kind = chance.randrange(6)
    if kind <= 2 or not text:
        return text[:at] + chance.choice(PIECES) + text[at:]
    if kind == 3:
        return text[:at] + text[at + chance.randrange(1, 9) :]
    lines = text.split("\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    if kind == 4:
        return "\n".join([*lines[:one], lines[other], *lines[one:]])
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def checked(path: Path) -> dict[Path, set[Told]]:
    """What ``hardseq check`` says of a sequence, by file, counted as an editor counts."""
    result = CliRunner().invoke(command_line, ["check", str(path), "--format", "json"])
    found: dict[Path, set[Told]] = {}
    for each in json.loads(result.stdout):
        file = Path(each["file"]).resolve()
        lines = file.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
        start = units(lines, each["line"], each["column"])
        end = units(lines, each["end_line"], each["end_column"])
        hint = f"\nhint: {each['hint']}" if each["hint"] else ""
        found.setdefault(file, set()).add((*start, *end, each["code"], each["message"] + hint))
    return found


def units(lines: list[str], line: int, column: int) -> tuple[int, int]:
    """A place in UTF-16; what lies beyond the text is its end."""
    if line > len(lines):
        line, column = len(lines), len(lines[-1]) + 1
    return line - 1, len(lines[line - 1][: column - 1].encode("utf-16-le")) // 2


def ask_anything(editor: Editor, path: Path, chance: random.Random) -> None:
    """Everything that can be asked, somewhere in the text: an error would be raised here."""
    lines = editor.texts[path].split("\n")
    line = chance.randrange(len(lines))
    document = types.TextDocumentIdentifier(path.as_uri())
    at = types.Position(line, chance.randrange(len(lines[line]) + 1))
    client = editor.client
    editor.wait(client.text_document_completion_async(types.CompletionParams(document, at)))
    editor.wait(client.text_document_hover_async(types.HoverParams(document, at)))
    editor.wait(client.text_document_definition_async(types.DefinitionParams(document, at)))
    context = types.ReferenceContext(True)
    editor.wait(client.text_document_references_async(types.ReferenceParams(context, document, at)))
    editor.wait(client.text_document_prepare_rename_async(types.PrepareRenameParams(document, at)))
    editor.wait(client.text_document_document_symbol_async(types.DocumentSymbolParams(document)))
    editor.wait(client.text_document_folding_range_async(types.FoldingRangeParams(document)))
    published = editor.published.get(path.as_uri())
    context = types.CodeActionContext(diagnostics=[] if published is None else list(published.diagnostics))
    whole = types.Range(types.Position(0, 0), at)
    editor.wait(client.text_document_code_action_async(types.CodeActionParams(document, whole, context)))


def wait_for_the_same(editor: Editor, expected: dict[Path, set[Told]], files: list[Path]) -> None:
    """Until the problems of all files are those that are expected."""
    until(lambda: all(set(editor.told(each)) == expected.get(each, set()) for each in files))


@pytest.mark.slow
def test_after_random_edits_the_problems_are_those_of_a_check(editor: Editor, project: Path) -> None:
    """In a sequence and in what it includes; nothing stale is left, and nothing that can be asked is an error."""
    path, blocks = project / "sequences" / "rail.yaml", project / "sequences" / "parts" / "bench.yaml"
    blocks.parent.mkdir()
    table = path.parent / "rails.csv"
    table.write_text("measurement,ge,le,unit\nother,1,2,V\n")
    originals = {path: INCLUDING, blocks: BLOCKS}
    for file, text in originals.items():
        file.write_text(text)
        editor.open(file)
    for number in range(examples(50)):
        chance = random.Random(number)
        file = path if chance.random() < 0.7 else blocks
        # Now and then all is well again: what was told before must be gone.
        text = originals[file] if chance.random() < 0.1 else edited(editor.texts[file], chance)
        file.write_bytes(text.encode())
        editor.type(file, text)
        if number % 5 == 0:
            ask_anything(editor, file, chance)
        editor.problems(file)
        wait_for_the_same(editor, checked(path), [path, blocks, table])
