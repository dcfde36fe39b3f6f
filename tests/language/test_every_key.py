"""Every verb and every key stands in a sequence that is valid: in an example, or in those beside the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sequencer.language.shapes.schema import sequence_schema
from sequencer.language.yaml.loader import read_document
from sequencer.steps.keys import SHARED_KEYS
from sequencer.vocabulary.tree import plain

ROOT = Path(__file__).parents[2]
FOLDERS = ("examples", "sequences", "tests/examples/valid")
SCHEMA: Mapping[str, Any] = sequence_schema()
KeyPath = tuple[str, ...]


def definition(schema: Mapping[str, Any], path: KeyPath) -> tuple[Mapping[str, Any], KeyPath]:
    """What a reference stands for, which has a path of its own."""
    if "$ref" not in schema:
        return schema, path
    name = schema["$ref"].rpartition("/")[2]
    return SCHEMA["$defs"][name], (name,)


def parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema, and what it may be instead."""
    yield schema
    for key in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(key, ()):
            yield from parts(each) if "$ref" not in each else [each]


def every(schema: Mapping[str, Any], path: KeyPath) -> Iterator[KeyPath]:
    """The paths of all keys in it, those of definitions left out."""
    for part in parts(schema):
        for key, inner in part.get("properties", {}).items():
            yield (*path, key)
            yield from every(inner, (*path, key))
        for key, step in (("items", ()), ("additionalProperties", ("*",))):
            if isinstance(part.get(key), Mapping) and "$ref" not in part[key]:
                yield from every(part[key], (*path, *step))


def used(schema: Mapping[str, Any], value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """The paths of the keys that stand in ``value``."""
    schema, path = definition(schema, path)
    for part in parts(schema):
        if "$ref" in part:
            if is_meant(definition(part, path)[0], value):
                yield from used(part, value, path)
        elif isinstance(value, dict) and is_meant(part, value):
            for key, inner in value.items():
                if key in part.get("properties", {}):
                    yield (*path, key)
                    yield from used(part["properties"][key], inner, (*path, key))
                elif isinstance(part.get("additionalProperties"), Mapping):
                    yield from used(part["additionalProperties"], inner, (*path, "*"))
        elif isinstance(value, list) and isinstance(part.get("items"), Mapping):
            for each in value:
                yield from used(part["items"], each, path)


def is_meant(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether it is this kind of step, or of mapping."""
    return not isinstance(value, dict) or set(schema.get("required", ())) <= set(value)


@pytest.fixture(scope="module")
def shown() -> set[KeyPath]:
    """The keys of all these files."""
    found: set[KeyPath] = set()
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.yaml")):
            root = read_document(file, ROOT).root
            document: Any = {} if root is None else plain(root)
            found.update(used({**SCHEMA, "required": []}, document, ()))
            for block in (document.get("steps") or {}).values():  # of files that others include
                for step in block if isinstance(block, list) else block["steps"]:
                    found.update(used({"$ref": "#/$defs/step"}, step, ()))
            for kind in ("module", "case"):
                for block in (document.get(f"{kind}s") or {}).values():
                    found.update(used({"$ref": f"#/$defs/{kind}"}, block, ()))
    return found


def test_every_key_stands_in_a_valid_sequence(shown: set[KeyPath]) -> None:
    """None is only written about."""
    keys = {path for name, schema in SCHEMA["$defs"].items() for path in every(schema, (name,))}
    keys |= set(every({**SCHEMA, "$defs": {}}, ()))
    missing = sorted({".".join(one(path)) for path in keys} - {".".join(one(path)) for path in shown})
    assert missing == []
    assert len(keys) > 500


def one(path: KeyPath) -> KeyPath:
    """The keys that all steps have are the same for all of them."""
    is_shared = path[0].startswith("step_") and path[1:2] and path[1] in SHARED_KEYS
    return ("step", *path[1:]) if is_shared else path
