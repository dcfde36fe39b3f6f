"""The index file: begun anew when it must be, whole whatever happens, and one process's at a time."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import pytest

from sequencer.figures import follow as following
from sequencer.figures import index as index_of
from sequencer.figures.capability import capabilities
from sequencer.figures.catalogue import QUESTIONS, answer
from sequencer.figures.choices import choices
from sequencer.figures.failures import failures, new_failures
from sequencer.figures.follow import follow, rebuild
from sequencer.figures.index import FiguresIndex, IndexDamaged, IndexInUse
from sequencer.figures.one_measurement import Measured
from sequencer.figures.over_time import points
from sequencer.figures.scope import Scope
from sequencer.figures.yields import yields
from sequencer.report.model import RunReport
from sequencer.store.base import StoreChanges, StoredRun, StoreError, StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.history import MONDAY, Case, Feed, Run, report_of
from tests.figures.line import line, whole_report

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the index is."""
    return tmp_path / "figures.duckdb"


def counted(index: FiguresIndex) -> int:
    """Judged runs."""
    (row,) = yields(index.ask, Scope())
    return row.runs


def reports(count: int) -> list[RunReport]:
    """Of the line."""
    return [whole_report(rows) for rows in line(2 * count, measurements=4) if rows.run.judged][:count]


def test_an_index_goes_on_where_it_was(file: Path) -> None:
    """Closed and opened again it has its runs, and adds those that are new alone."""
    made = reports(5)
    read: list[str] = []

    class Watched(Feed):
        def changes(self, since: str | None = None, *, limit: int = 500):  # type: ignore[no-untyped-def]
            read.append(since or "")
            return super().changes(since, limit=limit)

    with FiguresIndex(file) as index:
        follow(index, Watched(made[:3]))  # type: ignore[arg-type]
    with FiguresIndex(file) as index:
        assert counted(index) == 3
        follow(index, Watched(made))  # type: ignore[arg-type]
        assert counted(index) == 5
    assert read == ["", "3"]


