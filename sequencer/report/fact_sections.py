"""The parts of the report that sequences record: the facts about stand, product, process, batch and instruments.

They stand apart from the rest of the model because a test process needs no more of it.
"""

# Evaluated, as in the rest of the model.
from typing import Annotated, TypedDict

from sequencer.report.field_types import Count, Info


class StandReport(TypedDict, total=False):
    """The stand, as far as recorded."""

    hw_id: str
    name: str
    revision: str
    timezone: str
    location: str
    number: Annotated[Count | None, "The stand's number."]
    info: Info


class _Identity(TypedDict, total=False):
    name: str
    type: str
    serial_number: str
    part_number: str
    revision: str


class SubUnitReport(_Identity, total=False):
    """A part of the product that has an identity of its own."""

    info: Info


class DutReport(_Identity, total=False):
    """What was tested, as far as recorded."""

    sub_units: Annotated[list[SubUnitReport], "Its sub-units."]
    info: Info


class ProcessReport(TypedDict, total=False):
    """The step of the production, as far as recorded."""

    name: str
    number: Annotated[Count | None, "The process step's number."]
    info: Info


class BatchReport(TypedDict, total=False):
    """The batch, as far as recorded."""

    serial_number: str


class InstrumentReport(TypedDict, total=False):
    """An instrument, as far as recorded."""

    name: str
    revision: str
    serial_number: str
    part_number: str
    comment: str
    number: Annotated[Count | None, "The instrument's number."]
    info: Info
