from __future__ import annotations

import ast
import importlib
import os
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from sequencer.app.exit_codes import ExitCode
from sequencer.cli.main import command_line
from sequencer.language.read import read_sequence
from sequencer.panel.page_constants import constants_script
from sequencer.panel.patches import page_script
from sequencer.project.settings import Settings
from sequencer.report.schema import field_tables

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
TYPES = {
    "string": "text",
    "boolean": "true or false",
    "integer": "integer",
    "number": "number",
    "object": "table",
    "array": "array of text",
}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(command_line))


def section(text: str, heading: str) -> str:
    """The part of a page under a heading, without the sections below that have their own."""
    _, _, rest = text.partition(f"\n{heading}\n")
    return re.split(r"\n##+ ", rest)[0]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_and_option_is_documented(name: str) -> None:
    """Each command has its section in the reference, and each of its options stands there."""
    page = (REFERENCE / "commands.md").read_text("utf-8")
    described = section(page, f"## `hardseq {name}`") or section(page, f"### `hardseq {name}`")
    assert described, f"docs/reference/commands.md has no section for hardseq {name}"
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option):
            longest = max(parameter.opts, key=len)
            assert f"`{longest}" in described, f"{longest} of hardseq {name} is not documented"


def setting_rows(kind: type[Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The heading and the table row for every setting."""
    for field in fields(kind):
        if "section" in field.metadata:
            yield from setting_rows(field.metadata["section"], (*path, field.name))
            continue
        if "named" in field.metadata:
            yield from setting_rows(field.metadata["named"], (*path, "NAME"))
            continue
        if not field.metadata:  # the name itself
            continue
        schema = field.metadata["schema"]
        value = ", ".join(f'`"{choice}"`' for choice in schema.get("enum", ())) or TYPES[schema["type"]]
        default = "required" if field.metadata.get("required") else shown_default(schema.get("default"))
        environment = f" Also `{field.metadata['env']}`." if field.metadata["env"] else ""
        level = "###" if "NAME" in path else "##"
        heading = f"{level} `[{'.'.join(path)}]`" if path else "## At the top"
        yield heading, f"| `{field.name}` | {value} | {default} | {schema['description']}{environment} |"


def shown_default(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f'`"{default}"`' if isinstance(default, str) else f"`{default:g}`"


@pytest.mark.parametrize(("heading", "row"), [*setting_rows(Settings)])
def test_every_setting_is_documented(heading: str, row: str) -> None:
    """Each setting stands in the reference with its values, its default and the words of the schema."""
    page = (REFERENCE / "configuration.md").read_text("utf-8")
    assert row in section(page, heading)


WRITTEN = {
    REFERENCE / "report.md": field_tables,
    ROOT / "sequencer" / "panel" / "static" / "js" / "blank.js": page_script,
    ROOT / "sequencer" / "panel" / "static" / "js" / "constants.js": constants_script,
}
"""After a change of the report's model that is meant: ``HARDSEQ_UPDATE_GOLDEN=1 pytest tests/test_docs.py``."""


@pytest.mark.parametrize("file", list(WRITTEN), ids=lambda file: file.name)
def test_what_is_written_from_the_model_is_in_step(file: Path) -> None:
    """The tables of the reference, what a page begins with and its lists are those that the program makes."""
    text, made = file.read_text("utf-8"), WRITTEN[file]()
    if file.suffix == ".md":
        made = text.partition("\n## Fields\n")[0] + "\n## Fields\n\n" + made
    if os.environ.get("HARDSEQ_UPDATE_GOLDEN"):
        file.write_text(made, encoding="utf-8", newline="\n")
    assert file.read_text("utf-8") == made


def test_every_exit_code_is_documented() -> None:
    """The reference tells what each exit code means."""
    described = section((REFERENCE / "commands.md").read_text("utf-8"), "## Exit codes")
    assert all(f"| {code.value} |" in described for code in ExitCode)


ARCHITECTURE = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
CHANGES = ARCHITECTURE.partition("## Where do I change ...")[2].partition("## Generated code")[0]


@pytest.mark.parametrize(
    "what",
    ["verb", "limit operator", "field of a dialog", "export", "page", "command", "setting", "language", "store"],
)
def test_what_to_change_for_each_kind_of_thing_is_told(what: str) -> None:
    """Each kind of thing that is added to hardseq has its list of files."""
    assert re.search(rf"^### An? {what}$\n\n- `", CHANGES, re.MULTILINE)


def test_the_files_to_change_are_there() -> None:
    """Every file and folder that the list names exists; who moves one is led to the list."""
    named = set(re.findall(r"`((?:sequencer|docs|schemas|tests)/[^`]*)`", CHANGES))
    assert len(named) > 40
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
    walk = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", ARCHITECTURE.split("## The rooms")[0])
    assert sorted(name for name in walk if not (ROOT / "sequencer" / name).exists()) == []


PAGES = sorted(ROOT.glob("docs/**/*.md"))


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file that is there."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_index_leads_to_every_page() -> None:
    """No page of the documentation can only be found by chance."""
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#:]+)", index.read_text("utf-8"))}
    assert [page.name for page in PAGES if page.resolve() not in linked and page != index] == []


TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
DRIVERS = "\n\n".join(re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL))
SEQUENCES = [*re.findall(r"```yaml\n(.*?)```", TUTORIAL + (ROOT / "README.md").read_text("utf-8"), re.DOTALL)]


@pytest.mark.parametrize("number", range(len(SEQUENCES)))
def test_the_sequences_of_the_tutorial_are_clean(number: int, tmp_path: Path) -> None:
    """What a reader copies from the tutorial or the README passes the check, with the drivers that stand there."""
    for name, text in {"drivers/bench.py": DRIVERS, "sequences/rails.yaml": SEQUENCES[number]}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    reading = read_sequence(tmp_path / "sequences" / "rails.yaml", project=tmp_path)
    assert reading.problems == []


def test_the_tutorials_mistakes_are_told_as_it_says(tmp_path: Path) -> None:
    """The problems that the tutorial shows are those of the mistakes that it asks for."""
    wrong = SEQUENCES[0].replace("channel: 2", "chanel: 2").replace("limits: [", "limit: [")
    for name, text in {"drivers/bench.py": DRIVERS, "sequences/rails.yaml": wrong}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    problems = read_sequence(tmp_path / "sequences" / "rails.yaml", project=tmp_path).problems
    assert len(problems) == 3
    for problem in problems:
        assert f"{problem.place}: error: {problem.message} [{problem.code}]" in TUTORIAL
        assert f"= hint: {problem.hint}\n" in TUTORIAL


def test_the_relay_card_of_the_drivers_page_is_whole(tmp_path: Path) -> None:
    """What a reader copies from "Write and use drivers" is a sequence, its driver and a simulated one."""
    page = (ROOT / "docs" / "how-to" / "drivers.md").read_text("utf-8")
    drivers = [text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "relay_card.py" in text]
    (sequence,) = (
        text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if text.startswith("name: Relays")
    )
    both = "drivers:\n  relays: {use: relay_card.RelayCard, simulate: relay_card.SimulatedRelayCard}\n"
    (tmp_path / "relay_card.py").write_text("\n\n".join(drivers), encoding="utf-8")
    for number, text in enumerate([sequence, re.sub(r"drivers:\n.*\n", both, sequence)]):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
        assert read_sequence(tmp_path / f"{number}.yaml", project=tmp_path).problems == []


def test_scripts_take_from_the_tests_what_is_there() -> None:
    """No test runs the pictures' scripts: what they and the benchmarks import of the tests exists."""
    taken = [
        (path.name, node.module, each.name)
        for path in (*ROOT.glob("docs/pictures/*.py"), *ROOT.glob("benchmarks/*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.")
        for each in node.names
    ]
    assert taken
    assert [one for one in taken if not hasattr(importlib.import_module(str(one[1])), one[2])] == []
