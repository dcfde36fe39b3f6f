"""``assign``: a property of a driver is set."""

from __future__ import annotations

from sequencer.steps.base import Emitter, StepReader, StepRun, StepType
from sequencer.steps.keys import ALL_SHARED, PROPERTY, TEMPLATE
from sequencer.vocabulary.attribute import set_known
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import DriverCall, Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignStep(Step):
    """Sets the property ``target`` to what the template ``value`` gives."""

    target: DriverCall
    value: Data


class Assign(StepRun):
    """Runs an ``assign``."""

    verb = "assign"

    def set(self, target: object, attribute: str, value: object) -> None:
        """Sets it. Raises ``AttributeError`` for an attribute that the driver does not have."""
        set_known(target, attribute, value)


def parse(node: MappingNode, reader: StepReader) -> AssignStep | None:
    """Reads the step; what cannot be set was reported by the reader."""
    shared = reader.shared(node, "assign")
    target = reader.assigned(node, "assign")
    value = reader.value(node, "value")
    return None if target is None else AssignStep(**shared, target=target, value=value)


def emit(step: AssignStep, out: Emitter) -> None:
    """``with Assign(...) as step: step.set(supply, "voltage", 5.0)``"""
    owner, _, attribute = str(step.target).rpartition(".")
    with out.block(f"with {out.construct(Assign, step, call=str(step.target))} as step:"):
        out.line(f"step.set({owner}, {out.value(attribute)}, {out.value(step.value)})")


STEP = StepType(
    verb="assign",
    summary="Sets a property of a driver.",
    schema=PROPERTY,
    model=AssignStep,
    parse=parse,
    emit=emit,
    keys={
        "value": {
            **TEMPLATE,
            "description": "The value that it gets; strings may contain ${{ expressions }}.",
            "examples": [5.0],
        }
    },
    required=frozenset({"value"}),
    shared=ALL_SHARED,
    example="- assign: supply.voltage\n  value: 5.0\n",
)
