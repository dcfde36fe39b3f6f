"""From a sequence file to the frozen ``Sequence``, or to everything that is wrong with it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sequencer.language.context import Context
from sequencer.language.depends import Dependencies
from sequencer.language.driver_files import DriverFolders
from sequencer.language.drivers import Drivers
from sequencer.language.loader import Document, read_document
from sequencer.language.modules import ModuleBuilder, read_defaults
from sequencer.language.plan import in_running_order
from sequencer.language.problems import Problems
from sequencer.language.reader import Reader
from sequencer.language.scope import Names
from sequencer.language.sources import Sources
from sequencer.language.top_level import TopLevel
from sequencer.vocabulary.model import Module, Sequence
from sequencer.vocabulary.problem import InvalidInput, Problem
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sequence file gave. ``sequence`` is ``None`` when one of the ``problems`` is an error.

    ``sources`` holds the text of every file that a problem may lie in, by the name that places give it.
    """

    sequence: Sequence | None
    problems: list[Problem]
    sources: dict[str, str]


def load(path: Path, project: Path | None = None) -> MappingNode:
    """The YAML of one file with its places. Raises ``InvalidInput`` when it is no YAML mapping."""
    document = read_document(path, project)
    if document.root is None or document.problems:
        raise InvalidInput(document.problems)
    return document.root


def read_sequence(path: Path, *, project: Path | None = None) -> Reading:
    """Reads and checks a sequence file with everything it names. Never raises for what the files hold.

    ``project`` is the project folder (the file's own folder when not said): places are relative to it, and its
    ``drivers`` folder is the first to be searched.
    """
    path = Path(path)
    project = path.parent if project is None else Path(project)
    with _collection_paused():
        document = read_document(path, project)
        return _Builder(document, path, project).reading()


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


class _Builder:
    def __init__(self, document: Document, path: Path, project: Path) -> None:
        self._document = document
        self._path = path
        self._problems = Problems()
        self._sources = Sources()
        self._inputs = {str(path.resolve()): sha256(document.data).hexdigest()}
        self._folders = DriverFolders(path.resolve().parent, project)
        names = Names(self._problems)
        drivers = Drivers(self._folders, project, self._problems, self._sources, self._inputs)
        self._context = Context(self._problems, self._sources, names, drivers)
        self._sources.add(document)

    def reading(self) -> Reading:
        """Everything, in one go."""
        self._problems.broken(self._document.problems)
        sequence = None if self._document.root is None else self._sequence(self._document.root)
        problems = self._problems.listed(self._sources.texts)
        return Reading(None if self._problems.errors else sequence, problems, self._sources.texts)

    def _sequence(self, root: MappingNode) -> Sequence:
        context = self._context
        context.shapes.top.check(root, self._sources.written, self._problems.report)
        context.fixed_text(root, "name", "version", "description")
        top = TopLevel(context, root)
        params = top.params()
        variables = top.variables()
        record = top.record()
        top.drivers()
        modules = self._modules(root)
        context.names.begin_after_run()
        defaults = read_defaults(root, self._context)
        after_run = Reader(context, defaults.on_fail, defaults.timeout)
        after_steps = after_run.steps(root, "after_run")
        context.names.finish()
        top.report_unused()
        on_fail = root.get("on_fail")
        return Sequence(
            name=_text(root, "name") or "",
            version=_text(root, "version"),
            description=_text(root, "description"),
            file=self._document.file,
            sha256=sha256(self._document.data).hexdigest(),
            modules=modules,
            drivers=tuple(each.driver for each in context.drivers.declared.values() if each.driver is not None),
            driver_folders=tuple(str(folder) for folder in self._folders.folders),
            params=params,
            variables=variables,
            record=record,
            on_fail=on_fail if on_fail in ("continue", "stop") else "continue",
            after_run=after_steps,
            after_run_drivers=tuple(sorted(after_run.drivers)),
            inputs=self._inputs,
        )

    def _modules(self, root: MappingNode) -> tuple[Module, ...]:
        builder = ModuleBuilder(self._context, read_defaults(root, self._context))
        plan = in_running_order(builder.plan(root))
        Dependencies(plan, self._problems).resolve()
        return builder.build(plan)


def _text(root: MappingNode, key: str) -> str | None:
    written = root.get(key)
    return written if isinstance(written, str) else None