def test_the_values_of_a_measurement_come_to_lie_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once so many runs are there, those of each measurement follow each other; none is lost."""
    monkeypatch.setattr(index_of, "SORTED_AT_ONCE", 4)
    made = reports(9)
    with FiguresIndex(None) as index:
        for count in (3, 6, 9):
            follow(index, Feed(made[:count]))  # type: ignore[arg-type]
        rows = index.ask("SELECT run, series, position FROM measurements ORDER BY rowid")
        assert len(rows) == 9 * 4
        for part in (range(1, 4), range(4, 8)):
            together = [row for row in rows if row[0] in part]
            assert len(together) == len(part) * 4 and len({row[1] for row in together}) > 1
            assert together == sorted(together, key=lambda row: (row[1], row[0], row[2]))


def test_the_same_circumstances_are_there_once(file: Path) -> None:
    """Runs of the same stand, version and so on share a number, also once the index was opened again; others do not."""
    measured = Run(cases=(Case("m::rail", measured=(("Rail", 5.0, "V", None),)),))
    first, second, third = (
        replace(measured, stand=stand, batch=batch)
        for stand, batch in (("Stand 1", None), (None, "B1"), ("Stand 1", "B1"))
    )
    made = [report_of(run.named(number)) for number, run in enumerate((first, second, first, second, third))]
    for count in (2, 4, 5):
        with FiguresIndex(file) as index:
            follow(index, Feed(made[:count]))  # type: ignore[arg-type]
    with FiguresIndex(file) as index:
        rows = index.ask(
            "SELECT c.stand, c.batch, count(DISTINCT m.circumstance), count(*) "
            "FROM measurements m JOIN runs r USING (run) JOIN circumstances c ON c.circumstance = m.circumstance "
            "WHERE r.circumstance = m.circumstance GROUP BY ALL ORDER BY ALL"
        )
        assert rows == [("Stand 1", "B1", 1, 1), ("Stand 1", None, 1, 2), (None, "B1", 1, 2)]
        assert index.ask("SELECT count(*), count(DISTINCT circumstance) FROM circumstances") == [(3, 3)]


def test_what_no_run_says_any_more_is_no_choice(file: Path) -> None:
    """A run that is replaced by one of another stand leaves its own stand with no runs."""
    aborted = Run(stand="Stand 1", aborted=True, id="0199-a")
    with FiguresIndex(file) as index:
        follow(index, Feed([report_of(aborted)]))  # type: ignore[arg-type]
        assert [choice.value for choice in choices(index.ask, Scope()) if choice.name == "stand"] == ["Stand 1"]
        whole = replace(aborted, stand="Stand 2", aborted=False)
        follow(index, Feed([report_of(aborted), report_of(whole)]))  # type: ignore[arg-type]
        found = [(choice.value, choice.runs) for choice in choices(index.ask, Scope()) if choice.name == "stand"]
        assert found == [("Stand 2", 1)]


def test_what_failed_twice_in_a_run_is_counted_once() -> None:
    """Of each measurement and case that failed, how many runs; new are those that did not fail before."""
    twice = (("Rail", 9.0, "V", [0, 1]),) * 2
    old = Run(MONDAY, "failed", cases=(Case("m::rail", status="failed", measured=twice),)).named(0)
    both = (*old.cases, Case("m::lamp", status="failed", measured=(("Lamp", 9.0, "V", [0, 1]), *twice)))
    new = replace(old, start=MONDAY + 60, cases=both).named(1)
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(old), report_of(new)]))  # type: ignore[arg-type]
        found = {row.name: row.runs for row in failures(index.ask, Scope(), "measurement")}
        assert found == {"m::rail::Rail": 2, "m::lamp::Lamp": 1, "m::lamp::Rail": 1}
        assert {row.name: row.runs for row in failures(index.ask, Scope())} == {"m::rail": 2, "m::lamp": 1}
        later = new_failures(index.ask, Scope(since=MONDAY + 30), "measurement")
        assert sorted((row.name, row.runs, row.run) for row in later) == [
            (name, 1, new.id) for name in ("m::lamp::Lamp", "m::lamp::Rail")
        ]


def test_what_failed_in_the_newest_runs(file: Path) -> None:
    """Of so many judged runs of each stand, whatever else failures are told apart by."""
    made = [
        Run(MONDAY + hour, "failed", stand=f"Stand {hour % 2}", cases=(Case("m::rail", status="failed"),))
        for hour in range(6)
    ]
    with FiguresIndex(file) as index:
        follow(index, Feed([report_of(run.named(number)) for number, run in enumerate(made)]))  # type: ignore[arg-type]
        scope = Scope(by=("stand", "case"), newest=2)
        assert [(row.split.by["stand"], row.runs) for row in failures(index.ask, scope)] == [
            ("Stand 0", 2),
            ("Stand 1", 2),
        ]


@pytest.mark.parametrize("cause", ["case", "measurement", "error_code", "failing_stand"])
def test_what_failed_in_the_newest_runs_is_asked_by_name(cause: str) -> None:
    """The question with the number of its runs: what failures are told apart by is no column of runs."""
    made = [report_of(Run(MONDAY + hour, "failed").named(hour)) for hour in range(6)]
    with FiguresIndex(None) as index:
        follow(index, Feed(made))  # type: ignore[arg-type]
        assert answer(index.ask, QUESTIONS["failures"], Scope(by=(cause,), newest=2), {}).runs == 2


def test_values_of_the_newest_runs_of_a_sequence() -> None:
    """Newer runs of other sequences take none of their places."""
    cases = (Case("m::rail", measured=(("Rail", 5.0, "V", None),)),)
    made = [report_of(Run(MONDAY + hour, sequence=f"Test {hour // 3}", cases=cases).named(hour)) for hour in range(6)]
    with FiguresIndex(None) as index:
        follow(index, Feed(made))  # type: ignore[arg-type]
        scope = Scope(sequence="Test 0", newest=2)
        found = [row.start_time - MONDAY for row in points(index.ask, scope, Measured("m::rail", "Rail"))]
    assert found == [1, 2]


def test_what_was_added_stays_where_the_store_fails(file: Path) -> None:
    """Runs are read ahead of what is added: the first ones are counted, and the next time it goes on from there."""
    made = reports(9)

    class Failing(Feed):
        away = True

        def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
            if self.away and since == "6":
                raise StoreUnavailable("no connection")
            found = super().changes(since).runs[:3]
            upto = int(since or 0) + len(found)
            return StoreChanges(found, str(upto), len(made) - upto)

    store = Failing(made)
    with FiguresIndex(file) as index:
        with pytest.raises(StoreUnavailable, match="no connection"):
            follow(index, store)  # type: ignore[arg-type]
        assert (counted(index), index.checkpoint) == (6, ("feed", "6"))
        store.away = False
        follow(index, store)  # type: ignore[arg-type]
        assert counted(index) == 9


class Pages:
    """A store that gives a page at a time: reports, and ids of runs whose reports cannot be read."""

    place = "pages"

    def __init__(self, *pages: Sequence[RunReport | str]) -> None:
        self._pages = pages

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        """The next page."""
        at = int(since or 0)
        runs = [
            StoredRun(one, str(at), unreadable)
            if isinstance(one, str)
            else StoredRun(one["id"], str(at), partial(dict, one))  # type: ignore[arg-type]
            for one in self._pages[at]
        ]
        return StoreChanges(runs, str(at + 1), len(self._pages) - at - 1)


def unreadable() -> RunReport:
    raise StoreError("damaged")


def test_of_runs_that_are_added_together_what_the_store_told_last_counts() -> None:
    """It may tell of one run again while the first news of it wait to be added with others."""
    other, mended, damaged, whole = reports(4)
    aborted: RunReport = {**whole, "aborted": True}
    told = ([other], [mended["id"]], [damaged], [whole], [mended], [damaged["id"]], [aborted])
    with FiguresIndex(None) as index:
        follow(index, Pages(*told))  # type: ignore[arg-type]
        assert {run for (run,) in index.ask("SELECT id FROM runs WHERE NOT aborted")} == {
            one["id"] for one in (other, mended, whole)
        }
        assert index.ask("SELECT id FROM unreadable") == [(damaged["id"],)]
        assert index.counts() == (3, 1)


@pytest.mark.parametrize(("values", "added"), [(200_000, [1, 5]), (1, [1, 2, 3, 4, 5])])
def test_pages_are_added_together_unless_they_hold_much(
    monkeypatch: pytest.MonkeyPatch, values: int, added: list[int]
) -> None:
    """The first one alone: soon there is something to be asked for."""
    monkeypatch.setattr(following, "VALUES", values)
    done: list[int] = []
    with FiguresIndex(None) as index:
        follow(index, Pages(*([one] for one in reports(5))), lambda now, left: done.append(now))  # type: ignore[arg-type]
    assert (sorted(set(done)), len(done)) == (added, 5)


def test_each_page_is_told_with_what_is_not_added_yet() -> None:
    """So that somebody who waits sees it go on, and who wants to end it can, whatever the store takes for a page."""
    told: list[tuple[int, int]] = []
    with FiguresIndex(None) as index:
        follow(index, Pages(*([one] for one in reports(4))), lambda done, left: told.append((done, left)))  # type: ignore[arg-type]
    assert told == [(1, 3), (1, 3), (1, 3), (4, 0)]


def test_pages_without_runs_are_told_and_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may have little else than notes: how far it was looked through is kept, before a run and after."""
    monkeypatch.setattr(following, "PAGES", 2)
    pages: list[list[RunReport]] = [[], [], reports(1), [], [], [], [], []]
    kept: list[str | None] = []
    with FiguresIndex(None) as index:
        follow(index, Pages(*pages), lambda done, left: kept.append(index.checkpoint[1]))  # type: ignore[arg-type]
    assert kept == ["1", "2", "3", "3", "5", "5", "7", "8"]


