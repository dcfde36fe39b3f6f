"""``log``: a line in the log of the case."""

from __future__ import annotations

from typing import Unpack, get_args

from sequencer.report.event import LineLogged
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.status import LogLevel
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStep(Step):
    """Logs the text template ``text``."""

    text: str
    level: LogLevel | None = None


class Log(StepRun):
    """Runs a ``log``."""

    verb = "log"

    def __init__(
        self, case: CaseContext, place: str, text: str, *, level: LogLevel = "info", **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.text = text
        self.level = level

    def finish(self) -> None:
        """Logs it."""
        self.case.emit(LineLogged(self.case.full_name, self.level, self.case.text(self.text)))


def parse(node: MappingNode, reader: StepReader) -> LogStep:
    """Reads the step."""
    return LogStep(**reader.shared(node, "log"), text=reader.text(node, "log") or "", level=node.get("level"))


def emit(step: LogStep, out: Emitter) -> None:
    """``Log(...).run()``"""
    out.line(out.construct(Log, step, step.text, level=step.level) + ".run()")


STEP = StepType(
    verb="log",
    summary="Writes a line into the log of the case.",
    schema={
        "type": ["string", "number", "boolean"],
        **TEMPLATE,
        "description": "The text; may contain ${{ expressions }}.",
        "examples": ["Settled after ${{ settled }} s"],
    },
    model=LogStep,
    parse=parse,
    emit=emit,
    keys={
        "level": {
            "enum": list(get_args(LogLevel)),
            "description": "How much it matters; default: info.",
            "examples": ["warning"],
        },
    },
    shared=frozenset({"name", "if", "on_fail"}),
    example="- log: Settled after ${{ settled }} s\n  level: debug\n",
)
