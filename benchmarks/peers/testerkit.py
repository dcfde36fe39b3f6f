"""TesterKit: its pytest plugin, one product after the other, and its sites, one pytest that starts another for each."""

from __future__ import annotations

import os
import re
from pathlib import Path

import processes

from peers.base import METER, METER_FILE, SLOW_ROUNDS, modules, remove

STATION = "id: bench\nname: Bench\nstation_type: bench\ninstruments: {}\n"
SITE = "  - {{name: s{number}, uut_resource: /dev/null, connections: {{}}}}\n"
HEAD = """import pytest

from meter import Meter


@pytest.fixture(scope="session")
def meter():
    return Meter()
"""
CASE = "\n\ndef test_rail_{number}(meter, verify):\n    verify('rail', meter.read({number}))\n"
LIMITS = "limits:\n  rail: {low: 4.8, high: 5.2, unit: V}\n"
TEST = "\n\ndef test_rail_{number}(verify):\n    time.sleep({seconds})\n    verify('rail', 5.0)\n"


class TesterKitSites:
    """A project of ``cases`` tests that each wait ``seconds`` and judge a value, on ``sites`` sites."""

    def __init__(self, folder: Path, python: Path, sites: int, cases: int, seconds: float) -> None:
        self._folder = folder
        serials = ",".join(f"SN{number}" for number in range(sites))
        self._command = [str(python), "-m", "pytest", "-q", "tests", "--fixture=fixtures/bench.yaml"]
        self._command += ["--station=stations/bench.yaml", "--uut-serials", serials]
        tests = "import time\n" + "".join(TEST.format(number=number, seconds=seconds) for number in range(cases))
        for name, text in {
            "fixtures/bench.yaml": "id: bench\nname: Bench\nsites:\n"
            + "".join(SITE.format(number=number) for number in range(sites)),
            "stations/bench.yaml": STATION,
            "tests/test_rail.py": tests,
            "tests/test_rail.yaml": LIMITS,
            "pytest.ini": "[pytest]\n",
            "testerkit.yaml": "name: bench\n",
        }.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self) -> float:
        """Seconds of the whole command. Raises ``RuntimeError`` when it fails."""
        os.environ["TESTERKIT_HOME"] = str(self._folder / "home")
        return processes.run(self._command, self._folder).seconds


class TesterKit:
    """One product: a test a case, its limits in a file beside it."""

    name = environment = "testerkit"
    requirements = ("testerkit", "filelock<4")
    """TesterKit 0.6 imports a private module that filelock 4 no longer has, and does not start with it."""
    most_cases = 1_000
    most_rounds = SLOW_ROUNDS

    def write(self, folder: Path, cases: int) -> None:
        """One test file a module."""
        # Of this benchmark, not of the person who runs it; what TesterKit starts in the background stays with it.
        os.environ["TESTERKIT_HOME"] = str(folder.parent / "testerkit_home")
        tests = folder / "tests"
        tests.mkdir()
        (folder / "stations").mkdir()
        (folder / "stations" / "bench.yaml").write_text(STATION)
        (folder / "testerkit.yaml").write_text("name: bench\n")
        (folder / "pytest.ini").write_text("[pytest]\n")
        (tests / METER_FILE).write_text(METER)
        for module, numbers in modules(cases):
            text = HEAD + "".join(CASE.format(number=number) for number in numbers)
            (tests / f"test_module_{module:03}.py").write_text(text)
            (tests / f"test_module_{module:03}.yaml").write_text(LIMITS)

    def command(self, python: Path) -> list[str]:
        """As its guide says."""
        return [str(python), "-m", "pytest", "-q", "tests", "--station=stations/bench.yaml"]

    def forget(self, folder: Path) -> None:
        """Drops the compiled tests and pytest's cache; its own database is at work in the background, and stays."""
        remove(folder, "__pycache__", ".pytest_cache")

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """The number in pytest's last line."""
        found = re.search(r"(\d+) passed", output)
        return int(found.group(1)) if found else 0
