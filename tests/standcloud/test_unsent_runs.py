"""Runs whose reports wait, found by serial number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from sequencer.project.state_folder import StateFolder
from sequencer.report.event import Stamped, encode
from sequencer.report.model import RunReport
from sequencer.report.run_id import new_run_id
from sequencer.runtime.journal import Journal
from sequencer.standcloud.delivery import COUCHDB, STAND_CLOUD, Delivery, DeliveryTarget
from sequencer.standcloud.outbox import Outbox
from sequencer.standcloud.unsent_runs import UnsentRuns
from sequencer.store.recovery import mark_stored
from tests.standcloud.conftest import run_events

MakeReport = Callable[..., RunReport]


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / ".hardseq")
    folder.journals.mkdir(parents=True)
    return folder


@pytest.fixture
def outbox(state: StateFolder) -> Iterator[Outbox]:
    opened = Outbox(state.database)
    yield opened
    opened.close()


@pytest.fixture
def unsent(state: StateFolder, outbox: Outbox) -> UnsentRuns:
    return UnsentRuns(state, lambda: outbox, COUCHDB)


def ids(unsent: UnsentRuns, serial_number: str = "SN1") -> list[str]:
    return sorted(run.id for run in unsent.of(serial_number))


def settle(outbox: Outbox, report: RunReport, verdict: Literal["delivered", "parked"]) -> None:
    """What the store said to a report that had waited for it."""
    claim = outbox.claim(COUCHDB, "me", run=report["id"])
    assert claim is not None
    answer = Delivery(verdict=verdict)
    outbox.settle(claim, DeliveryTarget(name=COUCHDB, deliver=lambda _: answer), answer)


def test_what_waits_in_the_outbox_for_the_store_is_known(
    outbox: Outbox, unsent: UnsentRuns, report: MakeReport
) -> None:
    """Also what came since the last question, and what the store refused; not what only StandCloud lacks."""
    first, second, third = report(), report(), report()
    outbox.put(first["id"], COUCHDB, first)
    outbox.put(second["id"], STAND_CLOUD, second)
    assert ids(unsent) == [first["id"]]
    outbox.put(third["id"], COUCHDB, third)
    settle(outbox, third, "parked")
    assert ids(unsent) == sorted([first["id"], third["id"]])
    assert ids(unsent, "SN2") == ids(unsent, "") == []


def test_what_was_delivered_before_is_not_read(outbox: Outbox, unsent: UnsentRuns, report: MakeReport) -> None:
    """A new panel on an old outbox reads what waits, not what ever waited."""
    waits, gone = report(), report()
    for one in (gone, waits):
        outbox.put(one["id"], COUCHDB, one)
    settle(outbox, gone, "delivered")
    assert ids(unsent) == [waits["id"]]


def test_what_has_only_its_journal_is_known(state: StateFolder, unsent: UnsentRuns) -> None:
    """Of a run whose process died; not one that somebody still writes, nor one that is stored. Noise is no run."""
    cut, going, stored = new_run_id(), new_run_id(), new_run_id()
    for run in (cut, going, stored):
        events = [Stamped(number, 1.7e9 + number, event) for number, event in enumerate(run_events(run, 1), 1)]
        whole = [encode(event) for event in events]
        state.journal(run).write_bytes(b"".join(whole[:-1] if run == cut else whole))
    state.journal(new_run_id()).write_bytes(b"\xff\xfe noise\n")
    mark_stored(state.journal(stored))
    journal = Journal(state.journal(going))
    try:
        (found,) = unsent.of("SN1")
        assert (found.id, found.aborted, found.status == "passed") == (cut, True, False)
    finally:
        journal.close()
    assert ids(unsent) == sorted([cut, going])
