"""Whether a value from a configuration file fits its JSON Schema fragment, and the words for it when it does not.

Only the few constraints that ``settings`` uses are known; ``jsonschema`` would cost every start its import.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Required, TypedDict

from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.regex import compile_pattern


class SettingSchema(TypedDict, total=False):
    """What of JSON Schema the fragment of a setting may state."""

    type: Required[str | list[str]]
    enum: list[str]
    minimum: float
    maximum: float
    exclusiveMinimum: float
    minLength: int
    pattern: str
    additionalProperties: SettingSchema
    items: SettingSchema
    examples: list[str]
    description: str
    default: str | float


_MOST_SHOWN = 60
"""Characters of a value that a hint repeats."""

_TYPES: Mapping[str, tuple[type[object], ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}
_WORDS = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "object": "a table",
    "array": "an array",
}
_SHOWN_TYPES = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "a table",
    list: "an array",
}


def value_problem(value: object, schema: SettingSchema) -> tuple[str, str | None] | None:
    """What ``schema`` wants instead of ``value``, and a hint; ``None`` when it fits."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    value = plain(value)
    allowed = tuple(kind for name in types for kind in _TYPES[name])
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        return f"{_wanted(schema, types)}, not {shown(value)}", _how_to_write(value, schema, types)
    if "enum" in schema and value not in schema["enum"]:
        return _wanted(schema, types), did_you_mean(str(value), schema["enum"])
    for problem in _bounds(value, schema):
        return problem, f'for example "{schema["examples"][0]}"' if "examples" in schema else None
    return None


def _bounds(value: object, schema: SettingSchema) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        finite = isinstance(value, int) or math.isfinite(value)
        if finite and "maximum" not in schema and abs(value) > MAX_WHOLE:
            yield f"a number of at most {MAX_WHOLE}, which every store can hold"
        elif not finite or not low <= value <= high or value <= schema.get("exclusiveMinimum", -math.inf):
            yield _wanted(schema, [schema["type"]] if isinstance(schema["type"], str) else schema["type"])
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield "a non-empty string"
        elif "pattern" in schema and not compile_pattern(schema["pattern"]).search(value):
            yield f"a string that matches {schema['pattern']}"


def _wanted(schema: SettingSchema, types: list[str]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(f'"{choice}"' for choice in schema["enum"])
    words = " or ".join(_WORDS[name] for name in types)
    if "minimum" in schema and "maximum" in schema:
        return f"{words} from {schema['minimum']} to {schema['maximum']}"
    if "exclusiveMinimum" in schema and "maximum" in schema:
        return f"{words} above {schema['exclusiveMinimum']}, {schema['maximum']:.0f} or less"
    if "minimum" in schema:
        return f"{words}, {schema['minimum']} or more"
    return f"{words} above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else words


def did_you_mean(written: str, known: Iterable[str]) -> str | None:
    """A hint when one of ``known`` looks like what was meant."""
    from difflib import get_close_matches

    close = get_close_matches(written, known, n=1)
    return f"did you mean `{close[0]}`?" if close else None


def shown(value: object) -> str:
    """The words for the type of a value."""
    return _SHOWN_TYPES.get(type(value), "that")


def _how_to_write(value: object, schema: SettingSchema, types: list[str]) -> str | None:
    """How the value, or one like it, is written for a setting of these types; ``None`` where nobody can say."""
    if "array" in types:
        return None if isinstance(value, dict) else f"write it in brackets: [{_element(value, schema.get('items'))}]"
    if isinstance(value, list) and len(value) == 1 and value_problem(value[0], schema) is None:
        return "write it without brackets"
    if isinstance(value, str) and "string" not in types:
        return "write it without quotes" if _fits_unquoted(value, schema) else None
    return "write it in quotes" if "string" in types and not isinstance(value, dict | list) else None


def _element(value: object, items: SettingSchema | None) -> str:
    """The value as an element of the array that is wanted; where it cannot be one, the example that there is."""
    if items is not None and value_problem(value, items) is not None:
        known = items.get("examples") or items.get("enum")
        value = known[0] if known else str(value)
    return json.dumps(value if len(str(value)) <= _MOST_SHOWN else "...", ensure_ascii=False)


def _fits_unquoted(text: str, schema: SettingSchema) -> bool:
    """Whether the setting takes what the text is in TOML without its quotes."""
    import tomllib

    try:
        read = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    value = read["value"]
    return len(read) == 1 and not isinstance(value, str) and value_problem(value, schema) is None


def plain(value: object) -> object:
    """TOML's dates and times as their texts: JSON and drivers know no others."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value
