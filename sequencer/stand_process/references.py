"""What a shared driver's own objects are for the test processes: data where they are data, references else."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Hashable
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodType

from sequencer.expressions.value import plain
from sequencer.protocol.stand import SharedReference

_FUNCTIONS = (type, FunctionType, MethodType, BuiltinFunctionType)


def record_of(value: object) -> dict[str, object] | None:
    """The fields of an instance of a dataclass without methods, which is data; an instrument's channel has some."""
    if isinstance(value, type) or not dataclasses.is_dataclass(value):
        return None
    own = [each for kind in inspect.getmro(type(value))[:-1] for name, each in vars(kind).items() if name[0] != "_"]
    if any(isinstance(each, FunctionType | staticmethod | classmethod) for each in own):
        return None
    return {field.name: plain(getattr(value, field.name, None)) for field in dataclasses.fields(value)}


def reference_to(driver: str, value: object, number: int) -> SharedReference:
    """The reference with which a test process calls ``value``."""
    called = value.func if isinstance(value, functools.partial) else value
    if isinstance(called, _FUNCTIONS):
        return SharedReference(driver, number, str(getattr(called, "__name__", "")), function=True)
    kind: type = type(value)
    methods, own = _methods(kind), getattr(value, "__dict__", None)
    return SharedReference(driver, number, kind.__name__, methods.difference(own) if isinstance(own, dict) else methods)


@cache
def _methods(kind: Hashable) -> frozenset[str]:
    assert isinstance(kind, type)
    """The names that are methods of every instance, so that nobody need ask."""
    if any("__getattribute__" in vars(each) for each in inspect.getmro(kind)[:-1]):
        return frozenset()
    static = {name: inspect.getattr_static(kind, name, None) for name in dir(kind)}
    return frozenset(
        name for name, each in static.items() if isinstance(each, FunctionType | staticmethod | classmethod)
    )
