"""What earlier runs say of one unit: pure, whatever store or outbox the runs come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sequencer.report.note import Note
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


def unit_disposition(
    runs: Iterable[RunSummary],
    notes: Mapping[str, Sequence[Note]],
    *,
    part_number: str | None = None,
    without: str | None = None,
) -> Note | None:
    """The newest note on ``runs`` of one serial number that says what is to become of the unit, whatever the sequence.

    A run without a part number may be the unit's, too: who scraps one scraps the thing.
    """
    said = [
        note
        for run in runs
        if run.id != without and (part_number is None or run.part_number in (None, part_number))
        for note in notes.get(run.id, ())
        if note.disposition is not None
    ]
    return max(said, key=lambda note: (note.time, note.id), default=None)
