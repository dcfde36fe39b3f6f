"""What a compared tool has to say about itself, and the work that all of them do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

CASES_PER_MODULE = 50

METER_FILE = "meter.py"
METER = '''"""The instrument of the benchmark: an answer without any waiting, so that the tool alone is timed."""


class Meter:
    """Reads volts."""

    def read(self, channel):
        """A little above 5 V, never past 5.06 V."""
        return 5.0 + channel % 7 * 0.01


def read(channel):
    """For a tool that calls functions."""
    return Meter().read(channel)
'''
SLOW_ROUNDS = 3
"""Of a tool that takes several times as long as the others: what it takes is plain from these."""
BUSY_SECONDS = 0.002
"""What a call of a real instrument takes at least."""
BUSY_METER = METER.replace('"""\n', '"""\n\nimport time\n', 1).replace(
    "        return 5.0", f"        time.sleep({BUSY_SECONDS})\n        return 5.0"
)


class Peer(Protocol):
    """A compared tool. ``python`` is the interpreter of the tool's own virtual environment."""

    name: str
    environment: str
    """The tool whose environment it runs in: two ways to run the same tool share one."""
    requirements: tuple[str, ...]
    """What pip installs for it."""
    most_cases: int | None
    """More than this many cases would take unreasonably long."""
    most_rounds: int | None
    """Takes so many times longer than the others that more rounds would only cost time."""

    def write(self, folder: Path, cases: int) -> None:
        """Writes a project of ``cases`` cases, each with one limited measurement, into an empty folder."""

    def command(self, python: Path) -> list[str]:
        """What runs the whole project, started in its folder; reports are stored as the tool stores them."""

    def forget(self, folder: Path) -> None:
        """Removes what earlier runs left, so that the next run is a first one."""

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """How many cases the last run passed by the tool's own stored report (or, having none, by its output)."""


def modules(cases: int) -> Iterator[tuple[int, range]]:
    """The modules as ``(number, numbers of its cases)``."""
    for number, first in enumerate(range(0, cases, CASES_PER_MODULE)):
        yield number, range(first, min(first + CASES_PER_MODULE, cases))


def remove(folder: Path, *names: str) -> None:
    """Removes folders of these names, however deep they lie."""
    for name in names:
        for found in sorted(folder.rglob(name)):
            shutil.rmtree(found, ignore_errors=True)
