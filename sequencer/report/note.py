"""What is added to a stored run later: a comment, and what is to become of the unit. The report itself stays."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, get_args

from sequencer.report.field_types import LATEST
from sequencer.report.model import Disposition, RunReport
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import Reason

DISPOSITIONS: tuple[Disposition, ...] = get_args(Disposition)
LONGEST_COMMENT = 2000


class NoteRefused(ReasonedError):
    """Nothing like this can be added; the text says why."""


class Note(NamedTuple):
    """One addition to the run with the id ``run``. ``source`` is where it came from, as in the log of actions."""

    id: str
    run: str
    time: float
    user: str | None
    source: str
    comment: str
    disposition: Disposition | None

    def document(self) -> dict[str, object]:
        """As JSON data."""
        return self._asdict()


def new_note(run: str, *, user: str | None, source: str, comment: str, disposition: Disposition | None) -> Note:
    """A note of now. Raises ``NoteRefused`` for one that says nothing, and for a waiver without a reason or a name."""
    comment = utf8(comment).decode().strip()  # a lone surrogate has no place in any store
    if not comment and disposition is None:
        raise NoteRefused(Reason("note_empty"))
    if disposition == "waived" and not comment:
        raise NoteRefused(Reason("waiver_reason"))
    if disposition == "waived" and not user:
        raise NoteRefused(Reason("waiver_unnamed"))
    return Note(os.urandom(16).hex(), run, time.time(), user, source, comment, disposition)


def read_note(found: Mapping[str, object]) -> Note | None:
    """The note that JSON data says; ``None`` for data that is none."""
    identity, run, source, comment = (found.get(key) for key in ("id", "run", "source", "comment"))
    when, user, said = found.get("time"), found.get("user"), found.get("disposition")
    if not (
        isinstance(identity, str) and isinstance(run, str) and isinstance(source, str) and isinstance(comment, str)
    ):
        return None
    if isinstance(when, bool) or not isinstance(when, int | float) or not 0 <= when <= LATEST:
        return None
    disposition = next((one for one in DISPOSITIONS if one == said), None)
    name = user if isinstance(user, str) else None
    return Note(identity, run, float(when), name, source, comment, disposition)


def disposition_of(notes: Iterable[Note]) -> Disposition | None:
    """What is to become of the unit: the newest note that says it counts."""
    said = [note.disposition for note in notes if note.disposition is not None]
    return said[-1] if said else None


def with_notes(report: RunReport, notes: Sequence[Note]) -> RunReport:
    """The report as it is shown and exported: with ``notes`` where there are any. The given one stays as it is."""
    if not notes:
        return report
    shown = report.copy()
    shown["notes"] = [
        {
            "id": note.id,
            "time": note.time,
            "user": note.user,
            "source": note.source,
            "comment": note.comment,
            "disposition": note.disposition,
        }
        for note in notes
    ]
    return shown
