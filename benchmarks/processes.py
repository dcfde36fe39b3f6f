"""Starts whole processes and says what they took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOT_INHERITED = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "PYTEST_ADDOPTS",
    "HARDSEQ_STATE_DIR",
)


@dataclass(frozen=True)
class Taken:
    """What a process and its descendants took: wall clock and processor seconds; peak bytes of the largest of them
    (null where the system does not tell) and, when it was sampled, of all of them together."""

    seconds: float
    cpu_seconds: float | None
    largest_bytes: int | None
    together_bytes: int | None
    output: str


def environment() -> dict[str, str]:
    """The environment without what would slow one tool or change what it does."""
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}


def run(command: list[str], folder: Path, *, sample_memory: bool = False) -> Taken:
    """Runs a command to its end in ``folder``. Raises ``RuntimeError`` with its output when it does not exit with 0."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment()
        )
        sampler = _Sampler(process.pid) if sample_memory and sys.platform == "linux" else None
        cpu_seconds, largest = _wait(process)
        seconds = time.perf_counter() - started
        together = None if sampler is None else sampler.stop()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}:\n{text[-3000:]}")
    return Taken(seconds, cpu_seconds, largest, together, text)


def _wait(process: subprocess.Popen[bytes]) -> tuple[float | None, int | None]:
    """Waits and returns processor seconds and the peak bytes of the largest process of the tree."""
    if sys.platform == "win32":
        process.wait()
        return None, None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


class _Sampler:
    """Adds up the memory of a process tree every 20 ms (Linux), each shared page counted once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._peak = max(self._peak, sum(_share(pid) for pid in _tree(self._pid)))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))


def _share(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0
