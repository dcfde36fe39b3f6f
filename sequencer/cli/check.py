"""``hardseq check``: every problem of every file."""

from __future__ import annotations

from pathlib import Path

import click

from sequencer.app.checking import Checking
from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.run_choice import sequences_of
from sequencer.project.project_folder import Project, open_project
from sequencer.terminal.output import say, say_json
from sequencer.terminal.problem_output import counted, problem_document, show_problems


@click.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How problems are written; default: text.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--watch", is_flag=True, help="Check again whenever a file of the project changes, until Ctrl-C.")
def command(paths: tuple[Path, ...], form: str, strict: bool, watch: bool) -> ExitCode:
    """Check sequence files, configurations, or whole project folders (default: this folder).

    Exits with 0 when there are no errors, with 1 when there are.
    """
    paths = paths or (Path(),)
    if watch:
        from sequencer.app.watch import watch_and_repeat

        return watch_and_repeat(paths, lambda: _check(paths, form, strict))
    return _check(paths, form, strict)


def _check(paths: tuple[Path, ...], form: str, strict: bool) -> ExitCode:
    found = Checking().problems(_files(paths))
    problems = [problem for problem, _ in found]
    if form == "json":
        say_json([problem_document(problem, project.folder) for problem, project in found])
    else:
        for problem, project in found:
            show_problems([problem], project.folder, err=False)
        say(counted(problems), err=True, bold=True)
    severities = {problem.severity for problem in problems}
    bad = "error" in severities or (strict and "warning" in severities)
    return ExitCode.FAILED if bad else ExitCode.PASSED


def _files(paths: tuple[Path, ...]) -> list[tuple[Path, Project]]:
    """The files meant, each once, with their projects. Raises ``Refusal`` for a path that leads nowhere."""
    files: dict[Path, Project] = {}
    for path in paths:
        if not path.exists():
            raise Refusal(f"{path} does not exist")
        project = open_project(path)
        if path.is_file():
            if path.suffix == ".toml" and path.absolute() != project.file:
                raise Refusal(
                    f"{path} is not a configuration file that hardseq reads", hint="its name must be hardseq.toml"
                )
            files.setdefault(path.absolute(), project)
            continue
        if project.file is not None and project.file.parent == path.absolute():
            files.setdefault(project.file, project)
        sequences = sequences_of(path, project)
        if not sequences and not files:
            raise Refusal(f"there is no sequence in {path.absolute()}", hint="`hardseq init` makes a project that runs")
        for file in sequences:
            files.setdefault(file.absolute(), project)
    return list(files.items())
