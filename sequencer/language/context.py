"""What all parts of one reading share: problems, files, names in scope, drivers, compiled checks."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.language.drivers.declared import DriverSection
from sequencer.language.expressions import ExpressionChecker
from sequencer.language.problems import Problems
from sequencer.language.scope import VariableNames
from sequencer.language.shapes.all import shapes
from sequencer.language.tables.matrix import Matrix
from sequencer.language.yaml.sources import SourceTexts
from sequencer.steps import step_types
from sequencer.steps.base import StepType
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.times import parse_duration
from sequencer.vocabulary.tree import MappingNode


class ReadContext:
    """One reading."""

    def __init__(
        self,
        *,
        problems: Problems,
        sources: SourceTexts,
        names: VariableNames,
        drivers: DriverSection,
        matrix: Matrix,
        stand: Mapping[str, Data],
    ) -> None:
        self.problems = problems
        self.sources = sources
        self.names = names
        self.drivers = drivers
        self.matrix = matrix
        self.stand = stand
        self.expressions = ExpressionChecker(problems, sources, names)
        self.shapes = shapes()
        self.step_types: Mapping[str, StepType] = step_types()

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
