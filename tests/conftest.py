"""What holds for all tests."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import settings

from tests.effort import examples
from tests.fork_server import Forks, RealPopen

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("hardseq", deadline=None, max_examples=examples(100))
settings.load_profile("hardseq")

# Test processes that run side by side begin at places of their own.
_numbers = itertools.count(os.getpid() * 101)


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_auto_num_workers() -> int:
    """Three for two processors: much of what tests do is to wait for processes, pages and timeouts."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow comes last: most mistakes are seen before it."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture
def free_port() -> int:
    """A port that stays free until the test takes it: the system gives those above 32,000 to whoever wants any."""
    while True:
        port = 20_000 + next(_numbers) % 12_000
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


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
