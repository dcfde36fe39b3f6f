"""The few phrases that the schemas of the reports are written in."""

from __future__ import annotations

from typing import Any

from sequencer.report.model import LATEST

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def closed(properties: Schema, required: tuple[str, ...] | None = None, optional: tuple[str, ...] = ()) -> Schema:
    """An object without further keys; every key is required but the ``optional``, or just those of ``required``."""
    return {
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key not in optional] if required is None else list(required),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """What ``$defs`` has under ``name``."""
    return {"$ref": f"#/$defs/{name}"}


def ref_or_null(name: str, description: str) -> Schema:
    """The same, or null."""
    return {"oneOf": [ref(name), {"type": "null"}], "description": description}


def list_of(name: str, description: str) -> Schema:
    """A list of the same."""
    return {"type": "array", "items": ref(name), "description": description}


def map_of(name: str, description: str) -> Schema:
    """A mapping with free keys to the same."""
    return {"type": "object", "additionalProperties": ref(name), "description": description}


def typed(kind: str, description: str) -> Schema:
    """A value of one JSON type."""
    return {"type": kind, "description": description}


def maybe(kind: str, description: str) -> Schema:
    """A value of one JSON type, or null."""
    return {"type": [kind, "null"], "description": description}


def time(description: str) -> Schema:
    """A time in Unix seconds."""
    return {"type": "number", "minimum": 0, "maximum": LATEST, "description": description}


def time_or_null(description: str) -> Schema:
    """The same, or null."""
    return {**time(description), "type": ["number", "null"]}


def whole(description: str) -> Schema:
    """A whole number from 0 up, or null."""
    return {"type": ["integer", "null"], "minimum": 0, "description": description}


def texts(description: str) -> Schema:
    """A list of texts."""
    return {"type": "array", "items": {"type": "string"}, "description": description}


def texts_by_key(description: str) -> Schema:
    """A mapping from texts to texts."""
    return {"type": "object", "additionalProperties": {"type": "string"}, "description": description}


def one_of(words: list[str | None], description: str) -> Schema:
    """One of the words."""
    return {"enum": words, "description": description}
