"""``repeat``: the steps a number of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.group import STEPS_SCHEMA
from sequencer.steps.keys import EXPRESSION_TEXT
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.model import NestingStep
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatStep(NestingStep):
    """Runs ``steps`` as often as ``times`` (a number or a template of one) says; ``index`` names the counter."""

    times: int | str
    index: str | None


class Repeat(StepRun):
    """Runs a ``repeat``: ``with Repeat(case, place, 3) as loop: for _ in loop: ...``"""

    verb = "repeat"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        times: int | str,
        *,
        index: str | None = None,
        judges: bool = False,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        self.times = times
        self.index = index
        self.judges = judges

    def __iter__(self) -> Iterator[int]:
        times = self.case.value(self.times)
        if self.judges and type(times) is int and times == 0:
            raise StepFailed(Reason("no_round"))
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            raise StepError(Reason("repeat_number", found=f"{times!r:.100}"))
        for number in range(1, times + 1):
            if self.index is not None:
                self.case.save(self.index, number)
            yield number


def parse(node: MappingNode, reader: StepReader) -> RepeatStep:
    """Reads the loop."""
    times = reader.template(node, "repeat")
    index = node.get("index")
    if index is not None:
        reader.bind(index, node.value_place("index"))
    return RepeatStep(**reader.shared(node, "repeat"), times=times, index=index, steps=reader.steps(node))


def emit(step: RepeatStep, out: Emitter) -> None:
    """``with Repeat(...) as loop:`` and the steps in a ``for``"""
    header = out.construct(Repeat, step, step.times, index=step.index, judges=step.judges or None)
    with out.block(f"with {header} as loop:"), out.block("for _ in loop:"):
        out.steps(step.steps)


STEP = StepType(
    verb="repeat",
    summary="Runs its steps a number of times.",
    schema={
        "anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION_TEXT],
        "description": "How many times.",
        "examples": [3, "${{ params.cycles }}"],
    },
    model=RepeatStep,
    parse=parse,
    emit=emit,
    keys={
        "steps": STEPS_SCHEMA,
        "index": {
            "type": "string",
            "pattern": ID_PATTERN,
            "description": "The variable that counts the rounds, from 1.",
            "examples": ["cycle"],
        },
    },
    required=frozenset({"steps"}),
    shared=frozenset({"name", "if", "timeout", "retry", "on_fail", "error_code"}),
    example="- repeat: 3\n  index: cycle\n  steps:\n    - call: relay.toggle\n",
)
