"""Phrases of JSON Schema for the HTTP interface's description. What a record holds is read from its class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sequencer.panel.patches import RUN_FIELDS
from sequencer.report.schema import report_schema

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
TRUE: Schema = {"const": True}
COUNT: Schema = {"type": "integer", "minimum": 0}
ANYTHING: Schema = {}
OBJECT: Schema = {"type": "object"}
REPORT: Schema = {"$ref": "#/components/schemas/Report"}

_TYPES: Mapping[Any, Schema] = {
    str: TEXT,
    float: NUMBER,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
}


def mapping(**properties: Schema) -> Schema:
    """An object with these properties, all of them, and no others."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def optional(*required: str, **properties: Schema) -> Schema:
    """An object with any of these properties and no others; the ``required`` must be there."""
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def listed(items: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(kind: type) -> Schema:
    """The object that a named tuple's or a data class's fields make."""
    return mapping(**{name: _typed(hint) for name, hint in get_type_hints(kind).items()})


def _typed(hint: Any) -> Schema:
    if hint in _TYPES:
        return _TYPES[hint]
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) in (Union, UnionType):
        return {"anyOf": [_typed(one) for one in get_args(hint)]}
    raise TypeError(f"no schema for {hint}")


@cache
def components() -> dict[str, Any]:
    """What the description's ``$ref`` mean."""
    report = _moved({name: part for name, part in report_schema().items() if name not in ("$schema", "$id")})
    fields = report["properties"]
    case = {"type": "object", "required": ["id", "name", "group", "place", "status", "attempts"]}
    module = {
        "type": "object",
        "required": ["id", "name", "group", "status", "cases"],
        "properties": {"cases": listed(case)},
    }
    live = {
        "type": "object",
        "description": "The run as it is now: the report while it grows.",
        "properties": {
            **{name: fields[name] for name in RUN_FIELDS if name not in ("start_time", "sequence")},
            "start_time": or_null(NUMBER),
            "sequence": OBJECT,
            "messages": fields["operator_messages"],
            "modules": listed(module),
        },
        "required": [*RUN_FIELDS, "messages", "modules"],
    }
    field = optional("field", "code", field=TEXT, code=TEXT, message=TEXT, limit=ANYTHING)
    error = mapping(error=optional("code", "message", code=TEXT, message=TEXT, fields=listed(field)))
    return {"Error": error, "Report": report, "LiveRun": live}


def _moved(part: Any) -> Any:
    """With the report's own references leading to its place in the description."""
    if isinstance(part, list):
        return [_moved(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key: value.replace("#/$defs/", "#/components/schemas/Report/$defs/") if key == "$ref" else _moved(value)
        for key, value in part.items()
    }
