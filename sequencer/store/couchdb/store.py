"""Reports in a CouchDB: one document a run whose ``_id`` is the run's id, and a second, lowered one for other tools.

``NAME`` keeps hardseq's documents (``couchdb_document``), ``report`` the same runs in the fields of version 1 and
nothing else, because readers of that format refuse what they do not know.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sequencer.project.action_log import LogEntry
from sequencer.report.evidence import is_foreign, withheld
from sequencer.report.model import RunReport
from sequencer.report.note import Note
from sequencer.report.reader import doubt
from sequencer.store import facts
from sequencer.store.base import (
    ANY,
    EVERY_ACTION,
    CheckedRuns,
    FactoryCopy,
    LogFilter,
    LogPage,
    Neighbours,
    PrunedRun,
    ReportRefused,
    RunFilter,
    RunPage,
    StoreChanges,
    StoredRun,
    StoreError,
    StoreUnavailable,
    change,
)
from sequencer.store.couchdb import design
from sequencer.store.couchdb import document as documents
from sequencer.store.couchdb.additions import Additions
from sequencer.store.couchdb.client import (
    ConnectionBroken,
    CouchClient,
    CouchDocument,
    DocumentConflict,
    DocumentNotFound,
)
from sequencer.store.couchdb.conflicts import ConflictResolver
from sequencer.store.couchdb.design import protect
from sequencer.store.couchdb.heartbeat import Heartbeat
from sequencer.store.couchdb.history import History
from sequencer.store.couchdb.live import LiveState
from sequencer.store.couchdb.replication import (
    LIVE_DOCUMENTS,
    FactoryDatabase,
    hasten,
    replicate,
    runs_at,
    status,
)
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.store.couchdb.feed import Told

VERSION_1_DATABASE = "report"
_MOST_DOCUMENTS = 200
"""That are asked for at a time: each may have some megabytes."""
HASTEN_SECONDS = 300.0
"""Seconds between two times that a job which has long been failing is begun again."""
_TRIES = 5  # a conflict that comes back this often is no race


class CouchStore:
    """Reports in the database ``name`` of ``couch``; ``attachments`` is where files wait that reports name;
    ``version_1`` is the database for other tools; partial and debugged runs go there only with ``partial_too``.

    Nothing is sent before it is needed, so that building one costs nothing and cannot fail.
    """

    def __init__(
        self,
        couch: CouchClient,
        name: str = "hardseq",
        attachments: Path | None = None,
        factory: FactoryDatabase | None = None,
        *,
        version_1: str = VERSION_1_DATABASE,
        partial_too: bool = False,
    ) -> None:
        self._couch = couch
        self._name = name
        self._attachments = attachments
        self._live_database = f"{name}_live"
        self._history = History(couch, name)
        self._additions = Additions(couch, name)
        self._conflicts = ConflictResolver(couch, name)
        self._lock = threading.Lock()
        self._prepared = False
        self._factory = factory
        self._to_replicate = factory is not None
        self._not_hastened_before = 0.0
        self._version_1 = version_1
        self._partial_too = partial_too

    @property
    def place(self) -> str:
        """Where reports go, for people."""
        return f"{self._couch.address}/{self._name}"

    def live_state(self, tell: Callable[[str], None] = lambda text: None, *, slots: int = 1) -> LiveState:
        """What keeps the live document of the stand, or of one of so many slots, up to date.

        With this store's connections and its login.
        """
        return LiveState(self._couch, self._live_database, tell, slots=slots)

    def heartbeat(self, read: Callable[[], Mapping[str, object]]) -> Heartbeat:
        """What tells whoever watches all stands that the panel of this one lives, and what ``read`` says of it."""
        return Heartbeat(self._couch, self._live_database, read)

    def check(self) -> None:
        """Raises :class:`StoreUnavailable` unless the server answers and lets this user in."""
        try:
            self._couch.get(self._name)
        except DocumentNotFound:
            self._create_databases()

    def prepare(self) -> None:
        """Creates databases, views and indexes where they are missing; cheap when it was done before."""
        with self._lock:
            if self._prepared:
                return
            try:
                self._create_views()
            except DocumentNotFound:
                self._create_databases()
                self._create_views()
            self._prepared = True
        self._replicate()

    def _create_views(self) -> None:
        design.create_views(self._couch, self._name, design.VIEWS)
        design.create_indexes(self._couch, self._name)
        design.remove_obsolete(self._couch, self._name)
        protect(self._couch, self._name)

    def _create_databases(self) -> None:
        design.create_system_databases(self._couch)
        for name in (self._name, self._version_1):
            design.create_database(self._couch, name)
        design.create_live_database(self._couch, self._live_database)
        protect(self._couch, self._name)

    def save(self, report: RunReport) -> None:
        """Keeps the report, its version 1 form and the waiting files that it names."""
        encoded = facts.encode(report)
        wanted = documents.document(report, documents.fingerprint(report), encoded)
        kept_back = withheld(report, partial_too=self._partial_too)
        # What HardPy ran is there as HardPy wrote it, and would be counted twice.
        sent = kept_back is None and not is_foreign(report)
        wanted["version_1"] = sent and documents.fits_version_1(report, encoded)
        try:
            self._put(wanted, report)
        except (DocumentNotFound, ConnectionBroken):  # the first report that this server gets
            self._create_databases()
            self._put(wanted, report)
        self._replicate()
        if self._attachments is not None:
            self._keep_files(report, self._attachments)

    def _keep_files(self, report: RunReport, waiting: Path) -> None:
        """Takes the files that the report names along, from the state folder or from another run that has the same."""
        named = facts.attachments(report)
        present = self._couch.get(self._name, report["id"]).get("_attachments", {}) if named else {}
        for sha256, media_type in named.items():
            file = waiting / sha256
            if sha256 not in present:
                data = _bytes_of(file) if file.is_file() else self._of_another_run(sha256)
                if data is None:
                    continue
                self.save_attachment(report["id"], sha256, data, media_type)
            with suppress(OSError):  # it is gone already, or somebody reads it just now
                file.unlink()

    def _of_another_run(self, sha256: str) -> bytes | None:
        self.prepare()
        rows = self._history.view(design.RUNS, "files", key=sha256, limit=1)
        return self._couch.get_bytes(self._name, rows[0]["id"], sha256) if rows else None

    def _put(self, wanted: CouchDocument, report: RunReport) -> None:
        written, stands = self._put_run(wanted, report)
        if written.get("version_1"):
            self._put_version_1(stands)

    def _put_run(self, wanted: CouchDocument, report: RunReport) -> tuple[dict[str, object], RunReport]:
        """Writes what is new; the document and the report that stand there then."""
        whole, fingerprint = wanted, wanted["fingerprint"]
        for _ in range(_TRIES):
            try:
                self._couch.put(self._name, wanted["_id"], body=wanted)
                return wanted, report
            except DocumentConflict:
                stored = self._couch.get(self._name, wanted["_id"])
            if documents.known_fingerprint(stored) == fingerprint:
                return wanted, report
            if documents.is_pruned(stored):  # what is stored again may stay
                wanted = {**whole, "_rev": stored["_rev"]}
                continue
            known = self._report_of(stored)
            what = change(report, known, self.place)
            if what == "none":
                return wanted, known
            if what == "after_run":
                wanted = documents.amend(stored, report)
                continue
            wanted = dict(whole)
            files = {
                name: stub for name, stub in stored.get("_attachments", {}).items() if name != documents.REPORT_FILE
            }
            wanted["_attachments"] = {**files, **wanted.get("_attachments", {})}
            wanted["_rev"] = stored["_rev"]
        raise StoreUnavailable(Reason("written_by_others", run=wanted["_id"], place=self.place))

    def _put_version_1(self, report: RunReport) -> None:
        """The lowered document follows the run's own, whatever stood there."""
        from sequencer.report.version1 import lower

        revision: str | None = None
        for _ in range(_TRIES):
            try:
                self._couch.put(self._version_1, report["id"], body=lower(report, rev=revision))
                return
            except DocumentConflict:
                stored = self._couch.get(self._version_1, report["id"])
            revision = stored.pop("_rev")
            if stored == lower(report):
                return
        raise StoreUnavailable(Reason("written_by_others", run=report["id"], place=self._version_1))

    def _replicate(self) -> None:
        """Once a process. A factory that is away is no reason to fail here: ``replicate_to_factory`` tells it."""
        wanted, self._to_replicate = self._to_replicate, False
        if wanted and self._factory is not None:
            with suppress(StoreError):
                replicate(self._couch, self._name, self._factory)

    def factory_copy(self) -> FactoryCopy | None:
        """How runs are copied to the factory, as far as this server knows; ``None``: they are not to, or it is away.

        CouchDB waits for hours before it tries a job again that has long been failing: it begins anew for that.
        """
        if self._factory is None:
            return None
        try:
            found = status(self._couch, self._name, self._factory)
        except StoreError:
            return None  # a server that is away is told by whoever wants to store something
        target, problem = _without_user(self._factory.url), None
        if not found.healthy:
            problem = Reason("not_replicated", state=found.state, detail=found.problem or Reason("no_reason_given"))
            self._hasten(self._factory)
        return FactoryCopy(target, found.state, found.written, problem)

    def _hasten(self, factory: FactoryDatabase) -> None:
        if time.monotonic() < self._not_hastened_before:
            return
        self._not_hastened_before = time.monotonic() + HASTEN_SECONDS
        with suppress(StoreError):
            hasten(self._couch, self._name, factory)
            hasten(self._couch, self._live_database, factory.of_live(), LIVE_DOCUMENTS)

    def get(self, run_id: str) -> RunReport | None:
        """The whole report."""
        try:
            stored, rivals = self._conflicts.settled(run_id)
            if not _is_run(stored):
                return None
            report = self._report_of(stored, check=True)
        except DocumentNotFound:
            return None
        if rivals:
            doubt(report, Reason("report_rival", revisions=", ".join(rivals)))
        return report

    def _report_of(self, stored: CouchDocument, *, check: bool = False, raw: bool = False) -> RunReport:
        packed = None
        if "report" not in stored:
            packed = self._couch.get_bytes(self._name, stored["_id"], documents.REPORT_FILE, rev=stored["_rev"])
        return documents.report_of(stored, packed, check=check, raw=raw)

    def latest(self) -> RunReport | None:
        """The run that started last."""
        runs = self.find(limit=1).runs
        return self.get(runs[0].id) if runs else None

    def find(self, runs: RunFilter = ANY, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """One page of runs, newest first."""
        with self._couch.question():
            self.prepare()
            page = self._history.find(runs, limit=limit, cursor=cursor)
            return page._replace(runs=self._conflicts.settled_summaries(page.runs))

    def neighbours(self, run_id: str, runs: RunFilter = ANY) -> Neighbours | None:
        """The runs above and below this one."""
        with self._couch.question():
            self.prepare()
            try:
                stored = self._couch.get(self._name, run_id)
            except DocumentNotFound:
                return None
            if not _is_run(stored):
                return None
            return self._history.neighbours(documents.summary_in(stored), runs)

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        """The runs that came after those before ``since``, by CouchDB's own feed."""
        self.prepare()
        most = min(limit, _MOST_DOCUMENTS)
        try:
            answer = self._changed(since or "0", most)
        except ReportRefused:  # of another server
            answer = self._changed("0", most)
        runs = [self._stored_run(one) for one in answer.documents if _is_run(one) or documents.is_pruned(one)]
        left = answer.left
        if left is None:
            left = answer.rows if answer.rows == most else 0
        return StoreChanges(runs, answer.next, left)

    def _changed(self, since: str, limit: int) -> Told:
        # Imported here: a run needs none of it, and it takes 20 ms.
        from sequencer.store.couchdb.feed import told

        query = {"since": since, "limit": limit, "include_docs": "true", "conflicts": "true"}
        return self._couch.get_read(told, self._name, "_changes", **query)

    def _stored_run(self, stored: CouchDocument) -> StoredRun:
        run, rivals = stored["_id"], stored.pop("_conflicts", [])

        def read() -> RunReport:
            if documents.is_pruned(stored):
                raise StoreError(Reason("run_pruned", run=run))
            report = self.get(run) if rivals else self._report_of(stored, check=True, raw=True)
            if report is None:
                raise StoreError(Reason("run_not_stored", run=run, place=self.place))
            return report

        if documents.is_pruned(stored):  # it is to the figures what it was
            return StoredRun(run, str(stored.get("digest")), read, str(stored["condensed"]))
        # Whoever changes a report by hand leaves its fingerprint as it is, but not the revision.
        digest = " ".join([str(documents.known_fingerprint(stored)), stored["_rev"], *rivals])
        return StoredRun(run, digest, read)

    def checked(self, after: str | None = None, *, limit: int = 50) -> CheckedRuns:
        """None: CouchDB tells of every change."""
        return CheckedRuns({}, None)

    def stored(self, runs: Sequence[str]) -> list[StoredRun]:
        """Those of these runs that are here."""
        self.prepare()
        found: list[StoredRun] = []
        for start in range(0, len(runs), _MOST_DOCUMENTS):
            wanted = {"keys": list(runs[start : start + _MOST_DOCUMENTS])}
            answer = self._couch.post(self._name, "_all_docs", body=wanted, include_docs="true", conflicts="true")
            found += [self._stored_run(row["doc"]) for row in answer["rows"] if _is_run(row.get("doc") or {})]
        return found

    def prune(self, runs: Sequence[PrunedRun]) -> int:
        """Writes what is kept over the run's document, one after the other.

        Raises ``StoreError`` unless this user is an administrator: the rule of the database lets nobody else do that.
        """
        gone = 0
        for run in runs:
            try:
                stored = self._couch.get(self._name, run.id, conflicts="true")
                if not _is_run(stored) or self._stored_run(dict(stored)).digest != run.digest:
                    continue
                self._couch.put(self._name, run.id, body=documents.pruned(stored, run))
            except (DocumentNotFound, DocumentConflict):  # somebody was faster
                continue
            with suppress(DocumentNotFound, DocumentConflict):
                lowered = self._couch.get(self._version_1, run.id)
                self._couch.delete(self._version_1, run.id, rev=lowered["_rev"])
            gone += 1
        return gone

    def compact(self, *, alone: bool = False) -> bool:
        """Has CouchDB write its files anew, in the background."""
        for name in (self._name, self._version_1):
            self._couch.post(name, "_compact", body={})
        return True

    def condensed(self, run_id: str) -> str | None:
        """What is kept in place of the report."""
        try:
            stored = self._couch.get(self._name, run_id)
        except DocumentNotFound:
            return None
        return str(stored["condensed"]) if documents.is_pruned(stored) else None

    def keep_pruned(self, runs: Sequence[PrunedRun]) -> None:
        """Keeps what is left of runs of which there is nothing here."""
        for run in runs:
            with suppress(DocumentConflict):  # there is something
                new = documents.pruned({"_id": run.id, "fingerprint": run.digest}, run)
                self._couch.put(self._name, run.id, body=new)

    def at_factory(self, runs: Sequence[str]) -> set[str] | None:
        """Those of these runs that the factory has; ``None`` where runs are not copied to one.

        Raises :class:`StoreUnavailable` while it is away.
        """
        return None if self._factory is None else runs_at(self._factory, runs)

    def save_attachment(self, run_id: str, sha256: str, data: bytes, media_type: str | None = None) -> None:
        """Keeps a file's bytes with the run."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"the attachment's bytes do not have the sha256 {sha256}")
        for _ in range(_TRIES):
            stored = self._couch.get(self._name, run_id)
            if sha256 in stored.get("_attachments", {}):
                return
            try:
                self._couch.put_bytes(
                    self._name,
                    run_id,
                    sha256,
                    data=data,
                    media_type=media_type or "application/octet-stream",
                    rev=stored["_rev"],
                )
                return
            except DocumentConflict:
                continue
        raise StoreUnavailable(Reason("written_by_others", run=run_id, place=self.place))

    def attachment(self, run_id: str, sha256: str) -> bytes | None:
        """The file's bytes."""
        try:
            data = self._couch.get_bytes(self._name, run_id, sha256)
        except DocumentNotFound:
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(Reason("file_changed", sha256=sha256, run=run_id, place=self.place))
        return data

    def add_to_log(self, entries: Sequence[LogEntry]) -> None:
        """Keeps what people did, each once."""
        try:
            self._additions.add_to_log(entries)
        except (DocumentNotFound, ConnectionBroken):
            self._create_databases()
            self._additions.add_to_log(entries)
        self._replicate()

    def log(self, actions: LogFilter = EVERY_ACTION, *, limit: int = 50, cursor: str | None = None) -> LogPage:
        """One page of actions, newest first."""
        with self._couch.question():
            self.prepare()
            return self._additions.log(actions, limit, cursor)

    def add_note(self, note: Note) -> None:
        """Adds to a run."""
        self._additions.add_note(note)
        self._replicate()

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """What was added to these runs."""
        if not runs:
            return {}
        with self._couch.question():
            self.prepare()
            return self._additions.notes(runs)

    def close(self) -> None:
        """Closes the connections."""
        self._couch.close()


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _is_run(stored: CouchDocument) -> bool:
    """Not an action, a note, or an answer of CouchDB's own such as ``_all_docs``: these have names, too."""
    return stored.get("type") == "run"


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StoreUnavailable(Reason("file_not_read", file=str(file), detail=error.strerror or str(error))) from error
