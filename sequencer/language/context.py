"""What all parts of one reading share: problems, files, names in scope, drivers, compiled checks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sequencer.domain.duration import parse_duration
from sequencer.domain.expression import OPENING
from sequencer.language.drivers import Drivers
from sequencer.language.expressions import ExpressionChecker
from sequencer.language.problems import Problems
from sequencer.language.schema import case_properties, module_properties, step_properties, top_properties
from sequencer.language.schema_parts import DRIVER, ID_PATTERN, PARAM
from sequencer.language.scope import Names
from sequencer.language.shapes import NamedShape, Shape, ValueCheck
from sequencer.language.sources import Sources
from sequencer.steps import step_types
from sequencer.steps.base import StepType
from sequencer.vocabulary.tree import MappingNode


class Shapes:
    """The compiled checks of everything a file may say."""

    def __init__(self) -> None:
        read_apart: dict[str, Any] = {"drivers": {"type": "object"}, "params": {"type": "object"}}
        top = {**top_properties(), **read_apart, "modules": {"type": "object", "minProperties": 1}}
        self.top = Shape("a sequence", top, ("name", "modules"), ignored="x-")
        cases = {"type": "object", "minProperties": 1}
        self.module = Shape("a module", {**module_properties(), "cases": cases})
        self.case = Shape("a case", case_properties())
        self.driver = ValueCheck(DRIVER)
        self.param = ValueCheck(PARAM)
        self._steps: dict[str, Shape] = {}

    def step(self, step_type: StepType) -> Shape:
        """The check of a step with this verb."""
        shape = self._steps.get(step_type.verb)
        if shape is None:
            required = (step_type.verb, *sorted(step_type.required))
            shape = Shape(f"`{step_type.verb}`", step_properties(step_type), required)
            self._steps[step_type.verb] = shape
        return shape

    @staticmethod
    def ids(what: str) -> NamedShape:
        """The check of names that people choose, ``what`` they name."""
        return NamedShape(what, ID_PATTERN)


@cache
def shapes() -> Shapes:
    """The compiled checks, made once a process."""
    return Shapes()


class Context:
    """One reading."""

    def __init__(self, problems: Problems, sources: Sources, names: Names, drivers: Drivers) -> None:
        self.problems = problems
        self.sources = sources
        self.names = names
        self.drivers = drivers
        self.expressions = ExpressionChecker(problems, sources, names)
        self.shapes = shapes()
        self.step_types: Mapping[str, StepType] = step_types()

    def check_step(self, step_type: StepType, node: MappingNode) -> frozenset[str]:
        """The keys of a step that are not as its verb wants them; they are reported."""
        return self.shapes.step(step_type).check(node, self.sources.written, self.problems.report)

    def condition(self, node: MappingNode, what: str) -> str | None:
        """The expression under ``if``, ``None`` when it is always true; one that is always false is warned about."""
        written = node.get("if")
        if written is None or written is True:
            return None
        if written is False or str(written).strip() == "false":
            message = f"this {what} never runs"
            self.problems.report("unreachable", message, node.value_place("if"), severity="warning")
            return "false"
        self.expressions.bare(str(written), node.value_place("if"))
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

    def fixed_text(self, node: MappingNode, *keys: str) -> None:
        """Reports an expression in a text that nobody evaluates."""
        for key in keys:
            written = node.get(key)
            if isinstance(written, str) and OPENING in written:
                place = self.sources.inside(node.value_place(key), written, written.index(OPENING), len(OPENING))
                message = f"`{key}` is a fixed text: an expression in it would not be evaluated"
                self.problems.report("expression-in-fixed-text", message, place)
