"""Shifts, and what is counted in one of them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, Store
from sequencer.store.facts import summary
from sequencer.store.shift import Shift, ShiftCounts, counts_of, fold_counts, last_hour, per_hour, shift_at
from sequencer.store.sqlite.store import SqliteStore
from tests.effort import examples
from tests.store.conftest import NOON, make_events
from tests.store.counting import shift_counts

THREE = ("06:00", "14:00", "22:00")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")


def local(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("now", "begins", "since", "until"),
    [
        ("2026-06-01 06:00", THREE, "2026-06-01 06:00", "2026-06-01 14:00"),
        ("2026-06-01 05:59", THREE, "2026-05-31 22:00", "2026-06-01 06:00"),
        ("2026-06-01 23:30", THREE, "2026-06-01 22:00", "2026-06-02 06:00"),
        ("2026-06-01 12:00", (), "2026-06-01 00:00", "2026-06-02 00:00"),
        ("2026-06-01 05:00", ("06:00",), "2026-05-31 06:00", "2026-06-01 06:00"),
        # Clocks go forward at two and back at three: the night has seven hours, or nine.
        ("2026-03-29 03:30", THREE, "2026-03-28 22:00", "2026-03-29 06:00"),
        ("2026-10-25 02:30", THREE, "2026-10-24 22:00", "2026-10-25 06:00"),
        ("2026-10-25 12:00", (), "2026-10-25 00:00", "2026-10-26 00:00"),
    ],
)
def test_a_shift_goes_from_one_of_its_times_to_the_next(
    now: str, begins: tuple[str, ...], since: str, until: str
) -> None:
    """Over midnight, in the hour that comes twice and in the one that does not come; without times it is the day."""
    assert shift_at(local(now), begins, BERLIN) == Shift(local(since), local(until))


def test_an_hour_that_comes_twice_begins_a_shift_once() -> None:
    """A shift at half past two goes on when clocks are put back to two, and half past two comes again."""
    first = local("2026-10-25 02:30")
    assert shift_at(first + 3600, ("02:30",), BERLIN) == Shift(first, local("2026-10-26 02:30"))


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)),
    st.lists(st.times().map(lambda time: time.strftime("%H:%M")), max_size=4),
    st.sampled_from(ZONES),
    st.floats(0, 1, exclude_max=True),
)
@settings(max_examples=examples(60))
def test_shifts_follow_each_other_without_gaps(moment: datetime, begins: list[str], zone: str, part: float) -> None:
    """Each moment is in one shift, all moments of a shift are in the same one, and the next begins where it ends."""
    now, place = moment.replace(tzinfo=UTC).timestamp(), ZoneInfo(zone)
    shift = shift_at(now, begins, place)
    assert shift.since <= now < shift.until
    assert shift.until - shift.since <= timedelta(days=2).total_seconds()
    inside = shift.since + part * (shift.until - shift.since)
    assert shift_at(min(inside, shift.until - 0.001), begins, place) == shift
    assert shift_at(shift.until, begins, place).since == shift.until


RUN = st.fixed_dictionaries(
    {
        "start": st.integers(-3, 6).map(lambda hours: NOON + 3600 * hours),
        "status": st.sampled_from(["passed", "passed", "failed", "error", "stopped", "skipped"]),
        "serial_number": st.sampled_from([None, "SN1", "SN2", "SN3"]),
        "part_number": st.sampled_from(["PN1", "PN2"]),
        "stand": st.sampled_from(["Stand 1", "Stand 1", "Stand 2", None]),
        "selection": st.sampled_from([None, None, None, ["main"]]),
        "simulated": st.sampled_from([False, False, False, True]),
    }
)


def report_of(about: dict[str, Any], number: int) -> RunReport:
    run_id = f"0190f5c0-0000-7000-8000-{number:012d}"
    return fold(make_events(run_id, **about))


@pytest.mark.slow
@given(st.lists(st.tuples(RUN, st.booleans(), st.booleans()), max_size=12), st.sampled_from(["Stand 1", None]))
@settings(max_examples=examples(25), deadline=None)
def test_reports_that_wait_count_as_if_they_were_stored(
    runs: list[tuple[dict[str, Any], bool, bool]], stand: str | None
) -> None:
    """Whatever part of the runs waits for the store, or is in both, the counts are those of all: each run once."""
    reports = [(report_of(about, number), stored, late) for number, (about, stored, late) in enumerate(runs)]
    wanted = RunFilter(stand=stand, since=NOON, until=NOON + 4 * 3600)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "some.sqlite3")
        for report, stored, late in reports:
            if stored or not late:
                store.save(report)
        waiting = [report for report, _, late in reports if late]
        counts = counts_of(store, shift_counts(store), wanted, waiting)
        for report in waiting:
            store.save(report)
        after = counts_of(store, shift_counts(store), wanted)
        store.close()
    assert counts == after == fold_counts([summary(report) for report, *_ in reports], wanted)


def test_what_a_shift_counts(store: Store) -> None:
    """Stopped, partial and simulated runs are not counted; a unit is one of the shift that tested it first, and a run
    without a serial number none."""
    wanted = RunFilter(stand="Stand 1", since=NOON, until=NOON + 3600)
    runs: list[dict[str, Any]] = [
        {"start": NOON - 60, "status": "failed", "serial_number": "SN1"},
        {"start": NOON, "serial_number": "SN1"},
        {"start": NOON + 60, "status": "failed", "serial_number": "SN2"},
        {"start": NOON + 120, "serial_number": "SN2"},
        {"start": NOON + 180, "serial_number": "SN3"},
        {"start": NOON + 240, "serial_number": None},
        {"start": NOON + 300, "status": "stopped", "serial_number": "SN4"},
        {"start": NOON + 360, "simulated": True, "serial_number": "SN5"},
        {"start": NOON + 420, "selection": ["main"], "serial_number": "SN6"},
        {"start": NOON + 480, "stand": "Stand 2", "serial_number": "SN7"},
        {"start": NOON + 3600, "serial_number": "SN8"},
    ]
    reports = [report_of(about, number) for number, about in enumerate(runs)]
    assert counts_of(store, shift_counts(store), wanted) == ShiftCounts()
    for report in reports[2:]:
        store.save(report)
    # The failed run of SN1 that the store lacks is of before, so that its unit is not one of this shift.
    assert counts_of(store, shift_counts(store), wanted, reports[:2]) == ShiftCounts(
        tested=5, passed=4, units=2, first_passed=1
    )
    for report in reports[:2]:
        store.save(report)
    assert counts_of(store, shift_counts(store), wanted, reports) == ShiftCounts(
        tested=5, passed=4, units=2, first_passed=1
    )


def test_a_complete_report_that_waits_takes_the_place_of_the_aborted_one() -> None:
    """The same run is counted once, by what is known of it at last."""
    events = make_events("0190f5c0-0000-7000-8000-000000000001", start=NOON, status="passed")
    wanted = RunFilter(since=NOON, until=NOON + 60)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "some.sqlite3")
        store.save(fold(events[:-1], aborted=True))
        before = counts_of(store, shift_counts(store), wanted)
        counts = counts_of(store, shift_counts(store), wanted, [fold(events)])
        store.close()
    assert before.passed == 0
    assert counts == ShiftCounts(1, 1, 1, 1)


def test_the_pace_is_that_of_the_last_hour_and_not_of_moments() -> None:
    """At most since the shift began; in its first ten minutes there is none."""
    shift = Shift(NOON, NOON + 8 * 3600)
    assert last_hour(NOON + 1800, shift) == NOON
    assert last_hour(NOON + 7200, shift) == NOON + 3600
    assert [per_hour(10, seconds) for seconds in (599, 600, 1800, 3600)] == [None, 60.0, 20.0, 10.0]