class Interrupted(Exception):
    """Nobody waits any more."""


@pytest.mark.slow
@pytest.mark.parametrize("runs", [True, False])
def test_what_was_read_is_kept_where_it_is_broken_off(runs: bool) -> None:
    """A slow store need not be asked for the same pages the next time."""
    store = Pages(*([one] if runs else [] for one in reports(100)))

    def stop(done: int, left: int) -> None:
        told.append(left)
        if len(told) == 4:
            raise Interrupted

    told: list[int] = []
    with FiguresIndex(None) as index:
        with pytest.raises(Interrupted):
            follow(index, store, stop)  # type: ignore[arg-type]
        assert index.checkpoint == ("pages", "4")
        assert index.counts() == (4 if runs else 0, 0)
        follow(index, store)  # type: ignore[arg-type]
        assert index.counts() == (100 if runs else 0, 0)


def test_the_figures_of_another_store_are_begun_anew(file: Path) -> None:
    """A project whose configuration names another store does not count the runs of the one before."""
    made = reports(4)
    with FiguresIndex(file) as index:
        follow(index, Feed(made[:3]))  # type: ignore[arg-type]
        follow(index, Feed(made[3:], "another"))  # type: ignore[arg-type]
        assert counted(index) == 1


@pytest.mark.parametrize("harm", ["nonsense", "empty", "cut", "version", "foreign"])
def test_a_file_that_cannot_be_used_is_made_anew(file: Path, harm: str) -> None:
    """Whatever is wrong with it: it holds nothing that the store does not."""
    made = reports(3)
    with FiguresIndex(file) as index:
        follow(index, Feed(made))  # type: ignore[arg-type]
    if harm == "version":
        with duckdb.connect(str(file)) as connection:
            connection.execute("UPDATE place SET schema = 0")
    elif harm == "foreign":
        file.unlink()
        with duckdb.connect(str(file)) as connection:
            connection.execute("CREATE TABLE other (one INTEGER)")
    else:
        whole = file.read_bytes()
        file.write_bytes({"nonsense": b"no database" * 1000, "empty": b"", "cut": whole[: len(whole) // 2]}[harm])
    with FiguresIndex(file) as index:
        follow(index, Feed(made))  # type: ignore[arg-type]
        assert counted(index) == 3


def test_damage_within_the_file_is_told_and_mended(file: Path) -> None:
    """Bytes that flipped are noticed when they are read, and the next time everything is right again."""
    made = reports(60)
    with FiguresIndex(file) as index:
        follow(index, Feed(made))  # type: ignore[arg-type]
    data = bytearray(file.read_bytes())
    for at in range(3 * 4096, len(data), 100):
        data[at] ^= 0xFF
    file.write_bytes(data)
    with FiguresIndex(file) as index:
        try:
            follow(index, Feed(made))  # type: ignore[arg-type]
            right = counted(index) == 60
        except IndexDamaged:
            right = False
        if not right:
            rebuild(index, Feed(made))  # type: ignore[arg-type]
        assert counted(index) == 60


def test_one_process_at_a_time(file: Path) -> None:
    """Another one is told who has it; when that one is done it can be opened."""
    lock = file.with_name("figures.lock")
    with FiguresIndex(file, lock):
        code = (
            "import sys; from pathlib import Path; from sequencer.figures.index import FiguresIndex\n"
            "with FiguresIndex(Path(sys.argv[1]), Path(sys.argv[2])): pass"
        )
        command = [sys.executable, "-c", code, str(file), str(lock)]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert f"is in use by process {os.getpid()}" in refused.stderr
    with FiguresIndex(file, lock):
        pass


def test_a_file_that_another_program_has_open_is_left_alone(file: Path) -> None:
    """It is in use, not damaged."""
    code = "import sys, duckdb; kept = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with FiguresIndex(file) as index:
        follow(index, Feed(reports(3)))  # type: ignore[arg-type]
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(IndexInUse), FiguresIndex(file):
            pass
        other.stdin.close()
    with FiguresIndex(file) as index:
        assert counted(index) == 3


def test_the_newest_title_of_a_case_counts(file: Path) -> None:
    """In whatever order its runs come, also when the index was closed in between."""
    failed = [
        Run(start=MONDAY + at, status="failed", cases=(Case("m::rail", status="failed", title=title),)).named(at)
        for at, title in enumerate(["Old", "Old", "New", "Older"])
    ]
    order = [failed[2], failed[0], failed[1]]
    for upto in range(1, 4):
        with FiguresIndex(file) as index:
            follow(index, Feed([report_of(run) for run in order[:upto]]))  # type: ignore[arg-type]
            (row,) = failures(index.ask, Scope())
            assert (row.title, row.runs) == ("New", upto)


def test_numbers_beyond_all_measure_do_no_harm() -> None:
    """An overload of 1e300 V, a code of more than 64 bits and a NUL in a name are counted without an error."""
    cases = (Case("m::rail", measured=(("Rail\0", 1e300, "V", [0, 1]), ("Rail\0", 0.5, "V", [0, 1e300]))),)
    run = Run(status="failed", error_code=2**70, serial_number="SN\udc80\0", cases=cases)
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run)]))  # type: ignore[arg-type]
        (row,) = capabilities(index.ask, Scope())
        assert (row.n, row.mean, row.measurement) == (1, 0.5, "Rail\0")
        assert failures(index.ask, Scope(), "error_code") == []
        assert counted(index) == 1


