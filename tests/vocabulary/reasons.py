"""One reason of each code, with parameters of the kinds that it has in reports."""

from __future__ import annotations

import re
from typing import Any

from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.sentences import SENTENCES

SAMPLES: dict[str, Any] = {
    "value": 5.62,
    "limit": 5.2,
    "upper": 6.25,
    "choices": [1, 2.5, '"v2"'],
    "outcome": "error",
    "kind": "boolean",
    "wanted": "text_or_array",
    "reason": Reason("depends", case="main::first", outcome="none"),
    "detail": Reason("hung_call", call="psu.on", step="On"),
    "where": Reason("where_step", step="Warm up"),
    "seconds": 2.5,
    "index": 3,
    "rounds": 12,
    "kept": 7,
    "measured": 1200,
    "number": 2,
    "count": 12,
    "exit_code": 9,
    "subject": Reason("measurement_unit", measurement="rail"),
    "left": Reason("of_kind", kind="string"),
    "right": "true",
    "most": 1000000,
    "x": 3,
    "y": 4,
    "size": 64,
    "expected": [0, 3],
    "fields": ["name", "serial_number"],
    "types": ["text", "number"],
    "names": ["a", "b", "a"],
}
"""By the name of the parameter; of any other name it is a text."""


def parameter_names(code: str) -> frozenset[str]:
    """The names of the parameters that the sentence of ``code`` shows; quantities may have a ``unit`` besides."""
    return frozenset(re.findall(r"\{(\w+)\}", SENTENCES[code]))


def every_reason() -> list[Reason]:
    """One of each code, in the order of the table."""
    return [_reason(code) for code in SENTENCES]


def _reason(code: str) -> Reason:
    names = parameter_names(code)
    parameters = {name: SAMPLES.get(name, f"some {name}") for name in names}
    if "limit" in names:
        parameters["unit"] = "V"
    return Reason(code, **parameters)
