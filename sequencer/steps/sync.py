"""``sync``: each slot waits for the others; one of them may do something for all."""

from __future__ import annotations

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
class SyncStep(NestingStep):
    """Waits at ``point`` until all slots that still run are there; ``timeout`` bounds that.

    ``steps`` are those under ``once``, which one slot carries out for all before they go on. What it judges there is
    judged for all, so that the step judges in each of them.
    """

    point: str

    @property
    def sync_points(self) -> tuple[str, ...]:
        """This one."""
        return (self.point,)


class Sync(AmongSlots):
    """Runs a ``sync``. With ``once`` it is true in the slot that does what one does for all::

    with Sync(case, place, "hot", once=True) as once:
        if once:
            ...
    """

    verb = "sync"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        point: str,
        *,
        once: bool = False,
        **waiting: Unpack[WaitingArguments],
    ) -> None:
        super().__init__(case, place, **waiting)
        self.point = point
        self.once = once

    def meeting(self) -> AbstractContextManager[object]:
        """See ``CaseContext.sync``."""
        return self.case.sync(self.place, self.point, self.longest_wait, once=self.once)

    def __bool__(self) -> bool:
        return self.given is True


def parse(node: MappingNode, reader: StepReader) -> SyncStep:
    """Reads the step and those that one slot does for all."""
    shared = reader.shared(node, "sync")
    with reader.meeting(node, "sync") as point:
        steps = reader.steps(node, "once")
    return SyncStep(**shared, point=point, steps=steps)


def emit(step: SyncStep, out: Emitter) -> None:
    """``Sync(...).run()``, or ``with Sync(...) as once:`` and the steps under ``if once:``"""
    header = out.construct(Sync, step, step.point, once=bool(step.steps) or None)
    if not step.steps:
        out.line(f"{header}.run()")
        return
    with out.block(f"with {header} as once:"), out.block("if once:"):
        out.steps(step.steps)


STEP = StepType(
    verb="sync",
    summary="Waits until every slot that still runs has come to this point.",
    schema={
        "type": "string",
        "pattern": ID_PATTERN,
        "description": "The name of the point; no other `sync` has it.",
        "examples": ["hot"],
    },
    model=SyncStep,
    parse=parse,
    emit=emit,
    keys={
        "once": {
            **STEPS_SCHEMA,
            "description": "Steps that one slot carries out once all have arrived; then all go on. "
            "If they fail, they fail for every slot that waits here.",
        },
        "timeout": WAITING_TIMEOUT,
    },
    shared=TAKEN,
    example="- sync: hot\n  timeout: 30 min\n  once:\n    - {call: chamber.heat, with: {celsius: 85}}\n",
)
