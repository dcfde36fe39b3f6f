"""``steps``: a named group of steps."""

from __future__ import annotations

from sequencer.steps.base import Emitter, StepReader, StepRun, StepType
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import NestingStep
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStep(NestingStep):
    """Steps that share a name, a condition, a timeout."""


class Steps(StepRun):
    """Runs a group: its steps are the body."""

    verb = "steps"


def parse(node: MappingNode, reader: StepReader) -> GroupStep:
    """Reads the group and the steps in it."""
    return GroupStep(**reader.shared(node, "steps"), steps=reader.steps(node))


def emit(step: GroupStep, out: Emitter) -> None:
    """``with Steps(...):`` and the steps inside"""
    with out.block(f"with {out.construct(Steps, step)}:"):
        out.steps(step.steps)


STEPS_SCHEMA = {
    "type": "array",
    "minItems": 1,
    "description": "The steps, in order.",
    "items": {"$ref": "#/$defs/step"},
    "examples": [[{"wait": "100 ms"}]],
}

STEP = StepType(
    verb="steps",
    summary="A named group of steps with a condition, a timeout or an on_fail of its own.",
    schema=STEPS_SCHEMA,
    model=GroupStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "timeout", "retry", "on_fail", "error_code"}),
    example="- name: Power up\n  steps:\n    - call: supply.on\n    - wait: 100 ms\n",
)
