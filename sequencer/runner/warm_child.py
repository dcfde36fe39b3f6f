"""A test process that is started before anybody knows what for: Python and pytest load while the runner itself does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sequencer.runner.child import Child


@contextmanager
def spare_child() -> Iterator[Child | None]:
    """A test process for ``Run(spare=...)``; ended at the end if it is still there.

    ``None`` when none can be started: the run will try again, and then say why.
    """
    try:
        child = Child(lambda child, chunk: None, lambda line: None)
    except OSError:
        yield None
        return
    try:
        yield child
    finally:
        if child.alive:
            child.kill()
            child.wait(1.0)
