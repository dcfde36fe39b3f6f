"""A CouchDB that is away, slow, full, or none at all: one clear error, no hanging, no secret, nothing stored twice."""

from __future__ import annotations

import ssl
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, StoreConflict, StoreUnavailable
from sequencer.store.couchdb import client as couchdb_client
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.store import CouchStore

pytestmark = pytest.mark.slow

MakeReport = Callable[..., RunReport]

FAULTS = {
    "mute": "timed out",
    "drip": "too slowly",
    "drip of headers": "too slowly",
    "reset": "cannot be reached",
    "bad gateway": "502",
    "html": "does not answer as CouchDB does: it sent text/html",
    "no type": "500",
    "disk full": "no space left on device",
    "unsaid": "internal_server_error; its log says why, and most often its disk is full",
    "redirect": "redirect",
    "cut off": "cut off",
    "empty": "does not answer as CouchDB does",
    "noise": "cannot be reached",
}


@pytest.fixture
def patient(faulty: Any, couchdb_server: Any, database: str, files: Path) -> Iterator[CouchStore]:
    """The same with the patience that a real store has."""
    couch = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password, timeout=20)
    store = CouchStore(couch, database, files, version_1=f"{database}_report")
    yield store
    store.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_clear_error(
    faulty: Any, couchdb_server: Any, database: str, report: MakeReport, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Saving, reading and listing all raise StoreUnavailable saying what is wrong in clean text; none hangs."""
    # Patience is short only where no answer comes; any other fault, however slow the machine, is not a matter of time.
    patience = 0.3 if fault == "mute" else 20.0
    if fault.startswith("drip"):
        monkeypatch.setattr(couchdb_client, "ANSWER_TIMES", 0.05)  # a second for the whole answer
    couch = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password, timeout=patience)
    behind = CouchStore(couch, database, version_1=f"{database}_report")
    faulty.always = fault
    saved = report()
    for call in (lambda: behind.save(saved), lambda: behind.get(saved["id"]), behind.find, behind.changes):
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=FAULTS[fault]) as caught:
            call()
        assert "secret" not in str(caught.value)
        assert str(caught.value).isprintable()
        assert time.monotonic() - started < 25
    behind.close()


@pytest.mark.parametrize("fault", [*FAULTS, "lost", "chunked conflict"])
def test_a_report_arrives_once_the_fault_is_over(
    patient: CouchStore,
    faulty: Any,
    report: MakeReport,
    couchdb_server: Any,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """The same object works again afterwards, and what an interrupted try had stored already is no conflict."""
    saved = report()
    patient.save(report())
    monkeypatch.setattr(couchdb_client, "ANSWER_TIMES", 1)
    couch = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password, timeout=0.3)
    hurried = CouchStore(couch, database, version_1=f"{database}_report")
    while True:  # until it has found its views: on a busy machine also a sound server takes longer than that
        with suppress(StoreUnavailable):
            hurried.prepare()
            break
    faulty.faults.extend([fault] * (1 if fault == "chunked conflict" else 3))  # reading is never answered by that
    for _ in range(8):
        try:
            hurried.save(saved)
            break
        except StoreUnavailable:
            continue
    faulty.faults.clear()
    patient.save(saved)
    assert patient.get(saved["id"]) == saved
    assert len(patient.find().runs) == 2
    hurried.close()


def test_a_lost_answer_is_no_second_report(patient: CouchStore, faulty: Any, report: MakeReport) -> None:
    """When the server stored the report and the answer got lost, saving succeeds all the same."""
    patient.save(report())
    saved = report()
    faulty.faults.extend(["lost"])
    patient.save(saved)
    assert len([line for line in faulty.requests if line.startswith("PUT") and saved["id"] in line]) >= 2
    assert patient.get(saved["id"]) == saved


def test_a_conflict_sent_in_chunks_is_understood(patient: CouchStore, faulty: Any, report: MakeReport) -> None:
    """A proxy that sends errors in chunks does not make a conflict look like an absent server."""
    first = report(values=[1.0])
    patient.save(first)
    faulty.faults.append("chunked conflict")
    with pytest.raises(StoreConflict):
        patient.save(report(first["id"], values=[2.0]))


def test_nobody_there_is_told_at_once(report: MakeReport) -> None:
    """A server that does not run is named with its address, without user and password."""
    store = CouchStore(CouchClient("http://127.0.0.1:1", user="dev", password="hush"))
    with pytest.raises(StoreUnavailable, match=r"CouchDB at http://127\.0\.0\.1:1 cannot be reached") as caught:
        store.save(report())
    assert "hush" not in str(caught.value)


def test_a_host_that_does_not_exist_is_told(report: MakeReport) -> None:
    """A mistyped host name is no traceback."""
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        CouchStore(CouchClient("http://no-such-host.invalid:5984")).save(report())


def test_a_wrong_password_says_so_and_does_not_show_it(couchdb_server: Any, report: MakeReport, database: str) -> None:
    """The text names the user, not the password; the report may still be saved when it is mended."""
    store = CouchStore(couchdb_server.connect(user=database, password="wrong-hush"), database)
    with pytest.raises(StoreUnavailable, match=f"refused user {database!r} or the password") as caught:
        store.save(report())
    assert "wrong-hush" not in str(caught.value)
    assert "wrong-hush" not in "".join(traceback.format_exception(caught.value))
    store.close()


def test_a_report_too_large_to_be_read_before_it_is_refused_is_told_why(
    couchdb_server: Any, report: MakeReport, database: str
) -> None:
    """CouchDB resets the connection of whoever still sends: that a password is wrong is found out all the same."""
    store = CouchStore(couchdb_server.connect(user=database, password="wrong-hush"), database)
    large = report()
    large["artifact"] = {"noise": "a" * 3_900_000 + "b" * 3_000_000}
    with pytest.raises(StoreUnavailable, match=f"refused user {database!r} or the password"):
        store.save(large)
    store.close()


def test_a_question_ends_however_many_requests_it_takes(
    patient: CouchStore, faulty: Any, couchdb_server: Any, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer comes in time, but together they would take longer than a person waits."""
    patient.find()
    monkeypatch.setattr(couchdb_client, "QUESTION_TIMES", 0.0)
    couch = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password)
    slow = CouchStore(couch, database)
    with pytest.raises(StoreUnavailable, match="too slowly"):
        slow.find()
    assert slow.get("nothing") is None
    slow.close()


