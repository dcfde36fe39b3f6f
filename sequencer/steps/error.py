"""``error``: the test could not be carried out, as the sequence knows."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorStep(Step):
    """Ends the case with an error for ``reason``, a text template."""

    reason: str


class CaseError(StepRun):
    """Runs a ``error``."""

    verb = "error"

    def __init__(self, case: CaseContext, place: str, reason: str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.reason = reason

    def finish(self) -> None:
        """Raises ``StepError``."""
        raise StepError(self.case.text(self.reason))


def parse(node: MappingNode, reader: StepReader) -> ErrorStep:
    """Reads the step."""
    return ErrorStep(**reader.shared(node, "error"), reason=reader.text(node, "error") or "")


def emit(step: ErrorStep, out: Emitter) -> None:
    """``CaseError(...).run()``"""
    out.line(out.construct(CaseError, step, step.reason) + ".run()")


STEP = StepType(
    verb="error",
    summary="Ends the case with an error: the test could not be carried out, and says nothing of the product.",
    schema={
        "type": "string",
        "minLength": 1,
        **TEMPLATE,
        "description": "Why; may contain ${{ expressions }}.",
        "examples": ["The interlock is open"],
    },
    model=ErrorStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "on_fail", "error_code"}),
    example="- error: The interlock is open\n  if: not closed\n",
)
