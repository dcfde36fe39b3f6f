"""``use``: the steps of an included file, with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import VALUES
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import NestingStep
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class UseStep(NestingStep):
    """Runs the ``steps`` of ``block`` with the templates ``parameters``, its defaults among them."""

    block: str
    parameters: Mapping[str, Data]


class Use(StepRun):
    """Runs a ``use``: ``with Use(case, place, {"rail": "5V"}) as step: step.begin()`` and then the block's steps."""

    verb = "use"

    def __init__(
        self, case: CaseContext, place: str, parameters: Mapping[str, object], **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.parameters = parameters

    def begin(self) -> None:
        """Sets the parameters: all are evaluated before the first is set, since they may be named like variables."""
        values = {name: self.case.value(template) for name, template in self.parameters.items()}
        for name, value in values.items():
            self.case.save(name, value)


def parse(node: MappingNode, reader: StepReader) -> UseStep | None:
    """Reads the step and, in the included file, the steps it stands for."""
    shared = reader.shared(node, "use")
    block = reader.block(node)
    if block is None:
        return None
    if shared["name"] is None:
        shared["name"] = block.name
    return UseStep(**shared, block=block.name, parameters=block.parameters, steps=block.steps)


def emit(step: UseStep, out: Emitter) -> None:
    """``with Use(...) as step: step.begin()`` and the steps inside"""
    with out.block(f"with {out.construct(Use, step, dict(step.parameters))} as step:"):
        out.line("step.begin()")
        out.steps(step.steps)


STEP = StepType(
    verb="use",
    summary="Runs a list of steps from an included file.",
    schema={
        "type": "string",
        "description": "The name of a step list in an included file.",
        "examples": ["bench.read_rail"],
    },
    model=UseStep,
    parse=parse,
    emit=emit,
    keys={
        "with": {
            "type": "object",
            **VALUES,
            "description": "Its parameters by name: variables of the case. Strings may contain ${{ expressions }}.",
            "examples": [{"rail": "5V", "nominal": 5.0}],
        },
    },
    shared=frozenset({"name", "if", "timeout", "retry", "on_fail", "error_code"}),
    example="- use: bench.read_rail\n  with: {rail: 5V, nominal: 5.0}\n",
)
