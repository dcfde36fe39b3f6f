"""What the schemas say of a place in a sequence: which keys it takes, what they mean, what a value may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from sequencer.language.shapes.schema import blocks_properties, sequence_schema
from sequencer.language_server.cursor import ITEM, Level
from sequencer.steps import step_types
from sequencer.steps.keys import Schema

_BLOCKS = re.compile(r"^(steps|cases)[ \t]*:", re.MULTILINE)
_TOP_KEY = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*:(?=\s)", re.MULTILINE)
_STEP = "#/$defs/step"


@cache
def _documents() -> tuple[Schema, Schema, Mapping[str, Schema]]:
    """The schema of a sequence, that of a file of blocks, and what both refer to."""
    usable, _ = step_types().all_usable()
    whole: Schema = sequence_schema(usable)
    return whole, {"type": "object", "properties": blocks_properties()}, whole["$defs"]


@cache
def verbs() -> Mapping[str, Schema]:
    """The schema of a step of each verb."""
    _, _, definitions = _documents()
    return {name.removeprefix("step_"): each for name, each in definitions.items() if name.startswith("step_")}


def schemas_at(levels: Sequence[Level], key: str | None = None, *, blocks: bool) -> list[Schema]:
    """The schemas of the innermost of the ``levels``, each without references; several where it may be several things.

    ``key`` is one that is there as well. ``blocks``: the file is one that sequences include.
    """
    sequence, of_blocks, _ = _documents()
    found = list(_alternatives(of_blocks if blocks else sequence))
    for outer, level in pairwise(levels):
        found = [each for schema in _of_verb(found, outer.entries) for each in _inner(schema, level.key)]
    return _of_verb(found, [*levels[-1].entries, *([] if key is None else [key])])


def is_blocks_text(text: str) -> bool:
    """Whether a text is a file of blocks, which sequences include."""
    return _BLOCKS.search(text) is not None


def is_foreign(text: str) -> bool:
    """Whether a text has keys at its top that neither a sequence nor a file of blocks has."""
    sequence, of_blocks, _ = _documents()
    known = {*sequence["properties"], *of_blocks["properties"]}
    return any(key not in known and not key.startswith("x-") for key in _TOP_KEY.findall(text))


def value_schemas(owners: Iterable[Schema], key: str) -> list[Schema]:
    """The schemas of the value of ``key``."""
    return [each for owner in owners for each in _inner(owner, key)]


def is_step(schemas: Iterable[Schema]) -> bool:
    """Whether it is a step of one verb or another."""
    return any(schema.get("title") in verbs() for schema in schemas)


def properties(schemas: Iterable[Schema]) -> dict[str, Schema]:
    """The keys that a mapping may have, with their schemas."""
    found: dict[str, Schema] = {}
    for schema in schemas:
        for key, each in schema.get("properties", {}).items():
            found.setdefault(key, each)
    return found


def description(schema: Schema) -> str:
    """What a schema says of itself, in words of its own or of what it refers to."""
    if "description" in schema:
        return str(schema["description"])
    inner = next(_alternatives(schema), {})
    return str(inner.get("description", "")) if inner is not schema else ""


def alternatives(schema: Schema) -> list[Schema]:
    """What a value may be, one by one, without references."""
    return list(_alternatives(schema))


def _alternatives(schema: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        reference = str(schema["$ref"])
        definitions = _documents()[2]
        if reference == _STEP:
            yield from verbs().values()
        else:
            yield from _alternatives(definitions[reference.removeprefix("#/$defs/")])
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _alternatives({**_words(schema), **each})
    else:
        yield schema


def _words(schema: Schema) -> Schema:
    """What a union says for all of its alternatives."""
    return {key: schema[key] for key in ("description", "examples", "x-text") if key in schema}


def _inner(schema: Schema, key: str) -> Iterator[Schema]:
    if key == ITEM:
        if isinstance(schema.get("items"), Mapping):
            yield from _alternatives(schema["items"])
        return
    if key in schema.get("properties", {}):
        yield from _alternatives(schema["properties"][key])
    elif isinstance(schema.get("additionalProperties"), Mapping):
        yield from _alternatives(schema["additionalProperties"])


def _of_verb(found: list[Schema], entries: Iterable[str]) -> list[Schema]:
    """Of the schemas of all verbs, those of the verb that is among ``entries``."""
    if not is_step(found):
        return found
    keys = set(entries)
    own = [each for each in found if each.get("title") in keys]
    # One verb may be a key of another: `message` of a `check`.
    most = max((len(keys & each["properties"].keys()) for each in own), default=0)
    return [each for each in own if len(keys & each["properties"].keys()) == most] or found
