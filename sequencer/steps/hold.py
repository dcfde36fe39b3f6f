"""``hold``: shared drivers that nobody else uses until the steps are done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Unpack

from sequencer.steps.among_slots import TAKEN, WAITING_TIMEOUT, AmongSlots, WaitingArguments
from sequencer.steps.base import CaseContext, Emitter, StepReader, StepType
from sequencer.steps.group import STEPS_SCHEMA
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import NestingStep
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStep(NestingStep):
    """Runs ``steps`` while no other slot uses the shared drivers ``drivers``; ``timeout`` bounds the wait for them."""

    drivers: tuple[str, ...]


class Hold(AmongSlots):
    """Runs a ``hold``: its steps are the body."""

    verb = "hold"

    def __init__(
        self, case: CaseContext, place: str, drivers: Sequence[str], **waiting: Unpack[WaitingArguments]
    ) -> None:
        super().__init__(case, place, **waiting)
        self.drivers = list(drivers)

    def meeting(self) -> AbstractContextManager[object]:
        """See ``CaseContext.hold``."""
        return self.case.hold(self.place, self.drivers, self.longest_wait)


def parse(node: MappingNode, reader: StepReader) -> HoldStep | None:
    """Reads the step and those inside it; names that cannot be held were reported by the reader."""
    shared = reader.shared(node, "hold")
    with reader.holding(node, "hold") as drivers:
        steps = reader.steps(node)
    return HoldStep(**shared, drivers=drivers, steps=steps) if drivers else None


def emit(step: HoldStep, out: Emitter) -> None:
    """``with Hold(...):`` and the steps inside"""
    with out.block(f"with {out.construct(Hold, step, list(step.drivers))}:"):
        out.steps(step.steps)


_NAME = {"type": "string", "pattern": ID_PATTERN}

STEP = StepType(
    verb="hold",
    summary="Runs its steps while no other slot uses the shared drivers that it names.",
    schema={
        "anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}],
        "description": "One shared driver, or all of them that the steps need together.",
        "examples": [["meter", "matrix"]],
    },
    model=HoldStep,
    parse=parse,
    emit=emit,
    keys={"steps": STEPS_SCHEMA, "timeout": WAITING_TIMEOUT},
    required=frozenset({"steps"}),
    shared=TAKEN,
    example="- hold: [meter, matrix]\n  timeout: 30 s\n  steps:\n"
    '    - {call: matrix.connect, with: {slot: "${{ slot.number }}"}}\n'
    "    - {measure: 5 V rail, call: meter.volts, unit: V, limits: [4.8, 5.2]}\n",
)
