"""What a panel does beside its runs: keeps reports until they are safe, sends them on, counts the shift. In threads of
its own: a store may be slow, or mute."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sequencer.figures.history import shift_counts
from sequencer.panel.shift_counter import ShiftCounter
from sequencer.panel.unsaved_reports import UnsavedReports
from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import OutboxUnavailable
from sequencer.store import facts
from sequencer.store.base import RunSummary, StoreError, StoreUnavailable
from sequencer.vocabulary.reason import Reason, coded, sentence

if TYPE_CHECKING:
    from sequencer.panel.session import Session

STORAGE_SECONDS = 5.0
"""Seconds between two tries to keep what is not safe yet, after which pages are told what waits."""
REPLICATION_SECONDS = 60.0
"""Seconds between two looks whether stored runs reach the factory."""
ADDITIONS_SECONDS = 60.0
"""Seconds after which a store that did not take the log of actions, or notes, is tried again."""
KEEPING_SECONDS = 1.0
"""Seconds that the next run waits for the last one's report to be kept; a store that is slower goes on beside it."""


class ReportKeeping:
    """Of the panel that ``session`` shows: its pages are told what waits. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._store = session.report_store
        self._unsaved = UnsavedReports(self._store.accept, self._store.lacking)
        self._shift = ShiftCounter(
            session.store,
            session.settings,
            session.stand_name,
            stored=lambda runs: session.figures.complete(lambda ask: shift_counts(ask, runs)),
            waiting=lambda: [*self._unsaved.waiting, *self._store.missing_reports()],
            tell=lambda shift: session.show(shift=shift),
        )
        self._thread = threading.Thread(target=self._run, name="keeping", daemon=True)
        self._to_keep = threading.Event()
        self._all_kept = threading.Event()
        self._over = False
        self._replication_due = 0.0
        self._additions_due = 0.0
        self._defect: Exception | None = None

    def open(self) -> None:
        """Begins to work."""
        self._thread.start()
        # Its figures are opened for somebody who sees them.
        self._session.live.when_followed(self._shift.start)

    def close(self) -> None:
        """Tries once more what is not safe yet, and ends."""
        if self._thread.ident is not None:
            self._over = True
            self._to_keep.set()
            self._thread.join()
        self._session.end_figures()  # the counter may wait for them
        self._shift.close()

    def add(self, report: RunReport) -> None:
        """Takes the report of a run that is over; waits a moment until it is safe. Raises a defect of the thread."""
        self._unsaved.add(report)
        self._all_kept.clear()
        self._to_keep.set()
        self._all_kept.wait(KEEPING_SECONDS)
        self._shift.wake()
        self.raise_defect()

    def report(self, run: str) -> RunReport | None:
        """The report of a run that only this panel has."""
        return next((report for report in self._unsaved.waiting if report["id"] == run), None)

    def of_start(self, start: str) -> list[RunReport]:
        """The reports of the runs that were started together, those that only this panel has among them.

        Raises ``StoreUnavailable`` when the store is away and alone could have them.
        """
        unsaved = [run for run in self._unsaved.waiting if "start" in run and run["start"]["id"] == start]
        try:
            kept = self._store.of_start(start)
        except StoreUnavailable:
            if not unsaved:
                raise
            kept = []
        return list({run["id"]: run for run in [*kept, *unsaved]}.values())

    def unsent(self, serial_number: str) -> list[RunSummary]:
        """The runs of this serial number that only this panel has."""
        unsaved = [facts.summary(report) for report in self._unsaved.waiting]
        return [run for run in unsaved if run.serial_number == serial_number]

    def raise_defect(self) -> None:
        """Raises what went wrong in the thread, once: whoever calls says so, and the panel lives on."""
        defect, self._defect = self._defect, None
        if defect is not None:
            raise defect

    def keep(self) -> None:
        """Keeps what is not safe yet, and says so on the pages when it cannot."""
        kept = self._unsaved.keep()
        if kept:
            self._session.figures.follow()
        self._session.alert("kept", self._unsaved.at_risk)
        if self._unsaved.problem is not None:
            self._session.alert("store", Reason("not_stored", detail=self._unsaved.problem))
        elif kept:
            self._session.alert("store", next((taken.problem for taken in kept.values() if not taken.stored), None))
        for run in kept:
            threading.Thread(target=self._send, args=(run,), name="send", daemon=True).start()

    def _run(self) -> None:
        while True:
            over = self._over
            self._to_keep.clear()
            try:
                self.keep()
                self._all_kept.set()
                if not over:
                    self._session.refresh_storage()
                    self._look_at_replication()
                    self._deliver_additions()
            except Exception as error:  # the session's thread says so, and the panel lives on
                self._defect = error
                self._all_kept.set()
            if over:
                return
            self._to_keep.wait(STORAGE_SECONDS)

    def _look_at_replication(self) -> None:
        if time.monotonic() >= self._replication_due:
            self._replication_due = time.monotonic() + REPLICATION_SECONDS
            found = self._store.factory_copy()
            self._session.alert("replication", None if found is None else found.problem)
            factory = None
            if found is not None:
                factory = {**found._asdict(), "problem": sentence(found.problem), "coded_reason": coded(found.problem)}
            self._session.show(factory=factory)

    def _deliver_additions(self) -> None:
        if time.monotonic() >= self._additions_due:
            try:
                self._store.deliver_actions()
                self._store.deliver_notes()
            except (StoreError, OSError):  # it is told elsewhere; nobody's report waits for these again and again
                self._additions_due = time.monotonic() + ADDITIONS_SECONDS

    def _send(self, run: str) -> None:
        try:
            self._store.send(run)
        except (StoreError, OutboxUnavailable) as error:
            self._session.alert("sync", error.reason)
        self._session.refresh_storage()
