"""What slots share, in generated code: known before a run, and no hindrance to plain pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sequencer.compiler.project import Compiled, ensure_compiled, write_project

ROOT = Path(__file__).parents[2]
DRIVER = """\
class Meter:
    def volts(self):
        return 5.0
"""
DRIVERS = "drivers: {meter: {use: bench.Meter, shared: true}}"
HOLD = "{hold: meter, steps: [{measure: Rail, call: meter.volts, limits: [4, 6]}]}"
MEASURE = "{measure: Rail, call: meter.volts, limits: [4, 6]}"


def written(folder: Path, drivers: str, *steps: str) -> Path:
    """A sequence of one case."""
    (folder / "drivers").mkdir(exist_ok=True)
    (folder / "drivers" / "bench.py").write_text(DRIVER)
    path = folder / "s.yaml"
    listed = "".join(f"\n          - {step}" for step in steps)
    path.write_text(f"name: S\n{drivers}\nmodules:\n  main:\n    cases:\n      a:\n        steps:{listed}\n")
    return path


def compiled(folder: Path, drivers: str, *steps: str) -> Compiled:
    return ensure_compiled(written(folder, drivers, *steps), project=folder, compiled=folder / "compiled")


@pytest.mark.parametrize(
    ("drivers", "step", "shared", "uses_stand"),
    [
        (DRIVERS, HOLD, ("meter",), True),
        (DRIVERS, MEASURE, ("meter",), True),
        ("drivers: {meter: bench.Meter}", MEASURE, (), False),
        ("", "{steps: [{repeat: 2, steps: [{sync: hot}]}]}", (), True),
        ("", "{sync: hot, once: [{check: true}]}", (), True),
        ("", "{check: true}", (), False),
    ],
)
def test_whether_slots_have_something_in_common_is_known(
    tmp_path: Path, drivers: str, step: str, shared: tuple[str, ...], uses_stand: bool
) -> None:
    """Only such a sequence has a process started that holds what is shared; the note of a compilation says so too."""
    for fresh in (True, False):
        found = compiled(tmp_path, drivers, step)
        assert (found.fresh, found.shared, found.uses_stand) == (fresh, shared, uses_stand)


def test_plain_pytest_waits_for_nobody(tmp_path: Path) -> None:
    """A hold and a sync go through at once, what is done once is done, and its failure is the case's."""
    once = "{sync: hot, timeout: 1 s, once: [{measure: Chamber, call: meter.volts, limits: [8, 9]}]}"
    write_project(written(tmp_path, DRIVERS, HOLD, once), project=tmp_path, folder=tmp_path / "out")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "s.yaml:9:46: failed: Chamber: 5 is " in done.stdout
    assert "Rail" not in done.stdout.partition("Chamber")[0]
