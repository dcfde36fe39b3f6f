"""Files of JSON lines in the state folder that only grow: what must not be lost until a store has it.

Only their owner can read them. A line is on the disk when it was written; several threads and processes may write at
once, and what a crash or a full disk cut off damages no other line.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sequencer.project.locks import hold_alone
from sequencer.project.private_file import write_private

_ALONE_SECONDS = 1.0


class AppendOnlyFile:
    """The file at ``path``. Every method may raise ``OSError``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def append(self, line: Mapping[str, object]) -> None:
        """Writes a line at the end; it is on the disk when this returns."""
        data = json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(os.O_APPEND | os.O_CREAT) as (descriptor, _):
            if (size := os.lseek(descriptor, 0, os.SEEK_END)) > 0:
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                # A line that a crash or a full disk cut off stays alone.
                data = data if os.read(descriptor, 1) == b"\n" else b"\n" + data
            if os.write(descriptor, data) != len(data):
                raise OSError("the disk took a part of it only")
            os.fsync(descriptor)

    def read(self) -> bytes:
        """All that is in it; nothing where there is no such file."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def empty(self, size: int, copy: Path | None = None) -> bool:
        """Takes out what is in it, unless that is not ``size`` bytes any more, or somebody may be writing.

        ``copy``: a file that has it from then on; where both do, the machine died in between.
        """
        with self._opened(0) as (descriptor, alone):
            if not alone or os.fstat(descriptor).st_size != size:
                return False
            if copy is not None:
                write_private(copy, self.path.read_bytes())
            os.ftruncate(descriptor, 0)
            return True

    @contextmanager
    def _opened(self, flags: int) -> Iterator[tuple[int, bool]]:
        """The file, and whether no other process has it. Where files cannot be locked, appending has to do."""
        with self._lock:
            descriptor = os.open(self.path, os.O_RDWR | flags | getattr(os, "O_BINARY", 0), 0o600)
            try:
                deadline = time.monotonic() + _ALONE_SECONDS
                while not (alone := hold_alone(descriptor)) and time.monotonic() < deadline:
                    time.sleep(0.005)
                yield descriptor, alone
            finally:
                os.close(descriptor)
