"""Runs of several stands in one factory database, copied by the stands' own CouchDBs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from sequencer.project.action_log import LogEntry
from sequencer.project.settings import DatabaseSettings, ReplicationSettings, Secret, Settings
from sequencer.report.model import RunReport
from sequencer.report.note import new_note
from sequencer.store.base import StoreError, StoreUnavailable
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.replication import (
    DATABASE,
    FORMER_JOB,
    FactoryDatabase,
    job_document,
    job_name,
    replicate,
    replicate_live,
    status,
)
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.open import replicate_to_factory
from tests.store.counting import statistics

pytestmark = pytest.mark.slow

MakeReport = Callable[..., RunReport]


def stop_replicating(couch: CouchClient, name: str, factory: FactoryDatabase) -> None:
    """Takes the job away, as an administrator does."""
    identity = job_name(name, factory)
    couch.delete(DATABASE, identity, rev=couch.get(DATABASE, identity)["_rev"])


def _wait(until: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def test_runs_reach_the_factory_and_nothing_else_does(start_server: Any, report: MakeReport) -> None:
    """Runs from before and after the job was made arrive, and the log; views and what others keep there stay."""
    with start_server() as stand, start_server() as factory:
        here, there = stand.connect(), factory.connect()
        there.put("factory")
        store = CouchStore(here, "runs")
        before = report(serial_number="A")
        store.save(before)
        store.find()
        here.put("runs", "notes", body={"text": "stays here"})
        entry = LogEntry("a" * 32, 5.0, "Stand 1", "Eve", "engineer", "panel", "sync", {}, None, "done", None)
        store.add_to_log([entry])
        note = new_note(before["id"], user="Eve", source="panel", comment="looked at", disposition="retest")
        store.add_note(note)
        target = FactoryDatabase(f"{factory.url}/factory", factory.user, factory.password)
        replicate(here, "runs", target)
        central = CouchStore(there, "factory")
        _wait(lambda: central.get(before["id"]) == before)
        after = report(serial_number="B", status="failed")
        store.save(after)
        _wait(lambda: central.get(after["id"]) == after)
        _wait(lambda: status(here, "runs", target).state == "running")
        ids = [row["id"] for row in there.get("factory", "_all_docs")["rows"] if not row["id"].startswith("_")]
        logged = [identity for identity in ids if identity.startswith(("action:", "note:"))]
        assert sorted(ids) == sorted([before["id"], after["id"], *logged])
        assert central.log().entries == [entry]
        assert central.notes([before["id"]]) == {before["id"]: [note]}
        found = statistics(central)
        assert (found.runs, found.passed, found.units, found.first_passed) == (2, 1, 2, 1)
        stop_replicating(here, "runs", target)
        _wait(lambda: status(here, "runs", target).state == "missing")
        for couch in (here, there):
            couch.close()


def test_two_stands_in_one_factory(start_server: Any, report: MakeReport) -> None:
    """The factory's list has the runs of both, and the job needs nothing but the configuration."""
    with start_server() as first, start_server() as second, start_server() as factory:
        there = factory.connect()
        there.put("factory")
        saved = []
        stores = []
        for number, stand in enumerate((first, second)):
            target = FactoryDatabase(f"{factory.url}/factory", factory.user, factory.password)
            stores.append(CouchStore(stand.connect(), "runs", None, target))
            saved.append(report(stand=f"Stand {number}", serial_number=str(number)))
            stores[-1].save(saved[-1])
        central = CouchStore(there, "factory")
        _wait(lambda: len(central.find().runs) == 2)
        assert {run.stand for run in central.find().runs} == {"Stand 0", "Stand 1"}
        for store in (*stores, central):
            store.close()


