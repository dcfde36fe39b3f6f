"""Driver files as modules, also in processes that ``multiprocessing`` starts afresh."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Literal

import pytest

from sequencer.runtime.driver_modules import load_file

SERIAL = """
import neighbour

def reading(number):
    return number + neighbour.OFFSET
"""


@pytest.mark.parametrize("owner", ["run", "stand"])
def test_a_process_started_afresh_finds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Literal["run", "stand"]
) -> None:
    """A function of a driver file can be the work of a process that shares nothing with this one."""
    (tmp_path / "serial.py").write_text(SERIAL)
    (tmp_path / "neighbour.py").write_text("OFFSET = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = load_file(tmp_path / "serial.py", owner)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(module.reading, 2).result(60) == 5


def test_a_file_is_there_once_for_each_owner(tmp_path: Path) -> None:
    """The stand's drivers and those of the run share no global; a second import gives the same module."""
    file = tmp_path / "meter.py"
    file.write_text("CACHE = []\n")
    ours, theirs = load_file(file, "run"), load_file(file, "stand")
    assert ours is load_file(file, "run")
    assert ours.CACHE is not theirs.CACHE
    file.with_name("broken.py").write_text("raise OSError('no bench')\n")
    for _ in range(2):
        with pytest.raises(OSError, match="no bench"):
            load_file(file.with_name("broken.py"), "run")
