"""Keeps Python's collector of cyclic garbage out of a run.

A full collection looks at every object there is: in a panel that keeps two reports of a thousand cases it stops all
threads for a tenth of a second, and so every page. What a run leaves behind is freed by counting references; cycles
wait until the run is over.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Young objects are still looked at, in portions of a few milliseconds; the third figure puts full collections off.
_DURING_RUN = (2_000, 10, 1_000_000)


def collect() -> None:
    """Collects now, and lets what is there alone from here on: it has proved to be long-lived."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def collection_postponed() -> Iterator[None]:
    """Without full collections inside."""
    before = gc.get_threshold()
    gc.set_threshold(*_DURING_RUN)
    try:
        yield
    finally:
        gc.set_threshold(*before)
