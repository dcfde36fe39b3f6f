"""The benchmark script, on the smallest work and without a package registry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_benchmark_runs_and_prints_its_tables(tmp_path: Path) -> None:
    """One case with hardseq alone: it passes by its own stored report, and every table is there."""
    hardseq = tmp_path / "python"
    hardseq.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n')
    hardseq.chmod(0o755)
    arguments = [
        "--sizes",
        "1",
        "--busy",
        "2",
        "--rounds",
        "1",
        "--peers",
        "hardseq",
        "--no-check",
        "--cache",
        str(tmp_path / "cache"),
    ]
    interpreter = sys.executable if sys.platform == "win32" else str(hardseq)
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "run.py"), *arguments, "--hardseq-python", interpreter],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Machine: " in done.stdout
    for title in ("### Seconds, tests unchanged", "### Seconds, first run", "### Processor seconds", "### Peak memory"):
        assert title in done.stdout
    assert done.stdout.count("| 1 | ") == 4


def test_several_slots_are_measured() -> None:
    """A single round: every run passed, and each goal has its line."""
    arguments = ["--slots", "3", "--rounds", "1", "--no-warm-up", "--cases", "2"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "slots.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| hardseq, 3 processes by hand | " in done.stdout
    assert done.stdout.count("reached |") + done.stdout.count("missed |") >= 5


@pytest.mark.parametrize("script", ["run", "slots"])
def test_figures_go_between_the_two_comments_of_the_page(script: str) -> None:
    """The page that the script writes into has the comments that it looks for."""
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    begin = page.index(f"<!-- figures: written by benchmarks/{script}.py -->")
    assert "<!-- end of figures -->" in page[begin:]
