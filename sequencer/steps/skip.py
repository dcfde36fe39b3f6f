"""``skip``: the case does not apply to this product, as it finds out."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipStep(Step):
    """Leaves the rest of the case out for ``reason``, a text template."""

    reason: str

    @property
    def leaves_out(self) -> bool:
        """Always."""
        return True


class SkipCase(StepRun):
    """Runs a ``skip``."""

    verb = "skip"

    def __init__(self, case: CaseContext, place: str, reason: str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.reason = reason

    def finish(self) -> None:
        """Ends the case as one whose own ``if`` is false, unless something failed in it."""
        self.case.leave_out(self.case.text(self.reason))


def parse(node: MappingNode, reader: StepReader) -> SkipStep:
    """Reads the step."""
    if reader.after_run:
        reader.problem(
            "skip-after-run",
            "`skip` belongs in a case: after the run nothing is left to leave out",
            node.key_place("skip"),
        )
    return SkipStep(**reader.shared(node, "skip"), reason=reader.text(node, "skip") or "")


def emit(step: SkipStep, out: Emitter) -> None:
    """``SkipCase(...).run()``"""
    out.line(out.construct(SkipCase, step, step.reason) + ".run()")


STEP = StepType(
    verb="skip",
    summary="Ends the case as not applicable, like a false `if`: the run can still pass.",
    schema={
        "type": "string",
        "minLength": 1,
        **TEMPLATE,
        "description": "Why; may contain ${{ expressions }}.",
        "examples": ["Revision ${{ revision }} has no radio"],
    },
    model=SkipStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if"}),
    example="- skip: Revision ${{ revision }} has no radio\n  if: revision == 'A'\n",
)
