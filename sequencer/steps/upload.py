"""``upload``: sends the report of this run, once its verdict is known."""

from __future__ import annotations

from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import SAVE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadStep(Step):
    """Sends the report to ``target``; ``save`` names the variable for the answer."""

    target: str
    save: str | None = None


class Upload(StepRun):
    """Runs an ``upload``. That a report was not taken fails nothing: it waits, and the sequence decides what to say."""

    verb = "upload"

    def __init__(
        self, case: CaseContext, place: str, target: str, *, save: str | None = None, **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.target = target
        self.save = save

    def finish(self) -> None:
        """Sends it and keeps ``{delivered, status, text}``."""
        answer = self.case.upload(self.target)
        if self.save is not None:
            self.case.save(self.save, answer)


def parse(node: MappingNode, reader: StepReader) -> UploadStep:
    """Reads the step."""
    shared = reader.shared(node, "upload")
    if not reader.after_run:
        message = "`upload` belongs in `after_run`: here the verdict is not known yet"
        reader.problem("upload-in-case", message, node.key_place("upload"))
    save = node.get("save")
    if save is not None:
        reader.define(save, node.value_place("save"))
    return UploadStep(**shared, target=node["upload"], save=save)


def emit(step: UploadStep, out: Emitter) -> None:
    """``Upload(...).run()``"""
    out.line(out.construct(Upload, step, step.target, save=step.save) + ".run()")


STEP = StepType(
    verb="upload",
    summary="Sends the report now; belongs in `after_run`, where the verdict is known.",
    schema={
        "enum": ["stand_cloud"],
        "description": "The destination; `[stand_cloud]` in the configuration describes it.",
    },
    model=UploadStep,
    parse=parse,
    emit=emit,
    keys={
        "save": {
            **SAVE,
            "description": "The variable for the answer: `{delivered, status, text}`; `status` is null "
            "when there was no "
            "answer.",
            "examples": ["answer"],
        },
    },
    shared=frozenset({"name", "if", "timeout", "on_fail"}),
    example="- upload: stand_cloud\n  save: answer\n",
)
