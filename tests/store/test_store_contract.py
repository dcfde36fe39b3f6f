"""What every store must do, whichever it is."""

from __future__ import annotations

import copy
import hashlib
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.figures.history import CaseFailures, SeriesName
from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, Store, StoreConflict, StoreError
from tests.store.counting import series, series_names, statistics, statistics_of

DAY = 86400.0
NOON = 1_700_000_000.0
MIDNIGHT = 19_675 * DAY

MakeReport = Callable[..., RunReport]


def test_a_saved_report_comes_back_whole(store: Store, report: MakeReport) -> None:
    """What get() gives is the report that was saved, key for key and value for value."""
    saved = report(values=[4.9, 5.1])
    store.save(saved)
    assert store.get(saved["id"]) == saved


def test_the_line_of_a_skipped_run_says_what_it_lacks(store: Store, report: MakeReport) -> None:
    """As its report does, in each list; that of any other run, and of a report that does not say it, says nothing."""
    lacking = {start: report(status="skipped", start=start) for start in (1.0, 2.0, 3.0)}
    lacking[1.0]["untested"] = "incomplete"
    lacking[2.0]["untested"] = "nothing_tested"
    del lacking[3.0]["untested"]
    for saved in (*lacking.values(), report(start=4.0)):
        store.save(saved)
    said = [None, None, "nothing_tested", "incomplete"]
    assert [run.untested for run in store.find().runs] == said
    chosen = RunFilter(verdict="skipped", sequence="Board test")
    assert [run.untested for run in store.find(chosen).runs] == said[1:]


def test_an_unknown_run_is_none(store: Store) -> None:
    """Asking for a run that nobody stored is no error."""
    assert store.get("0190163d-8694-739b-aea5-966c26f8ad90") is None
    assert store.latest() is None
    assert store.attachment("0190163d-8694-739b-aea5-966c26f8ad90", "0" * 64) is None


def test_saving_the_same_report_twice_changes_nothing(store: Store, report: MakeReport) -> None:
    """A second save of the same content succeeds and is neither listed nor counted again."""
    saved = report()
    store.save(saved)
    store.save(copy.deepcopy(saved))
    assert len(store.find().runs) == 1
    assert statistics(store).runs == 1


def test_what_came_back_can_be_saved_again(store: Store, report: MakeReport) -> None:
    """A report that was read from the store counts as the same content."""
    saved = report()
    store.save(saved)
    again = store.get(saved["id"])
    assert again is not None
    store.save(again)


def test_another_report_with_the_same_id_is_refused(store: Store, report: MakeReport) -> None:
    """Other content under a stored id is a conflict, and the first report stays as it was."""
    first = report(values=[5.0])
    second = report(first["id"], values=[6.0], status="failed")
    store.save(first)
    with pytest.raises(StoreConflict, match=first["id"]):
        store.save(second)
    assert store.get(first["id"]) == first
    assert statistics(store).passed == 1


def test_a_complete_report_replaces_the_aborted_one(store: Store, report: MakeReport) -> None:
    """When the whole report of a run arrives after its recovered beginning, it takes its place everywhere."""
    aborted = report(aborted=True, finished=False, cases={"main::rail": "failed", "main::later": "passed"})
    complete = report(aborted["id"], cases={"main::rail": "passed", "main::later": "passed"})
    store.save(aborted)
    store.save(complete)
    assert store.get(aborted["id"]) == complete
    assert [run.status for run in store.find().runs] == ["passed"]
    found = statistics(store)
    assert (found.passed, found.runs, found.units, found.first_passed, found.failures) == (1, 1, 1, 1, ())
    assert [point.value for point in series(store, "main::rail", "Rail")] == [5.0]


def test_an_aborted_report_does_not_replace_the_complete_one(store: Store, report: MakeReport) -> None:
    """The fuller report wins whichever came first."""
    complete = report()
    aborted = report(complete["id"], aborted=True, finished=False)
    store.save(complete)
    with pytest.raises(StoreConflict):
        store.save(aborted)
    assert store.get(complete["id"]) == complete


