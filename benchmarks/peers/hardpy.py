"""HardPy: its pytest plugin with the JSON storage, which needs no server; the report is stored at the end."""

from __future__ import annotations

import json
from pathlib import Path

from peers.base import METER, SLOW_ROUNDS, modules, remove

CONFIG = """title = "HardPy TOML config"
tests_name = "Benchmark"

[database]
storage_type = "json"

[frontend]
host = "localhost"
port = 8000
"""

CONFTEST = """import pytest
from hardpy import JsonLoader, get_current_report

from meter import Meter


@pytest.fixture(scope="session")
def meter():
    return Meter()


def store_report():
    JsonLoader().load(get_current_report())


@pytest.fixture(scope="session", autouse=True)
def report_at_the_end(post_run_functions):
    post_run_functions.append(store_report)
    yield
"""

HEAD = """import hardpy
import pytest

pytestmark = pytest.mark.module_name("Module {module}")
"""

TEST = """

@pytest.mark.case_name("Rail {number}")
def test_rail_{number}(meter):
    rail = hardpy.NumericMeasurement(
        name="Rail {number}",
        value=meter.read({number}),
        unit="V",
        operation=hardpy.ComparisonOperation.GELE,
        lower_limit=4.8,
        upper_limit=5.2,
    )
    hardpy.set_case_measurement(rail)
    assert rail.result
"""


class HardPy:
    """``pytest --hardpy-pt``: what HardPy's panel starts, without the panel."""

    name = environment = "hardpy"
    requirements = ("hardpy",)
    most_cases = 300
    most_rounds = SLOW_ROUNDS

    def write(self, folder: Path, cases: int) -> None:
        """One test file a module."""
        (folder / "meter.py").write_text(METER)
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "hardpy.toml").write_text(CONFIG)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for module, numbers in modules(cases):
            text = HEAD.format(module=module) + "".join(TEST.format(number=number) for number in numbers)
            (folder / f"test_module_{module:03}.py").write_text(text)

    def command(self, python: Path) -> list[str]:
        """The test process alone."""
        return [str(python), "-m", "pytest", "-q", "--hardpy-pt"]

    def forget(self, folder: Path) -> None:
        """Drops compiled tests, pytest's cache, HardPy's storage and its reports."""
        remove(folder, "__pycache__", ".pytest_cache", ".hardpy", "reports")

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """Counts in the newest stored report."""
        newest = max((folder / "reports").glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        report = json.loads(newest.read_text())
        statuses = (case["status"] for module in report["modules"].values() for case in module["cases"].values())
        return sum(status == "passed" for status in statuses)
