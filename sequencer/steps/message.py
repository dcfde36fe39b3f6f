"""``message``: text beside the case."""

from __future__ import annotations

from typing import Unpack

from sequencer.report.event import MessageShown
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStep(Step):
    """Shows the text template ``text``, replacing what stands under ``key``."""

    text: str
    key: str | None = None


class Message(StepRun):
    """Runs a ``message``; without a key each text stands on its own."""

    verb = "message"

    def __init__(
        self, case: CaseContext, place: str, text: str, *, key: str | None = None, **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.text = text
        self.key = key

    def finish(self) -> None:
        """Sends the text."""
        key = "" if self.key is None else self.case.text(self.key)
        self.case.emit(MessageShown(self.case.full_name, key, self.case.text(self.text)))


def parse(node: MappingNode, reader: StepReader) -> MessageStep:
    """Reads the step."""
    return MessageStep(
        **reader.shared(node, "message"), text=reader.text(node, "message") or "", key=reader.text(node, "key")
    )


def emit(step: MessageStep, out: Emitter) -> None:
    """``Message(...).run()``"""
    out.line(out.construct(Message, step, step.text, key=step.key) + ".run()")


STEP = StepType(
    verb="message",
    summary="Shows a text beside the case.",
    schema={
        "type": ["string", "number", "boolean"],
        **TEMPLATE,
        "description": "The text; may contain ${{ expressions }}.",
        "examples": ["Serial number: ${{ serial_number }}"],
    },
    model=MessageStep,
    parse=parse,
    emit=emit,
    keys={
        "key": {
            "type": "string",
            **TEMPLATE,
            "description": "Replaces the text of an earlier message with the same key.",
            "examples": ["updated_status"],
        },
    },
    shared=frozenset({"name", "if", "on_fail"}),
    example='- message: "Time left ${{ left }} s"\n  key: updated_status\n',
)