def test_asking_twice_makes_one_job_and_a_change_replaces_it(couchdb_server: Any, database: str) -> None:
    """The job is written once, and again only when the configuration changed."""
    couch = couchdb_server.connect()
    couch.put(database)
    factory = FactoryDatabase("http://127.0.0.1:1/factory", "stand", "one")
    replicate(couch, database, factory)
    first = couch.get(DATABASE, job_name(database, factory))
    assert first["selector"] == {"type": {"$in": ["run", "action", "note"]}}
    assert first["continuous"] is True
    replicate(couch, database, FactoryDatabase("http://127.0.0.1:1/factory", "stand", "two"))
    second = couch.get(DATABASE, job_name(database, factory))
    assert second["target"]["auth"]["basic"]["password"] == "two"
    stop_replicating(couch, database, factory)
    couch.close()


def test_a_factory_that_is_away_does_not_keep_reports_from_being_saved(
    couchdb_server: Any, database: str, report: MakeReport
) -> None:
    """The stand works alone as before."""
    couch = couchdb_server.connect()
    factory = FactoryDatabase("http://127.0.0.1:1/factory")
    store = CouchStore(couch, database, None, factory)
    saved = report()
    store.save(saved)
    assert store.get(saved["id"]) == saved
    stop_replicating(couch, database, factory)
    couch.close()


def test_the_command_says_what_is_missing(couchdb_server: Any) -> None:
    """Without CouchDB or without a factory there is a sentence, not a traceback."""
    couchdb = DatabaseSettings(storage_type="couchdb", url="http://127.0.0.1:1")
    with pytest.raises(ValueError, match="keeps them elsewhere"):
        replicate_to_factory(Settings(replication=ReplicationSettings(url="http://127.0.0.1:1/factory")))
    with pytest.raises(ValueError, match="url in \\[replication\\]"):
        replicate_to_factory(Settings(database=couchdb))
    with pytest.raises(StoreUnavailable):
        replicate_to_factory(
            Settings(database=couchdb, replication=ReplicationSettings(url="http://127.0.0.1:1/factory", user="u"))
        )


def test_the_command_starts_the_job(couchdb_server: Any, database: str) -> None:
    """It answers with the state of the job, and the password is not in what it answers."""
    settings = Settings(
        database=DatabaseSettings(
            storage_type="couchdb",
            url=couchdb_server.url,
            user=couchdb_server.user,
            password=Secret(couchdb_server.password),
            name=database,
        ),
        replication=ReplicationSettings(
            url=f"{couchdb_server.url}/{database}-factory", user=couchdb_server.user, password=Secret("hush")
        ),
    )
    couch: CouchClient = couchdb_server.connect()
    answer = replicate_to_factory(settings)
    assert answer.state
    assert "hush" not in repr(answer)
    assert couch.get(database)["db_name"] == database  # what is to be copied was made first
    factory = FactoryDatabase.configured(settings.replication)
    assert factory is not None
    stop_replicating(couch, database, factory)
    couch.close()


def test_projects_that_share_a_couchdb_have_a_job_each(couchdb_server: Any, database: str) -> None:
    """Of two projects and two factories no job takes the place of another one."""
    couch = couchdb_server.connect()
    factories = [FactoryDatabase(f"http://127.0.0.1:{port}/factory") for port in (1, 2)]
    pairs = [(name, factory) for name in (database, f"{database}_live") for factory in factories]
    for name, factory in pairs:
        couch.put(name) if factory is factories[0] else None
        replicate(couch, name, factory)
    jobs = [couch.get(DATABASE, job_name(name, factory)) for name, factory in pairs]
    assert [(job["source"]["url"], job["target"]["url"]) for job in jobs] == [
        (f"{couch.address}/{name}", factory.url) for name, factory in pairs
    ]
    for name, factory in pairs:
        stop_replicating(couch, name, factory)
    couch.close()


