"""The JSON Schema of a sequence, assembled from the step files and written to ``schemas/sequence.schema.json``."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.language.shapes.schema_parts import (
    ATTEMPTS,
    BOTH,
    MATRIX,
    PARAM,
    STEP_SHARED,
    TOP,
    USE_BLOCK,
    mapping,
    named,
    text,
)
from sequencer.limits import LIMITS_SCHEMA
from sequencer.steps import step_types
from sequencer.steps.base import StepType
from sequencer.steps.keys import TEMPLATE, Schema
from sequencer.vocabulary.regex import ID_PATTERN

SCHEMA_ID = "urn:hardseq:sequence"


def steps_schema(description: str) -> dict[str, object]:
    """A list of steps."""
    return {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}, "description": description}


def step_properties(step_type: StepType) -> dict[str, Schema]:
    """Every key of a verb with its schema, the verb first."""
    shared = {key: schema for key, schema in STEP_SHARED.items() if key in step_type.shared}
    verb = {"description": step_type.summary, **step_type.schema}
    return {step_type.verb: verb, **step_type.keys, **shared}


def case_properties() -> dict[str, Schema]:
    """Every key of a case; its words may use the values of its row or of the block's parameters."""
    return {
        **BOTH,
        **{key: {**BOTH[key], **TEMPLATE} for key in ("name", "description")},
        "timeout_counts_waiting": {
            "type": "boolean",
            "default": False,
            "description": "Whether its `timeout` counts time spent waiting for other slots "
            "(for a shared driver, in a `hold`, in a `sync`).",
        },
        "attempts": ATTEMPTS,
        "for_each": MATRIX,
        "steps": steps_schema("What the case does, in order."),
        **USE_BLOCK,
    }


def module_properties() -> dict[str, Schema]:
    """Every key of a module."""
    cases = named("The cases by id, in the order they run.", {"$ref": "#/$defs/case"}, minProperties=1)
    return {**BOTH, "cases": cases, **USE_BLOCK}


def top_properties() -> dict[str, Schema]:
    """Every key of the top level of a sequence."""
    first = {key: TOP[key] for key in ("name", "version", "description")}
    modules = named("The test plan: modules by id, in the order they run.", {"$ref": "#/$defs/module"}, minProperties=1)
    after_run = steps_schema(
        "Steps that run once the verdict is known (upload, notify, print a label); `verdict` and `report` are in scope."
    )
    return {**first, **TOP, "modules": modules, "after_run": after_run}


def block_properties(kind: str) -> dict[str, Schema]:
    """Every key of a block in an included file: of its ``steps``, ``cases`` or ``modules``."""
    parameter = mapping(
        "A parameter.",
        {
            "default": {**TEMPLATE, "description": "The value when none is given.", "examples": [5.0]},
            "description": text("What the parameter is for.", "The rail's voltage"),
        },
    )
    params = named(
        "The block's parameters, given by `with`; those without a default are required.",
        {"anyOf": [{"type": "null"}, parameter]},
        examples=[{"rail": None, "tolerance": {"default": "3%"}}],
    )
    if kind == "cases":
        return {"params": params, **case_properties()}
    if kind == "modules":
        return {"params": params, **module_properties()}
    description = text("What the steps do.", "Switches a channel on.")
    return {"description": description, "params": params, "steps": steps_schema("The steps, in order.")}


def blocks_properties() -> dict[str, Schema]:
    """Every key of the top level of an included file."""
    steps = mapping("A list of steps with parameters.", block_properties("steps"), "steps")
    case = mapping("A case with parameters.", block_properties("cases"))
    module = mapping("A module with parameters.", block_properties("modules"))
    return {
        "name": text("What the file is about.", "Bench blocks"),
        "description": text("A longer description.", "What all sequences of this bench have in common."),
        "include": TOP["include"],
        "steps": named("Step lists by name.", {"anyOf": [steps_schema("The steps, in order."), steps]}),
        "cases": named("Cases by name.", case),
        "modules": named("Modules by name.", module),
    }


def sequence_schema(types: Mapping[str, StepType] | None = None) -> dict[str, object]:
    """The JSON Schema (2020-12) of a sequence file, a description with every key.

    ``types`` are the verbs that it knows; without them those of hardseq itself.
    """
    types = step_types().own if types is None else types
    definitions: dict[str, Schema] = {
        "limits": LIMITS_SCHEMA,
        "module": mapping("A module: cases that belong together.", module_properties()),
        "case": mapping("A case: one test with its verdict.", case_properties()),
        "step": {
            "description": "A step: a mapping with one verb.",
            "anyOf": [{"$ref": f"#/$defs/step_{verb}"} for verb in types],
        },
    }
    for verb, step_type in types.items():
        definitions[f"step_{verb}"] = _step(step_type)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "hardseq sequence",
        **mapping("A test sequence.", top_properties(), "name", "modules"),
        "patternProperties": {"^x-": {"description": "Ignored: a place for anchors (`&name`) that are used below."}},
        "$defs": definitions,
    }


def _step(step_type: StepType) -> Mapping[str, object]:
    required = [step_type.verb, *sorted(step_type.required)]
    example = {"examples": [step_type.example]} if step_type.example else {}
    return {"title": step_type.verb, **mapping(step_type.summary, step_properties(step_type), *required), **example}


__all__ = [
    "ID_PATTERN",
    "PARAM",
    "block_properties",
    "blocks_properties",
    "case_properties",
    "module_properties",
    "sequence_schema",
    "step_properties",
    "top_properties",
]
