"""``hardseq compile``: the generated pytest project, for a person to read, keep and run."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.project.project_folder import open_project
from sequencer.terminal.output import say
from sequencer.terminal.problem_output import show_problems
from sequencer.vocabulary.problem import InvalidInput


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), help="The folder to write to."
)
def command(file: Path, folder: Path | None) -> ExitCode:
    """Write FILE as a pytest project that plain `pytest` runs with the same verdicts (default folder: NAME_pytest)."""
    from sequencer.compiler.project import write_project

    if not file.is_file():
        raise Refusal(f"{file} is not a file")
    folder = Path(f"{file.stem}_pytest") if folder is None else folder
    project = open_project(file)
    try:
        names, problems = write_project(file, project=project.folder, folder=folder)
    except InvalidInput as invalid:
        show_problems(invalid.problems, project.folder)
        return ExitCode.INVALID
    show_problems(problems, project.folder)
    say(f"wrote {', '.join(names)}")
    say(f"run it with: pytest {folder}")
    return ExitCode.PASSED
