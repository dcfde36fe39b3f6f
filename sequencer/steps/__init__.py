"""The verbs of the language, one file each; ``step_types`` finds them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sequencer.steps.base import StepType
from sequencer.vocabulary.registry import Registry


@cache
def step_types() -> Registry[StepType]:
    """Every step type by its verb, in alphabetical order. Two files with the same verb are a ``ValueError``."""
    types: Registry[StepType] = Registry("a step")
    for module in iter_modules(__path__):
        step_type = getattr(import_module(f"{__name__}.{module.name}"), "STEP", None)
        if isinstance(step_type, StepType):
            types.add(step_type.verb, step_type)
    return types
