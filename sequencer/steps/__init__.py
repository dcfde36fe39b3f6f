"""The verbs of the language, one file each; ``step_types`` finds them, and those of other packages."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sequencer.steps.base import StepType
from sequencer.vocabulary.extension import Announced
from sequencer.vocabulary.registry import Registry


def step_types() -> Registry[StepType]:
    """Every step type by its verb: hardseq's own in alphabetical order, then those that packages announce.

    Two files with the same verb are a ``ValueError``. Asking for the verb of a package imports it, and raises
    ``UnusableExtension`` when it cannot be used.
    """
    return _along(tuple(sys.path))


@cache
def _along(path: tuple[str, ...]) -> Registry[StepType]:
    types: Registry[StepType] = Registry("a step", "hardseq.steps", _check)
    for verb, step_type in _own().items():
        types.add(verb, step_type)
    return types


@cache
def _own() -> Mapping[str, StepType]:
    types: Registry[StepType] = Registry("a step")
    for module in iter_modules(__path__):
        step_type = getattr(import_module(f"{__name__}.{module.name}"), "STEP", None)
        if isinstance(step_type, StepType):
            types.add(step_type.verb, step_type)
    return types.own


def _check(found: object, announced: Announced) -> StepType:
    # Imported here: few sequences use a step of another package.
    from sequencer.steps.of_packages import step_of_package

    return step_of_package(found, announced, _own())
