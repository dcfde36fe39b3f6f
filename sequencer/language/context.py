"""What all parts of one reading share: problems, files, names in scope, drivers, compiled checks."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.language.drivers.declared import DriverSection
from sequencer.language.expressions import ExpressionChecker
from sequencer.language.mentions import Mentions
from sequencer.language.packages import UsedPackages
from sequencer.language.problems import Problems
from sequencer.language.scope import VariableNames
from sequencer.language.shapes.all import shapes
from sequencer.language.slot_blocks import SyncPoint
from sequencer.language.tables.files import TableFiles
from sequencer.language.tables.matrix import Matrix
from sequencer.language.yaml.sources import SourceTexts
from sequencer.steps import step_types
from sequencer.steps.base import StepType
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.extension import UnusableExtension, sources
from sequencer.vocabulary.model import LimitTable
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.times import parse_duration
from sequencer.vocabulary.tree import MappingNode


class ReadContext:
    """One reading.

    ``limit_tables`` are by name, ``None`` for one that cannot be used; ``table_places`` say for a step where it names
    one, ``table_sections`` where one is declared.
    """

    def __init__(
        self,
        *,
        problems: Problems,
        sources: SourceTexts,
        names: VariableNames,
        drivers: DriverSection,
        tables: TableFiles,
        stand: Mapping[str, Data],
        packages: UsedPackages,
        mentions: Mentions,
    ) -> None:
        self.mentions = mentions
        self.packages = packages
        self.problems = problems
        self.sources = sources
        self.names = names
        self.drivers = drivers
        self.tables = tables
        self.matrix = Matrix(problems, sources, tables)
        self.stand = stand
        self.expressions = ExpressionChecker(problems, sources, names)
        self.shapes = shapes()
        self.step_types = step_types()
        self.sync_points: dict[str, SyncPoint] = {}
        self.limit_tables: Mapping[str, LimitTable | None] = {}
        self.table_places: dict[Place, Place] = {}
        self.table_sections: dict[str, Place] = {}
        self._usable: dict[str, StepType | UnusableExtension] = {}

    def step_type(self, verb: str, place: Place) -> StepType | None:
        """What stands behind a verb that there is; one that cannot be used is reported, and ``None``."""
        found = self._usable.get(verb)
        if found is None:
            found = self._usable[verb] = self._find_step_type(verb)
        if isinstance(found, UnusableExtension):
            self.problems.report("unusable-extension", str(found), place)
            return None
        return found

    def _find_step_type(self, verb: str) -> StepType | UnusableExtension:
        # Of a verb that hardseq has as well, nobody knows which one the sequence was written for.
        if (clash := self.step_types.clash(verb)) is not None:
            return clash
        try:
            found = self.step_types[verb]
            self.shapes.step(found)
        except UnusableExtension as unusable:
            return unusable
        except Exception as error:  # whatever a schema of another package makes it raise
            if verb in self.step_types.own:
                raise
            return self.step_types.announced[verb][0].unusable(f"its schema is not supported: {error}")
        for announced in self.step_types.announced.get(verb, ()):
            self.packages.add(announced, *sources(announced.module))
        return found

    def check_step(self, step_type: StepType, node: MappingNode) -> frozenset[str]:
        """The keys of a step that are not as its verb wants them; they are reported."""
        return self.shapes.step(step_type).check(node, self.sources, self.problems.report)

    def condition(self, node: MappingNode, what: str) -> str | None:
        """The expression under ``if``, ``None`` when it is always true; one that is always false is warned about."""
        written = node.get("if")
        if written is None or written is True:
            return None
        place = node.value_place("if")
        if written is False or self.expressions.condition(str(written), place) is False:
            self.problems.report("unreachable", f"this {what} never runs", place, severity="warning")
            return "false"
        return str(written).strip()

    def timeout(self, node: MappingNode) -> float | None:
        """The seconds under ``timeout``, ``None`` when there is none or it was wrong."""
        written = node.get("timeout")
        try:
            seconds = None if written is None else parse_duration(written)
        except ValueError:
            return None  # the schema's check has said so
        if seconds == 0:
            place = node.value_place("timeout")
            self.problems.report("wrong-value", "`timeout` must be longer than 0", place)
        return seconds or None
