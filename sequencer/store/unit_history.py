"""What earlier runs say of one unit: pure, whatever store or outbox the runs come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sequencer.store.base import RunSummary


class UnitHistory(NamedTuple):
    """``latest``: the newest run, whatever came of it. ``judged``: the newest that counts for yield; ``runs`` do."""

    latest: RunSummary | None
    judged: RunSummary | None
    runs: int


def unit_history(
    runs: Iterable[RunSummary], *, sequence: str, part_number: str | None = None, without: str | None = None
) -> UnitHistory:
    """What ``runs`` of one serial number say of the unit. One that comes twice counts once, as complete where it can.

    Without a ``part_number`` it may be any. ``without`` is the id of a run that is left out, as it is the present one.
    """
    unit: dict[str, RunSummary] = {}
    for run in runs:
        known = unit.get(run.id)
        ours = run.sequence == sequence and part_number in (None, run.part_number) and run.id != without
        if ours and (known is None or known.aborted):
            unit[run.id] = run
    newest = sorted(unit.values(), key=lambda run: (run.start_time, run.id), reverse=True)
    judged = [run for run in newest if run.judged]
    return UnitHistory(newest[0] if newest else None, judged[0] if judged else None, len(judged))
