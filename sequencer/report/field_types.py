"""What the fields of the report are annotated with: types with their meaning, bounds and marks."""

# The annotations are evaluated here, once: as texts they would have to be compiled, and cost every start more.
from enum import Enum
from typing import Annotated, Any, NamedTuple

from sequencer.vocabulary.reason import CodedReason

LATEST = 253_402_214_400.0
"""The last time that is believed, 9999-12-31 00:00 UTC: a later one is damage, and no calendar has it."""


class Bounds(NamedTuple):
    """The least and the greatest value of a number."""

    minimum: float
    maximum: float | None = None


class Mark(Enum):
    """What else there is to say of a field.

    ``ADDED``: reports of earlier versions lack it, and are whole. ``UNSHOWN``: pages of a live run do without.
    ``WHOLE``: they get the list again whenever it changes, and not just what was added.
    """

    ADDED = "added"
    UNSHOWN = "unshown"
    WHOLE = "whole"


ADDED, UNSHOWN, WHOLE = Mark.ADDED, Mark.UNSHOWN, Mark.WHOLE

Time = Annotated[float, Bounds(0, LATEST)]
Count = Annotated[int, Bounds(0)]
Ordinal = Annotated[int, Bounds(1)]
Location = Annotated[str, "`file:line:column` in the sequence."]
Info = Annotated[dict[str, Any], "Further facts."]
Coded = Annotated[
    CodedReason,
    "The sentence as a code with parameters; absent for what people and drivers wrote.",
]
