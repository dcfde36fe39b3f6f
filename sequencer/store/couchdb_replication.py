"""Many stands, one factory: each stand's CouchDB copies its runs to the factory's by itself.

All that hardseq does is to put one job into ``_replicator``; CouchDB keeps it, across restarts and while the network is
away. The selector leaves out everything but runs. The password of the factory stands in the job, which administrators
of the stand's CouchDB can read.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sequencer.domain.settings import ReplicationSettings
from sequencer.store.base import StoreError
from sequencer.store.couchdb_client import Conflict, Couch, NotFound
from sequencer.store.couchdb_design import create_database

JOB = "hardseq-to-factory"
DATABASE = "_replicator"


@dataclass(frozen=True, slots=True)
class Factory:
    """The factory's database: ``url`` with the database's name at its end."""

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def configured(cls, settings: ReplicationSettings) -> Factory | None:
        """What ``[replication]`` says, ``None`` when it names no database."""
        if settings.url is None:
            return None
        return cls(settings.url, settings.user, settings.password.reveal() if settings.password else "")


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


def replicate(couch: Couch, name: str, factory: Factory) -> None:
    """Puts the job in place, or changes it when the configuration did. Doing it again changes nothing."""
    create_database(couch, DATABASE)
    job = _job(couch, name, factory)
    try:
        stored = couch.get(DATABASE, JOB)
    except NotFound:
        stored = {}
    if all(stored.get(key) == value for key, value in job.items()):
        return
    revision = {"_rev": stored["_rev"]} if stored else {}
    with suppress(Conflict):  # another process of this stand was faster, with the same configuration
        couch.put(DATABASE, JOB, body={**job, **revision})


def stop_replicating(couch: Couch) -> None:
    """Takes the job away; what was copied stays."""
    with suppress(NotFound):
        couch.delete(DATABASE, JOB, rev=couch.get(DATABASE, JOB)["_rev"])


def status(couch: Couch) -> ReplicationStatus:
    """What the stand's CouchDB says of the job."""
    try:
        job = couch.get("_scheduler", "docs", DATABASE, JOB)
    except StoreError:  # too new a job, or a server without a scheduler: then the job itself says it
        return _status_in_job(couch)
    info = job.get("info") or {}
    return ReplicationStatus(str(job.get("state")), info.get("error"), info.get("docs_written"))


def _status_in_job(couch: Couch) -> ReplicationStatus:
    try:
        job = couch.get(DATABASE, JOB)
    except NotFound:
        return ReplicationStatus("missing", "there is no replication job")
    return ReplicationStatus(str(job.get("_replication_state", "added")), job.get("_replication_state_reason"))


def _job(couch: Couch, name: str, factory: Factory) -> dict[str, Any]:
    user, password = couch.credentials
    return {
        "source": _end(f"{couch.address}/{name}", user, password),
        "target": _end(factory.url, factory.user, factory.password),
        "continuous": True,
        "selector": {"type": "run"},
    }


def _end(url: str, user: str | None, password: str) -> dict[str, Any]:
    if user is None:
        return {"url": url}
    return {"url": url, "auth": {"basic": {"username": user, "password": password}}}
