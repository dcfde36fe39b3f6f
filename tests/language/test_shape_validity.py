"""The compiled checks of values call valid what jsonschema calls valid."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from sequencer.language.shapes.all import shapes
from sequencer.language.shapes.shape import ValueCheck
from sequencer.language.shapes.validity import compiled
from sequencer.steps import step_types
from sequencer.vocabulary.regex import compile_pattern
from tests.effort import examples


def _pattern(validator: Any, written: str, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(value, str) and not compile_pattern(written).search(value):
        yield ValidationError("does not match")


_whole = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
)
Reference = extend(Draft202012Validator, {"pattern": _pattern}, type_checker=_whole)


def _checks() -> Iterator[ValueCheck]:
    known = shapes()
    types = step_types()
    steps = [known.step(types[verb]) for verb in types]
    blocks = [known.block(kind) for kind in ("steps", "cases", "modules")]
    for shape in (known.top, known.module, known.case, known.blocks, *blocks, *steps):
        yield from shape.checks.values()
    yield from (known.driver, known.param)


SCHEMAS = [check.schema for check in _checks()]


def _words(schema: Any) -> Iterator[str]:
    """Everything that stands in a schema as a text: keys, examples, choices."""
    if isinstance(schema, str):
        yield schema
    for one in (*schema, *schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _words(one)


WORDS = sorted({word for schema in SCHEMAS for word in _words(schema)} | {"", "a\n", "1 s", "${{ x }}", "é"})
_scalars = st.one_of(
    st.sampled_from(WORDS),
    st.none() | st.booleans(),
    st.sampled_from([0, 1, -1, 0.0, 1.0, 5, 2**53, -(2**60), float("nan"), float("inf")]),
)
VALUES = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_the_compiled_checks_agree_with_jsonschema(data: st.DataObject) -> None:
    """Of every value of every key of hardseq's own schemas: what one refuses, the other refuses."""
    value = data.draw(VALUES)
    for schema in SCHEMAS:
        check = compiled(schema)
        assert check is not None, schema
        assert bool(check(value)) is bool(Reference(schema).is_valid(value)), schema


@pytest.mark.parametrize("schema", [{"$ref": "#/$defs/x"}, {"enum": [1, True]}, {"items": {"uniqueItems": True}}, 5])
def test_a_schema_that_says_more_is_left_to_jsonschema(schema: Any) -> None:
    """What is not known here is not taken for nothing."""
    assert compiled(schema) is None


def test_a_right_file_is_checked_without_jsonschema(tmp_path: Path) -> None:
    """It is loaded where something is wrong, to say what: loading it takes longer than checking a long file."""
    right = "name: S\nmodules:\n  m:\n    cases:\n      a:\n        steps:\n          - wait: 1 ms\n"
    (tmp_path / "right.yaml").write_text(right)
    (tmp_path / "wrong.yaml").write_text(right.replace("1 ms", "[]"))
    program = (
        "import atexit, sys; atexit.register(lambda: print('jsonschema' in sys.modules))\n"
        "from sequencer.__main__ import main; main()"
    )
    for file, loaded in (("right.yaml", "False"), ("wrong.yaml", "True")):
        done = subprocess.run(
            [sys.executable, "-c", program, "check", file], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.stdout.split()[-1] == loaded, done.stdout + done.stderr
