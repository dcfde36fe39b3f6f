"""What takes long to make is made once for all test processes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sequencer.project.locks import ProcessLock


def made_once(folders: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that ``make`` filled in the first of all test processes that asked for it; nobody writes into it."""
    own = folders.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    ready, new = shared / name, shared / f"{name}.new"
    lock = ProcessLock(shared / f"{name}.lock")
    while lock.take() is not None:
        time.sleep(0.05)
    try:
        if not ready.exists():
            shutil.rmtree(new, ignore_errors=True)  # of a process that was killed
            new.mkdir(parents=True)
            make(new)
            new.rename(ready)
    finally:
        lock.release()
    return ready
