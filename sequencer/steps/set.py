"""``set``: variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from sequencer.report.event import Scope
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import VALUES
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStep(Step):
    """Sets each variable of ``variables`` to its template's value, in the order written."""

    variables: Mapping[str, Data]
    scope: Scope = "case"


class Set(StepRun):
    """Runs a ``set``; a later variable may use an earlier one."""

    verb = "set"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        variables: Mapping[str, object],
        *,
        scope: Scope = "case",
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        self.variables = variables
        self.scope = scope

    def finish(self) -> None:
        """Evaluates and saves them one after the other."""
        for name, template in self.variables.items():
            self.case.save(name, self.case.value(template), self.scope)


def parse(node: MappingNode, reader: StepReader) -> SetStep:
    """Reads the step; each name is in scope from the next one on."""
    scope: Scope = node.get("scope", "case")
    written: MappingNode = node["set"]
    variables = {}
    for name in written:
        variables[name] = reader.value(written, name)
        reader.define(name, written.key_place(name), scope)
    return SetStep(**reader.shared(node, "set"), variables=variables, scope=scope)


def emit(step: SetStep, out: Emitter) -> None:
    """``Set(...).run()``"""
    scope = None if step.scope == "case" else step.scope
    out.line(out.construct(Set, step, dict(step.variables), scope=scope) + ".run()")


STEP = StepType(
    verb="set",
    summary="Sets variables.",
    schema={
        "type": "object",
        "minProperties": 1,
        **VALUES,
        "propertyNames": {"pattern": ID_PATTERN},
        "description": "Variables and their values; strings may contain ${{ expressions }}.",
        "examples": [{"serial_number": "${{ uuid()[:6] }}"}],
    },
    model=SetStep,
    parse=parse,
    emit=emit,
    keys={
        "scope": {
            "enum": ["case", "module", "run"],
            "default": "case",
            "description": "How long the variables live: to the end of the case, of the module or of the run.",
        },
    },
    shared=frozenset({"name", "if", "on_fail", "error_code"}),
    example='- set: {serial_number: "${{ uuid()[:6] }}"}\n',
)
