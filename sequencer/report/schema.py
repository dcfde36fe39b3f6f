"""The JSON Schema (draft 2020-12) of hardseq's own report, and the tables of its reference: both made from the model.

``schemas/report.schema.json`` is written from the one, ``docs/reference/report.md`` has the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from sequencer.report.field_types import ADDED, Bounds
from sequencer.report.fields import fields, shape
from sequencer.report.model import PARTS, RunReport
from sequencer.vocabulary.data import Data, Scalar

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    NoneType: "null",
}


def report_schema() -> Schema:
    """The schema of a report, and of the live state of a run."""
    # Imported here: nobody but an editor and whoever writes limits into a report by hand needs the examples.
    from sequencer.limits import LIMITS_SCHEMA

    parts = {name: _object(part) for name, part in PARTS.items()}
    parts["measurement"]["properties"]["limits"]["examples"] = LIMITS_SCHEMA["examples"]
    return {
        "$schema": DRAFT,
        "$id": "urn:hardseq:report",
        "title": "hardseq report",
        "description": "Everything known of one run. Times are Unix seconds with a fraction, durations seconds.",
        **_object(RunReport),
        "$defs": parts,
    }


def added_later() -> frozenset[str]:
    """The names of the required fields that reports of earlier versions lack."""
    parts: list[type[Any]] = [RunReport, *PARTS.values()]
    return frozenset(name for part in parts for name, field in fields(part).items() if ADDED in field.marks)


def _object(part: type[Any]) -> Schema:
    """An object without further keys."""
    return {
        "type": "object",
        "properties": {
            name: {**_value(field.type), **({"description": field.description} if field.description else {})}
            for name, field in fields(part).items()
        },
        "required": [name for name, field in fields(part).items() if field.required],
        "additionalProperties": False,
    }


def _value(annotated: Any) -> Schema:
    """The schema of what is annotated, without its description."""
    kind, nullable, metadata = shape(annotated)
    if kind == Data:
        return {}
    if kind in PARTS.values():
        reference = {"$ref": f"#/$defs/{_part_name(kind)}"}
        return {"oneOf": [reference, {"type": "null"}]} if nullable else reference
    origin: Any = get_origin(kind) or kind
    if origin is Literal:
        words = get_args(kind)
        return {"const": words[0]} if len(words) == 1 else {"enum": [*words, None] if nullable else [*words]}
    if kind == Scalar:
        return {"type": ["string", "number", "boolean", "null"]}
    found: Schema = {"type": [_TYPES[origin], "null"] if nullable else _TYPES[origin]}
    if origin is list:
        found["items"] = _value(get_args(kind)[0])
    elif origin is dict and get_args(kind)[1] is not Any:
        found["additionalProperties"] = _value(get_args(kind)[1])
    for bounds in metadata:
        if isinstance(bounds, Bounds):
            found |= {side: bound for side, bound in bounds._asdict().items() if bound is not None}
    return found


def _part_name(part: type[Any]) -> str:
    return next(name for name, each in PARTS.items() if each is part)


def field_tables() -> str:
    """The end of ``docs/reference/report.md``: a table of the fields of each part, in Markdown."""
    schema = report_schema()
    parts = {"The run": (RunReport, schema), **{name: (part, schema["$defs"][name]) for name, part in PARTS.items()}}
    return "\n".join(line for name, (part, of) in parts.items() for line in _table(name, part, of))


def _table(name: str, part: type[Any], schema: Schema) -> list[str]:
    about = (part.__doc__ or "").partition("\n")[0]
    rows = [
        f"| `{field}` | {_type_text(of)}{'' if field in schema['required'] else ', optional'} | "
        f"{of.get('description', '')} |"
        for field, of in schema["properties"].items()
    ]
    return [
        f"### {name}",
        "",
        about.replace("``", "`"),
        "",
        "| field | type | meaning |",
        "| --- | --- | --- |",
        *rows,
        "",
    ]


def _type_text(schema: Schema) -> str:
    """``string or null``, ``array of [measurement](#measurement)``."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "oneOf" in schema:
        return " or ".join(_type_text(one) for one in schema["oneOf"])
    if "const" in schema or "enum" in schema:
        words = schema["enum"] if "enum" in schema else [schema["const"]]
        return ", ".join("null" if word is None else f"`{word}`" for word in words)
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ["anything"])
    inner = schema.get("items") or schema.get("additionalProperties")
    if inner:
        return f"{kinds[0]} of {_type_text(inner)}{', or null' if 'null' in kinds else ''}"
    return " or ".join(kinds)