def test_indexes_that_another_one_makes_at_the_same_time_are_no_error(
    patient: CouchStore, faulty: Any, report: MakeReport
) -> None:
    """CouchDB answers the second of two with 500; the index is there all the same."""
    faulty.where["_index"] = "conflict of indexes"
    saved = report()
    patient.save(saved)
    assert [run.id for run in patient.find().runs] == [saved["id"]]


def test_no_password_at_all_says_so(couchdb_server: Any, report: MakeReport, database: str) -> None:
    """A configuration without user gets a text that fits."""
    store = CouchStore(CouchClient(couchdb_server.url), database)
    with pytest.raises(StoreUnavailable, match="refused a request without user"):
        store.save(report())
    store.close()


def test_a_server_that_comes_back_is_used_again(start_server: Any, report: MakeReport, free_port: int) -> None:
    """One store object outlives restarts of its server; idle connections of the old one do no harm."""
    with start_server(free_port) as server:
        store = CouchStore(server.connect(), "runs")
        store.save(report())
        assert len(store.find(RunFilter()).runs) == 1
    saved = report()
    with pytest.raises(StoreUnavailable):
        store.save(saved)
    with start_server(free_port):
        store.save(saved)
        assert store.get(saved["id"]) == saved
    store.close()


def test_a_certificate_is_verified_by_the_given_authority(faulty: Any, couchdb_server: Any, tmp_path: Path) -> None:
    """A server whose authority nobody knows gets no password; with `ca_bundle` it is spoken to."""
    keys = Path(__file__).parents[1] / "standcloud" / "tls"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "server.pem")
    with type(faulty)(couchdb_server.url, context) as server:

        def asks(**more: Any) -> Any:
            couch = CouchClient(server.url, user=couchdb_server.user, password=couchdb_server.password, **more)
            try:
                return couch.get()
            finally:
                couch.close()

        with pytest.raises(StoreUnavailable, match="certificate"):
            asks()
        assert server.requests == []
        assert "version" in asks(ca_bundle=str(keys / "authority.pem"))
        with pytest.raises(StoreUnavailable, match="No such file"):
            asks(ca_bundle=str(tmp_path / "missing.pem"))