def test_odd_texts_survive(store: Store, report: MakeReport) -> None:
    """Quotes, emoji, control characters, and numbers that JSON lacks come back as they were."""
    odd = "<'\"; DROP TABLE runs; -- \x00\x1f \U0001f50c ünï %s {}"
    saved = report(serial_number=odd, sequence=odd, stand=odd)
    numbers = {"large": 2**40, "tiny": 1e-300, "below": -0.0}
    saved["artifact"] = {"odd": odd, **numbers, "empty": {}, "none": None, "text": "NaN"}
    store.save(saved)
    assert store.get(saved["id"]) == saved
    assert [run.serial_number for run in store.find(RunFilter(serial_number=odd, stand=odd)).runs] == [odd]


def test_a_lone_surrogate_keeps_nothing_from_being_stored(store: Store, report: MakeReport) -> None:
    """Text that has no UTF-8 form, as a driver's undecodable bytes become, is an escape and costs no report."""
    saved = report(serial_number="SN\udc80", cases={"main::r[\udc80]": "failed"}, status="failed")
    saved["artifact"] = {"raw": "\udcff"}
    store.save(saved)
    store.save(saved)
    assert [run.serial_number for run in store.find().runs] == [r"SN\udc80"]


def test_latest_is_the_run_that_started_last(store: Store, report: MakeReport) -> None:
    """Not the run that was stored last."""
    newest = report(start=NOON + 60)
    store.save(newest)
    store.save(report(start=NOON))
    latest = store.latest()
    assert latest is not None
    assert latest["id"] == newest["id"]


def test_a_summary_says_what_the_report_says(store: Store, report: MakeReport) -> None:
    """Every column of the runs list comes from the report."""
    saved = report(status="failed", selection=["main::rail"], simulated=True)
    store.save(saved)
    (run,) = store.find().runs
    assert (run.id, run.status, run.start_time, run.stop_time) == (saved["id"], "failed", NOON, NOON + 10)
    assert (run.sequence, run.sequence_version, run.serial_number, run.part_number) == (
        "Board test",
        "1.0",
        "SN1",
        "PN1",
    )
    assert (run.stand, run.partial, run.simulated, run.aborted, run.cases) == ("Stand 1", True, True, False, 1)
    assert (run.slot, run.start) == (None, None)
    in_slot = report(start=NOON + 1, slot="left", joint_start="0199-one")
    store.save(in_slot)
    assert [(each.slot, each.start) for each in store.find(RunFilter(since=NOON + 1)).runs] == [("left", "0199-one")]
    assert (run.caused_dut_failure_id, run.error_code) == ("main::rail", 7)


FILTERS: list[tuple[RunFilter, set[int]]] = [
    (RunFilter(), {0, 1, 2, 3, 4, 5}),
    (RunFilter(serial_number="A"), {0, 1}),
    (RunFilter(part_number="P2"), {2, 3}),
    (RunFilter(sequence="Other"), {4}),
    (RunFilter(verdict="failed"), {1, 3}),
    (RunFilter(stand="Second"), {5}),
    (RunFilter(since=NOON + 2), {2, 3, 4, 5}),
    (RunFilter(until=NOON + 2), {0, 1}),
    (RunFilter(since=NOON + 1, until=NOON + 3), {1, 2}),
    (RunFilter(serial_number="A", verdict="failed"), {1}),
    (RunFilter(sequence="Board test", verdict="failed"), {1, 3}),
    (RunFilter(part_number="P2", verdict="failed", stand="Stand 1"), {3}),
    (RunFilter(part_number="P2", verdict="failed", stand="Stand 1", since=NOON + 4), set()),
    (RunFilter(serial_number="nobody"), set()),
    (RunFilter(slot="left"), {0, 2}),
    (RunFilter(start="0199-two"), {2, 3}),
    (RunFilter(slot="left", start="0199-two"), {2}),
    (RunFilter(slot="left", verdict="passed", since=NOON + 1), {2}),
    (RunFilter(slot="up"), set()),
    (RunFilter(since=NOON + 3, until=NOON + 1), set()),
]


