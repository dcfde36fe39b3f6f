"""The pytest plugin of generated projects. Its hooks hand over at once to ``session`` and ``protocol``.

The generated ``pytest.ini`` loads it. In a folder without generated tests it does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from types import ModuleType

import pytest

from sequencer.runtime.case import AttemptContext
from sequencer.runtime.collecting import collect_case
from sequencer.runtime.drivers import DriverNotOpened, OpeningInterrupted
from sequencer.runtime.item_runner import ItemRunner
from sequencer.runtime.plain import PlainFront
from sequencer.runtime.pytest_private import forget_opening
from sequencer.runtime.run import RunContext
from sequencer.runtime.session import SESSION, prepare

MARKERS = (
    "module_name(name): what people read for a module.",
    "case_name(name): what people read for a case.",
    "module(id, group, ...): a module of the sequence.",
    "case(id, place, ...): a case of the sequence.",
    "after_run(number, on_fail): a step that follows the run.",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """``--arg`` and ``--simulate``; and pytest-dependency where pytest does not look for plugins itself."""
    group = parser.getgroup("hardseq")
    group.addoption("--arg", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the sequence")
    group.addoption("--simulate", action="store_true", help="use the simulated drivers of the sequence")
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        pluginmanager.import_plugin("pytest_dependency")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the markers and the fixtures known."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(_fixtures(config))


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> list[pytest.Item] | None:
    """Collects a generated case."""
    return collect_case(collector, name, obj)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> Generator[None, object, object]:
    """Brings the tests into running order, once it is known which of those that were collected are to run."""
    collected = list(items)
    result = yield
    prepare(session, items, collected, PlainFront)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Runs, once or as often as somebody starts it; where there is to be no run, the tests are not run either."""
    run = session.config.stash.get(SESSION, None)
    if run is None or session.testsfailed or session.config.option.collectonly:
        return None
    while run.start():
        run.run_items()
        if not run.serves_on():
            break
    return True


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs a case with its attempts."""
    run = item.config.stash.get(SESSION, None)
    return None if run is None else run.run_item(item, nextitem)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begins an attempt."""
    protocol = _protocol(item)
    if protocol is not None:
        protocol.setup(item)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Forgets that a driver could not be opened: pytest would keep the exception for all later attempts and cases."""
    try:
        return (yield)
    except (DriverNotOpened, OpeningInterrupted):
        forget_opening(fixturedef, request)
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs the generated function."""
    protocol = _protocol(pyfuncitem)
    if protocol is None or protocol.attempt is None:
        return None
    protocol.call(pyfuncitem)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Ends the run, with every driver closed."""
    result = yield
    run = session.config.stash.get(SESSION, None)
    if run is not None:
        run.end()
    return result


def _fixtures(config: pytest.Config) -> ModuleType:
    """What generated tests ask for. It is made here as a fixture that asks for ``request`` costs every case far more
    than all that it does."""

    @pytest.fixture(scope="session")
    def run() -> RunContext:
        """The run: opens drivers."""
        return config.stash[SESSION].context

    @pytest.fixture
    def case() -> AttemptContext | None:
        """The attempt under way: what steps work on."""
        return config.stash[SESSION].attempt

    fixtures = ModuleType("sequencer.runtime.fixtures")
    vars(fixtures).update(run=run, case=case)
    return fixtures


def _protocol(item: pytest.Item) -> ItemRunner | None:
    run = item.config.stash.get(SESSION, None)
    return None if run is None else run.protocol
