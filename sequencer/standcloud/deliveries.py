"""Everything that command line, panel and runner need of deliveries, behind one object per project.

A finished report goes through ``accept``, which returns once it is safe, then ``send``. ``status`` and ``sync`` are
what the panel shows and what ``hardseq sync`` does; ``start`` runs the job. Nothing here raises for what a server or a
network does. ``StoreError`` and ``OutboxUnavailable`` mean that this machine could not keep a report. What sends them
is imported when there is something to send: most runs have neither a server for their store nor StandCloud.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sequencer.project.project_folder import Project
from sequencer.project.settings import MOST_SLOTS, Settings
from sequencer.project.state_folder import StateFolder
from sequencer.report.after_run import was_retried
from sequencer.report.evidence import Mark, withheld
from sequencer.report.model import RunReport
from sequencer.report.note import Note
from sequencer.standcloud.delivery import (
    COUCHDB,
    FIRST_AFTER,
    SERVER_STORES,
    STAND_CLOUD,
    Delivery,
    DeliveryTarget,
    OutboxUnavailable,
)
from sequencer.standcloud.described_target import described_target
from sequencer.standcloud.targets import NotConfigured, not_sent, open_stand_cloud, stand_cloud_target, store_target
from sequencer.standcloud.unsent_runs import UnsentRuns
from sequencer.store.base import FactoryCopy, RunSummary, Store, StoreError, StoreUnavailable
from sequencer.store.waiting_notes import WaitingNotes
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from sequencer.standcloud.client import StandCloud
    from sequencer.standcloud.job import DrainJob, DrainResult, SendOutcome
    from sequencer.standcloud.outbox import Outbox, OutboxCounts, OutboxEntry

CATCH_UP = 10.0
"""Seconds that a single run may take for what earlier ones left waiting."""
STORE_INTERVAL = 1.0
"""Minutes between two tries to bring waiting reports into a store that was away."""
MOST_MISSING = 100
"""Reports that the store lacks and that are counted beside it; of more than these it is to be told of first."""
MOST_TOLD = 20
"""Parked reports of one target that a ``sync`` names."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A report is safe: ``stored`` in the store, or waiting in the outbox with the store's reason in ``problem``."""

    stored: bool
    problem: ReasonOrText | None = None


class LocatedRun(NamedTuple):
    """A run that there is; ``stored``: the store has it, and said so just now."""

    id: str
    stored: bool


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a ``sync`` did to each target, and what is left there now. ``parked``: the oldest that servers refused.

    ``notes``: how many that were added to runs wait for the store.
    """

    drains: tuple[DrainResult, ...]
    left: Mapping[str, OutboxCounts]
    problems: Mapping[str, ReasonOrText]
    parked: tuple[OutboxEntry, ...] = ()
    notes: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing waits and nothing was refused: exit code 0 of ``hardseq sync``."""
        left = any(counts.waiting or counts.blocked or counts.parked for counts in self.left.values())
        return not left and not self.notes


