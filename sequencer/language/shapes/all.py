"""The compiled checks of everything that a file may say, made once a process."""

from __future__ import annotations

from functools import cache

from sequencer.language.shapes.schema import (
    block_properties,
    blocks_properties,
    case_properties,
    module_properties,
    step_properties,
    top_properties,
)
from sequencer.language.shapes.schema_parts import DRIVER, LIMIT_TABLE, PARAM
from sequencer.language.shapes.shape import NamedShape, Shape, ValueCheck
from sequencer.steps.base import StepType
from sequencer.steps.keys import TEMPLATE, Schema
from sequencer.vocabulary.regex import ID_PATTERN

_READ_APART: Schema = {"type": "object", "minProperties": 1, **TEMPLATE}
"""Mappings whose entries are checked one by one, so that each problem has its entry's place."""


class Shapes:
    """The compiled checks of everything a file may say."""

    def __init__(self) -> None:
        sections: dict[str, Schema] = {
            key: {"type": "object", **TEMPLATE} for key in ("drivers", "params", "tables", "vars")
        }
        sections["modules"] = _READ_APART
        self.top = Shape("a sequence", {**top_properties(), **sections}, ("name", "modules"), ignored="x-")
        cases: dict[str, Schema] = {"cases": _READ_APART}
        self.module = Shape("a module", {**module_properties(), **cases})
        self.case = Shape("a case", case_properties())
        kinds: dict[str, Schema] = dict.fromkeys(("steps", "cases", "modules"), _READ_APART)
        self.blocks = Shape("a file of blocks", {**blocks_properties(), **kinds}, ignored="x-")
        self._blocks = {
            "steps": Shape("a list of steps", block_properties("steps"), ("steps",)),
            "cases": Shape("a case", block_properties("cases")),
            "modules": Shape("a module", {**block_properties("modules"), **cases}),
        }
        self.driver = ValueCheck(DRIVER)
        self.param = ValueCheck(PARAM)
        self.table = ValueCheck(LIMIT_TABLE)
        self._steps: dict[str, tuple[StepType, Shape]] = {}

    def step(self, step_type: StepType) -> Shape:
        """The check of a step with this verb."""
        known = self._steps.get(step_type.verb)
        if known is not None and known[0] is step_type:
            return known[1]
        required = (step_type.verb, *sorted(step_type.required))
        shape = Shape(f"`{step_type.verb}`", step_properties(step_type), required)
        self._steps[step_type.verb] = step_type, shape
        return shape

    def block(self, kind: str) -> Shape:
        """The check of a block: one of ``steps``, ``cases``, ``modules``."""
        return self._blocks[kind]

    @staticmethod
    def ids(what: str) -> NamedShape:
        """The check of names that people choose, ``what`` they name."""
        return NamedShape(what, ID_PATTERN)


@cache
def shapes() -> Shapes:
    """The compiled checks, made once a process."""
    return Shapes()
