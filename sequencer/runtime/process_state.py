"""What a process offers to everybody in it, and a driver may have changed: environment, working folder, search path."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sequencer.project.secrets import without_secrets

_OWN = ("HARDSEQ_", "PYTEST_")


def for_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without secrets and without the variables of pytest and of hardseq, whoever set them.

    A program that the test runs is no part of the test, even when it is another pytest or hardseq.
    """
    return {name: value for name, value in without_secrets(environment).items() if not name.upper().startswith(_OWN)}


class ProcessState:
    """As they are when this is made."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._path = list(sys.path)
        self._folder: Path | None = None
        with suppress(OSError):  # somebody deleted it
            self._folder = Path.cwd()

    def restore(self) -> None:
        """Makes them so again, as far as the system lets it."""
        if dict(os.environ) != self._environment:
            for name in set(os.environ) - set(self._environment):
                del os.environ[name]
            os.environ.update(self._environment)
        sys.path[:] = self._path
        if self._folder is not None:
            with suppress(OSError):
                os.chdir(self._folder)
