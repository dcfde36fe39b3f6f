"""A disk that takes nothing: what can still be read, and what a person is told of a run that no store took."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sequencer.report.event import Stamped, encode
from sequencer.report.fold import fold
from sequencer.standcloud.delivery import OutboxUnavailable
from sequencer.standcloud.outbox import Outbox
from sequencer.store.base import StoreUnavailable
from sequencer.store.recovery import held_by
from sequencer.store.sqlite.store import SqliteStore
from tests.store.conftest import fill

Stream = Callable[..., list[Stamped]]


def test_runs_are_listed_on_a_full_disk(small_disk: Path, stream: Stream) -> None:
    """Reading needs no room; writing says what is missing."""
    store = SqliteStore(small_disk / "runs.sqlite3")
    report = fold(stream())
    store.save(report)
    store.close()
    fill(small_disk)
    again = SqliteStore(small_disk / "runs.sqlite3")
    assert again.get(report["id"]) == report
    assert [run.id for run in again.find().runs] == [report["id"]]
    with pytest.raises(StoreUnavailable):
        again.save(fold(stream()))
    again.close()


def test_a_database_of_before_is_read_on_a_full_disk(small_disk: Path) -> None:
    """It cannot be brought up to date there; its runs are read all the same, and nothing was added to them."""
    before = Path(__file__).parents[1] / "fixtures" / "before_rooms" / "hardseq.sqlite3"
    shutil.copy(before, small_disk / "runs.sqlite3")
    fill(small_disk)
    with closing(SqliteStore(small_disk / "runs.sqlite3")) as store:
        runs = [run.id for run in store.find().runs]
        assert len(runs) > 3 and store.get(runs[0]) is not None
        assert (store.notes(runs), store.log().entries) == ({}, [])
        with pytest.raises(StoreUnavailable):
            store.add_to_log([])


def test_runs_are_listed_on_a_read_only_disk(small_disk: Path, stream: Stream) -> None:
    """A stand's folder on a share that may only be read shows its history; that nothing can wait is told at once."""
    store = SqliteStore(small_disk / "runs.sqlite3")
    report = fold(stream())
    store.save(report)
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert SqliteStore(small_disk / "runs.sqlite3").get(report["id"]) == report
    with pytest.raises(OutboxUnavailable):
        Outbox(small_disk / "runs.sqlite3")


def test_runs_are_listed_where_no_file_can_be_made_beside_the_database(tmp_path: Path, stream: Stream) -> None:
    """SQLite shares its file by another one, for which a full disk has no room; a reader does without."""
    store = SqliteStore(tmp_path / "runs.sqlite3")
    reports = [fold(stream()), fold(stream())]
    for report in reports:
        store.save(report)
    store.close()
    (tmp_path / "runs.sqlite3-shm").mkdir()  # so it cannot be made
    again = SqliteStore(tmp_path / "runs.sqlite3", busy_seconds=0.1)
    assert len(again.find().runs) == 2
    assert again.get(reports[0]["id"]) == reports[0]
    with pytest.raises(StoreUnavailable):
        again.save(fold(stream()))
    (tmp_path / "runs.sqlite3-shm").rmdir()
    again.save(fold(stream()))
    assert len(again.find().runs) == 3
    again.close()


def test_a_whole_journal_is_promised_to_be_stored(tmp_path: Path, stream: Stream) -> None:
    """What the journal holds whole will be stored at the next start."""
    events = stream(cases={"main::a": "passed", "main::b": "passed"}, values=[1.0, 2.0])
    journal = tmp_path / "run.jsonl"
    journal.write_bytes(b"".join(map(encode, events)))
    assert held_by(journal, fold(events)) == f"{journal}, to be stored at the next start"


def test_a_cut_journal_is_told_as_it_is(tmp_path: Path, stream: Stream) -> None:
    """How many of the measured values it holds, and from which case on it holds nothing: never more is promised."""
    events = stream(cases={"main::a": "passed", "main::b": "passed"}, values=[1.0, 2.0])
    report = fold(events)
    journal = tmp_path / "run.jsonl"
    lines = [encode(stamped) for stamped in events]
    journal.write_bytes(b"".join(lines[:7]))
    assert held_by(journal, report) == (
        f"3 of 4 measured values kept in {journal}; from case main::b on nothing could be written"
    )
    journal.write_bytes(b"".join(lines[:-1]))
    assert held_by(journal, report) == f"4 of 4 measured values kept in {journal}; the end could not be written"
    journal.write_bytes(b"")
    assert held_by(journal, report).startswith("0 of 4 measured values kept in")
    journal.unlink()
    assert held_by(journal, copy.deepcopy(report)).startswith("0 of 4 measured values kept in")
