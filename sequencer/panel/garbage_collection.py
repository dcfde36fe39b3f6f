"""Keeps Python's collector of cyclic garbage out of a run.

A full collection looks at every object there is: in a panel that keeps two reports of a thousand cases it stops all
threads for a tenth of a second, and so every page. What a run leaves behind is freed by counting references; cycles
wait until the run is over.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Young objects are still looked at, in portions of a few milliseconds; the third figure puts full collections off.
_DURING_RUN = (2_000, 10, 1_000_000)
SELDOM = 60.0
"""Seconds after which it is collected although a run goes on: where slots take turns, one always does."""


class _Runs:
    """The runs that go on in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.before = gc.get_threshold()
        self.collected = 0.0


_runs = _Runs()


def collect() -> None:
    """Collects now, and lets what is there alone from here on: it has proved to be long-lived."""
    with _runs.lock:
        if _runs.count and time.monotonic() - _runs.collected < SELDOM:
            return
        _runs.collected = time.monotonic()
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def collection_postponed() -> Iterator[None]:
    """Without full collections inside."""
    with _runs.lock:
        if not _runs.count:
            _runs.before = gc.get_threshold()
            gc.set_threshold(*_DURING_RUN)
        _runs.count += 1
    try:
        yield
    finally:
        with _runs.lock:
            _runs.count -= 1
            if not _runs.count:
                gc.set_threshold(*_runs.before)
