"""``record``: facts for the report. The schemas of the sections also serve the sequence's top level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Unpack

from sequencer.expressions.expression import has_expression
from sequencer.report.event import RecordSection
from sequencer.report.identity import identity_facts
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import EXPRESSION_TEXT, TEMPLATE, Schema
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.problem import Place, ProblemReporter, Severity
from sequencer.vocabulary.tree import MappingNode, SequenceNode, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStep(Step):
    """Templates of facts by section: process, batch, dut, stand, instruments, user, artifact."""

    facts: Mapping[str, Data]


class Record(StepRun):
    """Runs a ``record``."""

    verb = "record"

    def __init__(
        self, case: CaseContext, place: str, facts: Mapping[RecordSection, object], **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.facts = facts

    def finish(self) -> None:
        """Evaluates and records section by section; a contradiction is a ``StepError``."""
        for section, facts in self.facts.items():
            self.case.record(section, self.case.value(facts))


def parse(node: MappingNode, reader: StepReader) -> RecordStep:
    """Reads the step."""
    written: MappingNode = node["record"]
    facts = {section: reader.template(written, section) for section in written}
    for section in written:
        # Only a warning: the step may be one that an `if` leaves out, and its case alone would have the error.
        check_facts(written, section, reader.problem, severity="warning")
    return RecordStep(**reader.shared(node, "record"), facts=facts)


def check_facts(sections: MappingNode, section: str, report: ProblemReporter, *, severity: Severity = "error") -> None:
    """Reports the facts of a section that are refused while the test runs: blank ones, and what nobody can see."""
    for fact, place in _single_facts(section, sections[section], sections.value_place(section)):
        if has_expression(fact):
            continue
        try:
            identity_facts(section, plain(fact))
        except StepError as error:
            report("wrong-value", str(error), place, severity=severity)


def _single_facts(section: str, written: object, place: Place) -> Iterator[tuple[Data, Place]]:
    """Each text of a section by itself, within what is around it."""
    if isinstance(written, str):
        yield written, place
    elif isinstance(written, SequenceNode):
        for index, entry in enumerate(written):
            yield from (([fact], at) for fact, at in _single_facts(section, entry, written.item_place(index)))
    elif isinstance(written, MappingNode):
        for key, value in written.items():
            at = written.value_place(key)
            if key == "info" or isinstance(value, str):
                yield {key: value}, at
            else:
                yield from (({key: fact}, inner) for fact, inner in _single_facts(section, value, at))


def emit(step: RecordStep, out: Emitter) -> None:
    """``Record(...).run()``"""
    out.line(out.construct(Record, step, dict(step.facts)) + ".run()")


def _text(description: str, *examples: str) -> Schema:
    return {"type": "string", **TEMPLATE, "description": description, "examples": list(examples)}


def _facts(description: str, example: object, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "examples": [example],
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
    }


_NUMBER: Schema = {
    "description": "A non-negative integer.",
    "anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION_TEXT],
    "examples": [1],
}
_INFO: Schema = {
    "type": "object",
    **TEMPLATE,
    "description": "Further facts by name: strings, numbers or null; later records are merged in.",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    "examples": [{"sw_version": "1.0.0"}],
}
_ANY: Schema = {
    "type": "object",
    **TEMPLATE,
    "description": "Anything that belongs in the report and has no field of its own.",
    "examples": [{"fixture": "F7"}],
}

_UNIT_FIELDS: Mapping[str, Schema] = {
    "name": _text("What it is called.", "Test Device"),
    "type": _text("Its kind.", "PCBA"),
    "serial_number": _text("Its serial number.", "SN000123"),
    "part_number": _text("Its part number.", "part_number_1"),
    "revision": _text("Its revision.", "REV1.0"),
    "info": _INFO,
}

RECORD_SCHEMAS: Mapping[str, Schema] = {
    "process": _facts(
        "The production process this test belongs to.",
        {"name": "Acceptance Test", "number": 1},
        name=_text("The process's name.", "Acceptance Test"),
        number=_NUMBER,
        info=_INFO,
    ),
    "batch": _facts(
        "The batch the device comes from.",
        {"serial_number": "batch_1"},
        serial_number=_text("The batch's number.", "batch_1"),
    ),
    "dut": _facts(
        "The device under test.",
        {"serial_number": "SN000123", "part_number": "part_number_1"},
        **_UNIT_FIELDS,
        sub_units={
            "type": "array",
            "description": "Parts of the device with numbers of their own; each record adds to the list.",
            "items": _facts("A part of the device.", {"serial_number": "R-0042"}, **_UNIT_FIELDS),
            "examples": [[{"name": "Radio", "serial_number": "R-0042"}]],
            "minItems": 1,
        },
    ),
    "stand": _facts(
        "The stand. What its configuration says need not be repeated here.",
        {"name": "Stand 1", "location": "Moon"},
        name=_text("The stand's name.", "Stand 1"),
        location=_text("Where it is.", "Moon"),
        number=_NUMBER,
        revision=_text("The stand's revision.", "HW1.0"),
        info=_INFO,
    ),
    "instruments": {
        "type": "array",
        "description": "The instruments used; each record adds to the list.",
        "examples": [[{"name": "Multimeter", "serial_number": "MY12345678"}]],
        "minItems": 1,
        "items": _facts(
            "An instrument.",
            {"name": "Multimeter"},
            name=_text("The instrument's name.", "Multimeter"),
            revision=_text("Its revision or firmware.", "A.02.14"),
            serial_number=_text("Its serial number.", "MY12345678"),
            part_number=_text("Its part number or model.", "34465A"),
            number=_NUMBER,
            comment=_text("A remark.", "calibrated in May"),
            info=_INFO,
        ),
    },
    "user": _text("Who tests.", "Ann"),
}
"""The sections of the report that a ``record`` step and the sequence's top level may fill."""

ARTIFACT: Schema = _facts(
    "Data that has no field of its own, kept with the run, the module or the case.",
    {"case": {"fixture": "F7"}},
    run=_ANY,
    module=_ANY,
    case=_ANY,
)

STEP = StepType(
    verb="record",
    summary="Writes facts into the report. A field is written once per run; a second, different value is an error.",
    schema={
        "type": "object",
        "minProperties": 1,
        "description": "What to write, by section.",
        "properties": {**RECORD_SCHEMAS, "artifact": ARTIFACT},
        "additionalProperties": False,
        "examples": [{"batch": {"serial_number": "batch_1"}}],
    },
    model=RecordStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "on_fail"}),
    example='- record: {dut: {serial_number: "${{ serial_number }}", part_number: part_number_1}}\n',
)
