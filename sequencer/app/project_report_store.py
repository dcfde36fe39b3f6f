"""Keeping the reports of a project: the store, what waits in the outbox, StandCloud, and the mark in the journal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sequencer.app.project_alarms import blocking_alarm, evaluate_alarms
from sequencer.project.action_log import ActionLog
from sequencer.project.project_folder import Project
from sequencer.report.event import Stamped
from sequencer.report.model import RunReport
from sequencer.store.base import FactoryCopy, ReportRefused, RunSummary, Store, StoreError
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from sequencer.report.note import Note
    from sequencer.standcloud.deliveries import Acceptance, Deliveries, LocatedRun
    from sequencer.standcloud.delivery import Delivery
    from sequencer.store.couchdb.live import LiveState

LEAST_FREE = 10_000_000
"""Bytes on the state folder's disk below which no run begins."""

Tell = Callable[[str], None]
Listener = Callable[[Stamped], None]


@dataclass(frozen=True, slots=True)
class SavedReport:
    """``safe``: the report cannot be lost any more. ``places`` say where it is."""

    safe: bool
    places: tuple[str, ...]


class ProjectReportStore:
    """Store and deliveries of a project while they are open. What a crash left behind is brought in first.

    ``tell`` takes sentences for a person. The first methods are what a panel's session wants of its report store.
    """

    store: Store
    deliveries: Deliveries

    def __init__(self, project: Project, tell: Tell) -> None:
        self._project = project
        self._tell = tell
        self._opened = ExitStack()
        self._actions = project.action_log()

    def __enter__(self) -> Self:
        """Raises ``StoreError`` when the store cannot be used at all."""
        from sequencer.standcloud.deliveries import open_deliveries
        from sequencer.store.open import open_store
        from sequencer.store.recovery import recover, recovery_text

        project = self._project
        with ExitStack() as opened:
            self.store = open_store(project.settings, project.state, folder=project.folder)
            opened.callback(self.store.close)
            self.deliveries = open_deliveries(project, self.store)
            opened.callback(self.deliveries.close)
            # No start waits for a server: what a distant store is to get goes when it takes this run's report.
            lay_by = partial(self.deliveries.accept, ask=False)
            now = "is stored now" if self.deliveries.stores_here else f"waits for {self.store.place}"
            recovered = recover(project.state, self.store, save=lay_by, tell=self._tell)
            for report in recovered:
                self._tell(recovery_text(report, now))
            if recovered:  # else the run that is to come does it
                self._prune()
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opened.close()

    def listeners(self) -> list[Listener]:
        """Who wants to hear a run's events: the stand's live document, when reports go to CouchDB."""
        return self.listeners_by_slot([""])[""]

    def listeners_by_slot(self, slots: Sequence[str]) -> dict[str, list[Listener]]:
        """Who wants to hear the events of the runs in each of these slots: its live document."""
        from sequencer.store.open import open_live_states

        states = open_live_states(self._project.settings, self.store, slots, self._tell)
        self._opened.callback(_close, list(states.values()))
        return {slot: [states[slot]] if slot in states else [] for slot in slots}

    @property
    def actions(self) -> ActionLog:
        """The log of what is not every operator's to do."""
        return self._actions

    def deliver_actions(self) -> int:
        """Brings the log into the store; how many of its lines cannot be read. Raises ``StoreError``, ``OSError``."""
        from sequencer.store.log_delivery import deliver_log

        return deliver_log(self._project.state, self.store)

    def report(self, run: str) -> RunReport | None:
        """The report of the run, or of the ``latest``, stored or not yet. Raises ``StoreUnavailable``."""
        return self.deliveries.report(run)

    def of_start(self, start: str) -> list[RunReport]:
        """The reports of the runs that were started together, stored or not yet. Raises ``StoreUnavailable``."""
        return self.deliveries.of_start(start)

    def locate(self, run: str) -> LocatedRun | None:
        """The run, or the ``latest``. Raises ``StoreUnavailable`` when the store is away and alone knows of it."""
        return self.deliveries.locate(run)

    def add_note(self, note: Note, run: LocatedRun) -> None:
        """Adds to a run, safe when this returns. Raises ``StoreError``."""
        self.deliveries.add_note(note, run)

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """What was added to these runs, by id, oldest first, stored or not yet. Raises ``StoreUnavailable``."""
        return self.deliveries.notes(runs)

    def waiting_notes(self) -> list[Note]:
        """Those that the store lacks. Raises ``StoreUnavailable``."""
        return self.deliveries.waiting_notes()

    def deliver_notes(self) -> int:
        """Gives the store the notes that it lacks; how many wait for their runs. Raises ``StoreUnavailable``."""
        return self.deliveries.deliver_notes()

    def refusal(self) -> ReasonOrText | None:
        """Why a run must not start now, or ``None``: an alarm, or its report could not be kept, or not be sent."""
        from sequencer.runtime.journal import SIZE, reserve_of, save_reserve

        folder = self._project.state.path
        reserved = SIZE if save_reserve(reserve_of(self._project.state.journals)) else 0
        try:
            free = _free(folder) + reserved
        except OSError as error:
            return Reason("state_folder", place=str(folder), detail=str(error.strerror or error))
        if free < LEAST_FREE:
            return Reason("disk_full", place=str(folder), free=round(free / 1e6, 1))
        return blocking_alarm(self._project) or self.deliveries.refusal()

    def accept(self, report: RunReport) -> Acceptance:
        """Makes the report safe and says so in its journal. Raises ``StoreError``, ``OutboxUnavailable``."""
        from sequencer.store.recovery import mark_stored

        acceptance = self.deliveries.accept(report)
        try:
            mark_stored(self._project.state.journal(report["id"]))
        except OSError as error:
            self._tell(f"the journal could not be marked as stored: {error}")
        self._prune()
        return acceptance

    def _prune(self) -> None:
        """Of journals as many as the configuration wants. What does not work now is done after another run."""
        from sequencer.store.kept_journals import prune

        with suppress(OSError, StoreError):
            prune(self._project.state, self._project.settings.journals, self.deliveries.undelivered)

    def send(self, run: str) -> Delivery | None:
        """Sends a report on at once when that is wanted."""
        return self.deliveries.send(run)

    def sync(self, *, force: bool = False) -> object:
        """Sends whatever waits."""
        return self.deliveries.sync(force=force)

    def status(self, *, limit: int = 50) -> dict[str, object]:
        """What waits where."""
        return self.deliveries.status(limit=limit)

    def factory_copy(self) -> FactoryCopy | None:
        """How stored runs are copied to the factory's database, if they are to be."""
        return self.deliveries.factory_copy()

    def missing_reports(self) -> list[RunReport]:
        """The reports that are safe here and that the store lacks. Raises ``StoreUnavailable`` when they are many."""
        return self.deliveries.missing_reports()

    @property
    def prints_labels(self) -> bool:
        """Whether printer and template are set up."""
        label = self._project.settings.label
        return label.printer is not None and label.template is not None

    def earns_label(self, report: RunReport) -> bool:
        """Whether the label of this run's unit is printed without being asked for."""
        if not (self.prints_labels and self._project.settings.label.on_pass):
            return False
        from sequencer.report.label import is_wanted

        return is_wanted(report)

    def print_label(self, report: RunReport) -> None:
        """Prints the label of the run's unit. Raises ``UnusableValue``; what the printer needs, it takes."""
        from sequencer.app.labels import print_unit

        print_unit(self._project, report)

    def unsent(self, serial_number: str) -> list[RunSummary]:
        """The runs of this serial number whose reports the store lacks, or lacked a while ago."""
        return self.deliveries.unsent(serial_number)

    def lacking(self, report: RunReport) -> Reason | None:
        """How much of a report that no store took is safe in its journal, when that is not all of it."""
        from sequencer.store.recovery import lacking

        return lacking(self._project.state.journal(report["id"]), report)

    def keep(self, report: RunReport) -> SavedReport:
        """Makes the report safe, then sends it on. Never raises: else the place says what its journal holds."""
        from sequencer.store.recovery import held_by

        try:
            acceptance = self.accept(report)
        except Exception as error:  # whatever it is, the verdict is to be told, and what happens at the next start
            known = isinstance(error, StoreError)
            self._tell(f"the report could not be stored: {error if known else f'{type(error).__name__}: {error}'}")
            journal = self._project.state.journal(report["id"])
            return SavedReport(False, (held_by(journal, report, tried_again=not isinstance(error, ReportRefused)),))
        places = [f"{self.store.place}, id {report['id']}"]
        if not acceptance.stored:
            self._tell(f"{self.store.place} could not take the report: {acceptance.problem}")
            places = [f"id {report['id']}, waiting for {self.store.place}"]
        mark = self.deliveries.withheld(report)
        if mark is None:
            places += self._sent(report["id"])
        elif self.deliveries.wanted:
            places.append(f"not for StandCloud: a {mark} run is not evidence for a product")
        if earlier := self.deliveries.catch_up(report["id"]):
            self._tell(f"{earlier} earlier report{'s' if earlier > 1 else ''} that had waited went as well")
        if acceptance.stored and (copy := self.factory_copy()) is not None and copy.problem is not None:
            self._tell(f"{copy.problem}; `hardseq replicate` tries it now")
        if acceptance.stored:
            evaluate_alarms(self._project, self.store, self._tell)
        return SavedReport(True, tuple(places))

    def _sent(self, run_id: str) -> tuple[str, ...]:
        delivery = self.send(run_id)
        if delivery is None:
            return ()
        if delivery.delivered:
            return ("StandCloud",)
        status = "" if delivery.status is None else f" ({delivery.status})"
        self._tell(f"StandCloud did not take the report{status}: {delivery.text}")
        return () if delivery.verdict == "parked" else ("waiting for StandCloud: `hardseq sync` sends it",)


def _close(states: Sequence[LiveState]) -> None:
    """All at once: a server that is mute is waited for once."""
    threads = [Thread(target=live.close) for live in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _free(folder: Path) -> int:
    """Bytes that are left to us on the folder's disk. Raises ``OSError``."""
    if sys.platform == "win32":
        from shutil import disk_usage

        return disk_usage(folder).free
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
