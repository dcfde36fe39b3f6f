"""``hardseq import``: a project of another test program becomes one of hardseq."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.terminal.output import say

if TYPE_CHECKING:
    from sequencer.migration.hardpy_project import ImportedProject

NOTES = "import-notes.md"


@click.group("import")
def command() -> None:
    """Import a project of another test program."""


@command.command("hardpy")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the new project; default: DIR with `_hardseq` behind its name, in this folder.",
)
def import_hardpy_project(folder: Path, output: Path | None) -> ExitCode:
    """Import the HardPy project in DIR: its Python is read, never run.

    Exits with 1 when something was not understood; all else is written then, too. No file is overwritten.
    """
    from sequencer.migration.hardpy_project import NothingToImport, import_hardpy
    from sequencer.terminal.problem_output import counted, show_problems

    target = output or Path(f"{folder.absolute().name or 'project'}_hardseq")
    if target.absolute() == folder.absolute():
        raise Refusal(f"{target} is the HardPy project itself", hint="name another folder: -o FOLDER")
    try:
        project = import_hardpy(folder, target)
    except NothingToImport as nothing:
        show_problems(nothing.problems, folder)
        raise Refusal(f"{folder} has no tests", hint=f"looked for functions `test*` in {nothing}") from None
    except RecursionError:
        raise Refusal(f"{folder}: its Python is nested too deeply to be read") from None
    texts = _texts(project)
    _refuse_to_overwrite(target, [*texts, *project.copies])
    for name, text in texts.items():
        _write(target / name, text)
    for name, source in project.copies.items():
        _copy(source, target / name)
    show_problems([each for each in project.findings.problems if each.severity == "error"], folder)
    say(f"made {target} of {project.cases} tests: {counted(project.findings.problems)}", bold=True)
    for name in sorted([*texts, *project.copies]):
        say(f"  {name}")
    say(f"read {target / NOTES}, then: hardseq check {target}")
    return ExitCode.PASSED if project.findings.complete else ExitCode.FAILED


def _texts(project: ImportedProject) -> dict[str, str]:
    """The files to write. The configuration has what hardseq knows of the old one; secrets go to ``.env``."""
    from sequencer.cli.init_configuration import configuration_text, dotenv_text, setting_options
    from sequencer.cli.schema import schema_text
    from sequencer.migration.configuration import usable
    from sequencer.project.settings_reader import read_settings

    known = [option.path for option in setting_options()]
    given = usable(project.configuration, known, project.findings)
    if not project.choices:
        given.setdefault(("tests_name",), project.title)
    text = configuration_text(project.title, given) + project.choices_text()
    for problem in read_settings(text, "hardseq.toml", {}).problems:
        if problem.severity == "error":
            project.findings.at_line("not-imported", "hardpy.toml", f"in hardseq.toml: {problem.message}")
    texts = {"hardseq.toml": text, **project.texts, ".gitignore": ".env\n.hardseq/\n"}
    texts |= {f"schemas/{name}.schema.json": schema_text(name) for name in ("sequence", "config")}
    if dotenv := dotenv_text(given):
        texts[".env"] = dotenv
    return {**texts, NOTES: project.findings.page(project.title)}


def _refuse_to_overwrite(target: Path, names: list[str]) -> None:
    present = [name for name in names if os.path.lexists(target / name)]
    if present:
        shown = ", ".join(present[:5]) + (f" and {len(present) - 5} more" if len(present) > 5 else "")
        raise Refusal(f"{target} already has {shown}", hint="nothing was written; choose another folder")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if file.name == ".env" else 0o666
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(opened, "w", encoding="utf-8", newline="\n") as out:
        out.write(text)


def _copy(source: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as old, file.open("xb") as new:
        shutil.copyfileobj(old, new)
