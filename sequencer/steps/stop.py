"""``stop``: the run ends without a verdict on the product."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import Stopped
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStep(Step):
    """Stops the run for ``reason``, a text template; teardown still runs."""

    reason: str


class StopRun(StepRun):
    """Runs a ``stop``."""

    verb = "stop"

    def __init__(self, case: CaseContext, place: str, reason: str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.reason = reason

    def finish(self) -> None:
        """Raises ``Stopped``, as an operator's stop does."""
        raise Stopped(self.case.text(self.reason))


def parse(node: MappingNode, reader: StepReader) -> StopStep:
    """Reads the step."""
    if reader.after_run:
        reader.problem(
            "stop-after-run", "`stop` belongs in a case: after the run nothing is left to stop", node.key_place("stop")
        )
    return StopStep(**reader.shared(node, "stop"), reason=reader.text(node, "stop") or "")


def emit(step: StopStep, out: Emitter) -> None:
    """``StopRun(...).run()``"""
    out.line(out.construct(StopRun, step, step.reason) + ".run()")


STEP = StepType(
    verb="stop",
    summary="Ends the run without a verdict on the product; teardown runs.",
    schema={
        "type": "string",
        "minLength": 1,
        **TEMPLATE,
        "description": "Why; may contain ${{ expressions }}.",
        "examples": ["The MES does not release ${{ serial_number }}"],
    },
    model=StopStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if"}),
    example="- stop: The MES does not release ${{ serial_number }}\n  if: not released\n",
)
