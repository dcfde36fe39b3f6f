"""Where a page of runs ended, as a text for the next request: the start time and id of its last run."""

from __future__ import annotations

import math
from typing import NamedTuple

from sequencer.store.base import RunSummary


class Position(NamedTuple):
    """A place in the history: runs are ordered by start time, then by id."""

    start_time: float
    run_id: str


def after(run: RunSummary) -> str:
    """The cursor that continues behind ``run``."""
    return f"{run.start_time!r}_{run.id}"


def position(cursor: str) -> Position:
    """The place that a cursor means. Raises ``ValueError`` for any other text."""
    time, separator, run_id = cursor.partition("_")
    try:
        start_time = float(time)
    except ValueError:
        start_time = math.nan
    if not separator or not math.isfinite(start_time):
        raise ValueError("not a cursor of this history")
    return Position(start_time, run_id)
