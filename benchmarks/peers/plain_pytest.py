"""Plain pytest: tests as a person writes them by hand, which store no report; and as lean as pytest can be."""

from __future__ import annotations

import re
from pathlib import Path

from peers.base import METER, modules, remove

CONFTEST = """import pytest

from meter import Meter


@pytest.fixture(scope="session")
def meter():
    return Meter()
"""

TEST = """

def test_rail_{number}(meter):
    volts = meter.read({number})
    assert 4.8 <= volts <= 5.2
"""


class PlainPytest:
    """``pytest -q``."""

    name = environment = "pytest"
    requirements = ("pytest",)
    most_cases = None

    def write(self, folder: Path, cases: int) -> None:
        """One test file a module."""
        (folder / "meter.py").write_text(METER)
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for module, numbers in modules(cases):
            text = f'"""Module {module}."""\n' + "".join(TEST.format(number=number) for number in numbers)
            (folder / f"test_module_{module:03}.py").write_text(text)

    def command(self, python: Path) -> list[str]:
        """The command of a first example."""
        return [str(python), "-m", "pytest", "-q"]

    def forget(self, folder: Path) -> None:
        """Drops the compiled tests and pytest's cache."""
        remove(folder, "__pycache__", ".pytest_cache")

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """The number in pytest's last line."""
        found = re.search(r"(\d+) passed", output)
        return int(found.group(1)) if found else 0


class LeanPytest(PlainPytest):
    """Plain asserts, and none of the plugins that such a run can do without: what is left is the floor of hardseq."""

    name = "lean pytest"
    _WITHOUT = (
        "cacheprovider",
        "capture",
        "debugging",
        "doctest",
        "faulthandler",
        "junitxml",
        "legacypath",
        "logging",
        "monkeypatch",
        "pastebin",
        "recwarn",
        "reports",
        "setuponly",
        "setupplan",
        "skipping",
        "stepwise",
        "subtests",
        "threadexception",
        "tmpdir",
        "unittest",
        "unraisableexception",
        "warnings",
    )

    def command(self, python: Path) -> list[str]:
        """The same, and what it does without."""
        without = [argument for name in self._WITHOUT for argument in ("-p", f"no:{name}")]
        return [str(python), "-m", "pytest", "-q", "--assert=plain", *without]
