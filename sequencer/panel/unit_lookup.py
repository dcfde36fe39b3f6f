"""What is known of a unit before it is tested again: by the store, and by what waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sequencer.report.note import Note
from sequencer.store.base import RunFilter, RunPage, RunSummary, Store, StoreError
from sequencer.store.unit_history import unit_disposition, unit_history

MOST = 100
"""Runs of one serial number that are looked at, the newest, so that the cost does not grow with what is stored."""
PATIENCE = 2.0
"""Seconds for the store: who asks is about to test."""


class KnownUnit(NamedTuple):
    """A unit's history (:class:`sequencer.store.unit_history.UnitHistory`).

    ``disposition``: what was said last of what is to become of it, after whichever run. ``more``: only the newest
    ``MOST`` runs were looked at. ``complete``: all places where there may be runs answered.
    """

    latest: RunSummary | None
    judged: RunSummary | None
    runs: int
    disposition: Note | None
    more: bool
    complete: bool


class _Stored(NamedTuple):
    page: RunPage
    notes: dict[str, list[Note]]


class UnitLookup:
    """Asks the store, ``unsent`` (the runs by serial number that wait elsewhere) and ``waiting_notes``. Thread-safe.

    A store that is away or mute holds nobody up, and however many ask, one question is put to it at a time.
    """

    def __init__(
        self,
        store: Store,
        unsent: Callable[[str], Iterable[RunSummary]],
        waiting_notes: Callable[[], Iterable[Note]],
    ) -> None:
        self._store = store
        self._unsent = unsent
        self._waiting_notes = waiting_notes
        self._asking = threading.Lock()

    def look_up(
        self, serial_number: str, *, sequence: str, part_number: str | None = None, without: str | None = None
    ) -> KnownUnit:
        """What is known of the unit. ``without`` names the present run, which is not an earlier one."""
        complete = True
        try:  # Before the store: what reaches it meanwhile is found there.
            unsent = [*self._unsent(serial_number)]
            waiting = [*self._waiting_notes()]
        except StoreError:
            unsent, waiting, complete = [], [], False
        stored = self._stored(serial_number)
        if stored is None:
            stored, complete = _Stored(RunPage([], None), {}), False
        runs = [*stored.page.runs, *unsent]
        notes = {
            run.id: [*stored.notes.get(run.id, ()), *(note for note in waiting if note.run == run.id)] for run in runs
        }
        return KnownUnit(
            *unit_history(runs, sequence=sequence, part_number=part_number, without=without),
            disposition=unit_disposition(runs, notes, part_number=part_number, without=without),
            more=stored.page.next is not None,
            complete=complete,
        )

    def _stored(self, serial_number: str) -> _Stored | None:
        """The newest runs in the store with their notes, ``None`` when it does not answer in time."""
        if not self._asking.acquire(timeout=PATIENCE):
            return None
        # Imported here: of most runs nobody asks, and it loads the logging of Python.
        from concurrent.futures import Future

        answer: Future[_Stored] = Future()

        def ask() -> None:
            try:
                page = self._store.find(RunFilter(serial_number=serial_number), limit=MOST)
                notes = self._store.notes([run.id for run in page.runs]) if page.runs else {}
                answer.set_result(_Stored(page, notes))
            except Exception as error:  # whatever it is, whoever waits gets it
                answer.set_exception(error)
            finally:
                self._asking.release()

        threading.Thread(target=ask, name="unit", daemon=True).start()
        try:
            return answer.result(PATIENCE)
        except (TimeoutError, StoreError):
            return None
