"""Step types of other packages: whether one can be used, and what its code raises said in a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass, replace
from typing import ParamSpec, TypeVar

from sequencer.steps.base import StepType
from sequencer.steps.keys import MARK, SHARED_KEYS
from sequencer.vocabulary.extension import INTERFACE, Announced, UnusableExtension, told
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.regex import PatternError, compile_pattern

_VERB = re.compile(r"[a-z][a-z0-9_]*")
_REFERENCES = ("#/$defs/limits", "#/$defs/step")
_MARKS = ("template", "expression")

Given = ParamSpec("Given")
Result = TypeVar("Result")


def step_of_package(found: object, announced: Announced, own: Mapping[str, StepType]) -> StepType:
    """What a package announced, checked; ``own`` are the verbs of hardseq itself.

    Raises ``UnusableExtension``; so do the step type's functions when they raise anything.
    """
    wrong = next(_wrong(found, announced.name, own), None)
    if wrong is not None:
        raise announced.unusable(wrong)
    assert isinstance(found, StepType)
    return replace(
        found, parse=_guarded(found.parse, announced, "read"), emit=_guarded(found.emit, announced, "written")
    )


def _wrong(found: object, name: str, own: Mapping[str, StepType]) -> Iterator[str]:
    """What is wrong with it."""
    if not isinstance(found, StepType):
        yield f"it is {type(found).__name__!r} and not a `StepType`"
        return
    if found.interface != INTERFACE:
        yield f"it is written for interface {found.interface!r}; this hardseq has {INTERFACE}"
    if found.verb != name:
        yield f"its entry point has another name than its verb, {found.verb!r:.80}"
    if _VERB.fullmatch(name) is None:
        yield "a verb has only small letters, digits and `_`, a letter first"
    if name in SHARED_KEYS:
        yield f"`{name}` is a key that every step may have"
    yield from (f"`{name}` is a key of the step `{verb}`" for verb, of in own.items() if name in of.keys)
    if not (isinstance(found.model, type) and issubclass(found.model, Step) and is_dataclass(found.model)):
        yield "its `model` is not a data class that derives from `Step`"
    yield from (f"its `{key}` cannot be called" for key in ("parse", "emit") if not callable(getattr(found, key)))
    for key in ("summary", "example"):
        if not isinstance(getattr(found, key), str):
            yield f"its `{key}` is not a string"
    yield from _wrong_keys(found)
    yield from _wrong_schema(found.verb, found.schema)
    for key, schema in found.keys.items():
        yield from _wrong_schema(key, schema)


def _wrong_keys(found: StepType) -> Iterator[str]:
    if not isinstance(found.keys, Mapping) or not all(isinstance(key, str) for key in found.keys):
        yield "its `keys` are not a mapping from names to schemas"
        return
    for key in (*found.keys, found.verb):
        if key in SHARED_KEYS:
            yield f"its key `{key}` is one that every step may have"
    if found.verb in found.keys:
        yield f"its key `{found.verb}` is the verb itself"
    for what, names, known in (("required", found.required, found.keys), ("shared", found.shared, SHARED_KEYS)):
        if not isinstance(names, frozenset) or not names <= set(known):
            yield f"its `{what}` is not a frozenset of names among {', '.join(known) or 'none'}"


def _wrong_schema(key: str, schema: object) -> Iterator[str]:
    # Imported here: hardseq's own schemas are tested, and need no check when they are used.
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(schema, Mapping):
        yield f"the schema of `{key}` is not a mapping"
        return
    try:
        written = json.loads(json.dumps(schema, allow_nan=False))
        Draft202012Validator.check_schema(written)
    except (TypeError, ValueError, RecursionError) as error:
        yield f"the schema of `{key}` is not JSON: {error}"
        return
    except SchemaError as error:
        yield f"the schema of `{key}` is not a JSON Schema: {error.message:.200}"
        return
    for part in _parts(written):
        if "$ref" in part and part["$ref"] not in _REFERENCES:
            yield f"the schema of `{key}` may refer to {' and '.join(_REFERENCES)} alone, not to {part['$ref']!r:.80}"
        if MARK in part and part[MARK] not in _MARKS:
            yield f"the schema of `{key}` has the mark {part[MARK]!r:.80}; there are {' and '.join(_MARKS)}"
        if isinstance(part.get("pattern"), str):
            try:
                compile_pattern(part["pattern"])
            except PatternError as error:
                yield f"the schema of `{key}` has a pattern that is not a valid regular expression: {error}"


def _parts(schema: object) -> Iterator[Mapping[str, object]]:
    """The schema and those in it; names of properties and values given as they are do not count."""
    if isinstance(schema, list):
        for each in schema:
            yield from _parts(each)
    elif isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key in ("properties", "patternProperties", "$defs"):
                yield from _parts([*value.values()])
            elif key not in ("enum", "const", "examples", "default"):
                yield from _parts(value)


def _guarded(function: Callable[Given, Result], announced: Announced, done: str) -> Callable[Given, Result]:
    def guarded(*arguments: Given.args, **keywords: Given.kwargs) -> Result:
        try:
            return function(*arguments, **keywords)
        except (UnusableExtension, InvalidInput):  # of a step inside this one
            raise
        except (Exception, SystemExit) as error:
            reason = f"the step `{announced.name}` of the package {announced} cannot be {done}: {told(error)}"
            raise UnusableExtension(reason) from error

    return guarded
