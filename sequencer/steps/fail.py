"""``fail``: the product failed, as the sequence knows."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepFailed
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class FailStep(Step):
    """Fails the case for ``reason``, a text template."""

    reason: str


class FailCase(StepRun):
    """Runs a ``fail``."""

    verb = "fail"

    def __init__(self, case: CaseContext, place: str, reason: str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.reason = reason

    def finish(self) -> None:
        """Raises ``StepFailed``."""
        raise StepFailed(self.case.text(self.reason))


def parse(node: MappingNode, reader: StepReader) -> FailStep:
    """Reads the step."""
    return FailStep(**reader.shared(node, "fail"), reason=reader.text(node, "fail") or "")


def emit(step: FailStep, out: Emitter) -> None:
    """``FailCase(...).run()``"""
    out.line(out.construct(FailCase, step, step.reason) + ".run()")


STEP = StepType(
    verb="fail",
    summary="Fails the case: the product is bad.",
    schema={
        "type": "string",
        "minLength": 1,
        **TEMPLATE,
        "description": "Why; may contain ${{ expressions }}.",
        "examples": ["${{ board }} is not seated"],
    },
    model=FailStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "on_fail", "error_code"}),
    example="- fail: ${{ board }} is not seated\n  if: gap > 0.2\n  error_code: 12\n",
)
