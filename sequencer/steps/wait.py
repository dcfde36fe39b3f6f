"""``wait``: time passes."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import DURATION, EXPRESSION_TEXT
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, why
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.times import MAX_SECONDS, parse_duration
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """Waits ``duration``: seconds, or a template that gives a duration's text or a number of seconds."""

    duration: float | str


class Wait(StepRun):
    """Runs a ``wait``."""

    verb = "wait"

    def __init__(self, case: CaseContext, place: str, duration: float | str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.duration = duration

    def finish(self) -> None:
        """Sleeps; anything but a finite, non-negative duration is a ``StepError``."""
        self.case.sleep(_seconds(self.case.value(self.duration)))


def _seconds(value: object) -> float:
    try:
        seconds = parse_duration(value) if isinstance(value, str) else value
    except ValueError as error:
        raise StepError(why(error)) from None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_SECONDS:
        raise StepError(Reason("wait_duration", found=f"{value!r:.80}"))
    return float(seconds)


def parse(node: MappingNode, reader: StepReader) -> WaitStep:
    """Reads the step."""
    written: str = node["wait"]
    duration = reader.template(node, "wait") if "${{" in written else reader.seconds(node, "wait") or 0.0
    return WaitStep(**reader.shared(node, "wait"), duration=duration)


def emit(step: WaitStep, out: Emitter) -> None:
    """``Wait(...).run()``"""
    out.line(out.construct(Wait, step, step.duration) + ".run()")


STEP = StepType(
    verb="wait",
    summary="Waits. Stop and timeouts end it early.",
    schema={
        "anyOf": [DURATION, EXPRESSION_TEXT],
        "description": "The duration with its unit: ms, s, min or h; a number from an expression means seconds.",
        "examples": ["500 ms", "1 s"],
    },
    model=WaitStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if"}),
    example="- wait: 500 ms\n",
)
