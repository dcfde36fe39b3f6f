"""``check``: an expression that must be true."""

from __future__ import annotations

from typing import Unpack

from sequencer.report.event import CheckEvaluated
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import CONDITION, TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepFailed
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep(Step):
    """``expression`` must be true, or the case fails with the text template ``message``."""

    expression: str
    message: str | None = None

    @property
    def judges(self) -> bool:
        """Always."""
        return True


class Check(StepRun):
    """Runs a ``check``."""

    verb = "check"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        expression: str,
        *,
        message: str | None = None,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        self.expression = expression
        self.message = message

    def finish(self) -> None:
        """Evaluates the expression; false is a ``StepFailed``, anything but a boolean a ``StepError``."""
        result = self.case.test(self.expression)
        self.case.emit(CheckEvaluated(self.case.full_name, self.place, self.expression, result))
        self.case.judged()
        if not result:
            # The message is a template that is evaluated only now: it speaks of the failure.
            if self.message is not None:
                raise StepFailed(self.case.text(self.message))
            raise StepFailed(Reason("not_true", expression=self.expression))


def parse(node: MappingNode, reader: StepReader) -> CheckStep:
    """Reads the step."""
    return CheckStep(
        **reader.shared(node, "check"),
        expression=reader.expression(node, "check") or "",
        message=reader.text(node, "message"),
    )


def emit(step: CheckStep, out: Emitter) -> None:
    """``Check(...).run()``"""
    out.line(out.construct(Check, step, step.expression, message=step.message) + ".run()")


STEP = StepType(
    verb="check",
    summary="Fails the case when an expression is false.",
    schema={
        "type": ["string", "boolean"],
        **CONDITION,
        "description": "An expression without braces; it must be true.",
        "examples": ["minute % 2 == 0", "abs(measured - set_point) < 0.1"],
    },
    model=CheckStep,
    parse=parse,
    emit=emit,
    keys={
        "message": {
            "type": "string",
            **TEMPLATE,
            "description": "The message when it is false; may contain ${{ expressions }}.",
            "examples": ["The test failed because ${{ minute }} is odd! Try again!"],
        },
    },
    example="- check: minute % 2 == 0\n  error_code: 1\n  message: ${{ minute }} is odd\n",
)
