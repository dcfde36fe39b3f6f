"""The form of the HTTP interface's table of routes, and its OpenAPI description."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from flask import Response

from sequencer.panel.patches import RUN_FIELDS, SHOWN_OF_MODULE
from sequencer.project.users import ROLES
from sequencer.report.schema import report_schema
from sequencer.vocabulary.dataclass import dataclass

Schema = Mapping[str, Any]

Right = Literal["anyone", "look", "operator", "engineer", "manager"]
"""What a call needs: nothing, to see the panel, or a role."""

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
TRUE: Schema = {"const": True}
COUNT: Schema = {"type": "integer", "minimum": 0}
ANYTHING: Schema = {}
OBJECT: Schema = {"type": "object"}
REPORT: Schema = {"$ref": "#/components/schemas/Report"}

_TYPES: Mapping[object, Schema] = {
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


def _typed(hint: object) -> Schema:
    if hint in _TYPES:
        return _TYPES[hint]
    if get_origin(hint) is Mapping:
        return OBJECT
    if get_origin(hint) is tuple:  # of any length: `tuple[str, ...]`
        return listed(_typed(get_args(hint)[0]))
    if is_typeddict(hint):
        return OBJECT
    if isinstance(hint, type) and is_dataclass(hint):
        return record(hint)
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) in (Union, UnionType):
        return {"anyOf": [_typed(one) for one in get_args(hint)]}
    raise TypeError(f"no schema for {hint}")


@cache
def components() -> dict[str, object]:
    """What the description's ``$ref`` mean."""
    report = _moved({name: part for name, part in report_schema().items() if name not in ("$schema", "$id")})
    fields = report["properties"]
    case = {"type": "object", "required": report["$defs"]["case"]["required"]}
    module = {"type": "object", "required": [*SHOWN_OF_MODULE, "cases"], "properties": {"cases": listed(case)}}
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
    field = optional(
        "field", "code", field=TEXT, code=TEXT, message=TEXT, limit=ANYTHING, coded_reason=OBJECT, slot=TEXT
    )
    error = optional("code", "message", code=TEXT, message=TEXT, coded_reason=OBJECT, fields=listed(field))
    return {"Error": mapping(error=error), "Report": report, "LiveRun": live}


def _moved(part: object) -> Any:
    """With the report's own references leading to its place in the description."""
    if isinstance(part, list):
        return [_moved(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key: value.replace("#/$defs/", "#/components/schemas/Report/$defs/") if key == "$ref" else _moved(value)
        for key, value in part.items()
    }


Handler = Callable[..., "Response | Mapping[str, object]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query parameter; one whose schema is an array may be given several times.

    A schema that depends on what is installed is made once it is asked for.
    """

    name: str
    schema: Schema | Callable[[], Schema]
    description: str
    required: bool = False

    def described(self) -> Schema:
        """Its schema."""
        return self.schema() if callable(self.schema) else self.schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One call: ``handler(session, **parts of the path)`` answers with JSON data or a whole response.

    ``right`` is what its caller must have; where that depends on what is asked for, ``demands`` says so of the present
    request, and ``right`` is the least. What is not every operator's is logged, with these keys of the body
    (``logged``); no other is, so that no secret can get there. ``in_factory``: whether the service of a factory, where
    nothing is tested and no run is changed, has it, too; by default what only reads. ``errors`` are the call's own, by
    status; every call may also answer as ``EVERYWHERE`` says. ``files`` are the media types that ``format`` gives
    instead of JSON. What of these depends on what is installed, or takes its time, is made once it is asked for.
    """

    method: str
    path: str
    handler: Handler
    right: Right
    summary: str
    demands: Callable[[], Right] | None = None
    in_factory: bool | None = None
    logged: tuple[str, ...] = ()
    query: tuple[Parameter, ...] = ()
    body: Schema | None = None
    answer: Schema | Callable[[], Schema] = field(default_factory=lambda: OBJECT)
    media_type: str = "application/json"
    files: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    errors: Mapping[int, str] = field(default_factory=dict)

    def is_for(self, *, tests: bool) -> bool:
        """Whether it is there where runs are made (``tests``), or where they are only looked at."""
        return tests or (self.method == "GET" if self.in_factory is None else self.in_factory)

    @property
    def name(self) -> str:
        """The call's name in Flask and OpenAPI."""
        return self.handler.__name__


EVERYWHERE: Mapping[int, str] = {
    400: "the request cannot be understood",
    401: "log in first",
    403: "the token is missing or wrong, the request comes from another site, or the user has not the role for it",
    500: "an error of the panel itself",
}
WITH_BODY: Mapping[int, str] = {413: "the body is too large", 415: "the body is not application/json"}


def openapi(routes: tuple[Route, ...], version: str) -> dict[str, object]:
    """The OpenAPI 3.1 description of ``routes``."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(_openapi_path(route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hardseq panel",
            "version": version,
            "description": "Starts, stops and follows runs of a stand, and reads what it measured.",
            "license": {"name": "MIT"},
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components(),
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Hardseq-Token",
                    "description": "A user's token, the session's (from panel.json), or the configured one.",
                },
            },
        },
    }


def _openapi_path(path: str) -> str:
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", path)


def _operation(route: Route) -> dict[str, object]:
    parts = re.findall(r"<(?:[^:>]+:)?([^>]+)>", route.path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in parts]
    parameters += [
        {
            "name": query.name,
            "in": "query",
            "schema": query.described(),
            "description": query.description,
            **({"required": True} if query.required else {}),
        }
        for query in route.query
    ]
    errors = {**EVERYWHERE, **(WITH_BODY if route.body is not None else {}), **route.errors}
    files = route.files() if callable(route.files) else route.files
    answer = route.answer() if callable(route.answer) else route.answer
    answers = {route.media_type: {"schema": answer}, **{kind: {"schema": TEXT} for kind in files}}
    operation: dict[str, object] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "It worked.", "content": answers},
            **{str(status): _error(description) for status, description in sorted(errors.items())},
            "default": _error("any other error"),
        },
    }
    if route.right in ROLES:
        operation["x-role"] = route.right
    if route.method != "GET":
        operation["security"] = [{"token": []}]
    if route.body is not None:
        content = {"application/json": {"schema": route.body}}
        # An empty body is an empty object.
        operation["requestBody"] = {"content": content, "required": bool(route.body.get("required"))}
    return operation


def _error(description: str) -> dict[str, object]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
