"""What stands in a CouchDB beside or instead of the report that was stored: conflicts, and changes by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sequencer.report.model import RunReport
from sequencer.store import facts
from sequencer.store.base import StoreError
from sequencer.store.couchdb import document as couchdb_document
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.store import CouchStore

pytestmark = pytest.mark.slow

MakeReport = Callable[..., RunReport]


@pytest.fixture
def couch(couchdb_server: Any) -> Iterator[CouchClient]:
    """A client beside the store's own, with an administrator's rights."""
    client = couchdb_server.connect()
    yield client
    client.close()


def document(report: RunReport, revision: str) -> dict[str, Any]:
    made = couchdb_document.document(report, couchdb_document.fingerprint(report), facts.encode(report))
    return {**made, "_rev": revision, "version_1": True}


def conflict(couch: CouchClient, database: str, *documents: dict[str, Any]) -> None:
    """As two databases come together in a third one."""
    couch.post(database, "_bulk_docs", body={"docs": list(documents), "new_edits": False})


@pytest.mark.parametrize("first", ["a", "f"])
def test_of_two_revisions_in_conflict_the_complete_report_counts(
    open_couchdb: Callable[[], CouchStore], couch: CouchClient, database: str, report: MakeReport, first: str
) -> None:
    """Whichever CouchDB shows: in the report, the list and afterwards in the database itself."""
    store = open_couchdb()
    store.find()
    aborted = report(aborted=True, finished=False)
    complete = report(aborted["id"])
    other = "f" if first == "a" else "a"
    conflict(couch, database, document(aborted, f"1-{first * 32}"), document(complete, f"1-{other * 32}"))
    assert [(run.status, run.aborted) for run in store.find().runs] == [("passed", False)]
    assert store.get(aborted["id"]) == complete
    assert couch.get(database, aborted["id"], conflicts="true")["summary"]["aborted"] is False
    assert "_conflicts" not in couch.get(database, aborted["id"], conflicts="true")


def test_two_complete_reports_of_one_run_are_told(
    open_couchdb: Callable[[], CouchStore], couch: CouchClient, database: str, report: MakeReport
) -> None:
    """Nobody can say which of them is true: neither is a passed one."""
    store = open_couchdb()
    store.find()
    one = report(values=[5.0])
    conflict(
        couch, database, document(one, f"1-{'a' * 32}"), document(report(one["id"], values=[5.1]), f"1-{'b' * 32}")
    )
    found = store.get(one["id"])
    assert found is not None
    assert found["status"] == "error"
    assert "another complete report of this run" in found["failures"][-1]["message"]


def test_a_report_that_was_changed_in_the_database_is_told(
    open_couchdb: Callable[[], CouchStore], couch: CouchClient, database: str, report: MakeReport
) -> None:
    """Its fingerprint no longer fits: it says so, and is no passed one."""
    store = open_couchdb()
    failed = report(status="failed")
    store.save(failed)
    stored = couch.get(database, failed["id"])
    stored["report"]["status"] = "passed"
    (before,) = store.changes().runs
    couch.put(database, failed["id"], body=stored)
    (after,) = store.changes().runs
    assert before.digest != after.digest  # so that figures read it again
    found = store.get(failed["id"])
    assert found is not None
    assert found["status"] == after.read()["status"] == "error"
    assert "does not match its fingerprint" in found["failures"][-1]["message"]


def test_a_document_of_an_earlier_version_reads_as_it_did(
    open_couchdb: Callable[[], CouchStore], couch: CouchClient, database: str, report: MakeReport
) -> None:
    """Its fingerprint was another kind of hash; saving the same report again changes nothing."""
    store = open_couchdb()
    saved = report(start=1_700_000_000.5, seconds=10.25, values=[5.5])
    store.save(saved)
    stored = couch.get(database, saved["id"])
    stored["fingerprint"] = facts.fingerprint(facts.encode(stored["report"]))
    couch.put(database, saved["id"], body=stored)
    assert store.get(saved["id"]) == saved
    store.save(saved)


def test_a_file_that_was_changed_in_the_database_is_not_handed_out(
    open_couchdb: Callable[[], CouchStore], couch: CouchClient, database: str, report: MakeReport
) -> None:
    """A file is named by its content."""
    store = open_couchdb()
    saved = report()
    store.save(saved)
    name = hashlib.sha256(b"a photo").hexdigest()
    store.save_attachment(saved["id"], name, b"a photo")
    revision = couch.get(database, saved["id"])["_rev"]
    couch.put_bytes(database, saved["id"], name, data=b"another", media_type="image/png", rev=revision)
    with pytest.raises(StoreError, match="was changed"):
        store.attachment(saved["id"], name)
