"""Turns a generated function into pytest's item without the motions that only tests written by hand need."""

from __future__ import annotations

from types import FunctionType

import pytest

from sequencer.runtime import pytest_private

_FIXTURES = pytest.StashKey[dict[tuple[str, ...], object]]()
"""What the functions of a module with the same parameters need: worked out once."""


def collect_case(module: pytest.Collector, name: str, function: object) -> list[pytest.Item] | None:
    """The item of a generated case; ``None`` leaves anything else to pytest.

    pytest would first make a definition of each function, ask every plugin how to parametrize it, find out anew which
    fixtures it needs, and later look its source lines up for each report: together a third of what a case costs.
    """
    if type(function) is not FunctionType or not name.startswith("test_"):
        return None
    if not any(mark.name == "case" for mark in getattr(function, "pytestmark", ())):
        return None
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    known = module.stash.setdefault(_FIXTURES, {})
    item = pytest.Function.from_parent(module, name=name, callobj=function, fixtureinfo=known.get(names))
    known.setdefault(names, pytest_private.fixture_info(item))
    # A cached property, filled in ahead: the file as in the module's node id, the line from 0, the name.
    item.__dict__["location"] = (module.nodeid, function.__code__.co_firstlineno - 1, name)
    return [item]
