"""All that hardseq uses of pytest and pytest-dependency beside their public interfaces.

Only this file touches such names; ``tests/test_private_interfaces.py`` says which of them must be there.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import pytest_dependency

_PHASES = ("setup", "call", "teardown")
_HOOKS = (
    "pytest_runtest_protocol",
    "pytest_runtest_logstart",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_pyfunc_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_runtest_logreport",
    "pytest_runtest_logfinish",
)
_BASIC = frozenset(
    ["runner", "python", "session", "assertion", "sequencer.runtime.plugin", "pytest_dependency"],
)
"""The plugins that have nothing to do for a generated test that goes well but what ``set_up`` and ``tear_down`` do, and
pytest-dependency, which cares for tests with its marker alone."""


def has_listeners(config: pytest.Config) -> bool:
    """Whether any other plugin is told how tests run, such as the one that prints them."""
    hooks = (getattr(config.hook, name) for name in _HOOKS)
    return any(each.plugin_name not in _BASIC for hook in hooks for each in hook.get_hookimpls())


def set_up(item: pytest.Item) -> None:
    """What pytest itself does in the phase of setup."""
    item.session._setupstate.setup(item)


def tear_down(item: pytest.Item, nextitem: Any) -> None:
    """What pytest itself does in the phase of teardown; ``nextitem`` may be a collector, whose own it does not end."""
    item.session._setupstate.teardown_exact(nextitem)


def take_lasting(item: Any) -> None:
    """Gives an item the values of fixtures that last as long as the session and are set up.

    pytest would make a request for each, only to find the same.
    """
    for name, fixtures in item._fixtureinfo.name2fixturedefs.items():
        fixture = fixtures[-1]
        known = fixture.cached_result
        if known is not None and known[2] is None and fixture.scope == "session" and fixture.params is None:
            item.funcargs[name] = known[0]


def argument_names(item: Any) -> tuple[str, ...]:
    """The fixtures that the function of a test takes, in the order of its parameters."""
    names: tuple[str, ...] = item._fixtureinfo.argnames
    return names


def fixture_info(item: Any) -> object:
    """What pytest found out about the fixtures that an item needs."""
    return item._fixtureinfo


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
