"""What holds for all tests."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.effort import examples
from tests.fork_server import Forks, ForkServer, RealPopen
from tests.made_once import made_once

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is installed is used. The headless shell is the same browser without a window: a fifth of the work."""

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile(
    "hardseq", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("hardseq")

# Thousands of tests are hundreds of thousands of objects: nothing looks for garbage among them, neither while they are
# collected nor while they run.
gc.disable()

# Test processes that run side by side begin at places of their own.
_numbers = itertools.count(os.getpid() * 101)


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor: much of what tests do is to wait for processes, pages and timeouts.

    Each takes a gigabyte of memory with its browser.
    """
    return 2 * (os.cpu_count() or 1)


_of_all = ExitStack()
"""What all test processes of this run share, open in the one that gives them their tests."""


def pytest_configure(config: pytest.Config) -> None:
    """Test processes side by side have one process to fork from: what it imports and computes once takes a second."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        _of_all.enter_context(ForkServer()).start()


def pytest_unconfigure() -> None:
    """Nobody forks any more."""
    _of_all.close()


def pytest_collection_finish() -> None:
    """From here on garbage is what tests make, and so is bytecode.

    A test may write a file again within the second and with the same length: bytecode of the first one would be taken
    for its own, in this process or in one that it starts.
    """
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before the slow ones are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test process has its share of the slow tests, and begins with it: what is left at the end is short.

    Where there is one process, what is slow comes last: most mistakes are seen before it.
    """
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "line_kept" in fixtures:  # nor are twenty thousand runs
            item.add_marker(pytest.mark.slow)
        if "chromium" in fixtures:  # a page in a browser is never quick
            item.add_marker(pytest.mark.slow)
            if not os.environ.get("HARDSEQ_TEST_ONCE"):  # docs/decisions/0018
                item.add_marker(pytest.mark.flaky(reruns=1))
    slow = [item for item in items if item.get_closest_marker("slow") is not None]
    quick = [item for item in items if item.get_closest_marker("slow") is None]
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if count == 1:
        items[:] = quick + slow
    else:
        # pytest-xdist gives each process one piece of the list at first; neighbours stay together.
        items[:] = [item for share in range(count) for kind in (slow, quick) for item in _piece(kind, share, count)]


def _piece(items: list[pytest.Item], share: int, count: int) -> list[pytest.Item]:
    return items[len(items) * share // count : len(items) * (share + 1) // count]


def ports() -> Iterator[int]:
    """Ports that no process but a test takes: the system gives those above 32,000 to whoever wants any."""
    return (20_000 + number % 12_000 for number in _numbers)


def is_free(port: int) -> bool:
    """Whether a server can have it."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def free_port() -> int:
    """A port that stays free until the test takes it."""
    return next(filter(is_free, ports()))


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """What tests start of hardseq is forked from a process that has imported it."""
    with Forks():
        yield


@pytest.fixture(autouse=True)
def real_start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Except where the start is what is shown."""
    if request.node.get_closest_marker("real_start") is not None:
        monkeypatch.setattr(subprocess, "Popen", RealPopen)


def build_site(checkout: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Builds the documentation of a checkout, as `make lint` does."""
    build = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(build, cwd=checkout, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation of this checkout as a site."""

    def make(folder: Path) -> None:
        built = build_site(Path(__file__).parents[1], folder)
        assert built.returncode == 0, built.stderr

    return made_once(tmp_path_factory, "site", make)


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[Sequence[str]], Any]]:
    """Starts the first of these browsers that is installed, once; `make test` installs one."""
    api = pytest.importorskip("playwright.sync_api")
    api.expect.set_options(timeout=60_000)  # a loaded machine is slow, not wrong
    browsers: dict[str, Any] = {}

    def launched(names: Sequence[str]) -> Any:
        path = next(filter(None, map(shutil.which, names)), None)
        if path is None:
            pytest.skip(f"there is no {' or '.join(names)}")
        if path not in browsers:
            # What would draw in a process of its own draws in the browser's: there is no graphics card to protect.
            arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--in-process-gpu"]
            browsers[path] = playwright.chromium.launch(executable_path=path, args=arguments, timeout=120_000)
        return browsers[path]

    with api.sync_playwright() as playwright:
        yield launched
        for browser in browsers.values():
            browser.close()


@pytest.fixture
def chromium(request: pytest.FixtureRequest, launch: Callable[[Sequence[str]], Any]) -> Any:
    """The browser of this process; one with a window for tests with the mark ``windowed_browser``."""
    return launch(BROWSERS if request.node.get_closest_marker("windowed_browser") is None else BROWSERS[1:])
