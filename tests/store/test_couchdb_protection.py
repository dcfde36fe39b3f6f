"""Stored runs stay as they are: CouchDB itself refuses whoever is no administrator and would change or delete them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.action_log import LogEntry
from sequencer.report.model import RunReport
from sequencer.report.note import new_note
from sequencer.store.base import StoreConflict, StoreError, StoreUnavailable
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.design import PROTECTION, READER, protect
from sequencer.store.couchdb.store import CouchStore
from tests.store.counting import statistics

pytestmark = pytest.mark.slow

MakeReport = Callable[..., RunReport]
NOTHING_ELSE = "a stored run is not changed"


@pytest.fixture
def admin(couchdb_server: Any) -> Iterator[CouchClient]:
    """The administrator."""
    couch = couchdb_server.connect()
    yield couch
    couch.close()


@pytest.fixture
def factory(admin: CouchClient, database: str) -> CouchStore:
    """Databases that an administrator made."""
    store = CouchStore(admin, database, version_1=f"{database}_report")
    store.prepare()
    return store


@pytest.fixture
def member_of(
    couchdb_server: Any, admin: CouchClient, database: str, factory: CouchStore
) -> Iterator[Callable[..., CouchClient]]:
    """Lets a new user into the test's databases; a client of that user's."""
    made: list[tuple[str, CouchClient]] = []
    with suppress(StoreError):
        admin.put("_users")

    def make(*roles: str) -> CouchClient:
        name = f"u{uuid.uuid4().hex[:8]}"
        admin.put(
            "_users",
            f"org.couchdb.user:{name}",
            body={"name": name, "password": "pw", "roles": list(roles), "type": "user"},
        )
        made.append((name, couchdb_server.connect(user=name, password="pw")))
        members = {"names": [user for user, _ in made], "roles": []}
        for suffix in ("", "_live", "_report"):
            admin.put(database + suffix, "_security", body={"members": members, "admins": {"roles": ["_admin"]}})
        return made[-1][1]

    yield make
    for name, couch in made:
        couch.close()
        stored = admin.get("_users", f"org.couchdb.user:{name}")
        admin.delete("_users", stored["_id"], rev=stored["_rev"])


def test_a_member_cannot_change_a_stored_run(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport
) -> None:
    """Read, edit and put back is refused, in whatever part of the document."""
    saved = report()
    factory.save(saved)
    member = member_of()
    stored = member.get(database, saved["id"])
    for change in (
        {"report": {**stored["report"], "status": "failed"}},
        {"summary": {**stored["summary"], "aborted": True}},
        {"type": "notes"},
        {"comment": "mine"},
    ):
        with pytest.raises(StoreUnavailable, match=NOTHING_ELSE):
            member.put(database, saved["id"], body={**stored, **change})
    assert factory.get(saved["id"]) == saved


def test_a_member_cannot_delete_a_stored_run(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport, admin: CouchClient
) -> None:
    """Administrators can; also in bulk a member cannot."""
    saved = report()
    factory.save(saved)
    member = member_of()
    revision = member.get(database, saved["id"])["_rev"]
    with pytest.raises(StoreUnavailable, match="administrators only"):
        member.delete(database, saved["id"], rev=revision)
    answers = member.post(
        database, "_bulk_docs", body={"docs": [{"_id": saved["id"], "_rev": revision, "_deleted": True}]}
    )
    assert answers[0]["error"] == "forbidden"
    assert factory.get(saved["id"]) == saved
    admin.delete(database, saved["id"], rev=revision)
    assert factory.get(saved["id"]) is None


def test_a_change_that_comes_by_replication_is_refused_too(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport
) -> None:
    """Replication writes revisions as they are; what they change is held against the rule as well."""
    saved = report()
    factory.save(saved)
    member = member_of()
    stored = member.get(database, saved["id"])
    history = {"start": 2, "ids": ["f" * 32, stored["_rev"].partition("-")[2]]}
    forged = {**stored, "_rev": f"2-{'f' * 32}", "_revisions": history}
    forged["summary"] = {**stored["summary"], "status": "failed"}
    member.post(database, "_bulk_docs", body={"docs": [forged], "new_edits": False})
    assert factory.get(saved["id"]) == saved
    assert [run.status for run in factory.find().runs] == ["passed"]


def test_a_member_stores_completes_and_attaches(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport, files: Path
) -> None:
    """What a stand does: a new run, its complete report in the place of the aborted one, files, all of it twice."""
    store = CouchStore(member_of(), database, files, version_1=f"{database}_report")
    data = b"a photo"
    name = hashlib.sha256(data).hexdigest()
    aborted = report(aborted=True, finished=False, files=[data])
    complete = report(aborted["id"], files=[data])
    for one in (aborted, complete, complete):
        (files / name).write_bytes(data)
        store.save(one)
    assert store.get(aborted["id"]) == complete
    assert store.attachment(aborted["id"], name) == data
    with pytest.raises(StoreConflict):
        store.save(aborted)


def test_a_member_cannot_exchange_a_file(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport
) -> None:
    """A file of a stored run can be added, not replaced or taken away."""
    saved = report()
    factory.save(saved)
    data = b"a photo"
    name = hashlib.sha256(data).hexdigest()
    factory.save_attachment(saved["id"], name, data)
    member = member_of()
    stored = member.get(database, saved["id"])
    with pytest.raises(StoreUnavailable, match="a file of a stored run"):
        member.put_bytes(
            database, saved["id"], name, data=b"another", media_type="application/octet-stream", rev=stored["_rev"]
        )
    with pytest.raises(StoreUnavailable, match="a file of a stored run"):
        member.delete(database, saved["id"], name, rev=stored["_rev"])
    assert factory.attachment(saved["id"], name) == data


def test_a_large_report_is_completed_by_a_member(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport
) -> None:
    """A report that lies packed beside its document takes its place, too."""
    store = CouchStore(member_of(), database, version_1=f"{database}_report")
    aborted = report(aborted=True, finished=False)
    aborted["artifact"] = {"noise": "a" * 5_000_000}
    complete = report(aborted["id"])
    store.save(aborted)
    store.save(complete)
    assert store.get(aborted["id"]) == complete


def test_a_reader_writes_nothing(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport
) -> None:
    """A user with the role reads lists, figures and reports, and stores no run."""
    saved = report()
    factory.save(saved)
    reader = CouchStore(member_of(READER), database, version_1=f"{database}_report")
    assert [run.id for run in reader.find().runs] == [saved["id"]]
    assert statistics(reader).passed == 1
    assert reader.get(saved["id"]) == saved
    with pytest.raises(StoreUnavailable, match="may only read"):
        reader.save(report())


def test_a_member_changes_nothing_of_the_log(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, admin: CouchClient
) -> None:
    """An entry, and a note on a run, is added, again without an effect, and neither changed nor deleted."""
    member = member_of()
    store = CouchStore(member, database, version_1=f"{database}_report")
    entry = LogEntry("a" * 32, 5.0, None, "Eve", "engineer", "panel", "sync", {}, None, "done", None)
    store.add_to_log([entry])
    store.add_to_log([entry])
    note = new_note("a-run", user="Eve", source="panel", comment="looked at", disposition=None)
    store.add_note(note)
    store.add_note(note)
    rows = [row["id"] for row in admin.get(database, "_all_docs")["rows"] if row["id"].startswith(("action:", "note:"))]
    assert len(rows) == 2
    for row in rows:
        stored = member.get(database, row)
        with pytest.raises(StoreUnavailable, match="not changed"):
            member.put(database, row, body={**stored, "user": "Oda"})
        with pytest.raises(StoreUnavailable, match="administrators only"):
            member.delete(database, row, rev=stored["_rev"])
    assert factory.log().entries == [entry]
    assert factory.notes(["a-run"]) == {"a-run": [note]}


def test_other_documents_are_not_bound(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str
) -> None:
    """Somebody's notes in the same database can be changed and deleted."""
    member = member_of()
    first = member.put(database, "notes", body={"text": "calibrate"})
    second = member.put(database, "notes", body={"text": "calibrated", "_rev": first["rev"]})
    member.delete(database, "notes", rev=second["rev"])


