"""Space that pruned runs used is given back: bit by bit while runs are stored, and whole whatever ends it."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from sequencer.app.prune import prune
from sequencer.figures.follow import rebuild
from sequencer.figures.index import FiguresIndex
from sequencer.report.fold import fold
from sequencer.store.base import StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.line import line, whole_report
from tests.figures.test_prune import figures
from tests.store.conftest import NOON, fill, make_events

ROOT = Path(__file__).parents[2]
RUNS = 120
BULK = 80_000
"""Bytes of each report, about."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with runs of some size."""
    file = tmp_path_factory.mktemp("full") / "hardseq.sqlite3"
    made = random.Random(4)
    with closing(SqliteStore(file)) as store:
        for rows in line(RUNS, measurements=4):
            report = whole_report(rows)
            report["stand"]["info"] = {"log": made.randbytes(BULK // 2).hex()}
            store.save(report)
    return file


@pytest.fixture
def file(full: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(full, tmp_path))


@pytest.fixture
def old_file(file: Path) -> Path:
    """As an earlier version made it: a file that can only be made smaller by writing it anew."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    return file


def pruned(store: SqliteStore) -> int:
    """Prunes nearly all."""
    return prune(store, 1e12, keep_failed=False, undelivered=set, dry_run=False).pruned


def is_whole(file: Path, before: object) -> None:
    """SQLite finds nothing wrong, and the figures are what they were."""
    with closing(SqliteStore(file)) as store, FiguresIndex(None) as index:
        rebuild(index, store)
        assert figures(index) == before
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def counted(file: Path) -> list[object]:
    """What the figures say."""
    with closing(SqliteStore(file)) as store, FiguresIndex(None) as index:
        rebuild(index, store)
        return figures(index)


@pytest.mark.slow
def test_runs_are_stored_while_space_is_given_back(file: Path) -> None:
    """Nobody waits until all of it is done: several runs are stored meanwhile, and all are there."""
    store, other = SqliteStore(file), SqliteStore(file, busy_seconds=5.0)
    assert pruned(store) == RUNS - 1
    over, saved = threading.Event(), []

    def keep_saving() -> None:
        while not over.is_set():
            report = fold(make_events(start=NOON + len(saved)))
            other.save(report)
            saved.append(report)

    saving = threading.Thread(target=keep_saving)
    saving.start()
    try:
        assert store.compact()
    finally:
        at_the_end = len(saved)
        over.set()
        saving.join()
    assert at_the_end > 3
    assert all(store.get(report["id"]) == report for report in saved)
    store.close()
    other.close()
    with closing(sqlite3.connect(file)) as connection:
        (unused,), (pages,) = (connection.execute(f"PRAGMA {of}_count").fetchone() for of in ("freelist", "page"))
    assert unused < pages / 10


def test_a_file_of_before_is_written_anew_only_where_nobody_stores_anything(old_file: Path) -> None:
    """Told so, it does nothing; alone it does it once, and from then on bit by bit."""
    with closing(SqliteStore(old_file)) as store:
        assert pruned(store) == RUNS - 1
        size = old_file.stat().st_size
        assert not store.compact()
        assert old_file.stat().st_size == size
        assert store.compact(alone=True)
        assert old_file.stat().st_size < size / 4
        for rows in line(8, measurements=4):
            report = whole_report(rows)
            report["start_time"] += 1e7
            report["stand"]["info"] = {"log": random.Random(report["id"]).randbytes(BULK // 2).hex()}
            store.save({**report, "id": f"{report['id']}-again"})
        pruned(store)
        assert store.compact()


def test_nobody_reading_is_waited_for(file: Path) -> None:
    """Who reads for long, as a copy does, keeps the file as it was for a while, and nobody from storing a run."""
    store, reader = SqliteStore(file, busy_seconds=30.0), sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM runs").fetchone()
    pruned(store)
    begun = time.monotonic()
    assert store.compact()
    assert time.monotonic() - begun < 20.0
    report = fold(make_events())
    store.save(report)
    reader.close()
    assert store.get(report["id"]) == report
    store.close()


@pytest.mark.slow
def test_two_at_once_prune_each_run_once(file: Path) -> None:
    """Both end well, together they say as often as there were runs that one went, and the figures are the same."""
    before = counted(file)
    both = [subprocess.Popen([sys.executable, "-c", CHILD, str(file), ""], cwd=ROOT, stdout=-1) for _ in range(2)]
    told = [each.communicate(timeout=60)[0].split() for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert sum(int(lines[-2]) for lines in told) == RUNS - 1
    is_whole(file, before)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("how", ["", "alone"])
def test_killed_at_any_instant_it_is_whole(full: Path, request: pytest.FixtureRequest, how: str) -> None:
    """While runs are pruned, while a file is made smaller bit by bit and while it is written anew."""
    file: Path = request.getfixturevalue("old_file" if how else "file")
    before = counted(file)
    chance = random.Random(7)
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(file), how], cwd=ROOT, stdout=-1) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.12))
            child.kill()
        is_whole(file, before)
    subprocess.run([sys.executable, "-c", CHILD, str(file), how], cwd=ROOT, check=True, capture_output=True)
    is_whole(file, before)
    assert file.stat().st_size < full.stat().st_size / 4


@pytest.mark.slow
@pytest.mark.parametrize("how", ["", "alone"])
def test_a_full_disk_takes_nothing_away(small_disk: Path, request: pytest.FixtureRequest, how: str) -> None:
    """Neither while runs are pruned nor while space is given back; once there is room again, both go on."""
    source: Path = request.getfixturevalue("old_file" if how else "file")
    file = small_disk / "hardseq.sqlite3"
    with closing(sqlite3.connect(source)) as connection:  # what fits
        connection.execute("DELETE FROM documents WHERE run > 60")
        connection.execute("DELETE FROM runs WHERE number > 60")
        connection.commit()
        connection.execute("VACUUM")
    shutil.copy(source, file)
    before = counted(file)
    with closing(SqliteStore(file)) as store:
        fill(small_disk)
        with pytest.raises(StoreUnavailable, match="full"):
            pruned(store)
        assert counted(file) == before
        (small_disk / "fill").unlink()
        is_whole(file, before)
        assert pruned(store) == 59
        fill(small_disk)
        with pytest.raises(StoreUnavailable, match="full"):
            store.compact(alone=bool(how))
        assert counted(file) == before
        (small_disk / "fill").unlink()
        is_whole(file, before)
        size = file.stat().st_size
        assert store.compact(alone=bool(how))
        assert file.stat().st_size < size / 4
        is_whole(file, before)


CHILD = """
import sys
from pathlib import Path
from sequencer.app import prune as module
from sequencer.store.sqlite.store import SqliteStore
module.BATCH = 7
store = SqliteStore(Path(sys.argv[1]))
print("begun", flush=True)
told = module.prune(store, 1e12, keep_failed=False, undelivered=set, dry_run=False)
print(told.pruned, flush=True)
store.compact(alone=bool(sys.argv[2]))
print("compact", flush=True)
"""
