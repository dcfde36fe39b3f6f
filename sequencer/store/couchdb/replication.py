"""Many stands, one factory: each stand's CouchDB copies its runs to the factory's by itself.

All that hardseq does is to put a job into ``_replicator``; CouchDB keeps it, across restarts and while the network is
away. That database is one for the whole server, so a job is named after the two databases that it joins: projects that
share a CouchDB do not take it from each other. The selector leaves out everything but runs and what is added beside
them. The password of the factory stands in the job, which administrators of the stand's CouchDB can read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from urllib.parse import urlsplit

from sequencer.project.settings import ReplicationSettings
from sequencer.store.base import StoreError
from sequencer.store.couchdb.client import CouchClient, CouchDocument, DocumentConflict, DocumentNotFound
from sequencer.store.couchdb.design import KINDS, create_database, create_live_database
from sequencer.vocabulary.dataclass import dataclass

FORMER_JOB = "hardseq-to-factory"
"""What the one job of a server was called, whosever it was, before jobs were named after their databases."""

DATABASE = "_replicator"
PATIENT_FAILURES = 3
"""After so many in a row CouchDB waits for minutes, later for hours, until it tries again."""


@dataclass(frozen=True, slots=True)
class FactoryDatabase:
    """The factory's database: ``url`` with the database's name at its end."""

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def configured(cls, settings: ReplicationSettings) -> FactoryDatabase | None:
        """What ``[replication]`` says, ``None`` when it names no database."""
        if settings.url is None:
            return None
        return cls(settings.url, settings.user, settings.password.reveal() if settings.password else "")

    def of_live(self) -> FactoryDatabase:
        """That of the stands' live documents, beside it."""
        return replace(self, url=f"{self.url.rstrip('/')}_live")


@dataclass(frozen=True, slots=True)
class ReplicationStatus:
    """How the job stands. ``state`` is CouchDB's word: ``running``, ``pending``, ``crashing``, ``failed``, ...

    ``problem`` says why it does not run; ``written`` counts the documents copied since it began, where that is known.
    """

    state: str
    problem: str | None = None
    written: int | None = None

    @property
    def healthy(self) -> bool:
        """Whether documents flow or soon will."""
        return self.state in ("running", "pending", "initializing", "added", "triggered", "completed")


def job_name(name: str, factory: FactoryDatabase) -> str:
    """The id of the job that copies the database ``name`` to the factory's."""
    target = urlsplit(factory.url)
    return f"hardseq-{name}-to-{target.netloc.rpartition('@')[2]}{target.path}".rstrip("/")


RUNS: Mapping[str, object] = {"type": {"$in": [*KINDS]}}
LIVE_DOCUMENTS: Mapping[str, object] = {"_id": {"$regex": "^live:"}}
"""By their ids, which one that was taken away keeps: it is taken away at the factory as well."""


def replicate(
    couch: CouchClient,
    name: str,
    factory: FactoryDatabase,
    *,
    now: bool = False,
    selector: Mapping[str, object] = RUNS,
) -> None:
    """Puts the job in place, changes it when the configuration did, and begins it again when it has long been failing.

    ``now``: also when it failed just once, as somebody is waiting for it. Doing it again changes nothing.
    """
    create_database(couch, DATABASE)
    identity, job = job_name(name, factory), job_document(couch, name, factory, selector)
    _remove_former(couch, job)
    stored = _stored(couch, identity)
    same = all(stored.get(key) == value for key, value in job.items())
    if same and not _waits(couch, identity, PATIENT_FAILURES if not now else 1):
        return
    with suppress(
        DocumentConflict, DocumentNotFound
    ):  # another process of this stand was faster, with the same configuration
        if same:  # CouchDB does not look at a job that is written as it was
            couch.delete(DATABASE, identity, rev=stored.pop("_rev"))
        revision = {"_rev": stored["_rev"]} if "_rev" in stored else {}
        couch.put(DATABASE, identity, body={**job, **revision})


def hasten(couch: CouchClient, name: str, factory: FactoryDatabase, selector: Mapping[str, object] = RUNS) -> None:
    """Begins the job again when it has long been failing; one that is not there is not made."""
    if _stored(couch, job_name(name, factory)):
        replicate(couch, name, factory, selector=selector)


