"""``attach``: a file into the report."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path
from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import TEMPLATE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.tree import MappingNode

LARGEST = 64 * 1024 * 1024
"""In bytes; a report is not a file server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachStep(Step):
    """Attaches the file that the text template ``file`` names, under the name ``rename`` when given."""

    file: str
    rename: str | None = None


class Attach(StepRun):
    """Runs an ``attach``."""

    verb = "attach"

    def __init__(
        self, case: CaseContext, place: str, file: str, *, rename: str | None = None, **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.file = file
        self.rename = rename

    def finish(self) -> None:
        """Reads the file; one that is missing or too large is a ``StepError``."""
        path = Path(self.case.text(self.file))
        name = path.name if self.rename is None else self.case.text(self.rename)
        try:
            if path.stat().st_size > LARGEST:
                raise StepError(Reason("large_file", file=str(path), size=LARGEST // 1024**2))
            data = path.read_bytes()
        except OSError as error:
            raise StepError(Reason("not_attached", file=str(path), detail=error.strerror or str(error))) from None
        self.case.attach(name, data, guess_type(name)[0])


def parse(node: MappingNode, reader: StepReader) -> AttachStep:
    """Reads the step."""
    return AttachStep(
        **reader.shared(node, "attach"), file=reader.text(node, "attach") or "", rename=reader.text(node, "as")
    )


def emit(step: AttachStep, out: Emitter) -> None:
    """``Attach(...).run()``"""
    out.line(out.construct(Attach, step, step.file, rename=step.rename) + ".run()")


STEP = StepType(
    verb="attach",
    summary="Adds a file to the report, with its hash.",
    schema={
        "type": "string",
        **TEMPLATE,
        "minLength": 1,
        "description": "The file, relative to the project folder; may contain ${{ expressions }}.",
        "examples": ["logs/${{ params.serial }}.txt"],
    },
    model=AttachStep,
    parse=parse,
    emit=emit,
    keys={
        "as": {
            "type": "string",
            **TEMPLATE,
            "description": "Its name in the report; default: the file's own.",
            "examples": ["boot.log"],
        },
    },
    example="- attach: captures/scope.png\n",
)
