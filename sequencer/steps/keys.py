"""Keys that several verbs share, as JSON Schema fragments with the words that editor and documentation show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequencer.vocabulary.regex import ID_PATTERN

Schema = Mapping[str, Any]

MARK = "x-text"
"""The keyword that says of a schema what its texts are. Without it they are fixed: an expression there is a problem."""

TEMPLATE: Schema = {MARK: "template"}
"""``${{ expressions }}`` in every text under it, keys of mappings included, are evaluated while the test runs."""

CONDITION: Schema = {MARK: "expression"}
"""The text is an expression by itself, without braces."""

VALUES: Schema = {"additionalProperties": TEMPLATE}
"""A mapping from fixed names to templates."""

EXPRESSION_TEXT: Schema = {"type": "string", "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$", **TEMPLATE}
"""A text that is one whole ``${{ expression }}`` and so may stand where a value of another type is wanted."""

DURATION: Schema = {
    "type": "string",
    "pattern": r"^\s*(\d+(\.\d*)?|\.\d+)\s*(ms|s|min|h)\s*$",
    "description": "A duration: a number and its unit, one of ms, s, min, h.",
    "examples": ["500 ms", "1 s", "2 min"],
}

ARGUMENTS: Schema = {
    "type": "object",
    **VALUES,
    "description": "Arguments by name; strings may contain ${{ expressions }}.",
    "examples": [{"channel": 1, "volts": 5.0}],
}

CALL: Schema = {
    "type": "string",
    "pattern": r"^[a-z][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$",
    "description": "A driver's method or property (`supply.ch_1.voltage`: of an object that it holds), or a driver "
    "that is a function.",
    "examples": ["meter.read_voltage"],
}

PROPERTY: Schema = {
    "type": "string",
    "pattern": r"^[a-z][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$",
    "description": "A driver's property or attribute.",
    "examples": ["supply.voltage"],
}

SAVE: Schema = {
    "type": "string",
    "pattern": ID_PATTERN,
    "description": "The variable that keeps the result for later steps of this case.",
    "examples": ["voltage"],
}

WARN_LIMITS: Schema = {
    "$ref": "#/$defs/limits",
    "description": "Limits that warn: a value that meets `limits` and misses these is marked, and fails nothing.",
}

SHARED_KEYS: Mapping[str, Schema] = {
    "name": {
        "type": "string",
        "description": "The name that people see instead of the step's own words.",
        "examples": ["Power up"],
    },
    "if": {
        "type": ["string", "boolean"],
        **CONDITION,
        "description": "An expression without braces; when it is false the step is left out.",
        "examples": ["dut.revision == 'B'"],
    },
    "timeout": {
        **DURATION,
        "description": "The case fails when the step takes longer; the message names the step. "
        "An operator who does not answer in time is an error.",
    },
    "retry": {
        "description": "Tries the step again while it fails: the maximum number of tries (the first one "
        "counts), and the pause between them.",
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {
                "type": "object",
                "properties": {
                    "times": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "The maximum number of tries.",
                        "examples": [3],
                    },
                    "delay": {**DURATION, "description": "The pause between two tries."},
                },
                "required": ["times"],
                "additionalProperties": False,
            },
        ],
        "examples": [{"times": 3, "delay": "500 ms"}],
    },
    "on_fail": {
        "enum": ["continue", "stop"],
        "description": "Whether the rest of the case still runs when this step fails.",
    },
    "error_code": {
        "type": "integer",
        "minimum": 0,
        "description": "The number of this failure; the report shows the one of the case that failed first.",
        "examples": [12],
    },
}
"""The keys that a step may have beside its verb's own; a ``StepType`` says which of them make sense."""

ALL_SHARED = frozenset(SHARED_KEYS)
