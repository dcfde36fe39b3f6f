"""What the steps have in common that only say why: ``stop``, ``skip``, ``fail`` and ``error``."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonedStep(Step):
    """Ends something for ``reason``, a text template."""

    reason: str


class ReasonedRun(StepRun):
    """Runs such a step: its ``finish`` raises."""

    def __init__(self, case: CaseContext, place: str, reason: str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.reason = reason

    def text(self) -> str:
        """The reason, evaluated. Raises ``StepError``."""
        return self.case.text(self.reason)


def reasoned(
    run: type[ReasonedRun],
    *,
    summary: str,
    why: str,
    example: str,
    shared: frozenset[str],
    model: type[ReasonedStep] = ReasonedStep,
    only_in_case: str | None = None,
) -> StepType:
    """The step type of ``run``; ``why`` is an example of its reason.

    ``only_in_case``: what after the run there is nothing left to do.
    """
    verb = run.verb

    def parse(node: MappingNode, reader: StepReader) -> ReasonedStep:
        if reader.after_run and only_in_case is not None:
            message = f"`{verb}` belongs in a case: after the run nothing is left to {only_in_case}"
            reader.problem(f"{verb}-after-run", message, node.key_place(verb))
        return model(**reader.shared(node, verb), reason=reader.text(node, verb) or "")

    def emit(step: ReasonedStep, out: Emitter) -> None:
        out.line(out.construct(run, step, step.reason) + ".run()")

    return StepType(
        verb=verb,
        summary=summary,
        schema={
            "type": "string",
            "minLength": 1,
            **TEMPLATE,
            "description": "Why; may contain ${{ expressions }}.",
            "examples": [why],
        },
        model=model,
        parse=parse,
        emit=emit,
        keys={},
        shared=shared,
        example=example,
    )