def test_the_rule_is_put_back_and_a_newer_one_is_left(factory: CouchStore, admin: CouchClient, database: str) -> None:
    """A rule that somebody took away is there after the next start; that of a later version stays."""
    stored = admin.get(database, "_design", PROTECTION)
    admin.delete(database, "_design", PROTECTION, rev=stored["_rev"])
    CouchStore(admin, database).prepare()
    stored = admin.get(database, "_design", PROTECTION)
    newer = {**stored, "version": 99, "validate_doc_update": "function () {}"}
    admin.put(database, "_design", PROTECTION, body=newer)
    protect(admin, database)
    assert admin.get(database, "_design", PROTECTION)["version"] == 99


def _tried(report: RunReport, *entries: dict[str, Any]) -> Any:
    plain = {"kind": "error", "error_code": None, "place": None, "step": None, "call": None, "traceback": None}
    return {**report, "after_run": [{"time": 5.0, "generated": None, **plain, **entry} for entry in entries]}


@pytest.mark.parametrize("noise", [0, 5_000_000], ids=["beside", "packed"])
def test_a_member_tries_the_steps_after_a_run_again(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport, noise: int
) -> None:
    """Of a stored run its `after_run` may grow, also where the report lies packed beside its document."""
    store = CouchStore(member_of(), database, version_1=f"{database}_report")
    first = _tried(report(), {"number": 1, "message": "no paper"}, {"number": 2, "message": "no line"})
    first["artifact"] = {"noise": "a" * noise}
    second = _tried(first, {"number": 1, "message": "no paper", "retried": 9.0}, {"number": 2, "message": "no line"})
    third = _tried(second, *second["after_run"], {"number": 1, "message": "still none"})
    for one in (first, second, third, second):
        store.save(one)
    assert store.get(first["id"]) == third
    assert [run.status for run in store.find().runs] == ["passed"]


def test_a_member_cannot_forge_what_followed_a_run(
    factory: CouchStore, member_of: Callable[..., CouchClient], database: str, report: MakeReport
) -> None:
    """What failed then stays as it is, and nothing else changes along with it."""
    store = CouchStore(member_of(), database, version_1=f"{database}_report")
    first = _tried(report(), {"number": 1, "message": "no paper"})
    second = _tried(first, {"number": 1, "message": "no paper", "retried": 9.0})
    store.save(first)
    store.save(second)
    member = member_of()
    stored = member.get(database, first["id"])
    entry = second["after_run"][0]
    for change in (
        {"amendment": {"after_run": []}},
        {"amendment": {"after_run": [{**entry, "message": "nothing much"}]}},
        {"amendment": {"after_run": [{**entry, "retried": 10.0}]}},
        {"amendment": stored["amendment"], "summary": {**stored["summary"], "status": "failed"}},
        {"amendment": None},
        {"amendment": "gone"},
    ):
        with pytest.raises(StoreUnavailable, match=NOTHING_ELSE):
            member.put(database, first["id"], body={**stored, **change})
    assert factory.get(first["id"]) == second
