"""The live document of a stand: what it says, how often it is written, and that a run never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from sequencer.report.event import CaseFinished, CaseStarted, FactRecorded, RunStarted, Stamped
from sequencer.store.base import StoreError
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.live import MOST_WRITES, LiveState

Stream = Callable[..., list[Stamped]]


@pytest.fixture
def couch(couchdb_server: Any) -> Iterator[CouchClient]:
    """A client of the test's own."""
    client = couchdb_server.connect()
    yield client
    client.close()


def test_the_last_state_is_what_the_run_came_to(
    couchdb_server: Any, couch: CouchClient, database: str, stream: Stream
) -> None:
    """After the run the document of the stand tells sequence, product, counts and verdict."""
    live = LiveState(couch, f"{database}_live")
    for stamped in stream("run-1", status="failed", cases={"main::a": "passed", "main::b": "failed"}):
        live(stamped)
    live.close(10)
    found = couch.get(f"{database}_live", "live:Stand 1")
    assert (found["run"], found["status"], found["sequence"], found["serial_number"]) == (
        "run-1",
        "failed",
        "Board test",
        "SN1",
    )
    assert found["cases"] == {"total": 2, "passed": 1, "failed": 1}
    assert found["case"] is None


def test_each_slot_has_a_document_of_its_own(
    couchdb_server: Any, couch: CouchClient, database: str, stream: Stream
) -> None:
    """Slots that run at the same time do not take the document from each other."""
    for slot in ("left", "right"):
        live = LiveState(couch, f"{database}_live")
        for stamped in stream(f"run-{slot}", slot=slot):
            live(stamped)
        live.close(10)
    for slot in ("left", "right"):
        found = couch.get(f"{database}_live", f"live:Stand 1, slot {slot}")
        assert (found["run"], found["slot"]) == (f"run-{slot}", slot)


def test_many_slots_together_write_as_often_as_a_few(
    faulty: Any, couchdb_server: Any, database: str, stream: Stream
) -> None:
    """Of 64 slots each writes every three seconds, and its last state at the end."""
    couch = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password)
    live = LiveState(couch, f"{database}_live", slots=64)
    first, *_, last = stream("run-9", slot="left")
    live(first)
    started = time.monotonic()
    while time.monotonic() < started + 1.5:
        live(Stamped(1, 0.0, CaseStarted("main::rail", 1)))
        time.sleep(0.02)
    live(last)
    live.close(10)
    seconds = time.monotonic() - started
    writes = [line for line in faulty.requests if line.startswith("PUT") and "live%3A" in line]
    assert len(writes) <= seconds * MOST_WRITES / 64 + 4
    assert couch.get(f"{database}_live", "live:Stand 1, slot left")["status"] == "passed"
    couch.close()


def test_states_in_between_are_dropped(faulty: Any, couchdb_server: Any, database: str, stream: Stream) -> None:
    """Two thousand events in a moment are a handful of writes, the last state among them."""
    couch = CouchClient(faulty.url, user=couchdb_server.user, password=couchdb_server.password)
    live = LiveState(couch, f"{database}_live")
    first, *_, last = stream("run-2")
    live(first)
    started = time.monotonic()
    for number in range(1000):
        live(Stamped(number, 0.0, CaseStarted("main::rail", number)))
        live(Stamped(number, 0.0, CaseFinished("main::rail", "passed")))
    live(last)
    live.close(10)
    seconds = time.monotonic() - started
    writes = [line for line in faulty.requests if line.startswith("PUT") and "live%3A" in line]
    assert len(writes) <= 5 * seconds + 4
    assert couch.get(f"{database}_live", "live:Stand 1")["cases"] == {"total": 1, "passed": 1000}
    couch.close()


def test_a_mute_server_does_not_hold_up_the_run(faulty: Any, stream: Stream) -> None:
    """Events are taken in while no request is ever answered; closing gives up after its time."""
    faulty.always = "mute"
    couch = CouchClient(faulty.url, timeout=0.5)
    live = LiveState(couch, "live")
    for stamped in stream("run-3") * 200:
        live(stamped)
    live.close(0.1)
    assert threading.active_count() < 50
    faulty.released.set()
    deadline = time.monotonic() + 10
    while any(thread.name == "live-state" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    couch.close()


def test_the_stand_of_another_process_is_taken_over(
    couchdb_server: Any, couch: CouchClient, database: str, stream: Stream
) -> None:
    """A new run writes over the live document of the one before, whoever wrote it."""
    for run in ("run-4", "run-5"):
        live = LiveState(couch, f"{database}_live")
        for stamped in stream(run):
            live(stamped)
        live.close(10)
    assert couch.get(f"{database}_live", "live:Stand 1")["run"] == "run-5"


def test_a_stand_that_is_named_by_a_case_leaves_no_ghost(
    couchdb_server: Any, couch: CouchClient, database: str, stream: Stream
) -> None:
    """A run that began under the host's name and is then told its stand has one live document."""
    first, *_, last = stream("run-6")
    assert isinstance(first.event, RunStarted)
    unnamed = Stamped(first.seq, first.time, replace(first.event, record={}))
    live = LiveState(couch, f"{database}_live")
    live(unnamed)
    wait_for(lambda: couch.get(f"{database}_live", "_all_docs")["total_rows"] == 1)
    live(Stamped(2, 0.0, FactRecorded("main::who", "stand", {"name": "Stand 9"})))
    live(last)
    live.close(10)
    rows = couch.get(f"{database}_live", "_all_docs")["rows"]
    assert [row["id"] for row in rows] == ["live:Stand 9"]


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds, for half a minute at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(StoreError):
            if condition():
                return
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def test_stands_of_one_name_have_a_document_each_by_their_number(
    couch: CouchClient, database: str, stream: Stream
) -> None:
    """The number of `[stand]` tells them apart."""
    first, *_ = stream("run-7")
    assert isinstance(first.event, RunStarted)
    for number in (1, 2):
        numbered = replace(first.event, record={"stand": {"name": "Stand 1", "number": number}})
        live = LiveState(couch, f"{database}_live")
        live(Stamped(1, 0.0, numbered))
        live.close(10)
    rows = couch.get(f"{database}_live", "_all_docs")["rows"]
    assert [row["id"] for row in rows] == ["live:Stand 1 #1", "live:Stand 1 #2"]


def test_two_machines_with_one_name_are_told(couch: CouchClient, database: str, stream: Stream) -> None:
    """Whoever takes the document of a run that goes on at another machine says so, once it is closed."""
    first, *_ = stream("run-8")
    assert isinstance(first.event, RunStarted)
    told: list[str] = []
    for host in ("bench", "other"):
        live = LiveState(couch, f"{database}_live", told.append)
        live(Stamped(1, 0.0, replace(first.event, host={"name": host})))
        live.close(10)
    assert [text[:26] for text in told] == ["the machine 'bench' also r"]
