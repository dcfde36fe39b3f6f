"""Journals left behind by dead runners: what becomes of each."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sequencer.project.state_folder import StateFolder
from sequencer.report.event import Stamped, encode
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.runtime.journal import Journal
from sequencer.store.base import RunFilter, StoreUnavailable
from sequencer.store.kept_journals import is_stored, prune
from sequencer.store.recovery import mark_stored, recover
from sequencer.store.sqlite.store import SqliteStore

NOON = 1_700_000_000.0

Stream = Callable[..., list[Stamped]]


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A state folder with room for journals."""
    folder = StateFolder(tmp_path / "state")
    folder.journals.mkdir(parents=True)
    return folder


def _write(state: StateFolder, events: list[Stamped]) -> Path:
    run_id: str = events[0].event.run  # type: ignore[union-attr]
    path = state.journal(run_id)
    path.write_bytes(b"".join(map(encode, events)))
    return path


def test_the_journal_of_a_dead_run_becomes_an_aborted_report(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """What was measured before the death is in the store, marked as aborted, and the journal says so."""
    events = stream(finished=False, values=[4.9, 5.1])
    journal = _write(state, events)
    store = open_sqlite()
    (recovered,) = recover(state, store)
    assert recovered["aborted"] is True
    assert recovered["status"] != "passed"
    assert store.get(recovered["id"]) == recovered
    attempt = recovered["modules"][0]["cases"][0]["attempts"][0]
    assert [measurement["value"] for measurement in attempt["measurements"]] == [4.9, 5.1]
    assert is_stored(journal)
    assert recover(state, store) == []


def test_a_run_that_finished_but_was_not_stored_is_no_aborted_one(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """When only the storing was missed, the report is the whole one, equal to what the runner would have stored."""
    events = stream()
    _write(state, events)
    store = open_sqlite()
    assert recover(state, store) == [fold(events)]
    store.save(fold(events))


def test_a_report_stored_without_its_mark_is_recognised(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """A runner that died between storing and marking leaves no second report and no conflict."""
    events = stream()
    journal = _write(state, events)
    store = open_sqlite()
    store.save(fold(events))
    recover(state, store)
    assert is_stored(journal)
    assert len(store.find().runs) == 1


def test_a_torn_mark_is_written_again(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """Half a mark (the power went) counts as none, and does not make the report another one."""
    events = stream()
    journal = _write(state, events)
    store = open_sqlite()
    store.save(fold(events))
    mark_stored(journal)
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size - 10)
    assert not is_stored(journal)
    told: list[str] = []
    recover(state, store, tell=told.append)
    assert len(store.find().runs) == 1
    assert not any("conflict" in text for text in told)


def test_a_journal_that_somebody_works_on_is_left_alone(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """While the test process lives, its run is nobody else's to recover."""
    events = stream(finished=False)
    path = _write(state, events)
    journal = Journal(path)
    store = open_sqlite()
    assert recover(state, store) == []
    journal.close()
    assert len(recover(state, store)) == 1


def test_a_journal_that_was_just_created_is_left_alone(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore]
) -> None:
    """Between making the file and its first line nobody takes it away; a day later nobody will come for it."""
    path = state.journal("0190163d-8694-739b-aea5-966c26f8ad90")
    path.touch()
    store = open_sqlite()
    assert recover(state, store) == []
    assert path.exists()
    os.utime(path, (NOON, NOON))
    recover(state, store)
    assert not path.exists()


def test_a_journal_with_a_torn_last_line_is_stored_and_kept_aside(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """Everything before the tear is in the report, the report counts the damage, the file stays for a second look."""
    path = _write(state, stream(finished=False, values=[1.0, 2.0, 3.0]))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 7)
    store = open_sqlite()
    told: list[str] = []
    (recovered,) = recover(state, store, tell=told.append)
    assert recovered["damaged_lines"] == 1
    assert (state.journals / "set_aside" / path.name).exists()
    assert not path.exists()
    assert len(told) == 1
    assert recover(state, store) == []


def test_a_journal_without_a_beginning_is_still_a_run(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """When the first line is lost, the file's name still says which run it was."""
    events = stream(finished=False, values=[5.0])
    path = _write(state, events)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"\xff\xfe noise\n" + b"".join(lines[1:]))
    (recovered,) = recover(state, open_sqlite())
    assert recovered["id"] == path.stem
    assert recovered["status"] == "error"


def test_noise_is_kept_aside_unstored(state: StateFolder, open_sqlite: Callable[[], SqliteStore]) -> None:
    """A journal in which nothing can be read is never deleted and never a report."""
    path = state.journal("0190163d-8694-739b-aea5-966c26f8ad90")
    path.write_bytes(os.urandom(4000))
    store = open_sqlite()
    told: list[str] = []
    assert recover(state, store, tell=told.append) == []
    assert (state.journals / "set_aside" / path.name).stat().st_size == 4000
    assert "is readable" in told[0]
    assert store.find().runs == []


def test_a_conflicting_journal_is_kept_aside(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """When the store has another report of this run, neither of the two is lost."""
    events = stream(values=[5.0])
    path = _write(state, events)
    store = open_sqlite()
    other = fold(stream(path.stem, values=[6.0]))
    store.save(other)
    told: list[str] = []
    assert recover(state, store, tell=told.append) == []
    assert store.get(path.stem) == other
    assert (state.journals / "set_aside" / path.name).exists()
    assert len(told) == 1


class _Away(SqliteStore):
    def save(self, report: RunReport) -> None:
        raise StoreUnavailable("the disk is full")


def test_journals_wait_while_the_store_is_away(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream, tmp_path: Path
) -> None:
    """Nothing is marked, moved or lost; one sentence tells the person; the next start stores them all."""
    for number in range(3):
        _write(state, stream(start=NOON + number))
    told: list[str] = []
    assert recover(state, _Away(tmp_path / "unused"), tell=told.append) == []
    assert len(told) == 1
    assert "the disk is full" in told[0]
    assert len(recover(state, open_sqlite())) == 3


def test_a_recovered_report_takes_the_way_of_all_others(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """Whoever keeps reports elsewhere (an outbox) is asked instead of the store; its failure leaves the journal."""
    path = _write(state, stream(finished=False))
    store = open_sqlite()

    def full(_: RunReport) -> None:
        raise StoreUnavailable("the outbox is full")

    told: list[str] = []
    assert recover(state, store, save=full, tell=told.append) == []
    assert "the outbox is full" in told[0]
    assert not is_stored(path)
    kept: list[RunReport] = []
    assert recover(state, store, save=kept.append) == kept
    assert is_stored(path)
    assert store.find().runs == []


def test_the_newest_hundred_stored_journals_are_kept(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], stream: Stream
) -> None:
    """Older ones go, but not before their reports are stored."""
    paths = []
    for number in range(105):
        paths.append(_write(state, stream(start=NOON + number)))
        if number != 0:
            mark_stored(paths[-1])
    prune(state)
    assert [path.exists() for path in paths] == [True] + [False] * 4 + [True] * 100
    store = open_sqlite()
    (recovered,) = recover(state, store)
    assert recovered["id"] == paths[0].stem
    prune(state)
    assert [path.exists() for path in paths] == [False] * 5 + [True] * 100
    assert [run.id for run in store.find(RunFilter(until=NOON + 200)).runs] == [paths[0].stem]


def test_a_marked_journal_still_folds_to_the_same_report(state: StateFolder, stream: Stream) -> None:
    """The mark is no event of the run."""
    from sequencer.report.fold import read_journal

    events = stream()
    path = _write(state, events)
    mark_stored(path)
    with path.open("rb") as file:
        assert fold(read_journal(file)) == fold(events)


def test_no_state_folder_is_nothing_to_recover(tmp_path: Path, open_sqlite: Callable[[], SqliteStore]) -> None:
    """The first start of a project finds no journals."""
    assert recover(StateFolder(tmp_path / "nothing"), open_sqlite()) == []
