"""What is read of the open files: the sequences among them, and those that include the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sequencer.app.checking import Checking
from sequencer.app.run_choice import sequences_of
from sequencer.language import ReadResult
from sequencer.language_server.documents import OpenDocument, OpenDocuments
from sequencer.project.project_folder import SEQUENCE_SUFFIXES, Project, open_project
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Problem

_MODULES = re.compile(r"^modules[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A sequence that was read, and every problem of it with the project that its places are relative to."""

    path: Path
    project: Project
    result: ReadResult
    problems: tuple[tuple[Problem, Project], ...]

    @property
    def files(self) -> frozenset[Path]:
        """The files that it was read from."""
        return self.result.files | {self.path}


class Readings:
    """Reads the sequences that open files belong to, again when one of their files changes. For one thread at a time.

    A file of blocks belongs to the sequences of its project that include it.
    """

    def __init__(self) -> None:
        self.current: dict[Path, Reading] = {}
        self._projects: dict[Path, Project] = {}
        self._included: dict[Path, list[Path]] = {}

    def update(self, documents: OpenDocuments, changed: frozenset[Path] | None) -> None:
        """Reads what is to be read after ``changed`` files changed in the editor; ``None``: anything may have changed,
        on the disk too."""
        if changed is None:
            self._forget_all()
        self.current = {path: each for path, each in self.current.items() if not (changed or set()) & each.files}
        self._included = {path: users for path, users in self._included.items() if path in documents}
        unsaved = {path: document.text.encode("utf-8", "surrogatepass") for path, document in documents.items()}
        wanted: dict[Path, None] = {}
        for document in documents.values():
            if document.path.suffix in SEQUENCE_SUFFIXES:
                wanted.update(dict.fromkeys(self._sequences(document, unsaved)))
        self.current = {path: self._reading(path, unsaved) for path in wanted}

    def of(self, path: Path) -> list[Reading]:
        """The readings that a file has a part in."""
        return [reading for reading in self.current.values() if path in reading.files]

    def _forget_all(self) -> None:
        self.current = {}
        self._projects = {}
        self._included = {}

    def project(self, path: Path) -> Project:
        """The project of a file."""
        if path.parent not in self._projects:
            self._projects[path.parent] = open_project(path)
        return self._projects[path.parent]

    def _sequences(self, document: OpenDocument, unsaved: dict[Path, bytes]) -> Iterator[Path]:
        """The sequences that an open file is a part of."""
        path, project = document.path, self.project(document.path)
        among = path in {file.resolve() for file in sequences_of(project.folder, project)}
        if among and (project.file is not None or path.parent.name == "sequences"):
            yield path
            return
        if path not in self._included:
            self._included[path] = list(self._including(path, project, unsaved))
        including = [each for each in self._included[path] if path in self._reading(each, unsaved).files]
        yield from including
        if not including and (document.language == "hardseq" or _MODULES.search(document.text)):
            yield path

    def _including(self, path: Path, project: Project, unsaved: dict[Path, bytes]) -> Iterator[Path]:
        """The sequences of the project that read a file; those that are open anyway are among them."""
        for file in sequences_of(project.folder, project):
            sequence = file.resolve()
            if (
                b"include" in (unsaved.get(sequence) or _held(sequence))
                and path in self._reading(sequence, unsaved).files
            ):
                yield sequence

    def _reading(self, path: Path, unsaved: dict[Path, bytes]) -> Reading:
        if path not in self.current:
            project = self.project(path)
            checking = Checking(unsaved)
            problems = tuple(checking.problems([(path, project)]))
            self.current[path] = Reading(path, project, checking.read(path, project), problems)
        return self.current[path]


def _held(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
