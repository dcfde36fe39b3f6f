"""All that one store keeps is in another as well: each once, whatever cut the copy off before."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from sequencer.project.action_log import LogEntry
from sequencer.report.model import RunReport
from sequencer.report.note import new_note
from sequencer.store import copying
from sequencer.store.base import Store, StoreUnavailable
from sequencer.store.copying import CopyProgress, copy_runs
from sequencer.store.sqlite.store import SqliteStore
from sequencer.vocabulary.reason import Reason
from tests.store.counting import statistics

MakeReport = Callable[..., RunReport]
PHOTO = b"a photo"


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """Another store, which is a file."""
    return SqliteStore(tmp_path / "other" / "hardseq.sqlite3")


def filled(store: Store, report: MakeReport, count: int = 5) -> list[RunReport]:
    """Some runs, newest first; the newest has a file and a note, and somebody did something."""
    runs = [report(start=1_700_000_000.0 + number, files=[PHOTO] * (number == count - 1)) for number in range(count)]
    for run in runs:
        store.save(run)
    newest = runs[-1]["id"]
    store.save_attachment(newest, sha256(PHOTO).hexdigest(), PHOTO, "image/png")
    store.add_note(new_note(newest, user="Eve", source="panel", comment="solder joint", disposition="repair"))
    store.add_to_log([entry("a"), entry("b")])
    return runs[::-1]


def entry(identity: str) -> LogEntry:
    return LogEntry(identity, 5.0, "Stand 1", "Eve", None, "panel, 127.0.0.1", "sync", {}, None, "done", None)


def same(one: Store, other: Store) -> bool:
    """Whether both keep the same: reports, lists, files, notes, log, figures."""
    ids = [run.id for run in one.find(limit=100).runs]
    return (
        one.find(limit=100).runs == other.find(limit=100).runs
        and [one.get(run) for run in ids] == [other.get(run) for run in ids]
        and one.attachment(ids[0], sha256(PHOTO).hexdigest()) == other.attachment(ids[0], sha256(PHOTO).hexdigest())
        and one.notes(ids) == other.notes(ids)
        and one.log() == other.log()
        and statistics(one) == statistics(other)
    )


def test_a_copy_has_all_and_copying_again_changes_nothing(
    store: Store, other: Store, report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From either kind to a file and back into it: pages, files, notes and the log; the second time all is there."""
    monkeypatch.setattr(copying, "PAGE", 2)
    runs = filled(store, report)
    heard: list[int] = []
    done = copy_runs(store, other, lambda progress: heard.append(progress.copied))
    assert (done, heard) == (CopyProgress(copied=5), [1, 2, 3, 4, 5])
    assert same(store, other)
    assert copy_runs(store, other, len_of) == copy_runs(other, store, len_of) == CopyProgress(there=5)
    extra = report(start=1_800_000_000.0)
    other.save(extra)
    assert copy_runs(other, store, len_of) == CopyProgress(copied=1, there=len(runs))
    assert store.get(extra["id"]) == extra


def test_a_copy_that_was_cut_off_goes_on(
    open_sqlite: Callable[[], SqliteStore], other: Store, report: MakeReport
) -> None:
    """What went away in the middle of it keeps what it has, and the rest comes the next time."""
    store = open_sqlite()
    filled(store, report)

    class GoesAway(SqliteStore):
        def save(self, run: RunReport) -> None:
            if len(self.find().runs) == 2:
                raise StoreUnavailable(Reason("database_closed"))
            super().save(run)

    with pytest.raises(StoreUnavailable):
        copy_runs(store, GoesAway(Path(other.place)), len_of)
    assert copy_runs(store, other, len_of) == CopyProgress(copied=3, there=2)
    assert same(store, other)


def test_what_cannot_be_copied_is_told_and_keeps_nothing_else_back(
    open_sqlite: Callable[[], SqliteStore], other: Store, report: MakeReport
) -> None:
    """A damaged report, another report of the same run, and a file that is missing."""
    store = open_sqlite()
    newest, _, damaged, rival, oldest = filled(store, report)
    other.save({**rival, "status": "failed"})
    with closing(sqlite3.connect(store.place, isolation_level=None)) as database:
        number = "(SELECT number FROM runs WHERE id = ?)"
        database.execute(f"UPDATE documents SET body = ? WHERE run = {number}", (zlib.compress(b"["), damaged["id"]))
        database.execute("DELETE FROM run_attachments")
        database.execute("DELETE FROM attachments")
    done = copy_runs(store, other, len_of)
    assert (done.copied, done.there, done.lost) == (3, 0, [(newest["id"], sha256(PHOTO).hexdigest())])
    assert list(done.refused) == [damaged["id"], rival["id"]]
    assert "another report" in str(done.refused[rival["id"]])
    assert other.get(oldest["id"]) == oldest


def len_of(progress: CopyProgress) -> int:
    """Nobody listens."""
    return progress.copied


def test_a_copy_of_the_database_is_one_whole_file(
    open_sqlite: Callable[[], SqliteStore], report: MakeReport, tmp_path: Path
) -> None:
    """Also of what has just been written, while somebody else has the database open."""
    store, also = open_sqlite(), open_sqlite()
    filled(store, report)
    assert also.latest()
    store.write_copy(tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("backup")) == ["backup"]
    with closing(SqliteStore(tmp_path / "backup")) as copied:
        assert same(store, copied)
