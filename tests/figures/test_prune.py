"""What is pruned from a store: reports and files go, figures stay, and whatever has to stay does."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.app.prune import prune
from sequencer.figures.capability import capabilities
from sequencer.figures.condensed import condensed, pruned_reason, read_condensed
from sequencer.figures.failures import failures
from sequencer.figures.follow import follow, rebuild
from sequencer.figures.index import FiguresIndex
from sequencer.figures.rows import rows_of
from sequencer.figures.scope import Scope
from sequencer.figures.yields import yields
from sequencer.report.after_run import AfterRun, amended
from sequencer.report.event import AFTER_RUN, AfterRunFinished, AfterRunStarted, FailureRecorded, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.note import new_note
from sequencer.store.base import PrunedRun, Store, StoreError, StoreUnavailable
from sequencer.store.copying import CopyProgress, copy_runs
from sequencer.store.couchdb.replication import FactoryDatabase
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.sqlite.store import SqliteStore
from sequencer.vocabulary.reason import Reason
from tests.figures.line import line, whole_report
from tests.store.conftest import NOON, make_events

ROOT = Path(__file__).parents[2]


def reports(count: int) -> list[RunReport]:
    """Of the line, and of its failures."""
    return [whole_report(rows) for rows in line(count, measurements=4)]


def figures(index: FiguresIndex) -> list[object]:
    """What pages show."""
    ask = index.ask
    return [
        yields(ask, Scope(by=("stand", "slot"), span="day")),
        failures(ask, Scope()),
        capabilities(ask, Scope(by=("stand",))),
        ask("SELECT * EXCLUDE (run, circumstance) FROM runs ORDER BY id"),
        ask("SELECT serial_number, part_number FROM sub_units ORDER BY ALL"),
    ]


def pruned(store: Store, before: float, *, keep_failed: bool = False, waiting: set[str] | None = None) -> Any:
    """Prunes."""
    return prune(store, before, keep_failed=keep_failed, undelivered=lambda: waiting or set(), dry_run=False)


def test_rows_can_be_read_again() -> None:
    """What stays of a run is what the figures need, also from a version that knew more and less."""
    for report in reports(60):
        assert read_condensed(condensed(rows_of(report))) == rows_of(report)
    rows = rows_of(reports(1)[0])
    text = condensed(rows).replace('"retried"', '"newer"').replace('"untested":null', '"newest":1')
    assert read_condensed(text) == rows
    for wrong in ("", "{}", "[1]", '{"run": {}, "cases": []}'):
        with pytest.raises((ValueError, TypeError, LookupError, AttributeError)):
            read_condensed(wrong)


def test_figures_stay(store: Store) -> None:
    """The same before and after, followed on and made anew; reports are gone, newer ones are there."""
    made = reports(24)
    for report in made:
        store.save(report)
    middle = made[12]["start_time"]
    with FiguresIndex(None) as index, FiguresIndex(None) as fresh:
        follow(index, store)
        before = figures(index)
        result = pruned(store, middle)
        assert (result.going, result.pruned) == (12, 12)
        store.compact()
        follow(index, store)
        assert figures(index) == before
        rebuild(fresh, store)
        assert figures(fresh) == before
        assert [store.get(report["id"]) is None for report in made] == [True] * 12 + [False] * 12
        assert len(store.find(limit=50).runs) == 12
        store.save(made[0])  # once more, by a copy or a journal: it is counted once
        follow(fresh, store)
        assert figures(fresh) == before


def test_a_copy_has_the_figures_of_pruned_runs(store: Store, tmp_path: Path) -> None:
    """Of any kind of store into another one, once or twice; a run that the other one still has stays whole there."""
    made = reports(12)
    for report in made:
        store.save(report)
    note = new_note(made[0]["id"], user="Ann", source="panel", comment="looked at", disposition=None)
    store.add_note(note)
    pruned(store, made[8]["start_time"])
    copy = SqliteStore(tmp_path / "copy.sqlite3")
    copy.save(made[3])
    for _ in range(2):
        copy_runs(store, copy, lambda progress: None)
    with FiguresIndex(None) as index, FiguresIndex(None) as copied:
        follow(index, store)
        follow(copied, copy)
        assert figures(copied)[:3] == figures(index)[:3]
    assert copy.get(made[3]["id"]) == made[3]
    assert copy.notes([note.run]) == {note.run: [note]}
    whole = SqliteStore(tmp_path / "backup.sqlite3")
    for report in made:
        whole.save(report)
    done = copy_runs(whole, copy, lambda progress: None)
    # Nobody is told that a report is safe in a store that does not take it.
    assert done.copied == sum(copy.get(report["id"]) is not None for report in made) - done.there
    if isinstance(store, SqliteStore):  # another kind knows a report by another digest
        assert done == CopyProgress(there=5, pruned=7)
    whole.close()
    if not isinstance(store, SqliteStore):
        store.keep_pruned([PrunedRun("new", "digest", "{}"), PrunedRun(made[9]["id"], "digest", "{}")])
        assert store.get(made[9]["id"]) == made[9]
        assert "new" in [run.id for run in store.changes().runs]
    copy.close()


@pytest.mark.slow
def test_runs_that_a_factory_lacks_stay(couchdb_server: Any, open_couchdb: Callable[..., Any], database: str) -> None:
    """They are counted, and go once they are there; while the factory is away none goes."""
    centre = CouchStore(couchdb_server.connect(), f"{database}_units", version_1=f"{database}_live")
    there = FactoryDatabase(f"{couchdb_server.url}/{database}_units", couchdb_server.user, couchdb_server.password)
    made = reports(5)
    centre.save(made[1])
    stand = open_couchdb(factory=there)
    for report in made:
        stand.save(report)
    trial = prune(stand, made[4]["start_time"], keep_failed=False, undelivered=set, dry_run=True)
    assert trial.not_copied + trial.going == 4 and trial.going >= 1
    assert stand.at_factory([made[1]["id"], "nothing"]) == {made[1]["id"]}
    centre.close()
    away = open_couchdb(factory=FactoryDatabase("http://127.0.0.1:9/none"))
    with pytest.raises(StoreUnavailable):
        pruned(away, made[4]["start_time"])
    assert all(stand.get(report["id"]) is not None for report in made)


def test_what_has_to_stay_stays(store: Store) -> None:
    """What did not pass, what is still to be delivered, the newest of all; a trial changes nothing."""
    made = reports(40)
    for report in made:
        store.save(report)
    bad = {report["id"] for report in made if report["status"] != "passed"}
    waiting = {made[3]["id"], made[7]["id"]} - bad
    assert bad and waiting
    after = made[-1]["start_time"] + 1
    trial = prune(store, after, keep_failed=True, undelivered=lambda: waiting, dry_run=True)
    assert (trial.kept, trial.undelivered, trial.newest, trial.pruned) == (len(bad), len(waiting), 1, 0)
    assert len(store.find(limit=100).runs) == 40
    result = pruned(store, after, keep_failed=True, waiting=waiting)
    assert result.pruned == trial.going == 40 - len(bad) - len(waiting) - 1
    assert {run.id for run in store.find(limit=100).runs} == {*bad, *waiting, made[-1]["id"]}


def test_what_steps_are_left_to_do_after_stays(store: Store) -> None:
    """Whoever tries them again needs the report; once they are done it goes."""
    first, newest = fold(make_events()), fold(make_events(start=NOON + 60))
    told = (AfterRunStarted(1, 1), FailureRecorded(AFTER_RUN, "error", "no paper", after=1), AfterRunFinished(1, False))
    after = AfterRun()
    for seq, event in enumerate(told):
        after.apply(Stamped(seq, NOON + 20 + seq, event))
    for report in (amended(first, after), newest):
        store.save(report)
    result = pruned(store, NOON + 30)
    assert (result.after_run, result.going, result.first, store.get(first["id"]) is None) == (1, 0, None, False)
    for seq, event in enumerate((AfterRunStarted(1, 1), AfterRunFinished(1, True))):
        after.apply(Stamped(seq, NOON + 40 + seq, event))
    store.save(amended(first, after))
    assert (pruned(store, NOON + 30).pruned, store.get(first["id"])) == (1, None)


def _with_file(start: float, data: bytes) -> RunReport:
    return fold(make_events(start=start, files=[data]))


def test_files_go_with_the_last_run_that_has_them(store: Store) -> None:
    """A file of two runs stays with the newer one; what nobody has any more is gone, notes on the run are not."""
    shared, own = b"a photo", b"another"
    first, second = _with_file(NOON, shared), _with_file(NOON + 10, shared)
    third, newest = _with_file(NOON - 10, own), _with_file(NOON + 20, b"newest")
    for report, data in ((third, own), (first, shared), (second, shared), (newest, b"newest")):
        store.save(report)
        store.save_attachment(report["id"], hashlib.sha256(data).hexdigest(), data, "image/png")
    assert pruned(store, NOON + 5).pruned == 2
    digest = hashlib.sha256(shared).hexdigest()
    assert store.attachment(first["id"], digest) is None
    assert store.attachment(second["id"], digest) == shared
    if isinstance(store, SqliteStore):
        import sqlite3

        with sqlite3.connect(store.place) as connection:
            assert connection.execute("SELECT count(*) FROM attachments").fetchone() == (2,)


def test_a_pruned_run_is_known_as_one(store: Store, tmp_path: Path) -> None:
    """With the time at which it went, which copies have, too; of an earlier version without it."""
    made = reports(3)
    for report in made:
        store.save(report)
    assert pruned_reason(store, made[0]["id"]) is None
    pruned(store, made[1]["start_time"])
    reason = pruned_reason(store, made[0]["id"])
    assert reason is not None and (reason.code, reason.parameters["run"]) == ("run_pruned_at", made[0]["id"])
    (found,) = store.stored([made[1]["id"]])
    store.prune([PrunedRun(found.id, found.digest, condensed(rows_of(made[1])))])
    assert pruned_reason(store, made[1]["id"]) == Reason("run_pruned", run=made[1]["id"])
    assert pruned_reason(store, made[2]["id"]) is pruned_reason(store, "nothing") is None
    copy = SqliteStore(tmp_path / "copy.sqlite3")
    copy_runs(store, copy, lambda progress: None)
    assert pruned_reason(copy, made[0]["id"]) == reason
    copy.close()


def test_a_report_that_changed_meanwhile_is_not_pruned(store: Store) -> None:
    """What stands in its place would be that of another report."""
    made = reports(3)
    for report in made:
        store.save(report)
    (found,) = store.stored([made[0]["id"]])
    assert store.prune([PrunedRun(found.id, "another", "{}"), PrunedRun("nothing", found.digest, "{}")]) == 0
    assert store.get(found.id) == made[0]


def test_a_complete_report_takes_the_place_of_what_is_left_of_an_aborted_one(store: Store) -> None:
    """It comes late, and is a better one."""
    aborted = fold(make_events("019b8a00-0000-7000-8000-000000000001", finished=False), aborted=True)
    complete = fold(make_events("019b8a00-0000-7000-8000-000000000001"))
    store.save(aborted)
    store.save(fold(make_events(start=NOON + 60)))
    assert pruned(store, NOON + 5).pruned == 1
    store.save(complete)
    assert store.get(complete["id"]) == complete
    assert [run.id for run in store.changes().runs].count(complete["id"]) == 1


def test_numbers_of_pruned_runs_are_not_given_again(open_sqlite: Callable[[], SqliteStore]) -> None:
    """Whoever follows the store would miss the run that got one."""
    store = open_sqlite()
    first, aborted = reports(2)[0], fold(make_events(start=NOON - 5, finished=False), aborted=True)
    for report in (*reports(6)[1:], first):
        store.save(report)
    store.save(aborted)
    place = store.changes().next
    assert pruned(store, first["start_time"] + 1e9).pruned == 5  # all but the newest by time and by number
    assert store.changes(place).runs == []
    complete = fold(make_events(aborted["id"], start=NOON - 5))
    store.save(complete)
    assert [run.id for run in store.changes(place).runs] == [complete["id"]]
    assert sorted(run.id for run in store.changes().runs) == sorted({run.id for run in store.changes().runs})
    assert len(store.changes().runs) == 7


@pytest.mark.slow
def test_at_a_factory_only_administrators_may(couchdb_server: Any, open_couchdb: Callable[..., Any]) -> None:
    """The rule of the database refuses others, and nothing is changed."""
    from sequencer.store.couchdb.client import CouchClient
    from sequencer.store.couchdb.factory import set_up_factory

    administrator = open_couchdb()
    made = reports(4)
    for report in made:
        administrator.save(report)
    name = administrator.place.rpartition("/")[2]
    couch = couchdb_server.connect()
    (account,) = set_up_factory(couch, name, stands=[f"{name}-stand"])
    couch.close()
    stand = CouchStore(CouchClient(couchdb_server.url, user=account.name, password=account.password), name)
    try:
        with pytest.raises(StoreError, match="not changed"):
            pruned(stand, made[-1]["start_time"])
    finally:
        stand.close()
    assert all(administrator.get(report["id"]) == report for report in made)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_any_instant_each_run_is_whole_or_pruned(tmp_path: Path) -> None:
    """Of a process that prunes one by one and dies somewhere; the figures are the same all the time."""
    file = tmp_path / "hardseq.sqlite3"
    store = SqliteStore(file)
    made = reports(60)
    for report in made:
        store.save(report)
    with FiguresIndex(None) as index:
        rebuild(index, store)
        before = figures(index)
        for lines in (1, 3):
            with subprocess.Popen([sys.executable, "-c", CHILD, str(file)], cwd=ROOT, stdout=-1) as child:
                assert child.stdout is not None
                for _ in range(lines):
                    child.stdout.readline()
                child.kill()  # wherever it is by now
            rebuild(index, store)
            assert figures(index) == before
        assert 0 < len(store.find(limit=100).runs) < 60
    store.close()


CHILD = """
import sys
from pathlib import Path
from sequencer.app import prune as module
from sequencer.store.sqlite.store import SqliteStore
module.BATCH = 7
store = SqliteStore(Path(sys.argv[1]))
told = lambda done: print(done.pruned, flush=True)
module.prune(store, 1e12, keep_failed=False, undelivered=set, dry_run=False, told=told)
"""
