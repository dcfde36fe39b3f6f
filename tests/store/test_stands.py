"""What a factory makes of the live documents of its stands: which tests, which is silent, whose clock is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.heartbeat import Heartbeat
from sequencer.store.couchdb.live import LiveState
from sequencer.store.couchdb.stands import Stands
from sequencer.store.stands import SILENT_AFTER, StandDocuments, StandNow
from tests.effort import examples
from tests.store.conftest import NOON, make_events


def panel(name: str = "ICT", *, updated: float = NOON, **said: Any) -> dict[str, Any]:
    """The heartbeat of a stand's panel."""
    own = {"_id": f"live:{name}, panel", "type": "stand", "stand": name, "state": "ready", "closed": False}
    return {**own, "updated": updated, **said}


def run(name: str = "ICT", *, updated: float = NOON, **said: Any) -> dict[str, Any]:
    """The document of what runs on a stand."""
    own = {"_id": f"live:{name}" + (f", slot {said['slot']}" if "slot" in said else ""), "type": "live", "stand": name}
    counts = {"total": 4, "passed": 1}
    return {**own, "run": "r-1", "status": "run", "start_time": NOON, "cases": counts, "updated": updated, **said}


def seen(*documents: dict[str, Any], now: float = NOON, new: bool = True) -> StandDocuments:
    """These have arrived."""
    found = StandDocuments()
    for document in documents:
        found.take(document, now, new=new)
    return found


def only(documents: StandDocuments, now: float = NOON) -> StandNow:
    """The one stand that there is."""
    (stand,) = documents.stands(now)
    return stand


@pytest.mark.parametrize(
    ("documents", "early", "late"),
    [
        ([panel()], "idle", "silent"),
        ([panel(state="blocked", problem="no sequence")], "blocked", "silent"),
        ([panel(state="running"), run()], "running", "silent"),
        ([panel(closed=True)], "off", "off"),
        ([panel(closed=True), run(status="passed")], "off", "off"),
        ([run(status="passed")], "unknown", "unknown"),
        ([run()], "running", "silent"),
    ],
)
def test_what_does_not_speak_any_more_is_silent(documents: list[dict[str, Any]], early: str, late: str) -> None:
    """A panel and a run say at least every fifteen seconds that they live; what has ended says that, too."""
    known = seen(*documents)
    assert only(known, NOON + SILENT_AFTER).condition == early
    assert only(known, NOON + SILENT_AFTER + 1).condition == late


def test_what_was_written_long_before_the_factory_looked_is_old() -> None:
    """A stand that died yesterday is silent at once, not for a minute idle."""
    assert only(seen(panel(updated=NOON - 86_400), new=False)).condition == "silent"
    assert only(seen(panel(updated=NOON + 500), new=False)).heard == NOON


def test_the_clock_is_told_by_the_document_that_was_quickest() -> None:
    """What a copy takes on its way does not make a clock slow; without arrivals nothing is said."""
    known = seen(panel(updated=NOON + 30 - 4))
    known.take(panel(updated=NOON + 45 - 1), NOON + 15, new=True)
    assert only(known, NOON + 15).clock == 29
    assert only(seen(panel(), new=False)).clock is None


def test_a_run_whose_process_was_killed_is_not_going_on_forever() -> None:
    """The panel that came up after it says that nothing runs; one that had said so before the run began does not."""
    stale = seen(run(updated=NOON), panel(updated=NOON + 60, state="ready"))
    assert (only(stale).condition, only(stale).slots[0].run) == ("idle", None)
    assert only(seen(run(updated=NOON + 60), panel(updated=NOON, state="ready"))).condition == "running"
    slots = [{"slot": "left", "title": "Links", "state": "running"}, {"slot": "right", "state": "ready"}]
    known = seen(run(slot="right"), run(slot="left"), panel(updated=NOON + 60, slots=slots))
    assert [(one.slot, one.title, one.status) for one in only(known).slots] == [
        ("left", "Links", "run"),
        ("right", None, "ready"),
    ]


def test_stands_are_in_the_order_of_names_and_numbers() -> None:
    """Number 10 comes after number 9; two stands of one name are two, what was taken away is none."""
    documents = [panel(name, stand_number=number, _id=f"live:{name}{number}, panel") for name, number in
                 (("b", "10"), ("b", "9"), ("A", None), ("c", None))]  # fmt: skip
    known = seen(*documents)
    known.take_away("live:cNone, panel")
    assert [(stand.name, stand.number) for stand in known.stands(NOON)] == [("A", None), ("b", "9"), ("b", "10")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("stand", "stand_number", "host", "status", "cases", "slots", "slot", "state", "shift", "updated", "closed")


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"type": st.sampled_from(["live", "stand"])}, optional=dict.fromkeys(FIELDS, JSON)),
        max_size=4,
    )
)
def test_whatever_stands_there_is_shown(documents: list[dict[str, Any]]) -> None:
    """Anybody may have written into that database: no document keeps the others from being shown."""
    known = seen(*({"_id": str(number), **document} for number, document in enumerate(documents)), panel("sound"))
    assert "sound" in {stand.name for stand in known.stands(NOON)}


def test_numbers_that_are_none_keep_no_other_stand_from_being_shown() -> None:
    """JSON has numbers of any size, and texts of digits of any length."""
    huge = run("huge", updated=10**400, start_time=10**400, stop_time=10**400)
    known = seen(huge, panel("long", stand_number="9" * 5000), panel("sound"))
    assert {stand.name for stand in known.stands(NOON)} == {"huge", "long", "sound"}


@pytest.fixture
def couch(couchdb_server: Any) -> Iterator[CouchClient]:
    """A client of the test's own."""
    with closing(couchdb_server.connect()) as client:
        yield client


@pytest.mark.slow
def test_a_panel_is_heard_of_while_nothing_runs(couch: CouchClient, database: str) -> None:
    """Its heartbeats come again and again, over those of the panel before; what it says last is that it has ended."""
    live, said = f"{database}_live", {"stand": "ICT", "host": "bench", "hardseq": "1.0", "waiting": 3}
    times = iter(range(1, 1_000_000))
    for _ in range(2):
        beating = Heartbeat(couch, live, lambda: said, interval=0.01, clock=lambda: float(next(times)))
        beating.start()
        assert beating.written.wait(60)
        first = couch.get(live, "live:ICT, panel")
        beating.written.clear()
        assert beating.written.wait(60)
        assert couch.get(live, "live:ICT, panel")["updated"] > first["updated"]
        assert not first["closed"]
        beating.close(60)
        (stand,) = Stands(couch, live).look(NOON)
        assert (stand.condition, stand.waiting) == ("off", 3)


@pytest.mark.slow
def test_a_run_and_its_panel_are_one_stand(couch: CouchClient, database: str) -> None:
    """What the run says and what the panel says come together under the stand's name; a deleted document is gone."""
    live = f"{database}_live"
    running = LiveState(couch, live)
    for stamped in make_events("run-1", serial_number="SN7"):
        running(stamped)
    running.close(10)
    stands = Stands(couch, live)
    (stand,) = stands.look(NOON)
    assert (stand.name, stand.hardseq, stand.sequence_version) == ("Stand 1", "0.1.0", "1.0")
    assert [(slot.status, slot.serial_number, slot.done) for slot in stand.slots] == [("passed", "SN7", 1)]
    stored = couch.get(live, "live:Stand 1")
    couch.delete(live, stored["_id"], rev=stored["_rev"])
    assert stands.look(NOON) == []
