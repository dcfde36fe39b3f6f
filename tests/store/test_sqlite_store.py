"""What is the embedded database's own: many processes, sudden death, and everything that can be wrong with a file."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sequencer.figures.history import CaseFailures, Statistics
from sequencer.report.model import RunReport
from sequencer.store import facts
from sequencer.store.base import RunFilter, StoreError, StoreUnavailable
from sequencer.store.sqlite.connections import Connections
from sequencer.store.sqlite.schema import MIGRATIONS, check_version
from sequencer.store.sqlite.store import SqliteStore
from tests.store.counting import statistics

MakeReport = Callable[..., RunReport]
Open = Callable[[], SqliteStore]

SAVE_ALL = """
import json, sys
from pathlib import Path
from sequencer.store.sqlite.store import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
for line in sys.stdin:
    report = json.loads(line)
    store.save(report)
    print(report["id"], flush=True)
"""


def _child(database: Path, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", SAVE_ALL, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def test_a_report_that_was_changed_in_the_file_is_told(
    open_sqlite: Callable[[], SqliteStore], tmp_path: Path, report: Callable[..., RunReport]
) -> None:
    """Its fingerprint no longer fits: it says so in a code that pages translate, and is no passed one."""
    store = open_sqlite()
    failed = report(status="failed")
    store.save(failed)
    assert store.get(failed["id"]) == failed
    changed = zlib.compress(json.dumps({**failed, "status": "passed", "failures": []}).encode())
    with closing(sqlite3.connect(tmp_path / "state" / "hardseq.sqlite3")) as database:
        database.execute("UPDATE documents SET body = ?", (changed,))
        database.commit()
    for found in (store.get(failed["id"]), store.latest(), store.changes().runs[0].read()):
        assert found is not None
        assert found["status"] == "error"
        assert found["failures"][-1]["coded_reason"] == {"code": "not_as_stored", "parameters": {}}


def test_several_processes_write_to_a_new_database(tmp_path: Path, report: MakeReport) -> None:
    """Four processes that create and fill the same file at once lose nothing and count everything."""
    database = tmp_path / "new" / "reports.sqlite3"
    texts = ["".join(json.dumps(report(serial_number=f"{n}-{m}")) + "\n" for m in range(10)) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        errors = list(pool.map(lambda text: _child(database).communicate(text, timeout=60)[1], texts))
    assert errors == [""] * 4
    store = SqliteStore(database)
    assert len(store.find(limit=100).runs) == 40
    found = statistics(store)
    assert (found.passed, found.units) == (40, 40)
    store.close()


def test_a_killed_process_loses_no_saved_report(tmp_path: Path, report: MakeReport) -> None:
    """Every report whose save returned is there after SIGKILL, and the sums agree with the rows."""
    database = tmp_path / "reports.sqlite3"
    child = _child(database)
    assert child.stdin is not None
    assert child.stdout is not None
    text = "".join(json.dumps(report(serial_number=str(number))) + "\n" for number in range(300))
    with child:
        child.stdin.write(text)
        child.stdin.flush()
        saved = [child.stdout.readline().strip() for _ in range(25)]
        child.kill()
        saved += child.stdout.read().split()
    store = SqliteStore(database)
    rows = [run.id for run in store.find(limit=1000).runs]
    assert set(saved) <= set(rows)
    assert statistics(store).units == len(rows)
    store.close()


def test_a_report_is_on_the_disk_when_save_returns(open_sqlite: Open, report: MakeReport) -> None:
    """Another connection sees the report at once, and the file says that commits wait for the disk."""
    store, other = open_sqlite(), open_sqlite()
    saved = report()
    store.save(saved)
    assert other.get(saved["id"]) == saved
    with closing(Connections(Path(store.place))) as connections, connections.reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_reading_goes_on_while_somebody_writes(open_sqlite: Open, report: MakeReport, tmp_path: Path) -> None:
    """An open write transaction of another process hides nothing that was there before."""
    store = open_sqlite()
    saved = report()
    store.save(saved)
    writer = sqlite3.connect(tmp_path / "state" / "hardseq.sqlite3", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM runs")
    assert store.get(saved["id"]) == saved
    writer.close()


def test_a_locked_database_says_so(tmp_path: Path, report: MakeReport) -> None:
    """When another process keeps the lock too long, the text says that it is locked."""
    database = tmp_path / "reports.sqlite3"
    store = SqliteStore(database, busy_seconds=0.05)
    store.save(report())
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=r"reports\.sqlite3 is locked by another process"):
        store.save(report())
    other.close()
    store.save(report())
    store.close()


def test_a_file_that_is_no_database_says_so_and_is_left_alone(tmp_path: Path, report: MakeReport) -> None:
    """Nothing is written over a file that somebody else made."""
    database = tmp_path / "reports.sqlite3"
    database.write_bytes(b"this is a text, not a database, and longer than the header of one" * 40)
    before = database.read_bytes()
    store = SqliteStore(database)
    with pytest.raises(StoreUnavailable, match="is not a database: move the file away"):
        store.save(report())
    assert database.read_bytes() == before


def test_a_damaged_report_is_told_and_harms_no_other(tmp_path: Path, report: MakeReport) -> None:
    """What a bad disk left of one report is an error of the store; the list and other reports are there."""
    store = SqliteStore(tmp_path / "hardseq.sqlite3")
    bad, good = report(start=1_700_000_000.0), report(start=1_700_000_060.0)
    store.save(bad)
    store.save(good)
    store.close()
    with closing(sqlite3.connect(tmp_path / "hardseq.sqlite3")) as connection, connection:
        connection.execute(
            "UPDATE documents SET body = x'00ff' WHERE run = (SELECT number FROM runs WHERE id = ?)", (bad["id"],)
        )
    store = SqliteStore(tmp_path / "hardseq.sqlite3")
    with pytest.raises(StoreError, match="the stored report is damaged"):
        store.get(bad["id"])
    assert store.get(good["id"]) == good
    assert len(store.find().runs) == 2
    store.close()


def test_a_damaged_database_says_so(tmp_path: Path, report: MakeReport) -> None:
    """Pages overwritten with noise are noticed, not served."""
    database = tmp_path / "reports.sqlite3"
    store = SqliteStore(database)
    for number in range(30):
        store.save(report(serial_number=str(number), values=[float(number)] * 50))
    store.close()
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(StoreUnavailable, match="is damaged: move the file away and keep it"):
        store = SqliteStore(database)
        store.find(limit=1000)
        statistics(store)
    store.close()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path, report: MakeReport) -> None:
    """A file where the state folder should be is no traceback."""
    (tmp_path / "state").write_text("a file")
    store = SqliteStore(tmp_path / "state" / "reports.sqlite3")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        store.save(report())


def test_a_folder_in_the_place_of_the_file_says_so(tmp_path: Path) -> None:
    """A database that cannot be opened names itself."""
    (tmp_path / "reports.sqlite3").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        SqliteStore(tmp_path / "reports.sqlite3").find()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_says_so_and_undoes_the_half_saved_report(tmp_path: Path, report: MakeReport) -> None:
    """A write that the system refuses for want of room ends in one clear error; what was saved before stays."""
    database = tmp_path / "reports.sqlite3"
    store = SqliteStore(database)
    first = report()
    store.save(first)
    store.close()

    def bound_file_size() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = database.stat().st_size + 200_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    large = report()
    large["artifact"] = {"noise": os.urandom(600_000).hex()}
    child = _child(database, preexec_fn=bound_file_size)
    _, errors = child.communicate(json.dumps(large) + "\n", timeout=60)
    assert "StoreUnavailable" in errors
    assert "reports.sqlite3" in errors
    store = SqliteStore(database)
    assert [run.id for run in store.find().runs] == [first["id"]]
    store.save(large)
    assert statistics(store).runs == 2
    store.close()


def test_a_database_of_before_says_what_its_skipped_runs_lack(
    tmp_path: Path, report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be written it is read as it is; else it is brought up to date, and loses nothing."""
    path = tmp_path / "hardseq.sqlite3"
    with closing(SqliteStore(path)) as store:
        for start, said in ((1.0, "incomplete"), (2.0, "nothing_tested"), (3.0, None)):
            saved = report(status="skipped", start=start)
            saved["untested"] = said
            store.save(saved)
        store.save(report(start=4.0))
        lines, reports = store.find().runs, [store.get(run.id) for run in store.find().runs]
    assert [run.untested for run in lines] == [None, None, "nothing_tested", "incomplete"]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE runs DROP COLUMN untested")
        connection.execute("DROP TABLE pruned")
        connection.execute("UPDATE documents SET body = x'00' WHERE run = 3")
        connection.execute("PRAGMA user_version = 3")
        connection.execute("PRAGMA journal_mode = DELETE")
    connect = sqlite3.connect

    def connect_read_only(file: Any, **options: Any) -> sqlite3.Connection:
        if "mode=ro" not in str(file):
            raise unwritable
        return connect(file, **options)

    unwritable = sqlite3.OperationalError("attempt to write a readonly database")
    unwritable.sqlite_errorcode = sqlite3.SQLITE_READONLY
    with monkeypatch.context() as patch, closing(SqliteStore(path)) as store:
        patch.setattr(sqlite3, "connect", connect_read_only)
        assert store.find().runs == lines
        assert store.find(RunFilter(verdict="skipped")).runs == lines[1:]
        assert store.get(lines[-1].id) == reports[-1]
    with closing(SqliteStore(path)) as store:
        assert store.find().runs == lines
        assert [store.get(run.id) for run in lines[2:]] == reports[2:]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_read_only_database_says_so(tmp_path: Path, report: MakeReport, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that SQLite may not write is named with what to do."""
    database = tmp_path / "reports.sqlite3"
    with closing(SqliteStore(database)) as writer:
        writer.save(report())
    connect = sqlite3.connect

    def connect_read_only(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA query_only = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_read_only)
    store = SqliteStore(database)
    with pytest.raises(StoreUnavailable, match="is read-only: check the permissions"):
        store.save(report())
    store.close()


def test_a_newer_database_is_refused_untouched(tmp_path: Path, report: MakeReport) -> None:
    """A file from a later version is neither read wrongly nor changed."""
    database = tmp_path / "reports.sqlite3"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer hardseq"):
        SqliteStore(database).save(report())
    connection = sqlite3.connect(database)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()


def database_from_before_slots(folder: Path, report: MakeReport) -> Path:
    """One with a failed run of 1970, and what was counted of it then."""
    database = folder / "reports.sqlite3"
    old = report(start=1.0, status="failed", serial_number="SN1", sequence="Board", part_number=None, stand="S")
    encoded = facts.encode(old)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("".join(MIGRATIONS[:2]))
        summary = [*facts.summary(old)[:16], facts.fingerprint(encoded)]
        connection.execute(f"INSERT INTO runs VALUES (1, {', '.join('?' * len(summary))})", summary)
        connection.execute("INSERT INTO documents VALUES (1, ?)", (zlib.compress(encoded),))
        connection.execute("INSERT INTO failed_cases VALUES (1, 'main::rail')")
        connection.execute("INSERT INTO first_runs VALUES ('Board', '', 'SN1', 'S', 'failed', 1.0)")
        columns = "days, span, sequence, part_number, stand, failed, units"
        connection.execute(f"INSERT INTO tallies ({columns}) VALUES (1, 0, 'Board', '', 'S', 1, 1)")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    return database


OF_BEFORE = Statistics(failed=1, units=1, failures=(CaseFailures("main::rail", 1),))


def test_a_database_from_before_slots_loses_nothing(tmp_path: Path, report: MakeReport) -> None:
    """Its figures are what they were, those of slots come beside them, and what was counted in it goes."""
    database = database_from_before_slots(tmp_path, report)
    with closing(SqliteStore(database)) as store:
        (old,) = store.find().runs
        before = store.get(old.id)
        assert (old.slot, old.start) == (None, None)
        assert statistics(store) == statistics(store, RunFilter(until=86_400.0, stand="S")) == OF_BEFORE
        store.save(report(slot="left", serial_number="SN1", sequence="Board", part_number=None))
        store.save(report(slot="left", serial_number="SN2", sequence="Board", part_number=None))
        assert statistics(store, RunFilter(slot="left")) == Statistics(
            passed=2, units=1, first_passed=1, passed_seconds=20.0
        )
        assert statistics(store).failed == 1
        assert store.get(old.id) == before
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"runs", "documents", "attachments", "run_attachments", "actions", "notes", "pruned"}


def test_a_database_from_before_slots_can_be_read_as_it_is(tmp_path: Path, report: MakeReport) -> None:
    """Where it cannot be written, what it lacks reads as nothing."""
    with closing(sqlite3.connect(database_from_before_slots(tmp_path, report))) as connection:
        check_version(connection)
        assert connection.execute("SELECT sequence, slot, start FROM runs").fetchall() == [("Board", None, None)]


def test_tables_of_others_in_the_file_do_not_matter(tmp_path: Path, report: MakeReport) -> None:
    """The outbox may have made the file first."""
    database = tmp_path / "reports.sqlite3"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE deliveries (run TEXT)")
    connection.close()
    store = SqliteStore(database)
    store.save(report())
    assert statistics(store).runs == 1
    store.close()


def test_building_a_store_touches_nothing(tmp_path: Path) -> None:
    """A store that is never used makes no file."""
    SqliteStore(tmp_path / "state" / "reports.sqlite3").close()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_store_is_unavailable(tmp_path: Path, report: MakeReport) -> None:
    """Using a store after closing it is an error that says so."""
    store = SqliteStore(tmp_path / "reports.sqlite3")
    store.close()
    with pytest.raises(StoreUnavailable, match="was closed"):
        store.save(report())
