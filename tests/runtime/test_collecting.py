"""Generated cases are collected in a shorter way, to the same result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SEQUENCE = """\
name: Two
modules:
  main:
    name: Main
    cases:
      one: {name: One, steps: [{message: hello}]}
      two: {name: Two, depends: "::one", steps: [{message: hello}]}
after_run:
  - message: done
"""

CHECKER = """\
from pathlib import Path


def pytest_collection_finish(session):
    for item in session.items:
        path, line, name = item.reportinfo()
        assert item.location == (session._node_location_to_relpath(Path(path)), line, name)
        assert "request" not in item.fixturenames, "costs every case"
        print("collected", item.name, [mark.name for mark in item.iter_markers()])
"""


@pytest.mark.slow
def test_items_are_what_pytest_would_make_of_them(tmp_path: Path) -> None:
    """Name, place, markers and order of generated cases are those that pytest itself finds; they ask for no more
    fixtures than they need."""
    (tmp_path / "two.yaml").write_text(SEQUENCE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    compiled = [sys.executable, "-m", "sequencer", "compile", "two.yaml", "-o", "generated"]
    subprocess.run(compiled, cwd=tmp_path, env=environment, check=True, capture_output=True)
    (tmp_path / "checker.py").write_text(CHECKER)
    collect = [sys.executable, "-m", "pytest", "-s", "-q", "--collect-only", "-p", "checker", "generated"]
    done = subprocess.run(collect, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    collected = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("collected ")]
    assert collected == ["test_one", "test_two", "test_after_run_1"]
    assert "'case'" in done.stdout
    assert "'dependency'" in done.stdout
