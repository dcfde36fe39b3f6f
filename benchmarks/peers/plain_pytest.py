"""Plain pytest: tests as a person writes them by hand, which store no report; as lean as pytest can be; and with the
least that keeps results."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

from peers.base import METER, modules, remove

JOURNAL, STORE = "journal.jsonl", "reports.sqlite3"

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


KEEPING = f'''
import json
import os
import sqlite3
import time

_cases = []
_journal = os.open("{JOURNAL}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)


def _write(event, case, **more):
    os.write(_journal, json.dumps({{"event": event, "time": time.time(), "case": case, **more}}).encode() + b"\\n")


def pytest_runtest_logstart(nodeid):
    _write("started", nodeid)


def pytest_runtest_logreport(report):
    if report.when == "call":
        _write("finished", report.nodeid, status=report.outcome)
        _cases.append({{"case": report.nodeid, "status": report.outcome, "seconds": report.duration}})


def pytest_sessionfinish():
    os.fsync(_journal)
    with sqlite3.connect("{STORE}") as store:
        store.execute("CREATE TABLE IF NOT EXISTS reports (id INTEGER PRIMARY KEY, document TEXT)")
        store.execute("INSERT INTO reports (document) VALUES (?)", [json.dumps({{"cases": _cases}})])
'''


class PlainPytest:
    """``pytest -q``."""

    name = environment = "pytest"
    requirements = ("pytest",)
    most_cases = None
    most_rounds = None

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


class KeepingPytest(LeanPytest):
    """The same with two lines a case in a journal, which is synced at the end, and a report in SQLite: the least that
    a tool on pytest does when no result may be lost."""

    name = "lean pytest with a journal"

    def write(self, folder: Path, cases: int) -> None:
        """The same, and what keeps the results."""
        super().write(folder, cases)
        (folder / "conftest.py").write_text(CONFTEST + KEEPING)

    def forget(self, folder: Path) -> None:
        """Drops journal and reports, too."""
        super().forget(folder)
        for name in (JOURNAL, STORE):
            (folder / name).unlink(missing_ok=True)

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """Counts in the newest report."""
        with sqlite3.connect(folder / STORE) as store:
            (document,) = store.execute("SELECT document FROM reports ORDER BY id DESC").fetchone()
        return sum(case["status"] == "passed" for case in json.loads(document)["cases"])