@pytest.mark.parametrize(("wanted", "numbers"), FILTERS)
def test_filters_alone_and_together(store: Store, report: MakeReport, wanted: RunFilter, numbers: set[int]) -> None:
    """A page has exactly the runs that match every given field, newest first."""
    saved = [
        report(start=NOON, serial_number="A", slot="left", joint_start="0199-one"),
        report(start=NOON + 1, serial_number="A", status="failed"),
        report(start=NOON + 2, part_number="P2", slot="left", joint_start="0199-two"),
        report(start=NOON + 3, part_number="P2", status="failed", slot="right", joint_start="0199-two"),
        report(start=NOON + 4, sequence="Other", part_number=None),
        report(start=NOON + 5, stand="Second", serial_number=None),
    ]
    for one in saved:
        store.save(one)
    found = [run.id for run in store.find(wanted).runs]
    assert found == [saved[number]["id"] for number in sorted(numbers, reverse=True)]


@pytest.mark.parametrize(
    "wanted", [RunFilter(), RunFilter(stand="Stand 1"), RunFilter(stand="Stand 1", sequence="Board test")]
)
def test_pages_are_stable_while_runs_arrive(store: Store, report: MakeReport, wanted: RunFilter) -> None:
    """Following the cursors shows every old run once, although newer ones come in and start times are equal."""
    old = [report(start=NOON + number // 3) for number in range(10)]
    for one in old:
        store.save(one)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = store.find(wanted, limit=3, cursor=cursor)
        assert len(page.runs) <= 3
        seen += [run.id for run in page.runs]
        store.save(report(start=NOON + 1000))
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(one["id"] for one in old)
    starts = {one["id"]: one["start_time"] for one in old}
    assert [starts[one] for one in seen] == sorted(starts.values(), reverse=True)


def test_pages_of_rare_runs_are_whole(store: Store, report: MakeReport) -> None:
    """Runs that match are found however many others lie between them, and each page but the last is full."""
    wanted = RunFilter(stand="Second", part_number="PN1", verdict="passed")
    saved = [report(start=NOON + number, stand="Second" if number % 6 == 0 else "Stand 1") for number in range(30)]
    for one in saved:
        store.save(one)
    first = store.find(wanted, limit=2)
    second = store.find(wanted, limit=2, cursor=first.next)
    third = store.find(wanted, limit=2, cursor=second.next)
    assert [run.start_time - NOON for page in (first, second, third) for run in page.runs] == [24, 18, 12, 6, 0]
    assert third.next is None


@pytest.mark.parametrize(
    "wanted",
    [
        RunFilter(),
        RunFilter(stand="Second"),
        RunFilter(stand="Second", verdict="failed"),
        RunFilter(since=NOON + 1, until=NOON + 3),
        RunFilter(stand="Second", verdict="failed", since=NOON + 1, until=NOON + 3),
    ],
)
def test_neighbours_are_those_of_the_list(store: Store, report: MakeReport, wanted: RunFilter) -> None:
    """From each run, one of the list or not, the next ones up and down are those of ``find``, also at the same time."""
    saved = [
        report(start=NOON + number // 3, stand=stand, status=status)
        for number, (stand, status) in enumerate(
            [("Second", "failed"), ("Stand 1", "failed"), ("Second", "passed")] * 4
        )
    ]
    for one in saved:
        store.save(one)
    everything = [run.id for run in store.find(limit=500).runs]
    listed = {run.id for run in store.find(wanted, limit=500).runs}
    assert listed
    for index, run_id in enumerate(everything):
        above = [one for one in everything[:index] if one in listed]
        below = [one for one in everything[index + 1 :] if one in listed]
        found = store.neighbours(run_id, wanted)
        assert found == (above[-1] if above else None, below[0] if below else None)
    assert store.neighbours("0190163d-8694-739b-aea5-966c26f8ad90", wanted) is None


def test_the_last_page_has_no_successor(store: Store, report: MakeReport) -> None:
    """A page that is exactly full and the last one says so."""
    for number in range(2):
        store.save(report(start=NOON + number))
    assert store.find(limit=2).next is None
    assert store.find(limit=1).next is not None


@pytest.mark.parametrize("text", ["", "x", "nan_id", "inf_id", "1700000000.0"])
def test_a_text_that_is_no_cursor_is_refused(store: Store, text: str) -> None:
    """A mistyped cursor is the caller's error, not an empty page."""
    with pytest.raises(ValueError, match="cursor"):
        store.find(cursor=text)


def test_yield_leaves_out_what_is_no_evidence(store: Store, report: MakeReport) -> None:
    """Partial and simulated runs are not counted at all, stopped and skipped ones are no part of yield."""
    for status in ("passed", "passed", "failed", "error", "stopped", "skipped"):
        store.save(report(status=status, serial_number=status))
    store.save(report(selection=["main::rail"], serial_number="partial"))
    store.save(report(simulated=True, serial_number="simulated"))
    found = statistics(store)
    assert (found.passed, found.failed, found.error, found.stopped, found.skipped) == (2, 1, 1, 1, 1)
    assert (found.runs, found.judged, found.total_yield) == (6, 4, 0.5)
    assert (found.units, found.first_passed) == (3, 1)
    assert found.mean_seconds == pytest.approx(10.0)


def test_nothing_stored_gives_no_yield(store: Store) -> None:
    """Without runs there is no yield, rather than one of 0 or 1."""
    found = statistics(store)
    assert (found.runs, found.total_yield, found.first_pass_yield, found.mean_seconds) == (0, None, None, None)


def test_first_pass_yield_does_not_depend_on_the_order_of_arrival(store: Store, report: MakeReport) -> None:
    """A unit's first run is the one that started first, also when it is stored last."""
    runs = [
        report(start=NOON, serial_number="A", status="failed"),
        report(start=NOON + 1, serial_number="A"),
        report(start=NOON + 2, serial_number="A"),
        report(start=NOON + 3, serial_number="B"),
        report(start=NOON + 4, serial_number="B", status="failed"),
        report(start=NOON + 5, serial_number="C", status="error"),
        report(start=NOON + 6, serial_number="C"),
        report(start=NOON - 9, serial_number="C", status="stopped"),
    ]
    for one in reversed(runs):
        store.save(one)
    found = statistics(store)
    assert (found.units, found.first_passed, found.first_pass_yield) == (3, 1, pytest.approx(1 / 3))


def test_a_unit_is_one_product_for_one_sequence(store: Store, report: MakeReport) -> None:
    """The same serial number under another part number or sequence is another unit; none at all is no unit."""
    store.save(report(serial_number="A"))
    store.save(report(serial_number="A", part_number="P2"))
    store.save(report(serial_number="A", sequence="Other"))
    store.save(report(serial_number="A", part_number=None))
    store.save(report(serial_number=None))
    assert statistics(store).units == 4


def test_a_unit_belongs_to_the_time_of_its_first_run(store: Store, report: MakeReport) -> None:
    """A later run of the unit inside the chosen time does not make it a unit of that time."""
    store.save(report(start=MIDNIGHT - 10, serial_number="A", status="failed"))
    store.save(report(start=MIDNIGHT + 10, serial_number="A"))
    after = statistics(store, RunFilter(since=MIDNIGHT))
    assert (after.passed, after.units) == (1, 0)
    before = statistics(store, RunFilter(until=MIDNIGHT))
    assert (before.failed, before.units, before.first_passed) == (1, 1, 0)


def test_failures_by_case_most_frequent_first(store: Store, report: MakeReport) -> None:
    """Each case counts the runs in which it did not pass, once a run; runs that are no evidence count nothing."""
    store.save(report(status="failed", cases={"main::a": "failed", "main::b": "error", "main::c": "passed"}))
    store.save(report(status="failed", cases={"main::b": "failed"}))
    store.save(report(status="failed", cases={"main::b": "failed"}, simulated=True))
    expected = (CaseFailures("main::b", 2), CaseFailures("main::a", 1))
    assert statistics(store).failures == expected
    assert statistics(store, RunFilter(serial_number="SN1")).failures == expected


def _expected(runs: list[RunReport], wanted: RunFilter) -> tuple[Any, ...]:
    def chosen(one: RunReport) -> bool:
        return (
            (wanted.since is None or one["start_time"] >= wanted.since)
            and (wanted.until is None or one["start_time"] < wanted.until)
            and wanted.sequence in (None, one["sequence"]["name"])
            and wanted.part_number in (None, one["dut"].get("part_number"))
            and wanted.stand in (None, one["stand"].get("name"))
            and wanted.verdict in (None, one["status"])
            and wanted.serial_number in (None, one["dut"].get("serial_number"))
            and wanted.slot in (None, one.get("slot", {}).get("name"))
            and wanted.start in (None, one.get("start", {}).get("id"))
        )

    evidence = [one for one in runs if one["selection"] is None and not one["simulated"]]
    first: dict[Any, RunReport] = {}
    for one in sorted(evidence, key=lambda one: (one["start_time"], one["id"])):
        if one["status"] in ("passed", "failed", "error"):
            dut = one["dut"]
            first.setdefault((one["sequence"]["name"], dut.get("part_number"), dut["serial_number"]), one)
    counted = [one for one in evidence if chosen(one)]
    units = [one for one in first.values() if chosen(one)]
    statuses = [one["status"] for one in counted]
    return (
        *(statuses.count(status) for status in ("passed", "failed", "error", "stopped")),
        len(units),
        sum(one["status"] == "passed" for one in units),
        {"main::rail": len(statuses) - statuses.count("passed")} if set(statuses) - {"passed"} else {},
    )


@pytest.mark.parametrize("seed", range(3))
def test_statistics_agree_with_counting_by_hand(store: Store, report: MakeReport, seed: int) -> None:
    """Over any time and filter, cut at any second, the sums say what going through all runs says."""
    dice = random.Random(seed)
    saved = [
        report(
            start=MIDNIGHT + dice.choice([0.0, DAY, 33 * DAY, 1100 * DAY, -DAY]) + dice.uniform(-2, 2) * DAY,
            serial_number=dice.choice("ABCD"),
            part_number=dice.choice(["P1", "P2"]),
            sequence=dice.choice(["One", "Two"]),
            stand=dice.choice(["S1", "S2", None]),
            status=dice.choice(["passed", "passed", "failed", "error", "stopped"]),
            simulated=dice.random() < 0.1,
            selection=["main::rail"] if dice.random() < 0.1 else None,
            slot=dice.choice([None, "left", "right"]),
            joint_start=dice.choice(["one", "two", "three"]),
        )
        for _ in range(60)
    ]
    for one in saved:
        store.save(one)
    filters = [_random_filter(dice) for _ in range(25)]
    for wanted, found in zip(filters, statistics_of(store, filters), strict=True):
        failures = {failure.case: failure.runs for failure in found.failures}
        figures = (found.passed, found.failed, found.error, found.stopped, found.units, found.first_passed, failures)
        assert figures == _expected(saved, wanted), wanted


def _random_filter(dice: random.Random) -> RunFilter:
    since, until = sorted(MIDNIGHT + dice.choice([-3, -1, 0, 1, 2, 30, 35, 1099, 1102]) * DAY for _ in "ab")
    return RunFilter(
        since=dice.choice([None, since, since + 1234.5]),
        until=dice.choice([None, until, until + 4321.0]),
        sequence=dice.choice([None, None, "One"]),
        part_number=dice.choice([None, None, "P1"]),
        stand=dice.choice([None, None, "S1"]),
        serial_number=dice.choice([None, None, None, "A"]),
        verdict=dice.choice([None, None, None, "failed"]),
        slot=dice.choice([None, None, "left"]),
        start=dice.choice([None, None, None, "one"]),
    )


def test_a_series_shows_values_with_their_limits(store: Store, report: MakeReport) -> None:
    """A measurement over runs comes oldest first, with unit, bounds and verdict of each."""
    store.save(report(start=NOON + 1, serial_number="B", values=[5.3], status="failed", limits={"ge": 4.9, "lt": 5.1}))
    store.save(report(start=NOON, serial_number="A", values=[5.0, 5.1], limits=[4.8, 5.2]))
    store.save(report(start=NOON + 2, values=[9.0], simulated=True))
    points = series(store, "main::rail", "Rail")
    assert [(point.serial_number, point.value, point.result) for point in points] == [
        ("A", 5.0, True),
        ("A", 5.1, True),
        ("B", 5.3, False),
    ]
    assert [(point.lower, point.upper, point.unit) for point in points] == [(4.8, 5.2, "V")] * 2 + [(4.9, 5.1, "V")]
    assert series_names(store) == [SeriesName("Board test", "main::rail", "Rail", "V")]
    assert series(store, "main::rail", "Other") == []


@pytest.mark.slow
def test_a_series_can_be_narrowed_and_bounded(store: Store, report: MakeReport) -> None:
    """Filters choose the runs, the limit keeps the newest values."""
    for number in range(6):
        store.save(report(start=NOON + number, sequence="One" if number % 2 else "Two", values=[float(number)]))
    assert [point.value for point in series(store, "main::rail", "Rail", limit=2)] == [4.0, 5.0]
    assert [point.value for point in series(store, "main::rail", "Rail", RunFilter(sequence="One"))] == [1.0, 3.0, 5.0]
    store.save(report(start=NOON + 7, values=[7.0], slot="left", joint_start="0199-one"))
    for of_slot in (RunFilter(slot="left"), RunFilter(start="0199-one")):
        assert [point.value for point in series(store, "main::rail", "Rail", of_slot)] == [7.0]
    narrowed = RunFilter(since=NOON + 1, until=NOON + 4)
    assert [point.value for point in series(store, "main::rail", "Rail", narrowed)] == [1.0, 2.0, 3.0]
    assert [name.sequence for name in series_names(store, "Two")] == ["Two"]


@pytest.mark.slow
def test_a_series_of_one_unit(store: Store, report: MakeReport) -> None:
    """Where the unit changed, each unit has a series of its own; without a wish all values come."""
    for number, unit in enumerate(["mV", "V", None, "mV"]):
        saved = report(start=NOON + number, values=[float(number)])
        saved["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["unit"] = unit
        store.save(saved)
    wanted = {None: [0.0, 1.0, 2.0, 3.0], "mV": [0.0, 3.0], "V": [1.0], "": [2.0], "A": []}
    for unit, values in wanted.items():
        assert [point.value for point in series(store, "main::rail", "Rail", unit=unit)] == values
    assert [point.value for point in series(store, "main::rail", "Rail", unit="mV", limit=1)] == [3.0]
    assert [name.unit for name in series_names(store)] == [None, "V", "mV"]


def test_a_value_that_is_no_number_is_a_gap(store: Store, report: MakeReport) -> None:
    """NaN stands in the series as nothing, with its verdict, and disturbs no other value."""
    saved = report(values=[5.0, math.pi], status="failed")
    saved["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["value"] = "NaN"
    store.save(saved)
    assert [point.value for point in series(store, "main::rail", "Rail")] == [None, pytest.approx(math.pi)]


def test_waiting_files_are_kept_with_their_report(store: Store, report: MakeReport, files: Path) -> None:
    """A file that the report names and that waits in the state folder can be had from the store afterwards."""
    photo = b"\x89PNG photo"
    name = hashlib.sha256(photo).hexdigest()
    (files / name).write_bytes(photo)
    saved = report(files=[photo])
    store.save(saved)
    assert store.attachment(saved["id"], name) == photo
    assert store.get(saved["id"]) == saved


def test_a_waiting_file_is_taken_away_once_it_is_kept(store: Store, report: MakeReport, files: Path) -> None:
    """The state folder does not fill up, and a second run with the same file still has it."""
    photo = b"photo"
    name = hashlib.sha256(photo).hexdigest()
    (files / name).write_bytes(photo)
    first, second = report(files=[photo]), report(files=[photo])
    store.save(first)
    assert list(files.iterdir()) == []
    store.save(second)
    assert store.attachment(second["id"], name) == photo


def test_an_attachment_can_come_later(store: Store, report: MakeReport) -> None:
    """Bytes can be added to a stored run, twice without harm, and only under their own hash."""
    photo = b"late"
    name = hashlib.sha256(photo).hexdigest()
    saved = report(files=[photo])
    store.save(saved)
    assert store.attachment(saved["id"], name) is None
    with pytest.raises(ValueError, match="sha256"):
        store.save_attachment(saved["id"], name, b"other")
    for _ in range(2):
        store.save_attachment(saved["id"], name, photo, "image/png")
    assert store.attachment(saved["id"], name) == photo
    store.save(saved)
    assert store.get(saved["id"]) == saved


def test_an_attachment_needs_its_run(store: Store, report: MakeReport) -> None:
    """Bytes for a run that nobody stored are refused, not lost."""
    store.save(report())
    with pytest.raises(StoreError):
        store.save_attachment("0190163d-8694-739b-aea5-966c26f8ad90", hashlib.sha256(b"x").hexdigest(), b"x")


def test_files_outlive_the_replacement_of_an_aborted_report(store: Store, report: MakeReport) -> None:
    """What was attached to the recovered beginning is still there with the complete report."""
    photo = b"evidence"
    name = hashlib.sha256(photo).hexdigest()
    aborted = report(aborted=True, finished=False, files=[photo])
    store.save(aborted)
    store.save_attachment(aborted["id"], name, photo)
    store.save(report(aborted["id"], files=[photo]))
    assert store.attachment(aborted["id"], name) == photo


def test_threads_share_a_store(store: Store, report: MakeReport) -> None:
    """Reports saved from several threads at once are all there and all counted."""
    from concurrent.futures import ThreadPoolExecutor

    saved = [report(start=NOON + number, serial_number=f"S{number}") for number in range(24)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(store.save, saved))
    assert len(store.find().runs) == 24
    found = statistics(store)
    assert (found.passed, found.units) == (24, 24)


def test_closing_twice_is_harmless(store: Store, report: MakeReport) -> None:
    """A store may be closed by whoever is sure that it must be."""
    store.save(report())
    store.close()
    store.close()


def test_the_place_is_named_without_secrets(store: Store) -> None:
    """A person can be told where reports go."""
    assert store.place
    assert "secret" not in store.place


def test_a_time_beyond_every_calendar_is_a_time(store: Store, report: MakeReport) -> None:
    """Its day has no number of 64 bits: a question of that kind has an answer all the same."""
    store.save(report())
    beyond = 8.2e26
    assert statistics(store, RunFilter(since=-beyond)).runs == statistics(store, RunFilter(until=beyond)).runs == 1
    assert statistics(store, RunFilter(since=-beyond, until=beyond)).passed == 1
    assert statistics(store, RunFilter(since=beyond)).runs == statistics(store, RunFilter(until=-beyond)).runs == 0
