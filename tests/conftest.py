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

from tests.fork_server import Forks, RealPopen

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("hardseq", deadline=None)
settings.load_profile("hardseq")

# Test processes that run side by side begin at places of their own.
_numbers = itertools.count(os.getpid() * 101)


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
