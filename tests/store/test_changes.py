"""The runs of a store in the order in which it got them, for whoever follows it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable

from sequencer.report.model import RunReport
from sequencer.store.base import Store, StoreChanges
from sequencer.store.sqlite.store import SqliteStore
from tests.store.conftest import NOON

MakeReport = Callable[..., RunReport]


def ids(changes: StoreChanges) -> list[str]:
    """Of its runs."""
    return [run.id for run in changes.runs]


def test_each_run_comes_once(store: Store, report: MakeReport) -> None:
    """Page by page, whatever the runs' times; actions and notes are none; what comes later is found from the end on.

    The order is nearly that of saving: CouchDB has a database in several files.
    """
    saved = [report(start=NOON - number) for number in range(5)]
    for one in saved:
        store.save(one)
    found: list[str] = []
    place, left = None, 1
    while left:
        page = store.changes(place, limit=2)
        assert len(page.runs) <= 2
        found += ids(page)
        place, left = page.next, page.left
    assert sorted(found) == sorted(one["id"] for one in saved)
    assert ids(store.changes(place)) == []
    late = report(start=NOON - 60)
    store.save(late)
    (run,) = store.changes(place).runs
    assert (run.id, run.read()) == (late["id"], late)


def test_what_is_saved_meanwhile_is_not_left_out(store: Store, report: MakeReport) -> None:
    """Between two pages a run comes in whose id is before all others, one after them, and one is replaced."""
    saved = [report(f"b{number}", start=NOON + number, aborted=True, finished=False) for number in range(4)]
    for one in saved:
        store.save(one)
    page = store.changes(limit=2)
    found = {run.id: run.read() for run in page.runs}
    late = [report("a0", start=NOON), report("c0", start=NOON), report("b0", start=NOON)]
    for one in late:
        store.save(one)
    while page.left:
        page = store.changes(page.next, limit=2)
        found |= {run.id: run.read() for run in page.runs}
    assert found == {one["id"]: one for one in (*saved, *late)}


def test_a_replaced_report_comes_again(store: Store, report: MakeReport) -> None:
    """With another digest, also when its run was the newest one, whose place in the store it may have got."""
    first = report(start=NOON)
    aborted = report(start=NOON + 1, aborted=True, finished=False)
    store.save(first)
    store.save(aborted)
    before = store.changes()
    complete = report(aborted["id"], start=NOON + 1)
    store.save(complete)
    (again,) = store.changes(before.next).runs
    assert again.read() == complete
    assert again.digest != before.runs[1].digest
    assert sorted(ids(store.changes())) == sorted([first["id"], complete["id"]])


def test_a_place_of_another_store_is_the_beginning(open_sqlite: Callable[[], SqliteStore], report: MakeReport) -> None:
    """A database that was put in the place of another one, and text that is no place at all."""
    store = open_sqlite()
    saved = [report(start=NOON + number) for number in range(3)]
    for one in saved:
        store.save(one)
    whole = [one["id"] for one in saved]
    assert ids(store.changes("2 00ff another")) == whole
    assert ids(store.changes("nonsense")) == ids(store.changes("")) == ids(store.changes("9" * 30 + " a b")) == whole


def test_a_changed_body_is_read_as_any_damaged_report(
    open_sqlite: Callable[[], SqliteStore], report: MakeReport
) -> None:
    """What is not byte for byte what was saved is looked at as whatever comes from elsewhere, and is no passed one."""
    store = open_sqlite()
    store.save(report())
    with sqlite3.connect(store.place) as connection:
        connection.execute("UPDATE documents SET body = ?", [zlib.compress(b'{"status": "passed"}')])
    (run,) = store.changes().runs
    assert run.read()["status"] == "error"