CHILD = """
import sys
from pathlib import Path
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures import follow as following
from sequencer.store.sqlite.store import SqliteStore
following.PAGE = following.BATCH = 7
with FiguresIndex(Path(sys.argv[1])) as index:
    follow(index, SqliteStore(Path(sys.argv[2])), lambda done, left: print(done, flush=True))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_any_instant_each_run_is_counted_once(tmp_path: Path, file: Path) -> None:
    """A process that follows dies after some batches, in the midst of the next; another one goes on from there."""
    store = SqliteStore(tmp_path / "runs.sqlite3")
    for report in reports(60):
        store.save(report)
    for lines in (1, 2, 4):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(file), str(tmp_path / "runs.sqlite3")], cwd=ROOT, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            for _ in range(lines):
                child.stdout.readline()
            child.kill()  # wherever it is by now
        with FiguresIndex(file) as index:
            ((runs, different),) = index.ask("SELECT count(*), count(DISTINCT id) FROM runs")
            assert runs == different
            ((place, known),) = index.ask("SELECT coalesce(checkpoint, '0 '), (SELECT count(*) FROM runs) FROM place")
            assert int(str(place).split(" ")[0]) == known
            for unit, count in index.ask(
                "SELECT serial_number, count(*) FROM runs WHERE serial_number > '' GROUP BY 1"
            ):
                assert index.ask("SELECT count(*) FROM runs WHERE serial_number = ?", [unit]) == [(count,)]
    with FiguresIndex(file) as index:
        follow(index, store)
        assert counted(index) == 60
    store.close()


def test_a_report_that_cannot_be_read_is_left_out_and_told(open_sqlite: Callable[[], SqliteStore], file: Path) -> None:
    """The others are counted; once it can be read it is, too."""
    store = open_sqlite()
    made = reports(3)
    for report in made:
        store.save(report)
    with sqlite3.connect(store.place) as connection:
        (body,) = connection.execute("SELECT body FROM documents WHERE run = 2").fetchone()
        connection.execute("UPDATE documents SET body = x'00' WHERE run = 2")
    with FiguresIndex(file) as index:
        follow(index, store)
        assert counted(index) == 2
        ((run, reason),) = index.ask("SELECT id, reason FROM unreadable")
        assert run == made[1]["id"] and "damaged" in str(reason)
        with sqlite3.connect(store.place) as connection:
            connection.execute("UPDATE documents SET body = ? WHERE run = 2", [body])
        rebuild(index, store)
        assert counted(index) == 3
        assert index.ask("SELECT * FROM unreadable") == []
