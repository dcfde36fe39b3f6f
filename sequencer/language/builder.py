"""Builds the frozen ``SequenceDefinition`` out of everything that the other files of this layer read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.language.blocks import Includes, Library
from sequencer.language.checks.depends import Dependencies
from sequencer.language.checks.evidence import warn_of_missing_evidence
from sequencer.language.checks.skipped_dependencies import SkippedDependencies
from sequencer.language.checks.slots import warn_of_slots
from sequencer.language.checks.stand_facts import check_stand_facts
from sequencer.language.context import ReadContext
from sequencer.language.drivers.declared import DriverSection
from sequencer.language.drivers.files import DriverFolders
from sequencer.language.drivers.source import DriverTarget
from sequencer.language.mentions import Mentions
from sequencer.language.modules import ModuleBuilder, read_defaults
from sequencer.language.packages import UsedPackages
from sequencer.language.plan import in_running_order
from sequencer.language.planner import Planner
from sequencer.language.problems import Problems
from sequencer.language.reader import CaseStepReader
from sequencer.language.scope import VariableNames
from sequencer.language.tables.files import TableFiles
from sequencer.language.top_level import TopLevel
from sequencer.language.yaml.loader import Document
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.model import LimitTable, Module, SequenceDefinition
from sequencer.vocabulary.problem import Problem
from sequencer.vocabulary.tree import MappingNode

if TYPE_CHECKING:
    from sequencer.language.variants import VariantSection


class SequenceBuilder:
    """One pass over one sequence file."""

    def __init__(
        self,
        document: Document,
        path: Path,
        project: Path,
        stand: Mapping[str, Data] | None = None,
        *,
        unsaved: Mapping[Path, bytes] | None = None,
        mentions: Mentions | None = None,
    ) -> None:
        mentions = mentions or Mentions()
        self._document = document
        self._path = path
        self._problems = Problems()
        self._sources = SourceTexts(project, unsaved)
        self._inputs = {str(path.resolve()): sha256(document.data).hexdigest()}
        self._folders = DriverFolders(path.resolve().parent, project)
        packages = UsedPackages(self._inputs)
        names = VariableNames(self._problems, mentions)
        drivers = DriverSection(
            self._folders,
            project=project,
            problems=self._problems,
            sources=self._sources,
            inputs=self._inputs,
            packages=packages,
            mentions=mentions,
        )
        self._tables = TableFiles(self._problems, self._sources, self._inputs, mentions)
        self._context = ReadContext(
            problems=self._problems,
            sources=self._sources,
            names=names,
            drivers=drivers,
            tables=self._tables,
            stand=stand or {},
            packages=packages,
            mentions=mentions,
        )
        self._includes = Includes(
            self._problems, self._sources, project, self._inputs, shapes=self._context.shapes, mentions=mentions
        )
        self._sources.add(document, path)

    def build(self) -> tuple[SequenceDefinition | None, list[Problem], dict[str, str]]:
        """The sequence (``None`` when there is an error), all problems, and the text of every file they lie in."""
        self._problems.broken(self._document.problems)
        root = self._document.root
        if root is not None and self._includes.is_blocks_file(root):
            self._refuse_blocks(root)
            root = None
        sequence = None if root is None else self._sequence(root)
        problems = self._problems.listed(self._sources.texts)
        return None if self._problems.errors else sequence, problems, self._sources.texts

    @property
    def files(self) -> frozenset[Path]:
        """After ``build``: the files that were read, resolved."""
        return frozenset(map(Path, self._inputs))

    @property
    def drivers(self) -> dict[str, DriverTarget | None]:
        """After ``build``: the declared drivers and what their sources say of them."""
        return {name: declared.target for name, declared in self._context.drivers.calls.declared.items()}

    @property
    def tables(self) -> dict[str, LimitTable]:
        """After ``build``: the limit tables that can be used, by name."""
        return {name: table for name, table in self._context.limit_tables.items() if table is not None}

    @property
    def shared(self) -> frozenset[str]:
        """After ``build``: the names of the shared ones."""
        declared = self._context.drivers.calls.declared.values()
        return frozenset(each.name for each in declared if each.driver is not None and each.driver.shared)

    def _refuse_blocks(self, root: MappingNode) -> None:
        message = "this file has blocks for sequences to include; it is not a sequence itself"
        hint = "a sequence has `modules`, and `cases` inside them"
        first = "steps" if "steps" in root else "cases"
        self._problems.report("blocks-file", message, root.key_place(first), hint=hint)
        self._includes.offered(root, self._path)

    def _sequence(self, root: MappingNode) -> SequenceDefinition:
        context = self._context
        bad = context.shapes.top.check(root, self._sources, self._problems.report)
        top = TopLevel(context, root)
        params = top.params()
        varying = self._variant_section(root)
        variables = top.variables()
        variants = None if varying is None else varying.read()
        before = self._problems.errors
        if "tables" in root:
            # Imported here: most sequences have none.
            from sequencer.language.tables.limit_table import TableSection

            context.limit_tables = TableSection(root, context).read()
        of_tables = self._problems.errors - before
        record = top.record(bad)
        check_stand_facts(root.get("stand"), context.stand, self._problems.report)
        own = () if varying is None else varying.names
        top.drivers({name: value for name, value in variables.items() if name not in own})
        library = self._includes.library(root, self._path)
        modules = self._modules(root, library)
        params = top.asked_each_run(params, record, modules)
        if varying is not None:
            params = varying.with_choice(params, variants)
        drivers = [each.driver for each in context.drivers.calls.declared.values() if each.driver is not None]
        warn_of_slots(modules, drivers, variables, params, self._problems.report)
        context.names.begin_after_run()
        defaults = read_defaults(root, self._context)
        # Each of these steps stands on its own, whatever the steps of a case do after a failure.
        after_run = CaseStepReader(context, library, default_timeout=defaults.timeout, after_run=True)
        after_steps = after_run.steps(root, "after_run")
        warn_of_missing_evidence(after_steps, self._problems.report)
        context.names.finish()
        top.report_unused()
        if varying is not None and "variants" not in bad:
            varying.report_unused()
        for place in library.unused():
            message = "nothing from this file is used"
            self._problems.report("unused-include", message, place, severity="warning")
        on_fail = root.get("on_fail")
        sequence = SequenceDefinition(
            name=_text(root, "name") or "",
            version=_text(root, "version"),
            description=_text(root, "description"),
            file=self._document.file,
            sha256=self._digest(),
            modules=modules,
            drivers=tuple(drivers),
            driver_folders=tuple(str(folder) for folder in self._folders.folders),
            params=params,
            variables=variables,
            variants=variants,
            tables=tuple(self.tables.values()),
            record=record,
            on_fail=on_fail if on_fail in ("continue", "stop") else "continue",
            after_run=after_steps,
            inputs=self._inputs,
            extensions=dict(sorted(context.packages.versions.items())),
        )
        if variants is not None or sequence.tables:
            # Imported here: most sequences have neither.
            from sequencer.language.checks.variants import VariantCheck

            check = VariantCheck(sequence, root, context.table_places, self._problems, context.mentions)
            check.report(complete=self._problems.errors == of_tables)
            sequence = replace(sequence, tables=check.tables())
        return sequence

    def _variant_section(self, root: MappingNode) -> VariantSection | None:
        if "variants" not in root:
            return None
        # Imported here: most sequences have none.
        from sequencer.language.variants import variant_section

        return variant_section(root, self._context)

    def _modules(self, root: MappingNode, library: Library) -> tuple[Module, ...]:
        plan = in_running_order(Planner(self._context, library).plan(root))
        dependencies = Dependencies(plan, self._problems, self._sources, self._context.mentions)
        dependencies.resolve()
        modules = ModuleBuilder(self._context, read_defaults(root, self._context)).build(plan)
        SkippedDependencies(plan, modules, dependencies.wanted, self._problems).warn()
        return modules

    def _digest(self) -> str:
        """Of the file itself, then of what it includes, then of its tables."""
        digest = sha256(self._document.data)
        for files in (self._includes.files, self._tables.files):
            for path in sorted(files):
                digest.update(files[path])
        return digest.hexdigest()


def _text(root: MappingNode, key: str) -> str | None:
    written = root.get(key)
    return written if isinstance(written, str) else None
