"""What is read of the open files: the sequences among them, and those that include the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock

from sequencer.app.checking import Checking
from sequencer.app.run_choice import sequences_of
from sequencer.language import ReadResult, read_sequence
from sequencer.language.mentions import Mention, Mentions
from sequencer.language_server.documents import OpenDocument, OpenDocuments
from sequencer.language_server.recovery import recovered
from sequencer.language_server.schemas import is_blocks_text
from sequencer.project.project_folder import SEQUENCE_SUFFIXES, Project, open_project
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Problem

_NOT_YAML = ("yaml-syntax", "nested-too-deeply")
_MODULES = re.compile(r"^modules[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A sequence that was read, and every problem of it with the project that its places are relative to.

    ``problems`` are of the text as it is. Where that is not valid YAML, ``result`` and ``mentions`` are of what was
    read before (``is_stale``), then of the text as far as it is YAML (``Readings.recover``). ``files`` are all that it
    was read from.
    """

    path: Path
    project: Project
    result: ReadResult
    problems: tuple[tuple[Problem, Project], ...]
    mentions: dict[Mention, None]

    files: frozenset[Path]
    is_stale: bool = False


class Readings:
    """Reads the sequences that open files belong to, again when one of their files changes. Threads wait here.

    A file of blocks belongs to the sequences of its project that include it. ``current`` is what was read last, whole:
    while files are read again it stays as it is.
    """

    def __init__(self) -> None:
        self.current: Mapping[Path, Reading] = {}
        self._read: dict[Path, Reading] = {}
        self._lock = Lock()
        self._projects: dict[Path, Project] = {}
        self._included: dict[Path, list[Path]] = {}

    def update(self, documents: OpenDocuments, changed: frozenset[Path] | None) -> None:
        """Reads what is to be read after ``changed`` files changed in the editor; ``None``: anything may have changed,
        on the disk too."""
        with self._lock:
            self._update(documents, changed)

    def _update(self, documents: OpenDocuments, changed: frozenset[Path] | None) -> None:
        if changed is None:
            self._forget_all()
        self._read = {path: each for path, each in self._read.items() if not (changed or set()) & each.files}
        self._included = {path: users for path, users in self._included.items() if path in documents}
        unsaved = {path: document.text.encode("utf-8", "surrogatepass") for path, document in documents.items()}
        wanted: dict[Path, None] = {}
        for document in documents.values():
            if document.path.suffix in SEQUENCE_SUFFIXES:
                wanted.update(dict.fromkeys(self._sequences(document, unsaved)))
        self.current = self._read = {path: self._reading(path, unsaved) for path in wanted}

    def of(self, path: Path) -> tuple[Reading, ...]:
        """The readings that a file has a part in, as they were read last."""
        return tuple(reading for reading in self.current.values() if path in reading.files)

    def of_project(self, path: Path, documents: OpenDocuments) -> list[Reading]:
        """The readings of all sequences of a file's project, and of those that it has a part in."""
        unsaved = {each: document.text.encode("utf-8", "surrogatepass") for each, document in documents.items()}
        with self._lock:
            project = self.project(path)
            self._read = dict(self._read)
            sequences = dict.fromkeys([file.resolve() for file in sequences_of(project.folder, project)])
            return [self._reading(each, unsaved) for each in {**dict.fromkeys(self.current), **sequences}]

    def _forget_all(self) -> None:
        self._read = {}
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
        if not including and _MODULES.search(document.text) and not is_blocks_text(document.text):
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
        if path not in self._read:
            project = self.project(path)
            checking = Checking(unsaved)
            mentions = checking.mentions[path] = Mentions(wanted=True)
            problems = tuple(checking.problems([(path, project)]))
            result = checking.read(path, project)
            is_stale = any(problem.code in _NOT_YAML for problem, _ in problems)
            reading = Reading(path, project, result, problems, mentions.found, result.files | {path}, is_stale)
            before = self.current.get(path) if is_stale else None
            if before is not None:
                result = replace(before.result, sources=result.sources)
                reading = replace(reading, result=result, mentions=before.mentions)
            self._read[path] = reading
        return self._read[path]

    @property
    def is_stale(self) -> bool:
        """Whether names are of a text before the one that was read."""
        return any(reading.is_stale for reading in self.current.values())

    def recover(self, documents: OpenDocuments) -> None:
        """Reads what is not valid YAML as far as it is, for the names in it; the problems stay."""
        with self._lock:
            unsaved = {path: document.text.encode("utf-8", "surrogatepass") for path, document in documents.items()}
            self.current = self._read = {
                path: self._recovered(reading, unsaved) if reading.is_stale else reading
                for path, reading in self._read.items()
            }

    def _recovered(self, reading: Reading, unsaved: dict[Path, bytes]) -> Reading:
        readable = dict(unsaved)
        for file in unsaved.keys() & reading.files:
            text = recovered(unsaved[file].decode("utf-8", "replace"))
            if text is not None:
                readable[file] = text.encode()
        mentions = Mentions(wanted=True)
        again = read_sequence(
            reading.path,
            project=reading.project.folder,
            stand=reading.project.settings.stand.recorded(),
            unsaved=readable,
            mentions=mentions,
        )
        result = replace(again, sources=reading.result.sources)
        return replace(reading, result=result, mentions=mentions.found, is_stale=False)


def _held(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
