"""All that hardseq uses of pytest and pytest-dependency beside their public interfaces.

Only this file touches such names; ``tests/test_private_interfaces.py`` says which of them must be there.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import pytest_dependency

_PHASES = ("setup", "call", "teardown")


def argument_names(item: Any) -> tuple[str, ...]:
    """The fixtures that the function of a test takes, in the order of its parameters."""
    names: tuple[str, ...] = item._fixtureinfo.argnames
    return names


def begin_anew(item: Any) -> None:
    """Gives an item new fixtures for another attempt, as pytest-rerunfailures does it."""
    item._initrequest()


def is_spent(item: Any) -> bool:
    """Whether an item ran before and has to begin again."""
    return not item._request


def release(item: Any) -> None:
    """What pytest does after an item: nothing of its fixtures is needed any more."""
    item._request = False
    item.funcargs = None


def tear_down_all(session: pytest.Session) -> None:
    """Ends all fixtures, those of the session too, and lets the session go on."""
    session._setupstate.teardown_exact(None)


def forget_opening(fixture: Any, request: object) -> None:
    """Forgets that a fixture could not be set up: pytest would raise its exception again for each later test."""
    fixture.finish(request)


def add_passed(item: pytest.Item, name: str) -> None:
    """Tells pytest-dependency that the test known as ``name`` passed, in another process."""
    known = pytest_dependency.DependencyManager.getManager(item, "session")
    for when in _PHASES:
        known.addResult(item, name, SimpleNamespace(when=when, outcome="passed"))


def forget_dependencies(session: pytest.Session) -> None:
    """Forgets the results that pytest-dependency keeps in a session."""
    vars(session).pop("dependencyManager", None)
