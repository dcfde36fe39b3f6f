"""A CouchDB that goes away and comes back while runs end: every report waits in the outbox and arrives exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sequencer.panel.shift_counter import ShiftCounter
from sequencer.project.settings import DatabaseSettings, FrontendSettings, Secret, Settings
from sequencer.project.state_folder import StateFolder
from sequencer.report.model import RunReport
from sequencer.standcloud.deliveries import Deliveries
from sequencer.store.open import open_store
from tests.store.counting import shift_counts, statistics

pytestmark = pytest.mark.slow

NOON = 1_700_000_000.0

MakeReport = Callable[..., RunReport]


def _settings(server: Any, url: str, name: str = "runs") -> Settings:
    return Settings(
        database=DatabaseSettings(
            storage_type="couchdb",
            url=url,
            user=server.user,
            password=Secret(server.password),
            name=name,
            timeout=20,
        )
    )


def test_reports_of_an_outage_arrive_once_it_is_over(
    start_server: Any, report: MakeReport, tmp_path: Path, free_port: int
) -> None:
    """Before, during and after: five runs end, five reports are there, and the person was told why they waited."""
    state = StateFolder(tmp_path)
    saved = [report(start=NOON + number, serial_number=str(number)) for number in range(5)]
    with start_server(free_port) as server:
        settings = _settings(server, server.url)
        store = open_store(settings, state)
        deliveries = Deliveries(settings, state, store, folder=tmp_path)
        assert deliveries.accept(saved[0]).stored
    for one in saved[1:4]:
        acceptance = deliveries.accept(one)
        assert not acceptance.stored
        assert "cannot be reached" in str(acceptance.problem)
    with start_server(free_port):
        # The server of the suite keeps nothing over a restart: what it had before is sent again, harmlessly.
        assert deliveries.accept(saved[0]).stored
        assert deliveries.accept(saved[4]).stored
        assert deliveries.sync().clean
        assert deliveries.sync().clean
        assert {run.id for run in store.find().runs} == {one["id"] for one in saved}
        assert statistics(store).units == 5
        deliveries.close()
        store.close()


def test_the_shift_is_counted_over_an_outage(
    start_server: Any, report: MakeReport, tmp_path: Path, free_port: int
) -> None:
    """While the server is away there are no numbers; once it is back what still waits for it counts, and goes on to
    count once when it has arrived."""
    saved = [report(start=NOON + number, serial_number=str(number // 2)) for number in range(4)]
    told: list[Any] = []

    @contextmanager
    def stand(settings: Settings) -> Iterator[tuple[Deliveries, ShiftCounter]]:
        state, frontend = StateFolder(tmp_path), FrontendSettings()
        with (
            closing(open_store(settings, state)) as store,
            closing(Deliveries(settings, state, store, folder=tmp_path)) as deliveries,
        ):
            missing = deliveries.missing_reports
            yield (
                deliveries,
                ShiftCounter(
                    store,
                    frontend,
                    "Stand 1",
                    stored=shift_counts(store),
                    waiting=missing,
                    tell=told.append,
                    clock=lambda: NOON,
                ),
            )

    with start_server(free_port) as server:
        settings = _settings(server, server.url)
        with stand(settings) as (deliveries, counter):
            assert deliveries.accept(saved[0]).stored
            counter.count()
    with stand(settings) as (deliveries, counter):
        for one in saved[1:]:
            assert not deliveries.accept(one).stored
        counter.count()
    with start_server(free_port), stand(settings) as (deliveries, counter):
        # The server of the suite keeps nothing over a restart.
        assert deliveries.accept(saved[0]).stored
        counter.count()
        assert deliveries.sync().clean
        counter.count()
    assert [(one["known"], one["tested"], one["units"]) for one in told] == [
        (True, 1, 1),
        (False, None, None),
        (True, 4, 2),
        (True, 4, 2),
    ]


def test_every_fault_in_turn_loses_and_doubles_nothing(
    faulty: Any, couchdb_server: Any, database: str, report: MakeReport, tmp_path: Path
) -> None:
    """Through resets, lost answers, error pages and a full disk each run arrives, once."""
    state = StateFolder(tmp_path)
    settings = _settings(couchdb_server, faulty.url, database)
    store = open_store(settings, state)
    deliveries = Deliveries(settings, state, store, folder=tmp_path)
    saved = [report(start=NOON + number, serial_number=str(number)) for number in range(12)]
    faults = ["lost", "reset", "bad gateway", "disk full", "html", "cut off", "noise", "lost", "empty", "no type"]
    for number, one in enumerate(saved):
        faulty.faults.extend([None, faults[number % len(faults)], faults[(number * 3) % len(faults)]])
        deliveries.accept(one)
    faulty.faults.clear()
    assert deliveries.sync(force=True).clean
    assert sorted(run.id for run in store.find().runs) == sorted(one["id"] for one in saved)
    assert [store.get(one["id"]) for one in saved] == saved
    assert statistics(store).passed == 12
    deliveries.close()
    store.close()
