"""The counters of the shift as the panel keeps them: over restarts and midnight, with a clock that is set, without a
store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sequencer.panel.heartbeat import heartbeat
from sequencer.panel.shift_counter import AGAIN_SECONDS, COUNT_SECONDS, ShiftCounter
from sequencer.project.settings import FrontendSettings
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from tests.store.conftest import make_events
from tests.store.counting import shift_counts

MORNING = datetime(2026, 6, 1, 6).timestamp()
HOUR = 3600.0
SETTINGS = FrontendSettings(shifts=("06:00", "14:00", "22:00"), target=40)


class Counted:
    """A counter whose clock, store and waiting reports are the test's."""

    def __init__(self, folder: Path, settings: FrontendSettings = SETTINGS) -> None:
        self.store = SqliteStore(folder / "some.sqlite3")
        self.stored = shift_counts(self.store)
        self.now = MORNING
        self.waiting: list[RunReport] = []
        self.flickering: Iterator[list[RunReport]] = iter(())
        self.told: list[Any] = []
        self.counter = ShiftCounter(
            self.store,
            settings,
            "Stand 1",
            stored=lambda runs: self.stored(runs),
            waiting=lambda: next(self.flickering, list(self.waiting)),
            tell=self.told.append,
            clock=lambda: self.now,
        )

    def count(self, *names: str) -> tuple[Any, ...]:
        self.counter.count()
        return tuple(self.told[-1][name] for name in names or ("since", "known", "tested", "passed"))


@pytest.fixture
def counted(tmp_path: Path) -> Any:
    one = Counted(tmp_path)
    yield one
    one.store.close()


@pytest.mark.slow
def test_a_shift_begins_with_nothing_and_the_clock_may_be_set_back(counted: Counted) -> None:
    """Over midnight the night shift goes on; in the morning it is all anew; a clock set back finds the old numbers."""
    counted.store.save(fold(make_events(start=MORNING - 8 * HOUR + 60, serial_number="SN1")))
    counted.store.save(fold(make_events(start=MORNING - 60, status="failed", serial_number="SN2")))
    night = (MORNING - 8 * HOUR, True, 2, 1)
    counted.now = MORNING - 7 * HOUR
    assert counted.count() == night
    counted.now = MORNING - 1
    assert counted.count() == night
    counted.now = MORNING
    assert counted.count() == (MORNING, True, 0, 0)
    # What was shown of the shift that is over goes at once, however long the store takes.
    assert [(told["since"], told["tested"]) for told in counted.told[-2:]] == [(MORNING, None), (MORNING, 0)]
    counted.now = MORNING - 2 * HOUR
    assert counted.count() == night


@pytest.mark.slow
def test_a_store_that_is_away_gives_no_numbers(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather none than old ones; it is asked again soon, and every minute while it is there."""
    counted.store.save(fold(make_events(start=MORNING + 60)))
    counted.now = MORNING + 120
    assert counted.counter.count() == COUNT_SECONDS

    def away(*_: object) -> None:
        raise StoreUnavailable("the network is down")

    with monkeypatch.context() as patched:
        patched.setattr(counted, "stored", away)
        assert counted.counter.count() == AGAIN_SECONDS
        assert counted.count("known", "tested", "passed", "units", "per_hour") == (False, None, None, None, None)
    assert counted.count() == (MORNING, True, 1, 1)
    counted.now = MORNING + 8 * HOUR - 5
    assert counted.counter.count() < 6


def test_what_waits_is_not_read_for_a_store_that_is_away(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of reports may wait then, and reading them takes the interpreter from the run, every few seconds."""
    counted.waiting = [fold(make_events(start=MORNING + 60))]
    counted.flickering = read = iter([list(counted.waiting)])

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the network is down")

    with monkeypatch.context() as patched:
        patched.setattr(counted.store, "find", away)
        patched.setattr(counted, "stored", away)
        assert counted.count("known") == (False,)
    assert next(read, None) is not None


def test_closing_between_two_counts_ends_it_at_once(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A close that comes just before the next count is not taken for the end of a run."""
    others = threading.enumerate()  # of panels that other tests have open
    cleared: list[bool] = []
    closing = threading.Thread(target=lambda: counted.counter.close())

    class Due(threading.Event):
        def clear(self) -> None:
            cleared.append(True)
            if len(cleared) == 2:
                closing.start()
                assert self.wait(60)
            super().clear()

    with monkeypatch.context() as patched:
        patched.setattr(threading, "Event", Due)
        counted.counter = ShiftCounter(
            counted.store,
            SETTINGS,
            "Stand 1",
            stored=counted.stored,
            waiting=list,
            tell=counted.told.append,
            clock=lambda: MORNING,
        )
    counted.counter.start()
    counted.counter.wake()
    while closing.ident is None:
        time.sleep(0.001)
    closing.join()
    assert "shift" not in [thread.name for thread in threading.enumerate() if thread not in others]


@pytest.mark.slow
def test_reports_that_wait_are_counted_and_never_twice(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that is stored while it is being counted is counted anew; one that comes and goes gives no number."""
    counted.now = MORNING + HOUR
    first, second = (fold(make_events(start=MORNING + at, serial_number=f"SN{at}")) for at in (60, 120))
    counted.waiting = [first, second]
    assert counted.count("tested", "units", "first_passed", "per_hour", "target") == (2, 2, 2, 2.0, 40)
    stored = counted.stored

    def meanwhile(*arguments: Any) -> Any:
        found = stored(*arguments)
        if counted.waiting:
            counted.store.save(counted.waiting.pop())
        return found

    with monkeypatch.context() as patched:
        patched.setattr(counted, "stored", meanwhile)
        assert counted.count("tested") == (2,)
    counted.flickering = iter([[first], [], [first], [], [first], []])
    assert counted.count("known", "tested") == (False, None)


def test_a_defect_gives_no_numbers_and_is_told(counted: Counted, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong, the counter goes on and says nothing wrong."""
    counted.waiting = [{}]  # type: ignore[typeddict-item]
    assert counted.count("known", "tested") == (False, None)
    assert "KeyError" in capfd.readouterr().err


def test_without_shifts_it_is_the_day(tmp_path: Path) -> None:
    """From midnight to midnight of the stand."""
    one = Counted(tmp_path, FrontendSettings())
    one.now = MORNING
    assert one.count("since", "until", "target") == (MORNING - 6 * HOUR, MORNING + 18 * HOUR, None)
    one.store.close()


def counts(panel: Any) -> bool:
    """Whether pages are told numbers."""
    shift = panel.session.live.look(lambda _, shown: shown["shift"])
    return shift is not None and shift["known"]


def test_the_figures_are_opened_for_somebody_who_asks(stand: Any) -> None:
    """A panel that nobody looks at needs no index; the first who asks for the state, and whoever watches all stands,
    has the shift counted."""
    for ask in (lambda panel: panel.ask("GET", "/api/state"), lambda panel: heartbeat(panel.session, {})):
        panel = stand.open()
        panel.wait_for("ready")
        assert not panel.session.figures.is_open
        ask(panel)
        panel.wait_until(partial(counts, panel))
        panel.close()