def test_what_stands_are_doing_goes_along_where_the_factory_has_room_for_it(start_server: Any) -> None:
    """Live documents alone, and those that were taken away too; without their database it is told, and no job made."""
    with start_server() as stand, start_server() as factory:
        here, there = stand.connect(), factory.connect()
        target = FactoryDatabase(f"{factory.url}/factory", factory.user, factory.password)
        missing = replicate_live(here, "runs", target)
        assert (missing.state, missing.healthy) == ("missing", False)
        assert missing.problem == "the factory has no database factory_live: `hardseq factory init` makes it"
        away = replicate_live(here, "runs", FactoryDatabase("http://127.0.0.1:1/factory"))
        assert away.state == "unknown" and away.problem is not None and "cannot be reached" in away.problem
        there.put("factory_live")
        assert replicate_live(here, "runs", target).healthy
        here.put("runs_live", "live:one", body={"type": "live", "stand": "one"})
        revision = here.put("runs_live", "live:two", body={"type": "live", "stand": "two"})["rev"]
        here.put("runs_live", "mine", body={})

        def arrived() -> list[str]:
            return [row["id"] for row in there.get("factory_live", "_all_docs")["rows"]]

        _wait(lambda: arrived() == ["live:one", "live:two"])
        here.delete("runs_live", "live:two", rev=revision)
        _wait(lambda: arrived() == ["live:one"])
        stop_replicating(here, "runs_live", target.of_live())
        for couch in (here, there):
            couch.close()


@pytest.mark.parametrize("ours", [True, False])
def test_a_job_of_the_former_name_goes_if_it_copies_the_same_database(
    couchdb_server: Any, database: str, ours: bool
) -> None:
    """Another project's stays until that one has made its own."""
    couch = couchdb_server.connect()
    couch.put(database)
    factory = FactoryDatabase("http://127.0.0.1:1/factory")
    source = f"{couch.address}/{database if ours else 'another'}/"
    with suppress(StoreError):
        couch.put(DATABASE)
    former = {"source": source, "target": factory.url, "continuous": True}
    couch.put(DATABASE, FORMER_JOB, body=former)
    replicate(couch, database, factory)
    present = [row["id"] for row in couch.get(DATABASE, "_all_docs")["rows"]]
    assert (FORMER_JOB in present) is not ours
    if not ours:
        couch.delete(DATABASE, FORMER_JOB, rev=couch.get(DATABASE, FORMER_JOB)["_rev"])
    stop_replicating(couch, database, factory)
    couch.close()


def test_a_job_that_has_long_been_failing_begins_anew(faulty: Any, couchdb_server: Any, database: str) -> None:
    """CouchDB lets it wait up to hours; writing the job as it was would change nothing, so it is made again."""
    couch = couchdb_server.connect()
    couch.put(database)
    factory = FactoryDatabase("http://127.0.0.1:1/factory")
    replicate(couch, database, factory)
    before = couch.get(DATABASE, job_name(database, factory))["_rev"]
    behind = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password)
    source = job_document(behind, database, factory)["source"]
    couch.put(DATABASE, job_name(database, factory), body={**job_document(behind, database, factory), "_rev": before})
    assert source["url"].startswith(faulty.url)
    before = couch.get(DATABASE, job_name(database, factory))["_rev"]
    faulty.where["_scheduler"] = "failing job"
    replicate(behind, database, factory)
    after = couch.get(DATABASE, job_name(database, factory))["_rev"]
    assert before != after
    stop_replicating(couch, database, factory)
    for one in (couch, behind):
        one.close()


def test_runs_that_do_not_reach_the_factory_are_told(faulty: Any, couchdb_server: Any, database: str) -> None:
    """A job that fails is a sentence, and is begun again, but not at every look; a store without a factory has none."""
    factory = FactoryDatabase("http://127.0.0.1:1/factory")
    behind = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password)
    couch = couchdb_server.connect()
    couch.put(database)
    replicate(behind, database, factory)
    jobs = [couch.get(DATABASE, job_name(database, factory))["_rev"]]
    faulty.where["_scheduler"] = "failing job"
    store = CouchStore(behind, database, None, factory)
    for _ in range(2):
        copy = store.factory_copy()
        assert copy is not None
        assert str(copy.problem) == "runs do not reach the factory, replication is crashing: nobody is there"
        assert (copy.target, copy.state) == ("http://127.0.0.1:1/factory", "crashing")
        jobs.append(couch.get(DATABASE, job_name(database, factory))["_rev"])
    assert jobs[0] != jobs[1] == jobs[2]
    assert CouchStore(behind, database).factory_copy() is None
    stop_replicating(couch, database, factory)
    couch.close()
    behind.close()
