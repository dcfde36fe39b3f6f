"""Every problem of sequence files and configurations: what ``hardseq check`` tells, and an editor while one types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.app.run_choice import sequences_of
from sequencer.project.project_folder import Project
from sequencer.project.shared_drivers import shared_driver_problems
from sequencer.vocabulary.problem import InvalidInput, Place, Problem

if TYPE_CHECKING:
    from sequencer.language import ReadResult
    from sequencer.language.mentions import Mentions
    from sequencer.project.toml_places import TomlPath
    from sequencer.vocabulary.model import SequenceDefinition


class Checking:
    """One check of files with their projects. ``readings`` keeps what was read: the configuration's drivers are those
    of the sequences.

    ``mentions`` takes the names of those sequences for which it has something to take them.
    ``unsaved`` is what an editor has of files, by their resolved paths: it counts instead of what the disk has.
    """

    def __init__(self, unsaved: Mapping[Path, bytes] | None = None) -> None:
        self.readings: dict[Path, ReadResult] = {}
        self.mentions: dict[Path, Mentions] = {}
        self._unsaved = unsaved

    def problems(self, files: list[tuple[Path, Project]]) -> list[tuple[Problem, Project]]:
        """Every problem of sequence files or, for a ``.toml``, of the project's configuration.

        First come the errors of configurations that are not among ``files``: with them none of their sequences runs.
        """
        found = [(problem, project) for file, project in files for problem in self._problems(file, project)]
        return [*self._refusals(files), *found]

    def read(self, sequence: Path, project: Project) -> ReadResult:
        """A sequence file of a project, read once."""
        from sequencer.language import read_sequence

        sequence = sequence.absolute()
        if sequence not in self.readings:
            self.readings[sequence] = read_sequence(
                sequence,
                project=project.folder,
                stand=project.settings.stand.recorded(),
                unsaved=self._unsaved,
                mentions=self.mentions.get(sequence),
            )
        return self.readings[sequence]

    def _problems(self, file: Path, project: Project) -> list[Problem]:
        if file.suffix != ".toml":
            reading = self.read(file, project)
            return [*reading.problems, *_code_problems(reading.sequence)]
        problems = [*project.problems, *_without_sequence(project), *_without_logo(project), *_without_label(project)]
        if project.settings.drivers or project.settings.slots.places:
            from sequencer.language.drivers.declared import stand_driver_problems

            found = [self.read(sequence, project) for sequence in sequences_of(project.folder, project)]
            problems += stand_driver_problems(
                project.text, file.name, project.settings, [each.drivers for each in found]
            )
            problems += _slot_problems(project, found)
        if project.settings.slots.places:
            from sequencer.language.checks.slot_codes import slot_code_problems
            from sequencer.language.checks.slot_instruments import same_instrument_problems

            params = [param for each in found if each.sequence is not None for param in each.sequence.params]
            problems += slot_code_problems(project.text, file.name, project.settings, params)
            drivers = [driver for each in found if each.sequence is not None for driver in each.sequence.drivers]
            problems += same_instrument_problems(project.text, file.name, project.settings, drivers)
        return problems

    def _refusals(self, files: list[tuple[Path, Project]]) -> Iterator[tuple[Problem, Project]]:
        named = {file for file, _ in files}
        for project in {project.folder: project for _, project in files}.values():
            if project.file not in named:
                yield from ((problem, project) for problem in project.problems if problem.severity == "error")
                found = [self.read(file, project) for file, owner in files if owner.folder == project.folder]
                yield from ((problem, project) for problem in (_slot_problems(project, found) if project.file else ()))


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
