"""What is CouchDB's own: the version 1 documents, large reports, views that make themselves, sums over many stands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.report.model import RunReport
from sequencer.report.note import Note, new_note
from sequencer.report.version1 import lower
from sequencer.store.base import ANY, RunFilter
from sequencer.store.couchdb.client import CouchClient, DocumentConflict, DocumentNotFound
from sequencer.store.couchdb.design import OBSOLETE, RUNS, VIEWS, create_views
from sequencer.store.couchdb.store import CouchStore
from tests.store.counting import statistics

pytestmark = pytest.mark.slow

NOON = 1_700_000_000.0

MakeReport = Callable[..., RunReport]
Open = Callable[..., CouchStore]


@pytest.fixture
def couch(couchdb_server: Any) -> Any:
    """A client beside the store's own."""
    client = couchdb_server.connect()
    yield client
    client.close()


def test_tools_for_hardpy_find_version_1_and_nothing_else(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """The database `report` has each run with exactly the version 1 fields."""
    saved = report(status="failed")
    open_couchdb().save(saved)
    found = couch.get(f"{database}_report", saved["id"])
    assert found.pop("_rev")
    assert found == lower(saved)


def test_notes_of_runs_far_apart_cost_little_however_many_lie_between(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of one unit's runs reads none of the many notes on runs of others, and misses none of its own."""
    old, between, new = (report(start=NOON + hour * 3600)["id"] for hour in range(3))
    store = open_couchdb()
    store.find()

    def added(run: str, count: int) -> list[Note]:
        made = new_note(run, user="Eve", source="panel", comment="odd", disposition=None)
        notes = [made._replace(id=f"{number:032x}", time=float(number)) for number in range(count)]
        first, *others = notes
        store.add_note(first)
        (known,) = (
            row["id"] for row in couch.get(database, "_all_docs")["rows"] if row["id"].startswith(f"note:{run}")
        )
        name = known.removesuffix(first.id)
        documents = [{"_id": f"{name}{one.id}", "type": "note", **one.document()} for one in others]
        couch.post(database, "_bulk_docs", body={"docs": documents})
        return notes

    own = {old: added(old, 3), new: added(new, 450)}
    added(between, 700)
    store.notes([old])
    get, read = CouchClient.get, 0

    def counted(client: CouchClient, *path: str, **query: Any) -> Any:
        nonlocal read
        answer = get(client, *path, **query)
        read += len(answer.get("rows", ()))
        return answer

    monkeypatch.setattr(CouchClient, "get", counted)
    found = store.notes([old, new])
    assert {run: sorted(notes) for run, notes in found.items()} == own
    assert read < 453 + 250


def test_what_is_no_run_is_none_by_its_name_either(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """An action, a note, and what CouchDB itself answers for a name are neither reports nor between runs."""
    saved, store = report(), open_couchdb()
    store.save(saved)
    store.add_note(new_note(saved["id"], user="Eve", source="panel", comment="odd", disposition=None))
    names = [row["id"] for row in couch.get(database, "_all_docs")["rows"] if row["id"] != saved["id"]]
    assert [name for name in names if name.startswith("note:")]
    for name in (*names, "_all_docs"):
        assert (store.get(name), store.neighbours(name), store.condensed(name)) == (None, None, None)
        assert store.attachment(name, "0" * 64) is None
    assert store.get(saved["id"]) == saved


@pytest.mark.parametrize("marks", [{"selection": ["main::rail"]}, {"simulated": True}])
def test_no_evidence_is_no_passed_run_of_other_tools(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport, marks: dict[str, Any]
) -> None:
    """A partial run is in `report` only on demand and under another name, a simulated one never; both are kept."""
    saved, asked_for = report(**marks), report(**marks)
    store = open_couchdb()
    store.save(saved)
    assert store.get(saved["id"]) == saved
    with pytest.raises(DocumentNotFound):
        couch.get(f"{database}_report", saved["id"])
    open_couchdb(partial_too=True).save(asked_for)
    if "simulated" in marks:
        with pytest.raises(DocumentNotFound):
            couch.get(f"{database}_report", asked_for["id"])
    else:
        assert couch.get(f"{database}_report", asked_for["id"])["name"].endswith(" (partial)")


def test_the_version_1_document_follows_its_run(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """When the complete report replaces the aborted one, the lowered document is replaced, too."""
    store = open_couchdb()
    aborted = report(aborted=True, finished=False)
    complete = report(aborted["id"])
    store.save(aborted)
    store.save(complete)
    found = couch.get(f"{database}_report", aborted["id"])
    assert {**found, "_rev": None} == {**lower(complete), "_rev": None}


def test_a_missing_version_1_document_is_made_up_for(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """A save that was interrupted between the two documents is completed by the next try."""
    store = open_couchdb()
    saved = report()
    store.save(saved)
    couch.delete(f"{database}_report", saved["id"], rev=couch.get(f"{database}_report", saved["id"])["_rev"])
    store.save(saved)
    assert couch.get(f"{database}_report", saved["id"])["status"] == "passed"


def test_a_report_beyond_the_bound_of_a_document_is_stored_whole(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """A report of more than 8 MB comes back as it was, is listed and counted."""
    store = open_couchdb()
    saved = report()
    saved["modules"][0]["cases"][0]["attempts"][0]["programs"].append(
        {
            "command": ["flash"],
            "exit_code": 0,
            "output": os.urandom(4_500_000).hex(),
            "truncated": False,
            "seconds": 1.0,
            "place": "seq.yaml:1:1",
        }
    )
    store.save(saved)
    store.save(saved)
    document = couch.get(database, saved["id"])
    assert "report" not in document
    assert document["version_1"] is False
    assert store.get(saved["id"]) == saved
    assert [run.id for run in store.find().runs] == [saved["id"]]
    assert statistics(store).passed == 1


def test_a_large_complete_report_replaces_a_large_aborted_one(open_couchdb: Open, report: MakeReport) -> None:
    """The packed report is replaced with its document."""
    store = open_couchdb()
    aborted = report(aborted=True, finished=False)
    aborted["artifact"] = {"noise": "a" * 5_000_000}
    complete = report(aborted["id"])
    store.save(aborted)
    store.save(complete)
    assert store.get(aborted["id"]) == complete
    complete_again = store.get(aborted["id"])
    assert complete_again is not None
    store.save(complete_again)


def test_documents_of_before_say_what_a_skipped_run_lacks(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """Their report does, their summary does not yet; lists of a view and of an index know it."""
    saved = report(status="skipped")
    saved["untested"] = "incomplete"
    open_couchdb().save(saved)
    stored = couch.get(database, saved["id"])
    assert stored["summary"].pop("untested") == "incomplete"
    couch.put(database, saved["id"], body=stored)
    for runs in (ANY, RunFilter(verdict="skipped", sequence="Board test")):
        (line,) = open_couchdb().find(runs).runs
        assert (line.untested, line.partial) == ("incomplete", False)


def test_views_are_put_back_when_somebody_changed_them(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """A design document that was edited or deleted is as it should be after the next start."""
    open_couchdb().save(report())
    assert len(open_couchdb().find().runs) == 1
    stored = couch.get(database, "_design", RUNS)
    couch.put(database, "_design", RUNS, body={**stored, "views": {}})
    assert len(open_couchdb().find().runs) == 1
    stored = couch.get(database, "_design", RUNS)
    couch.delete(database, "_design", RUNS, rev=stored["_rev"])
    assert len(open_couchdb().find().runs) == 1


def test_views_of_other_versions_are_left_alone(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """A stand with another version of hardseq keeps what it needs in the same database."""
    store = open_couchdb()
    store.save(report())
    other = {"hardseq-runs-99": {"list": {"map": "function (doc) {}"}}}
    create_views(couch, database, other)
    store.find()
    assert couch.get(database, "_design", "hardseq-runs-99")["views"] == other["hardseq-runs-99"]


def test_the_names_of_the_views_change_with_what_they_do() -> None:
    """Whoever edits a view must give it a new name: this fingerprint belongs to these names."""
    import hashlib

    text = json.dumps(VIEWS, sort_keys=True)
    assert (sorted(VIEWS), hashlib.sha256(text.encode()).hexdigest()[:12]) == (
        ["hardseq-runs-2"],
        "a43e8f5fb4ed",
    )


def test_lists_that_combine_filters_have_an_index(open_couchdb: Open, couch: CouchClient, database: str) -> None:
    """Mango answers a combined list from an index of ours, not by reading every document."""
    open_couchdb().find()
    query = {
        "selector": {"summary.sequence": "Board test", "summary.status": "failed", "summary.key": {"$gt": ""}},
        "sort": [{"summary.sequence": "desc"}, {"summary.status": "desc"}, {"summary.key": "desc"}],
    }
    assert couch.post(database, "_explain", body=query)["index"]["name"] == "hardseq-by-sequence-status"


def test_runs_of_other_stands_are_counted(open_couchdb: Open, report: MakeReport) -> None:
    """First-pass yield takes in what others wrote, also an earlier first run that arrives after a later one."""
    here, there = open_couchdb(), open_couchdb()
    here.save(report(start=NOON, serial_number="A"))
    assert (statistics(here).units, statistics(here).first_passed) == (1, 1)
    there.save(report(start=NOON - 60, serial_number="A", status="failed", stand="Stand 2"))
    there.save(report(start=NOON + 60, serial_number="B", stand="Stand 2"))
    for store in (here, there):
        found = statistics(store)
        assert (found.units, found.first_passed) == (2, 1)
    assert statistics(here, RunFilter(stand="Stand 1")).units == 0


def test_several_readers_ask_at_once(open_couchdb: Open, report: MakeReport) -> None:
    """Stands that ask at the same time get the same figures."""
    store = open_couchdb()
    for number in range(60):
        status = "passed" if number % 4 else "failed"
        store.save(report(start=NOON + number, serial_number=f"S{number % 20}", status=status))
    readers = [open_couchdb() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda reader: statistics(reader), readers))
    assert {(one.units, one.first_passed, one.runs) for one in found} == {(20, 15, 60)}


def test_what_earlier_versions_counted_with_goes(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """Their views and the database of units are deleted; a database of that name that is somebody's own stays."""
    store = open_couchdb()
    store.save(report(serial_number="A"))

    def make_old(units: str) -> None:
        for name in OBSOLETE:
            couch.put(database, "_design", name, body={"language": "javascript", "views": {}})
        with suppress(DocumentConflict):
            couch.put(f"{database}_units")
        couch.put(f"{database}_units", "_design", units, body={"language": "javascript", "views": {}})

    def gone(*path: str) -> bool:
        try:
            couch.get(*path)
        except DocumentNotFound:
            return True
        return False

    make_old("hardseq-units-1")
    reader = open_couchdb()
    assert statistics(reader).units == 1
    assert all(gone(database, "_design", name) for name in OBSOLETE) and gone(f"{database}_units")
    make_old("mine")
    assert len(open_couchdb().find().runs) == 1
    assert not gone(f"{database}_units", "_design", "mine")


def test_foreign_documents_do_no_harm(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """Somebody's notes in the same database are neither listed nor counted nor an error."""
    store = open_couchdb()
    store.save(report())
    couch.put(database, "notes", body={"text": "calibrate on Monday"})
    assert len(store.find().runs) == 1
    assert statistics(store).units == 1


def test_building_a_store_sends_nothing(files: Path) -> None:
    """A store at an address where nobody listens can be built and closed."""
    CouchStore(CouchClient("http://127.0.0.1:1"), "runs", files).close()


def test_names_and_paths_are_quoted(couch: CouchClient, database: str) -> None:
    """A document id with slashes and question marks is one id."""
    couch.put(database)
    couch.put(database, "a/b?c#d é", body={"x": 1})
    assert couch.get(database, "a/b?c#d é")["x"] == 1
    with pytest.raises(DocumentNotFound):
        couch.get(database, "a")


def test_a_database_that_somebody_took_away_is_made_again(
    open_couchdb: Open, couch: CouchClient, database: str, report: MakeReport
) -> None:
    """A save whose second database is missing creates it rather than failing for ever."""
    store = open_couchdb()
    store.save(report())
    couch.delete(f"{database}_report")
    saved = report()
    store.save(saved)
    assert couch.get(f"{database}_report", saved["id"])["status"] == "passed"
