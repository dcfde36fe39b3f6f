"""The JSON Schema of limits, under ``#/$defs/limits`` of the sequence schema."""

from __future__ import annotations

from collections.abc import Mapping

_EXPRESSION = r"\$\{\{[\s\S]*\}\}"
_BOUND: Mapping[str, object] = {"type": ["number", "string"]}
_SCALAR: Mapping[str, object] = {"type": ["number", "string", "boolean"]}


def _bound(description: str) -> dict[str, object]:
    return {**_BOUND, "description": f"{description} A number, or text with a unit: `4800 mV`.", "examples": [4.8]}


# One schema without alternatives, so that a validator can point at the very key that is wrong; what combines with what
# is checked by `limit_problems`, in plainer words than a schema could.
LIMITS_SCHEMA: Mapping[str, object] = {
    "description": "What the value must meet: [lowest, highest], or one of the forms below.",
    "type": ["array", "object", "string"],
    "pattern": _EXPRESSION,
    "items": _BOUND,
    "minItems": 2,
    "maxItems": 2,
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "gt": _bound("The value is greater than this."),
        "ge": _bound("The value is greater than or equal to this."),
        "lt": _bound("The value is less than this."),
        "le": _bound("The value is less than or equal to this."),
        "nominal": _bound("The nominal value, with `tolerance`."),
        "tolerance": {
            "description": "How far from `nominal` the value may be: a percentage of it, a number, or "
            "`plus` and `minus`.",
            "type": ["number", "string", "object"],
            "properties": {"plus": _bound("How far above."), "minus": _bound("How far below.")},
            "required": ["plus", "minus"],
            "additionalProperties": False,
            "examples": ["4%", 0.2, {"plus": 0.3, "minus": 0.1}],
        },
        "outside": {
            "description": "The value is outside a range: below one of `lt`, `le` or above one of `gt`, `ge`.",
            "type": ["object", "string"],
            "pattern": _EXPRESSION,
            "properties": {
                "lt": _bound("What is less than this passes."),
                "le": _bound("What is less than or equal to this passes."),
                "gt": _bound("What is greater than this passes."),
                "ge": _bound("What is greater than or equal to this passes."),
            },
            "minProperties": 2,
            "maxProperties": 2,
            "additionalProperties": False,
            "examples": [{"lt": 1.0, "gt": 2.0}],
        },
        "eq": {
            "type": ["number", "string", "boolean", "array", "object", "null"],
            "description": "The value equals this, in every part, and is of the same type.",
            "examples": ["v1.2.0", 5, [1, 2], {"mode": "DC"}],
        },
        "ne": {**_SCALAR, "description": "The value is of the same type as this and differs.", "examples": [0]},
        "ignore_case": {
            "type": ["boolean", "string"],
            "description": "`eq` or `ne` ignores the difference between upper and lower case.",
            "default": False,
        },
        "one_of": {
            "description": "The value is one of these.",
            "type": ["array", "string"],
            "pattern": _EXPRESSION,
            "items": _SCALAR,
            "minItems": 1,
            "examples": [[1, 2, 3]],
        },
        "none_of": {
            "description": "The value is none of these, and of the type of one of them.",
            "type": ["array", "string"],
            "pattern": _EXPRESSION,
            "items": _SCALAR,
            "minItems": 1,
            "examples": [[0, 65535]],
        },
        "is": {
            "type": ["boolean", "string"],
            "description": "The value is exactly true, or exactly false.",
            "examples": [True],
        },
        "matches": {
            "type": "string",
            "description": "A regular expression that must match somewhere in the text; use ^ and $ for "
            "the whole text.",
            "examples": [r"^v\d+"],
        },
        "contains": {
            **_SCALAR,
            "description": "The text contains this part, or the array contains this element.",
            "examples": ["OK"],
        },
        "table": {
            "type": "string",
            "description": "The limits are those that this one of the `tables` has for the measurement.",
            "examples": ["rails"],
        },
        "key": {
            "type": "object",
            "description": "With `table`: what identifies the row besides the variant and the measurement.",
            "examples": [{"load": "${{ load }}"}],
        },
        "each": {
            "$ref": "#/$defs/limits",
            "description": "Every element of the array meets this; an empty array fails.",
        },
    },
    "examples": [[4.8, 5.2], {"nominal": 5.0, "tolerance": "4%"}, {"matches": r"^v\d+"}],
}
