"""``operator_message``: tells the operator something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from sequencer.project.pictures import require_pictures
from sequencer.report.dialog import appearance
from sequencer.report.event import OperatorMessageShown
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.dialog_schema import APPEARANCE
from sequencer.steps.keys import TEMPLATE
from sequencer.steps.pictures import check_pictures
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, why
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode

DEFAULT_KEY = "operator_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorMessageStep(Step):
    """Shows what the template ``shown`` describes; a bare text is a message that does not block."""

    shown: Data


class OperatorMessage(StepRun):
    """Runs an ``operator_message``. A later message of the same key takes the place of an earlier one."""

    verb = "operator_message"

    def __init__(
        self, case: CaseContext, place: str, shown: str | Mapping[str, object], **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.shown = shown

    def finish(self) -> None:
        """Tells it; a blocking message waits until somebody confirmed it."""
        written = self.case.value(self.shown)
        said: Mapping[str, object] = written if isinstance(written, Mapping) else {"text": str(written)}
        key = str(said.get("key") or DEFAULT_KEY)
        if said.get("clear"):
            self.case.tell(OperatorMessageShown(self.case.full_name, key, None))
            return
        shown = appearance(said)
        try:
            require_pictures(shown)
        except ValueError as error:
            raise StepError(Reason("message_not_shown", detail=why(error))) from None
        text, title = shown["text"] or "", shown["title"]
        details = {name: value for name, value in shown.items() if name not in ("text", "title") and value is not None}
        self.case.tell(OperatorMessageShown(self.case.full_name, key, text, title, bool(said.get("blocking")), details))


def parse(node: MappingNode, reader: StepReader) -> OperatorMessageStep:
    """Reads the step; a message that neither says nor clears anything is a problem."""
    shared = reader.shared(node, "operator_message")
    written = node["operator_message"]
    if isinstance(written, MappingNode):
        check_pictures(written, reader)
        says = [key for key in (*APPEARANCE, "blocking") if key in written]
        if not written.get("clear") and not {"text", "title", "image", "html"} & set(says):
            reader.problem("empty-message", "this message is empty", node.key_place("operator_message"))
        if written.get("clear") and says:
            reader.problem("clear-and-text", "`clear` removes a message and shows none", written.key_place(says[0]))
    return OperatorMessageStep(**shared, shown=reader.template(node, "operator_message"))


def emit(step: OperatorMessageStep, out: Emitter) -> None:
    """``OperatorMessage(...).run()``"""
    out.line(out.construct(OperatorMessage, step, step.shown) + ".run()")


STEP = StepType(
    verb="operator_message",
    summary="Shows the operator a message; with `blocking`, waits until it is confirmed.",
    schema={
        "description": "The text, or a mapping with more keys.",
        "anyOf": [
            {"type": "string", "minLength": 1, **TEMPLATE},
            {
                "type": "object",
                "properties": {
                    **APPEARANCE,
                    "blocking": {
                        "type": "boolean",
                        "description": "Whether to wait until somebody confirms it; default: false.",
                    },
                    "key": {
                        "type": "string",
                        **TEMPLATE,
                        "minLength": 1,
                        "description": "Its name; a later message with the same name replaces or clears it.",
                        "examples": ["heating"],
                    },
                    "clear": {"type": "boolean", "description": "Removes the message."},
                },
                "additionalProperties": False,
            },
        ],
        "examples": ["The chamber heats up", {"clear": True}],
    },
    model=OperatorMessageStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "timeout", "on_fail"}),
    example="- operator_message: {title: Warm-up, text: The chamber heats up, key: heating}\n",
)
