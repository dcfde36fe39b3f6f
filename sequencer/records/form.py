"""Whether a document has the form that its reader relies on: a JSON Schema, and what it lacks in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jsonschema

from sequencer.records.record import JsonPath, UnusableRecord
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.json_text import one_line

Schema = dict[str, Any]

_SHOWN = 60
_WORDS = {"object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number", "null": "null"}


class Form:
    """A JSON Schema (draft 2020-12) that is compiled when it is first used."""

    def __init__(self, name: str, schema: Schema) -> None:
        self._name = name
        self._schema = schema

    @cached_property
    def _validator(self) -> jsonschema.protocols.Validator:
        return jsonschema.Draft202012Validator(self._schema)

    def check(self, document: Data) -> None:
        """Raises ``UnusableRecord`` with the first thing that is not as it must be."""
        error = next(self._validator.iter_errors(document), None)
        if error is None:
            return
        while error.context:
            error = max(error.context, key=lambda one: len(one.absolute_path))
        path: JsonPath = tuple(error.absolute_path)
        raise UnusableRecord("record-form", _sentence(error, path), path, hint=f"expected is {self._name}")


def _sentence(error: jsonschema.ValidationError, path: JsonPath) -> str:
    where = f"`{path_text(path)}`" if path else "the record"
    instance: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            missing = next(key for key in wanted if key not in instance)
            return f"{where} has no `{missing}`"
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            expected = " or ".join(_WORDS.get(kind, f"a {kind}") for kind in kinds)
            return f"{where} must be {expected}, not {_shown(instance)}"
        case "enum":
            words = ", ".join(map(one_line, wanted))
            return f"{where} must be one of {words}, not {_shown(instance)}"
    return f"{where}: {error.message:.200}"


def path_text(path: JsonPath) -> str:
    """``phases[3].measurements.rail``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = one_line(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def one_of(*words: str | None) -> Schema:
    """One of these words."""
    return {"enum": list(words)}


def maybe(kind: str) -> Schema:
    """Of this type, or null."""
    return {"type": [kind, "null"]}


def mapping(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """A mapping that has at least these keys; what else is in it does not matter."""
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def maybe_mapping(properties: Mapping[str, Schema]) -> Schema:
    """The same, or null, without any key that it must have."""
    return {"type": ["object", "null"], "properties": dict(properties)}


def list_of(entry: Schema) -> Schema:
    """A list, or null."""
    return {"type": ["array", "null"], "items": entry}


def map_of(entry: Schema) -> Schema:
    """A mapping with any keys, or null."""
    return {"type": ["object", "null"], "additionalProperties": entry}
