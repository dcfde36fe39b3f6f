"""``for_each``: the steps once for each element of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.group import STEPS_SCHEMA
from sequencer.steps.keys import EXPRESSION_TEXT, TEMPLATE
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import NestingStep
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEachStep(NestingStep):
    """Runs ``steps`` with ``variable`` set to each element of the template ``elements``."""

    variable: str
    elements: Data


class ForEach(StepRun):
    """Runs a ``for_each``: ``with ForEach(case, place, {"rail": [...]}) as loop: for _ in loop: ...``"""

    verb = "for_each"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        loop: Mapping[str, object],
        *,
        judges: bool = False,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        ((self.variable, self.elements),) = loop.items()
        self.judges = judges

    def __iter__(self) -> Iterator[object]:
        elements = self.case.value(self.elements)
        # A text would go letter by letter and a mapping by its keys: nobody means that.
        if isinstance(elements, str | bytes | Mapping) or not isinstance(elements, Iterable):
            raise StepError(Reason("for_each_list", name=self.variable, found=f"{elements!r:.100}"))
        empty = True
        for element in elements:
            empty = False
            self.case.save(self.variable, element)
            yield element
        if empty and self.judges:
            self.case.judges_nothing(self.place)


def parse(node: MappingNode, reader: StepReader) -> ForEachStep:
    """Reads the loop; its variable is in scope inside and after it."""
    written: MappingNode = node["for_each"]
    (variable,) = written
    elements = reader.template(written, variable)
    reader.bind(variable, written.key_place(variable))
    return ForEachStep(
        **reader.shared(node, "for_each"), variable=variable, elements=elements, steps=reader.steps(node)
    )


def emit(step: ForEachStep, out: Emitter) -> None:
    """``with ForEach(...) as loop:`` and the steps in a ``for``"""
    header = out.construct(ForEach, step, {step.variable: step.elements}, judges=step.judges or None)
    with out.block(f"with {header} as loop:"), out.block("for _ in loop:"):
        out.steps(step.steps)


STEP = StepType(
    verb="for_each",
    summary="Runs its steps once for each element of a list.",
    schema={
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": {"anyOf": [{"type": "array", **TEMPLATE}, EXPRESSION_TEXT]},
        "description": "One variable and the list it goes through.",
        "examples": [{"rail": ["3V3", "5V"]}, {"left": "${{ range(5, 0, -1) }}"}],
    },
    model=ForEachStep,
    parse=parse,
    emit=emit,
    keys={"steps": STEPS_SCHEMA},
    required=frozenset({"steps"}),
    shared=frozenset({"name", "if", "timeout", "retry", "on_fail", "error_code"}),
    example='- for_each: {channel: [1, 2]}\n  steps:\n    - call: load.on\n      with: {channel: "${{ channel }}"}\n',
)
