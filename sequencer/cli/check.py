"""``hardseq check``: every problem of every file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.run_choice import sequences_of
from sequencer.project.project_folder import Project, open_project
from sequencer.project.shared_drivers import shared_driver_problems
from sequencer.terminal.output import say, say_json
from sequencer.terminal.problem_output import counted, problem_document, show_problems
from sequencer.vocabulary.problem import InvalidInput, Place, Problem

if TYPE_CHECKING:
    from sequencer.language import ReadResult
    from sequencer.project.toml_places import TomlPath
    from sequencer.vocabulary.model import SequenceDefinition


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
    readings: dict[Path, ReadResult] = {}
    files = _files(paths)
    found = [(problem, project) for file, project in files for problem in _problems(file, project, readings)]
    found = [*_refusals(files, readings), *found]
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


def _problems(file: Path, project: Project, readings: dict[Path, ReadResult]) -> list[Problem]:
    """Every problem of a sequence file or, for a ``.toml``, of the project's configuration.

    ``readings`` keeps what was read: the configuration's drivers are those of the sequences.
    """
    from sequencer.language import read_sequence

    def read(sequence: Path) -> ReadResult:
        sequence = sequence.absolute()
        if sequence not in readings:
            readings[sequence] = read_sequence(
                sequence, project=project.folder, stand=project.settings.stand.recorded()
            )
        return readings[sequence]

    if file.suffix != ".toml":
        return [*read(file).problems, *_code_problems(read(file).sequence)]
    problems = [*project.problems, *_without_sequence(project), *_without_logo(project), *_without_label(project)]
    if project.settings.drivers or project.settings.slots.places:
        from sequencer.language.drivers.declared import stand_driver_problems

        found = [read(sequence) for sequence in sequences_of(project.folder, project)]
        problems += stand_driver_problems(project.text, file.name, project.settings, [each.drivers for each in found])
        problems += _slot_problems(project, found)
    if project.settings.slots.places:
        from sequencer.language.checks.slot_codes import slot_code_problems
        from sequencer.language.checks.slot_instruments import same_instrument_problems

        params = [param for each in found if each.sequence is not None for param in each.sequence.params]
        problems += slot_code_problems(project.text, file.name, project.settings, params)
        drivers = [driver for each in found if each.sequence is not None for driver in each.sequence.drivers]
        problems += same_instrument_problems(project.text, file.name, project.settings, drivers)
    return problems


def _slot_problems(project: Project, found: Iterable[ReadResult]) -> list[Problem]:
    """What of the configuration's slots does not go with the drivers that the sequences share."""
    assert project.file is not None
    shared = frozenset[str]().union(*(each.shared for each in found))
    return shared_driver_problems(project.text, project.file.name, project.settings, shared)


def _code_problems(sequence: SequenceDefinition | None) -> list[Problem]:
    """What steps of other packages would make of it: code that cannot be used shows when it is compiled."""
    if sequence is None or not sequence.extensions:
        return []
    from sequencer.compiler.compile import compile_sequence

    try:
        compile_sequence(sequence, folder=Path.cwd())
    except InvalidInput as invalid:
        return invalid.problems
    return []


def _refusals(
    files: list[tuple[Path, Project]], readings: Mapping[Path, ReadResult]
) -> Iterator[tuple[Problem, Project]]:
    """The errors of configurations that are not among ``files``, and with which none of their sequences runs."""
    named = {file for file, _ in files}
    for project in {project.folder: project for _, project in files}.values():
        if project.file not in named:
            yield from ((problem, project) for problem in project.problems if problem.severity == "error")
            found = [readings[file] for file, owner in files if owner.folder == project.folder]
            yield from ((problem, project) for problem in (_slot_problems(project, found) if project.file else ()))


def _without_sequence(project: Project) -> list[Problem]:
    """The configuration's choices whose file is not there."""
    return [
        _of_setting(
            project, ("test_configs", index, "file"), "unreadable-file", f"there is no sequence file {choice.file}"
        )
        for index, choice in enumerate(project.settings.test_configs)
        if choice.file and not (project.folder / choice.file).is_file()
    ]


def _without_logo(project: Project) -> list[Problem]:
    """The logo that no sheet can show; runs and reports do without it."""
    logo = project.settings.frontend.logo
    if logo is None:
        return []
    from sequencer.project.logo import read_logo
    from sequencer.project.pictures import NoPicture

    try:
        read_logo(project.folder, logo)
    except NoPicture as none:
        return [_of_setting(project, ("frontend", "logo"), none.code, str(none))]
    return []


def _without_label(project: Project) -> list[Problem]:
    """What keeps labels from being printed; runs do without them."""
    if project.settings.label.template is None or project.settings.label.printer is None:
        return []
    from sequencer.app.labels import label_template
    from sequencer.report.label import NoLabel

    try:
        label_template(project)
    except NoLabel as none:
        return [_of_setting(project, ("label", "template"), "bad-label", str(none))]
    return []


def _of_setting(project: Project, path: TomlPath, code: str, message: str) -> Problem:
    """A problem at the value of a setting."""
    from sequencer.project.toml_places import toml_places

    span = toml_places(project.text.replace("\r\n", "\n"))[path].value
    return Problem(code, message, Place(project.file.name if project.file else "", *span))


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