def status(couch: CouchClient, name: str, factory: FactoryDatabase) -> ReplicationStatus:
    """What the stand's CouchDB says of the job."""
    identity = job_name(name, factory)
    try:
        job = couch.get("_scheduler", "docs", DATABASE, identity)
    except StoreError:  # too new a job, or a server without a scheduler: then the job itself says it
        return _status_in_job(couch, identity)
    info = job.get("info") or {}
    state = job.get("state") or "initializing"  # CouchDB has none for a job that it has just begun to look at
    return ReplicationStatus(str(state), info.get("error"), info.get("docs_written"))


def replicate_live(couch: CouchClient, name: str, factory: FactoryDatabase) -> ReplicationStatus:
    """Has the live documents beside ``name`` copied as well, where the factory has a database for them."""
    target, source = factory.of_live(), f"{name}_live"
    server, _, database = target.url.rpartition("/")
    centre = CouchClient(server, user=target.user, password=target.password)
    try:
        centre.get(database)
    except DocumentNotFound:
        return ReplicationStatus("missing", f"the factory has no database {database}: `hardseq factory init` makes it")
    except StoreError as error:
        return ReplicationStatus("unknown", str(error.reason))
    finally:
        centre.close()
    create_live_database(couch, source)
    replicate(couch, source, target, now=True, selector=LIVE_DOCUMENTS)
    return status(couch, source, target)


def runs_at(factory: FactoryDatabase, runs: Sequence[str]) -> set[str]:
    """Those of these runs that the factory's database has. Raises :class:`StoreUnavailable`."""
    server, _, database = factory.url.rstrip("/").rpartition("/")
    centre = CouchClient(server, user=factory.user, password=factory.password)
    try:
        rows = centre.post(database, "_all_docs", body={"keys": list(runs)})["rows"]
    finally:
        centre.close()
    return {row["id"] for row in rows if "id" in row and not row["value"].get("deleted")}


def _status_in_job(couch: CouchClient, identity: str) -> ReplicationStatus:
    job = _stored(couch, identity)
    if not job:
        return ReplicationStatus("missing", "there is no replication job")
    return ReplicationStatus(str(job.get("_replication_state", "added")), job.get("_replication_state_reason"))


def _stored(couch: CouchClient, identity: str) -> CouchDocument:
    try:
        stored: CouchDocument = couch.get(DATABASE, identity)
    except DocumentNotFound:
        return {}
    return stored


def _waits(couch: CouchClient, identity: str, failures: int) -> bool:
    """Whether the job failed so often in a row that CouchDB lets it wait, or has given it up."""
    try:
        job = couch.get("_scheduler", "docs", DATABASE, identity)
    except StoreError:
        return False
    state, errors = job.get("state"), int(job.get("error_count", 1))
    return state == "failed" or (state == "crashing" and errors >= failures)


def _remove_former(couch: CouchClient, job: Mapping[str, object]) -> None:
    """Takes the job of the former name away where it copies the same database: the new one does its work."""
    former = _stored(couch, FORMER_JOB)
    if former and _url(former.get("source")) == _url(job["source"]):
        with suppress(DocumentConflict, DocumentNotFound):
            couch.delete(DATABASE, FORMER_JOB, rev=former["_rev"])


def _url(end: object) -> str:
    return str(end.get("url") if isinstance(end, dict) else end).rstrip("/")


def job_document(
    couch: CouchClient, name: str, factory: FactoryDatabase, selector: Mapping[str, object] = RUNS
) -> dict[str, object]:
    """The job as CouchDB's replicator takes it: from ``name`` on this server to the factory, without an end."""
    user, password = couch.credentials
    return {
        "source": _end(f"{couch.address}/{name}", user, password),
        "target": _end(factory.url, factory.user, factory.password),
        "continuous": True,
        "selector": dict(selector),
    }


def _end(url: str, user: str | None, password: str) -> dict[str, object]:
    if user is None:
        return {"url": url}
    return {"url": url, "auth": {"basic": {"username": user, "password": password}}}
