"""``until``: the steps again and again until an expression is true."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.group import STEPS_SCHEMA
from sequencer.steps.keys import CONDITION, DURATION
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepFailed
from sequencer.vocabulary.model import NestingStep
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilStep(NestingStep):
    """Runs ``steps`` until ``expression`` holds, ``times`` rounds at most, ``delay`` seconds between two."""

    expression: str
    times: int | None
    delay: float


class Until(StepRun):
    """Runs an ``until``: ``with Until(case, place, "ready", times=10) as loop: for _ in loop: ...``"""

    verb = "until"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        expression: str,
        *,
        times: int | None = None,
        delay: float = 0.0,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        self.expression = expression
        self.times = times
        self.delay = delay

    def __iter__(self) -> Iterator[int]:
        for number in count(1):
            yield number
            if self.case.test(self.expression):
                return
            if number == self.times:
                raise StepFailed(Reason("never_true", rounds=number, expression=self.expression))
            if self.delay:
                self.case.sleep(self.delay)


def parse(node: MappingNode, reader: StepReader) -> UntilStep:
    """Reads the loop. The expression may use what the steps save, so the steps are read first."""
    if "times" not in node and "timeout" not in node:
        reader.problem(
            "unbounded-loop",
            "this loop may never end",
            node.key_place("until"),
            hint="add `times:` (the maximum number of rounds) or `timeout:`",
        )
    steps = reader.steps(node)
    return UntilStep(
        **reader.shared(node, "until"),
        expression=reader.expression(node, "until") or "",
        times=node.get("times"),
        delay=reader.seconds(node, "delay") or 0.0,
        steps=steps,
    )


def emit(step: UntilStep, out: Emitter) -> None:
    """``with Until(...) as loop:`` and the steps in a ``for``"""
    header = out.construct(Until, step, step.expression, times=step.times, delay=step.delay or None)
    with out.block(f"with {header} as loop:"), out.block("for _ in loop:"):
        out.steps(step.steps)


STEP = StepType(
    verb="until",
    summary="Runs its steps until an expression is true; fails when that does not happen in time.",
    schema={
        "type": "string",
        **CONDITION,
        "description": "An expression without braces, evaluated after each round.",
        "examples": ["state == 'ready'"],
    },
    model=UntilStep,
    parse=parse,
    emit=emit,
    keys={
        "steps": STEPS_SCHEMA,
        "times": {"type": "integer", "minimum": 1, "description": "The maximum number of rounds.", "examples": [10]},
        "delay": {**DURATION, "description": "The pause between two rounds."},
    },
    required=frozenset({"steps"}),
    shared=frozenset({"name", "if", "timeout", "on_fail", "error_code"}),
    example="- until: state == 'ready'\n  timeout: 10 s\n  steps:\n    - {call: dut.state, save: state}\n",
)
