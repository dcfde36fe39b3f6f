from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sequencer.language.read import load
from sequencer.language.shapes.schema import sequence_schema
from sequencer.steps import step_types
from sequencer.vocabulary.tree import plain
from tests.every import every

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples" / "valid"
SCHEMA = sequence_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
LOOSE = {"yaml_1_2"}
"""Valid for hardseq, which takes numbers as texts where texts are wanted; an editor asks to quote them."""


def described(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property of every mapping in the schema, with its path."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "properties":
                for name, each in value.items():
                    yield f"{path}/{name}", each
                    yield from described(each, f"{path}/{name}")
            elif key not in ("examples", "default", "enum", "const"):
                yield from described(value, f"{path}/{key}" if key == "$defs" or path.endswith("$defs") else path)
    elif isinstance(schema, list):
        for each in schema:
            yield from described(each, path)


PROPERTIES = dict(described(SCHEMA))


def test_the_written_schema_is_in_step() -> None:
    """``schemas/sequence.schema.json`` is what the step files say now; ``hardseq schema sequence`` writes it."""
    written = json.loads((ROOT / "schemas" / "sequence.schema.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(SCHEMA))


def test_it_is_a_json_schema() -> None:
    """The schema itself is valid under its draft."""
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_has_a_description() -> None:
    """An editor can explain every key, at every depth."""
    assert PROPERTIES
    assert [path for path, one in PROPERTIES.items() if not one.get("description") and "$ref" not in one] == []


def test_every_example_is_valid() -> None:
    """What an editor offers as an example is valid where it is offered."""
    every([path for path, schema in PROPERTIES.items() if "examples" in schema], has_valid_examples)


def has_valid_examples(path: str) -> None:
    """Whether those of this key are."""
    schema = PROPERTIES[path]
    for example in schema["examples"]:
        errors = list(Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).iter_errors(example))
        assert errors == [], example


@pytest.mark.parametrize("path", [path for path, schema in PROPERTIES.items() if "default" in schema])
def test_every_default_is_valid(path: str) -> None:
    """A default that is shown is one that may be written."""
    schema = PROPERTIES[path]
    assert Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).is_valid(schema["default"])


@pytest.mark.parametrize("verb", list(step_types().own))
def test_every_verb_is_in_the_schema(verb: str) -> None:
    """Each step file adds its verb, with the keys that must be there."""
    step_type = step_types()[verb]
    definition = SCHEMA["$defs"][f"step_{verb}"]
    assert set(definition["required"]) == {verb, *step_type.required}
    assert set(definition["properties"]) == {verb, *step_type.keys, *step_type.shared}
    assert {"$ref": f"#/$defs/step_{verb}"} in SCHEMA["$defs"]["step"]["anyOf"]


@pytest.mark.parametrize(
    "path", [*sorted(EXAMPLES.glob("*.yaml")), *sorted((ROOT / "sequences").glob("*.yaml"))], ids=lambda path: path.stem
)
def test_valid_sequences_meet_the_schema(path: Path) -> None:
    """An editor that knows the schema has nothing to say against a valid sequence."""
    errors = [error.message for error in VALIDATOR.iter_errors(plain(load(path)))]
    assert bool(errors) == (path.stem in LOOSE), errors


@pytest.mark.parametrize(
    "name", ["top_unknown_keys", "top_missing", "top_types", "top_empty", "params", "steps_keys", "names"]
)
def test_what_the_schema_can_see_it_refuses(name: str) -> None:
    """An editor marks what is wrong with keys and values while one types."""
    assert not VALIDATOR.is_valid(plain(load(EXAMPLES.parent / "invalid" / f"{name}.yaml")))
