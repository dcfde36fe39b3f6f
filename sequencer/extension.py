"""What packages that extend hardseq may use: everything here stays as it is for one number of ``INTERFACE``.

A package announces step types under the entry point group ``hardseq.steps`` (a ``StepType``), formats of a report under
``hardseq.exports`` (an ``Export``), and drivers under ``hardseq.drivers`` (a module, or a class or function in one).
``docs/how-to/write-an-extension.md`` makes one step by step, ``docs/reference/extending.md`` says what is promised.
Nothing of hardseq imports this module.
"""

from sequencer.expressions.value import measured, plain
from sequencer.report.event import ChartAdded, MessageShown, ProgressChanged
from sequencer.report.exports.base import Export
from sequencer.report.model import RunReport
from sequencer.steps.base import CaseContext, Emitter, StepReader, StepRun, StepType
from sequencer.steps.keys import (
    ALL_SHARED,
    ARGUMENTS,
    CALL,
    CONDITION,
    DURATION,
    EXPRESSION_TEXT,
    SAVE,
    TEMPLATE,
    VALUES,
)
from sequencer.steps.measuring import read_name, record_measurement
from sequencer.vocabulary.extension import INTERFACE
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.model import DriverCall, NestingStep, Step
from sequencer.vocabulary.tree import MappingNode, SequenceNode

__all__ = [
    "ALL_SHARED",
    "ARGUMENTS",
    "CALL",
    "CONDITION",
    "DURATION",
    "EXPRESSION_TEXT",
    "INTERFACE",
    "SAVE",
    "TEMPLATE",
    "VALUES",
    "CaseContext",
    "ChartAdded",
    "DriverCall",
    "Emitter",
    "Export",
    "MappingNode",
    "MessageShown",
    "NestingStep",
    "ProgressChanged",
    "RunReport",
    "SequenceNode",
    "Step",
    "StepError",
    "StepFailed",
    "StepReader",
    "StepRun",
    "StepType",
    "measured",
    "plain",
    "read_name",
    "record_measurement",
]
