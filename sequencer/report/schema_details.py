"""The schema of what an attempt of a case measured and found: a part of the report's."""

from __future__ import annotations

from sequencer.limits import LIMITS_SCHEMA
from sequencer.report.schema_words import (
    Schema,
    closed,
    maybe,
    one_of,
    time,
    typed,
    whole,
)


def details() -> dict[str, Schema]:
    """Measurements, checks, tries, failures: their schemas by name."""
    at = {"place": typed("string", "`file:line:column` in the sequence."), "time": time("When.")}
    superseded = typed(
        "boolean", "True when it was of a failed try (`retry`) that another one followed; else not there."
    )
    kinds: list[str | None] = ["numeric", "string", "boolean", "array", "missing", "other"]
    limits = {key: value for key, value in LIMITS_SCHEMA.items() if key == "examples"}
    return {
        "measurement": closed(
            {
                "name": typed("string", "What was measured."),
                "value": {"description": "The value; a number that JSON lacks is text, such as `NaN`."},
                "type": one_of(kinds, "What kind of value the driver gave."),
                "unit": maybe("string", "The value's unit."),
                "limits": {"description": "The limits as written, expressions evaluated; null without.", **limits},
                "result": maybe("boolean", "Whether the value meets the limits; null without."),
                "reason": maybe("string", "Why it does not."),
                **at,
                "superseded": superseded,
            },
            optional=("superseded",),
        ),
        "check": closed(
            {
                "expression": typed("string", "As written."),
                "result": typed("boolean", "What came of it."),
                **at,
                "superseded": superseded,
            },
            optional=("superseded",),
        ),
        "try": closed(
            {
                "step": typed("string", "The step that failed first."),
                "number": {"type": "integer", "minimum": 1, "description": "Counts from 1."},
                "message": typed("string", "Its first failure."),
                **at,
            }
        ),
        "failure": closed(_failure()),
        "after_run_failure": closed(
            {
                "number": {"type": "integer", "minimum": 1, "description": "Of the step of `after_run`."},
                **_failure(),
                "done": typed("boolean", "True when the step itself was carried out, and something after it failed."),
                "retried": typed("number", "When the step was tried again (Unix seconds)."),
            },
            optional=("done", "retried"),
        ),
    }


def _failure() -> Schema:
    return {
        "kind": {
            "enum": ["failed", "error", "timeout", "stopped"],
            "description": "What failed.",
        },
        "message": typed("string", "What happened."),
        "error_code": whole("The number that the sequence gave it."),
        "place": maybe("string", "`file:line:column` of the step."),
        "step": maybe("string", "The step's name."),
        "call": maybe("string", "The driver call: `driver.method`."),
        "traceback": maybe("string", "The driver's own traceback."),
        "generated": maybe("string", "The generated statement: `FOLDER/test_main.py:21`."),
        "time": time("When."),
    }
