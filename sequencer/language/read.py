"""The way in: a sequence file is read, checked and built."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from sequencer.language.builder import SequenceBuilder
from sequencer.language.drivers.source import DriverTarget
from sequencer.language.mentions import Mentions
from sequencer.language.yaml.loader import read_document
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import LimitTable, SequenceDefinition
from sequencer.vocabulary.problem import InvalidInput, Problem
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a sequence file gave. ``sequence`` is ``None`` when one of the ``problems`` is an error.

    ``sources`` holds the text of every file that a problem may lie in, by the name that places give it; ``drivers``
    says what each declared driver is, ``None`` of one that was not found; ``shared`` are those that slots share;
    ``tables`` are the limit tables that can be used, by name; ``files`` are all files that were read, resolved.
    """

    sequence: SequenceDefinition | None
    problems: list[Problem]
    sources: dict[str, str]
    drivers: Mapping[str, DriverTarget | None] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    tables: Mapping[str, LimitTable] = field(default_factory=dict)
    files: frozenset[Path] = frozenset()


def load(path: Path, project: Path | None = None) -> MappingNode:
    """The YAML of one file with its places. Raises ``InvalidInput`` when it is not a YAML mapping."""
    document = read_document(path, project)
    if document.root is None or document.problems:
        raise InvalidInput(document.problems)
    return document.root


def read_sequence(
    path: Path,
    *,
    project: Path | None = None,
    stand: Mapping[str, Data] | None = None,
    unsaved: Mapping[Path, bytes] | None = None,
    mentions: Mentions | None = None,
) -> ReadResult:
    """Reads and checks a sequence file with everything it names. Never raises for what the files hold.

    ``project`` is the project folder (default: the folder of the file): places are relative to it, and its
    ``drivers`` folder is the first to be searched. ``stand`` are the facts that the stand's configuration records; the
    sequence may not say other ones. ``unsaved`` is what an editor has of files, by their resolved paths: it counts
    instead of what the disk has. ``mentions`` takes the names that the sequence declares and uses.
    """
    path = Path(path)
    project = path.parent if project is None else Path(project)
    with _collection_paused():
        document = read_document(path, project, unsaved=unsaved)
        builder = SequenceBuilder(document, path, project, stand, unsaved=unsaved, mentions=mentions)
        return ReadResult(*builder.build(), builder.drivers, builder.shared, builder.tables, builder.files)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """A large file becomes a million objects that all stay: looking through them for garbage again and again costs a
    third of the time and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