class Deliveries:
    """The deliveries of one project. Threads may share it; nothing is opened before it is needed."""

    def __init__(self, settings: Settings, state: StateFolder, store: Store, *, folder: Path) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._folder = folder
        self._lock = threading.RLock()
        self._job: DrainJob | None = None
        storage = settings.database.storage_type
        self._has_remote_store = storage in SERVER_STORES
        # What waited for the server of an earlier configuration is still there.
        self._store_target = storage if self._has_remote_store else COUCHDB
        self._unsent = UnsentRuns(state, lambda: self.outbox, self._store_target)
        self._notes = WaitingNotes(state.notes)

    @cached_property
    def outbox(self) -> Outbox:
        """The outbox in the embedded database. Raises ``OutboxUnavailable``."""
        from sequencer.standcloud.outbox import Outbox

        with self._lock:
            return Outbox(self._state.database)

    @property
    def wanted(self) -> bool:
        """Whether reports are kept for StandCloud: it has an address, and a key, or it is to send by itself."""
        stand_cloud = self._settings.stand_cloud
        return stand_cloud.address is not None and (bool(stand_cloud.api_key) or stand_cloud.autosync)

    def refusal(self) -> ReasonOrText | None:
        """Why a run must not start (``connection_only`` and StandCloud does not answer), or ``None``."""
        if not self._settings.stand_cloud.connection_only:
            return None
        try:
            health = self._client.health()
        except NotConfigured as error:
            return error.reason
        return None if health.up else Reason("stand_cloud_away", detail=health.reason)

    def withheld(self, report: Mapping[str, object]) -> Mark | None:
        """What keeps the report from StandCloud: it is no evidence for a product, and the settings do not send such."""
        return withheld(report, partial_too=self._settings.stand_cloud.send_partial)

    def accept(self, report: RunReport, *, ask: bool = True) -> Acceptance:
        """Keeps a finished report: in the store, or while that is away in the outbox; and for StandCloud if wanted.

        When this returns nothing can lose the report any more. Doing it again changes nothing. ``ask`` false: no
        server is asked, so that nobody waits for one; what a distant store is to get waits in the outbox.
        """
        anew = was_retried(report)
        if self.wanted and self.withheld(report) is None and (not anew or self._waits(report["id"])):
            self.outbox.put(report["id"], STAND_CLOUD, report)
        if self._has_remote_store and not ask:
            self.outbox.put(report["id"], self._store_target, report, anew=anew)
            return Acceptance(False)
        try:
            self._store.save(report)
        except StoreUnavailable as error:
            if not self._has_remote_store:
                raise
            self.outbox.put(report["id"], self._store_target, report, anew=anew)
            return Acceptance(False, error.reason)
        self._bring_notes()
        return Acceptance(True)

    def waits_for_store(self, run: str) -> bool:
        """Whether the store lacks what is known of the run."""
        return any(entry.state != "delivered" for entry in self.outbox.entries(self._store_target, run=run))

    def undelivered(self) -> set[str]:
        """The ids of the runs whose reports still have to go somewhere. Raises ``OutboxUnavailable``."""
        return self.outbox.undelivered()

    def missing_reports(self) -> list[RunReport]:
        """The reports that the store lacks. Raises ``StoreUnavailable`` when they are many, or one cannot be read."""
        if self.stores_here:
            return []
        from sequencer.report.reader import read_report

        found = [document for _, document in self.outbox.documents(self._store_target, limit=MOST_MISSING + 1)]
        if len(found) > MOST_MISSING or None in found:
            raise StoreUnavailable(Reason("many_waiting"))
        return [read_report(document) for document in found]

    def unsent(self, serial_number: str) -> list[RunSummary]:
        """The runs of this serial number whose reports the store lacks, or lacked a while ago."""
        return self._unsent.of(serial_number)

    def report(self, run: str) -> RunReport | None:
        """The report of the run, or of the ``latest``, stored or not yet; ``None`` where there is no such run.

        Raises ``StoreUnavailable`` when the store is away and alone could have it.
        """
        return self._look_up(run)[0]

    def of_start(self, start: str) -> list[RunReport]:
        """The reports of the runs that were started together, stored or not yet; empty where there is no such start.

        Raises ``StoreUnavailable`` when the store is away and alone could have them.
        """
        from sequencer.store.base import RunFilter

        unsent = self._unsent.of_start(start)
        try:
            stored = [run.id for run in self._store.find(RunFilter(start=start), limit=MOST_SLOTS).runs]
        except StoreUnavailable:
            if not unsent:
                raise
            stored = []
        found = (self.report(run) for run in dict.fromkeys([*stored, *unsent]))
        return [report for report in found if report is not None]

    def locate(self, run: str) -> LocatedRun | None:
        """The run, or the ``latest``, also a stored one of this stand while the store is away, whose journal is here.

        Raises ``StoreUnavailable`` when the store is away and alone knows whether there is such a run.
        """
        from sequencer.store.recovery import has_journal

        try:
            report, stored = self._look_up(run)
        except StoreUnavailable:
            if not has_journal(self._state, run):
                raise
            return LocatedRun(run, False)
        return None if report is None else LocatedRun(report["id"], stored)

    def pruned(self, run: str) -> Reason | None:
        """That the report of this run was pruned, and when; ``None`` where it was not. Raises ``StoreError``."""
        from sequencer.figures.condensed import pruned_reason

        return pruned_reason(self._store, run)

    def _look_up(self, run: str) -> tuple[RunReport | None, bool]:
        """The report, and whether the store has it."""
        problem = stored = None
        try:
            stored = self._store.latest() if run == "latest" else self._store.get(run)
        except StoreUnavailable as error:
            problem = error
        if run == "latest":
            unsent = self._unsent.newest()
            if unsent is not None and stored is not None and unsent["start_time"] <= stored["start_time"]:
                unsent = None
        else:
            unsent = self._unsent.report(run) if stored is None else None
        if unsent is not None:
            return unsent, False
        if problem is not None:
            raise problem
        return stored, stored is not None

    def add_note(self, note: Note, run: LocatedRun) -> None:
        """Adds to the run: in the store, or safe on this machine until the store has the run. Raises ``StoreError``."""
        if run.stored:
            with suppress(StoreUnavailable):
                return self._store.add_note(note)
        return self._notes.add(note)

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """What was added to these runs, by id, oldest first, whether the store has it already or not.

        Raises ``StoreUnavailable`` when the store is away and has one of the runs.
        """
        waiting = [
            note for note in self.waiting_notes() if note.run in runs
        ]  # first: what goes meanwhile is found there
        try:
            found = self._store.notes(runs)
        except StoreUnavailable:
            if not all(self._unsent.report(run) for run in runs):
                raise
            found = {}
        for note in waiting:
            known = found.setdefault(note.run, [])
            if note not in known:
                known.append(note)
                known.sort(key=lambda one: (one.time, one.id))
        return found

    def waiting_notes(self) -> list[Note]:
        """Those that the store lacks, on whichever run. Raises ``StoreUnavailable``."""
        return self._notes.all()

    def deliver_notes(self) -> int:
        """Gives the store the notes that it lacks, as far as it has their runs; how many wait on.

        Raises ``StoreUnavailable``.
        """
        return self._notes.deliver(self._store)

    def _bring_notes(self) -> None:
        with suppress(StoreError):  # they wait on, and nobody's report waits for them
            self.deliver_notes()

    def send(self, run: str) -> Delivery | None:
        """Sends an accepted report at once when ``autosync`` says so; ``None`` when there is nothing to do."""
        if not (self.wanted and self._settings.stand_cloud.autosync):
            return None
        from sequencer.standcloud.job import send_one

        try:
            return send_one(self.outbox, self._stand_cloud, run)
        except OutboxUnavailable as error:
            return Delivery(verdict="again", reason=error.reason)
        except NotConfigured as error:
            # What never goes, as that of a simulated run, does not wait either.
            return Delivery(verdict="again", reason=error.reason) if self._waits(run) else None

    def catch_up(self, run: str, *, seconds: float = CATCH_UP) -> int:
        """Sends what else is due, for about so long, to the targets that the report of ``run`` just reached.

        For whoever runs without a panel, and so without the job. Returns how many went.
        """
        targets = [target for target in self._targets() if target.automatic]
        if not targets:
            return 0
        from sequencer.standcloud.job import drain

        stop = threading.Event()
        limit = threading.Timer(seconds, stop.set)
        limit.daemon = True
        limit.start()
        try:
            reached = [target for target in targets if self._reached(target.name, run)]
            return sum(drain(self.outbox, target, stop=stop, patience=0.0).delivered for target in reached)
        except OutboxUnavailable:
            return 0
        finally:
            limit.cancel()

    def upload(self, target: str, report: RunReport) -> dict[str, Data]:
        """The step ``upload``: sends the report now, answers ``{delivered, status, text}``; what fails waits."""
        if target != STAND_CLOUD:
            return Delivery(verdict="parked", reason=Reason("no_target", name=target)).as_answer()
        if (mark := self.withheld(report)) is not None:
            return Delivery(verdict="parked", reason=not_sent(mark)).as_answer()
        try:
            self.outbox.put(report["id"], STAND_CLOUD, report)
            return self._upload(report["id"]).as_answer()
        except (NotConfigured, OutboxUnavailable) as error:
            return Delivery(verdict="again", reason=error.reason).as_answer()

    def sync(
        self,
        *,
        progress: Callable[[SendOutcome], None] | None = None,
        stop: threading.Event | None = None,
        force: bool = False,
    ) -> SyncResult:
        """Sends whatever waits, due or not, each once. ``force``: also what is parked, also with a refused key."""
        from sequencer.standcloud.job import drain

        drains = []
        for target in self._targets():
            if force:
                self.outbox.clear_block(target.name)
                self.outbox.resend(target.name)
            drains.append(drain(self.outbox, target, every=True, progress=progress or (lambda _: None), stop=stop))
        left = {name: self.outbox.counts(name) for name in self._names()}
        parked = [entry for name in left for entry in self.outbox.entries(name, state="parked", limit=MOST_TOLD)]
        self._bring_notes()
        return SyncResult(tuple(drains), left, self._problems(), tuple(parked), len(self.waiting_notes()))

    def release(self, run: str) -> str | None:
        """Has the report of ``run`` (or the ``latest``) sent that was kept back; the reason when it cannot be.

        Raises ``StoreError``, ``OutboxUnavailable``.
        """
        report = self.report(run)
        if report is None:
            return str(self.pruned(run) or f"there is no run {run}")
        mark = withheld(report, partial_too=True)
        if mark is None:
            self.outbox.put(report["id"], STAND_CLOUD, report)
        return None if mark is None else str(not_sent(mark))

    def resend(self, run: str | None = None, target: str = STAND_CLOUD) -> int:
        """Parked reports (or the one of ``run``) wait again; returns how many. A running job sends them at once."""
        number = self.outbox.resend(target, run)
        self.wake(target)
        return number

    def status(self, *, limit: int = 50) -> dict[str, object]:
        """What ``GET /api/outbox`` answers: see ``described_target``."""
        targets = {target.name: target for target in self._targets()}
        problems = self._problems()
        told = (
            described_target(self.outbox, name, targets.get(name), problems.get(name), limit) for name in self._names()
        )
        return {"targets": list(told)}

    def start(self, *, first: float = FIRST_AFTER) -> None:
        """Starts the job for what is sent by itself: StandCloud's by ``autosync``, and what a store missed."""
        from sequencer.standcloud.job import DrainJob

        with self._lock:
            if self._job is not None:
                return
            self._job = DrainJob(first=first)
            for target in self._targets():
                if target.automatic:
                    is_store = target.name == self._store_target
                    minutes = STORE_INTERVAL if is_store else self._settings.stand_cloud.autosync_timeout
                    self._job.add(target.name, self._work(target), minutes=minutes)
            self._job.start()

    def wake(self, target: str = STAND_CLOUD) -> bool:
        """Asks the job to drain now, in its own thread. False when there is no such job: then ``send`` it yourself."""
        return self._job is not None and self._job.now(target)

    def close(self, *, wait: bool = True) -> None:
        """Ends the job and gives back files and connections. The store is the caller's."""
        with self._lock:
            if self._job is not None:
                self._job.stop(wait=wait)
                self._job = None
            for name in ("outbox", "_client"):
                opened = self.__dict__.pop(name, None)
                if opened is not None:
                    opened.close()

    @cached_property
    def _client(self) -> StandCloud:
        return open_stand_cloud(self._settings.stand_cloud, self._folder)

    @property
    def _stand_cloud(self) -> DeliveryTarget:
        return stand_cloud_target(self._client, automatic=self._settings.stand_cloud.autosync)

    def factory_copy(self) -> FactoryCopy | None:
        """How stored runs are copied to the factory's database, if they are to be; asks the store."""
        if self.stores_here:
            return None
        from sequencer.store.couchdb.store import CouchStore

        return self._store.factory_copy() if isinstance(self._store, CouchStore) else None

    @property
    def stores_here(self) -> bool:
        """Whether reports are stored on this machine, so that no server is asked."""
        return not self._has_remote_store

    def _targets(self) -> list[DeliveryTarget]:
        """The targets that can be used as things are configured."""
        targets = [store_target(self._store_target, self._store, self._bring_notes)] if self._has_remote_store else []
        try:
            return [*targets, self._stand_cloud]
        except NotConfigured:
            return targets

    def _names(self) -> list[str]:
        """The targets that are configured, and those that a report still waits for."""
        configured = [self._store_target] * self._has_remote_store + [STAND_CLOUD] * self.wanted
        return list(dict.fromkeys([*configured, *self.outbox.targets()]))

    def _problems(self) -> dict[str, ReasonOrText]:
        """Why a target cannot be used, by its name."""
        problems: dict[str, ReasonOrText] = {} if self._has_remote_store else {COUCHDB: Reason("couch_not_configured")}
        try:
            _ = self._client
        except NotConfigured as error:
            problems[STAND_CLOUD] = error.reason
        return problems

    def _waits(self, run: str) -> bool:
        try:
            return bool(self.outbox.entries(STAND_CLOUD, run=run))
        except OutboxUnavailable:
            return True

    def _reached(self, target: str, run: str) -> bool:
        entries = self.outbox.entries(target, run=run)
        # What the store took at once never was in the outbox.
        return entries[0].state == "delivered" if entries else target == self._store_target

    def _upload(self, run: str) -> Delivery:
        from sequencer.standcloud.job import send_one

        sent = send_one(self.outbox, self._stand_cloud, run)
        if sent is not None:
            return sent
        entry = self.outbox.entries(STAND_CLOUD, run=run)[0]
        if entry.state == "delivered":
            return Delivery(verdict="delivered", status=entry.status, reason=entry.reason)
        if entry.state == "parked":
            return Delivery(verdict="parked", status=entry.status, reason=entry.reason)
        return Delivery(verdict="again", reason=Reason("being_sent_elsewhere"))

    def _work(self, target: DeliveryTarget) -> Callable[[threading.Event], None]:
        from sequencer.standcloud.job import drain

        def work(stop: threading.Event) -> None:
            try:
                drain(self.outbox, target, stop=stop)
            except OutboxUnavailable:
                return  # a full disk, most often: what waits keeps waiting, and `status` says so to whoever asks

        return work


def open_deliveries(project: Project, store: Store) -> Deliveries:
    """The deliveries of an opened project."""
    return Deliveries(project.settings, project.state, store, folder=project.folder)
