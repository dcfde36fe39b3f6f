"""The schema of what ``dialog`` says, and of the looks it shares with ``operator_message``."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.report.dialog import FIELD_TYPES, TYPES
from sequencer.steps.keys import EXPRESSION_TEXT, TEMPLATE, WARN_LIMITS, Schema
from sequencer.vocabulary.regex import ID_PATTERN


def _text(description: str, *examples: str) -> Schema:
    return {"type": "string", **TEMPLATE, "description": description, "examples": list(examples)}


def _number(description: str, *examples: float) -> Schema:
    return {"anyOf": [{"type": "number"}, EXPRESSION_TEXT], "description": description, "examples": list(examples)}


def _count(description: str, *examples: int) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description, "examples": list(examples)}


def _object(description: str, properties: Mapping[str, Schema], *required: str) -> dict[str, object]:
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


IMAGE: Schema = {
    "description": "A picture from the project folder.",
    "anyOf": [
        _text("Its file, relative to the project folder.", "images/led.png"),
        _object(
            "The picture's file and how it is shown.",
            {
                "file": _text("Its file, relative to the project folder.", "images/led.png"),
                "width": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "description": "Its width in percent of the dialog's.",
                    "examples": [60],
                },
                "border": _count("The width of a frame around it in pixels.", 2),
                "alt": _text("The text that a screen reader reads instead of it.", "The LED beside the connector"),
            },
            "file",
        ),
    ],
    "examples": ["images/led.png"],
}

HTML: Schema = {
    "description": "HTML in a sandboxed frame: it can neither run scripts nor reach the panel.",
    "anyOf": [
        _text("The HTML itself.", "<h2>Pinout</h2>"),
        _object(
            "The HTML itself, or the address of a page.",
            {
                "code": _text("The HTML itself.", "<h2>Pinout</h2>"),
                "url": {**_text("A page's address.", "https://example.org"), "pattern": r"^(https?://|\s*\$\{\{)"},
                "width": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "description": "Its width in percent.",
                    "examples": [80],
                },
                "height": _count(
                    "Its height in pixels; default: that of the HTML, and a fixed one for a page by `url`.", 300
                ),
                "border": _count("The width of a frame around it in pixels.", 2),
            },
        ),
    ],
    "examples": ["<h2>Pinout</h2>"],
}

APPEARANCE: Mapping[str, Schema] = {
    "title": _text("The heading.", "Check the LED"),
    "text": _text("What the operator reads; line breaks are kept.", "Is the green LED on?"),
    "font_size": {
        "type": "integer",
        "minimum": 8,
        "maximum": 120,
        "description": "The size of the text in pixels.",
        "examples": [24],
    },
    "image": IMAGE,
    "html": HTML,
}

CHOICES: Schema = {
    "description": "What to choose from: strings or numbers, or mappings with a label and a picture.",
    "anyOf": [
        {
            "type": "array",
            "minItems": 1,
            "items": {
                "anyOf": [
                    {"type": ["string", "number", "boolean"], **TEMPLATE},
                    _object(
                        "A choice.",
                        {
                            "value": {
                                "type": ["string", "number", "boolean"],
                                **TEMPLATE,
                                "description": "The value that is saved; default: the label.",
                                "examples": ["red"],
                            },
                            "label": _text("What the operator reads.", "Red"),
                            "image": IMAGE,
                        },
                    ),
                ]
            },
        },
        EXPRESSION_TEXT,
    ],
    "examples": [["red", "green", "blue"]],
}

CONSTRAINTS: Mapping[str, Schema] = {
    "required": {
        "type": "boolean",
        "description": "Whether it must be answered; false is the default of checkboxes without `min`.",
    },
    "default": {
        **TEMPLATE,
        "description": "The initial value; a slider without one must be moved.",
        "examples": ["REV1.0"],
    },
    "placeholder": _text("A hint in the empty field.", "SN000000"),
    "unit": _text("The unit of a number, shown beside the field.", "V"),
    "min": _number("The smallest number allowed; for checkboxes, how many must be ticked.", 0),
    "max": _number("The largest number allowed; for checkboxes, how many may be ticked.", 10),
    "step": _number("The step of a slider, above 0.", 0.5),
    "min_length": _count("The minimum number of characters.", 3),
    "max_length": _count("The maximum number of characters.", 20),
    "pattern": _text("A regular expression that the text must match.", "^SN[0-9]{6}$"),
    "hint": _text(
        "What a valid answer looks like, in words; shown when the answer does not match the pattern.",
        "SN and six digits",
    ),
    "example": _text("A valid answer, shown in the empty field and where the pattern has no `hint`.", "SN000123"),
    "help": _text("What explains the question, below it.", "On the sticker beside the connector"),
    "remove_prefix": _text("What is removed from the beginning of the text, such as what a scanner adds.", "]C1"),
    "remove_suffix": _text("What is removed from the end of the text.", "#"),
    "choices": CHOICES,
}

FIELD: Schema = _object(
    "A field of a form.",
    {
        "name": {
            "type": "string",
            "pattern": ID_PATTERN,
            "description": "The answer's name: `${{ answer.name }}`.",
            "examples": ["operator"],
        },
        "type": {"enum": list(FIELD_TYPES), "description": "The type of the field; default: `text`."},
        "label": _text("What the operator reads beside it.", "Your name"),
        **CONSTRAINTS,
        "measurement": {
            "type": "string",
            **TEMPLATE,
            "minLength": 1,
            "description": "Records the answer as a measurement of this name, in the field's unit.",
            "examples": ["Torque"],
        },
        "limits": {"$ref": "#/$defs/limits"},
        "warn_limits": WARN_LIMITS,
    },
    "name",
)

DIALOG: Schema = {
    "description": "What to ask; a plain string asks the operator to confirm it.",
    "anyOf": [
        {"type": "string", **TEMPLATE, "minLength": 1},
        _object(
            "What to ask.",
            {
                "type": {"enum": list(TYPES), "description": "What to ask for; default: `confirm`."},
                **APPEARANCE,
                "pass_fail": {
                    "type": "boolean",
                    "description": "Buttons Pass and Fail instead of Confirm; Fail fails the case.",
                },
                "buttons": _object(
                    "Other labels for the buttons.",
                    {
                        "confirm": _text("Instead of Confirm.", "Done"),
                        "pass": _text("Instead of Pass.", "It lights"),
                        "fail": _text("Instead of Fail.", "It is dark"),
                    },
                ),
                # A slider stands in forms alone.
                **{key: schema for key, schema in CONSTRAINTS.items() if key != "step"},
                "fields": {"type": "array", "minItems": 1, "items": FIELD, "description": "The fields of a form."},
                "steps": {
                    "type": "array",
                    "minItems": 1,
                    "items": _object("One page of instructions.", APPEARANCE),
                    "description": "The pages of `type: steps`; the last one has the buttons.",
                },
            },
        ),
    ],
    "examples": ["Connect the device, then confirm.", {"type": "number", "text": "Read the torque", "unit": "Nm"}],
}
