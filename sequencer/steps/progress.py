"""``progress``: a bar beside the case, for a step that takes long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Unpack

from sequencer.report.event import ProgressChanged
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import EXPRESSION_TEXT, TEMPLATE
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressStep(Step):
    """Shows how far the case is: the template ``progress`` is a number of 100, or ``{value, max, label}``."""

    progress: Data


class Progress(StepRun):
    """Runs a ``progress``."""

    verb = "progress"

    def __init__(self, case: CaseContext, place: str, progress: object, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self.progress = progress

    def finish(self) -> None:
        """Sends it; the value is held between 0 and the maximum."""
        written = self.case.value(self.progress)
        said: Mapping[str, object] = written if isinstance(written, Mapping) else {"value": written}
        maximum = _number("max", said.get("max", 100))
        if maximum <= 0:
            raise StepError(Reason("progress_max", number=maximum))
        value = min(max(_number("value", said.get("value")), 0.0), maximum)
        label = said.get("label")
        self.case.emit(ProgressChanged(self.case.full_name, value, maximum, None if label is None else str(label)))


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise StepError(Reason("progress_number", key=key, found=f"{value!r:.100}"))
    return float(value)


def parse(node: MappingNode, reader: StepReader) -> ProgressStep:
    """Reads the step."""
    return ProgressStep(**reader.shared(node, "progress"), progress=reader.template(node, "progress"))


def emit(step: ProgressStep, out: Emitter) -> None:
    """``Progress(...).run()``"""
    out.line(out.construct(Progress, step, step.progress) + ".run()")


_NUMBER = [{"type": "number"}, EXPRESSION_TEXT]

STEP = StepType(
    verb="progress",
    summary="Shows a bar beside the case.",
    schema={
        "description": "The progress: a percentage, or value and max.",
        "anyOf": [
            *_NUMBER,
            {
                "type": "object",
                "properties": {
                    "value": {"anyOf": _NUMBER, "description": "The progress so far.", "examples": ["${{ done }}"]},
                    "max": {"anyOf": _NUMBER, "description": "The value at the end; default: 100.", "examples": [8]},
                    "label": {
                        "type": "string",
                        **TEMPLATE,
                        "description": "Text in the bar.",
                        "examples": ["Flashing"],
                    },
                },
                "required": ["value"],
                "additionalProperties": False,
            },
        ],
        "examples": [50, {"value": "${{ block }}", "max": 64, "label": "Flashing"}],
    },
    model=ProgressStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "on_fail"}),
    example='- progress: {value: "${{ block }}", max: 64, label: Flashing}\n',
)
