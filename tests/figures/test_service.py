"""The figures of a process that lives long: opened when needed, never behind for long, answering whatever goes on."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sequencer.figures import service
from sequencer.figures.catalogue import QUESTIONS, Answer
from sequencer.figures.index import FiguresIndex, FiguresUnavailable
from sequencer.figures.runs import all_runs
from sequencer.figures.scope import Scope
from sequencer.figures.service import FiguresService, FiguresState
from sequencer.report.model import RunReport
from sequencer.store.base import StoreChanges, StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.history import Feed
from tests.figures.line import line, whole_report
from tests.store.tampering import change_report


def reports(count: int) -> list[RunReport]:
    """Judged ones, of the line."""
    return [whole_report(rows) for rows in line(2 * count, measurements=3) if rows.run.judged][:count]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy is slow, not wrong."""
    for name in ("PATIENCE", "COUNTING_SECONDS"):
        monkeypatch.setattr(service, name, 60.0)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., FiguresService]]:
    """Services of stores, all with the same file."""
    made: list[FiguresService] = []

    def make(store: object) -> FiguresService:
        made.append(FiguresService(store, tmp_path / "figures.duckdb", tmp_path / "figures.lock"))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def asked(figures: FiguresService) -> tuple[Answer, FiguresState]:
    return figures.ask(QUESTIONS["yield"], Scope(), {})


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Slow(Feed):
    """A store that gives its runs away when it may; without a connection it has none."""

    def __init__(self, made: list[RunReport]) -> None:
        super().__init__(made)
        self.count = len(made)
        self.may = threading.Event()
        self.waits = threading.Event()
        self.away = False

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        if self.away:
            raise StoreUnavailable("no connection")
        limit = min(limit, 200)
        if since == str(limit):
            self.waits.set()
            assert self.may.wait(60)
        runs = super().changes(since).runs[:limit]
        upto = int(since or 0) + len(runs)
        return StoreChanges(runs, str(upto), self.count - upto)


def test_it_is_opened_when_it_is_needed_and_counts_what_anybody_stores(
    tmp_path: Path, serve: Callable[..., FiguresService]
) -> None:
    """Nothing is touched before; a run that another process stored is in the next answer, or soon, unasked."""
    store, other = (SqliteStore(tmp_path / "runs.sqlite3") for _ in range(2))
    first, second, third = reports(3)
    store.save(first)
    figures = serve(store)
    assert not figures.is_open and not (tmp_path / "figures.duckdb").exists()
    found, state = asked(figures)
    assert (found.runs, found.left_out, state.runs, state.left) == (1, 0, 1, 0)
    other.save(second)
    assert asked(figures)[0].runs == 2
    other.save(third)
    until(lambda: figures.state().runs == 3)
    store.close()
    other.close()


def test_a_report_that_was_changed_after_it_was_counted_is_read_again(
    tmp_path: Path, serve: Callable[..., FiguresService]
) -> None:
    """The store does not tell of it; once somebody has read it, it counts as it is read now, and is marked."""
    store = SqliteStore(tmp_path / "runs.sqlite3")
    one, other = [report for report in reports(20) if report["status"] == "passed"][:2]
    for report in (one, other):
        store.save(report)
    figures = serve(store)
    assert asked(figures)[0].rows[0]["passed"] == 2
    change_report(tmp_path / "runs.sqlite3", one["id"], user="Nobody")
    assert asked(figures)[0].rows[0]["passed"] == 2
    figures.read_again(one["id"])
    (row,) = asked(figures)[0].rows
    assert (row["runs"], row["passed"], row["error"]) == (2, 1, 1)
    found, _ = figures.read(lambda ask: list(all_runs(ask, Scope())))
    assert {run.id: (run.status, run.changed) for run in found} == {
        one["id"]: ("error", True),
        other["id"]: ("passed", False),
    }
    store.close()


@pytest.mark.slow
def test_a_change_in_the_database_is_found_by_itself(
    tmp_path: Path, serve: Callable[..., FiguresService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few reports at each look are held against their fingerprints, in rounds: a changed one is marked and counted
    as such, a damaged one is left out, and one that is what it was again counts as before."""
    for name, value in (("CHECKED", 3), ("CHECK_PAUSE", 0.0), ("LOOK_SECONDS", 0.01)):
        monkeypatch.setattr(service, name, value)
    file = tmp_path / "runs.sqlite3"
    store = SqliteStore(file)
    made = [report for report in reports(30) if report["status"] == "passed"][:10]
    for report in made:
        store.save(report)
    figures = serve(store)
    assert (asked(figures)[0].rows[0]["passed"], figures.state().changed) == (10, 0)

    def settles(*, changed: int, unreadable: int, passed: int) -> None:
        end, wanted = time.monotonic() + 60.0, (changed, unreadable, passed)
        while (figures.state().changed, figures.state().unreadable, asked(figures)[0].rows[0]["passed"]) != wanted:
            assert time.monotonic() < end
            time.sleep(0.02)

    first, last = made[0], made[-1]
    with closing(sqlite3.connect(file)) as connection:
        (whole,) = connection.execute(
            "SELECT body FROM documents WHERE run = (SELECT number FROM runs WHERE id = ?)", (last["id"],)
        ).fetchone()
    for report in (first, last):
        change_report(file, report["id"], user="Nobody")
    settles(changed=2, unreadable=0, passed=8)
    found, _ = figures.read(lambda ask: list(all_runs(ask, Scope())))
    assert {run.id for run in found if run.changed} == {first["id"], last["id"]}
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "UPDATE documents SET body = ? WHERE run = (SELECT number FROM runs WHERE id = ?)", (whole, last["id"])
        )
        connection.execute(
            "UPDATE documents SET body = x'00' WHERE run = (SELECT number FROM runs WHERE id = ?)", (made[4]["id"],)
        )
    settles(changed=1, unreadable=1, passed=8)
    store.close()


@pytest.mark.slow
def test_what_is_there_is_answered_while_the_rest_is_added(serve: Callable[..., FiguresService]) -> None:
    """A question, and how far it is, do not wait for a rebuild; it says how many runs are left."""
    store = Slow(reports(500))
    figures = serve(store)
    figures.follow()
    assert store.waits.wait(60)
    found, state = asked(figures)
    assert (found.runs, state.left, state.rebuilding) == (200, 300, True)
    store.may.set()
    until(lambda: figures.state().left == 0)
    assert asked(figures)[0].runs == 500
    assert not figures.state().rebuilding
    figures.rebuild()
    until(lambda: figures.state().left == 0)
    assert asked(figures)[0].runs == 500


@pytest.mark.slow
def test_what_must_be_whole_waits_for_the_rest(
    serve: Callable[..., FiguresService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few hundred runs are counted soon: the answer has all of them. A long backlog is told at once."""
    store = Slow(reports(500))
    figures = serve(store)
    figures.follow()
    assert store.waits.wait(60)
    with ThreadPoolExecutor(1) as asking:
        monkeypatch.setattr(service, "SOON", 299)
        with pytest.raises(FiguresUnavailable, match="300 runs are still being counted"):
            figures.complete(lambda ask: ask("SELECT count(*) FROM runs", []))
        monkeypatch.setattr(service, "SOON", 300)
        waiting = asking.submit(figures.complete, lambda ask: ask("SELECT count(*) FROM runs", []))
        with pytest.raises(TimeoutError):
            waiting.result(0.1)
        store.may.set()
        assert waiting.result(60) == [(500,)]


def test_what_is_not_counted_in_time_is_not_said_to_be_all(
    serve: Callable[..., FiguresService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that takes its time gets the answer of before, which says that it may lack something; or none."""
    store = Slow(reports(3))
    figures = serve(store)
    assert figures.complete(lambda ask: ask("SELECT count(*) FROM runs", [])) == [(3,)]
    asked_again, may = threading.Event(), threading.Event()

    def slow(since: str | None = None, *, limit: int = 500) -> StoreChanges:
        asked_again.set()
        assert may.wait(60)
        return StoreChanges([], since or "", 0)

    monkeypatch.setattr(store, "changes", slow)
    figures.follow()
    assert asked_again.wait(60)
    for name in ("PATIENCE", "COUNTING_SECONDS"):
        monkeypatch.setattr(service, name, 0.0)
    found, state = asked(figures)
    assert (found.runs, state.left, state.problem) == (3, None, None)
    with pytest.raises(FiguresUnavailable, match="the newest runs are still being counted"):
        figures.complete(lambda ask: ask("SELECT count(*) FROM runs", []))
    may.set()


def test_a_store_that_is_away_is_told(serve: Callable[..., FiguresService]) -> None:
    """The figures are those of the last time; without any there is no answer at all, rather than none tested."""
    store = Slow(reports(3))
    store.away = True
    figures = serve(store)
    with pytest.raises(StoreUnavailable, match="no connection"):
        asked(figures)
    assert figures.state().left is None
    store.away = False
    assert asked(figures)[0].runs == 3
    store.away = True
    until(lambda: asked(figures)[1].problem is not None)
    found, state = asked(figures)
    assert (found.runs, state.left, str(state.problem)) == (3, None, "no connection")


class Held(Feed):
    """A store of a hundred pages, with a run in each of them or with notes alone; it takes its time for the fourth."""

    def __init__(self, made: list[RunReport], *, runs: bool) -> None:
        super().__init__(made)
        self._runs = runs
        self.asked: list[int] = []
        self.waits, self.may = threading.Event(), threading.Event()

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        at = int(since or 0)
        self.asked.append(at)
        if at == 3 and not self.may.is_set():
            self.waits.set()
            assert self.may.wait(60)
        runs = super().changes(since).runs[:1] if self._runs else []
        return StoreChanges(runs, str(at + 1), 99 - at)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [True, False])
def test_nobody_waits_for_more_than_a_page_when_it_is_closed(
    tmp_path: Path, serve: Callable[..., FiguresService], runs: bool
) -> None:
    """The page that the store was asked for may be followed by one; the next time it goes on from what was added."""
    store = Held(reports(100), runs=runs)
    figures = serve(store)
    figures.follow()
    assert store.waits.wait(60)
    with ThreadPoolExecutor(1) as closing_it:
        closed = closing_it.submit(figures.close)
        with pytest.raises(TimeoutError):
            closed.result(0.2)
        store.may.set()
        closed.result(60)
    assert store.asked in ([0, 1, 2, 3], [0, 1, 2, 3, 4])
    with FiguresIndex(tmp_path / "figures.duckdb", tmp_path / "figures.lock") as index:
        upto = int(index.checkpoint[1] or 0)
        assert 1 <= upto <= 4
        assert index.counts() == (upto if runs else 0, 0)
    again = serve(store)
    until(lambda: again.state().left == 0)
    assert again.state().runs == (100 if runs else 0)


def test_a_store_that_does_not_answer_is_waited_for_once(
    serve: Callable[..., FiguresService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who closes it a second time has waited already."""
    store = Held(reports(4), runs=True)
    figures = serve(store)
    figures.follow()
    assert store.waits.wait(60)
    monkeypatch.setattr(service, "CLOSING_SECONDS", 0.1)
    figures.close()
    monkeypatch.setattr(service, "CLOSING_SECONDS", 60.0)
    with ThreadPoolExecutor(1) as closing_it:
        try:
            closing_it.submit(figures.close).result(20)
        finally:
            store.may.set()


def test_a_file_that_others_have_open_is_waited_for(tmp_path: Path, serve: Callable[..., FiguresService]) -> None:
    """A command has it for a moment; the panel goes on when it is done."""
    figures = serve(Feed(reports(3)))
    with FiguresIndex(tmp_path / "figures.duckdb", tmp_path / "figures.lock"):
        until(lambda: "is in use" in str(figures.state().problem))
    assert asked(figures)[0].runs == 3


@pytest.mark.slow
def test_damage_is_mended_by_itself(tmp_path: Path, serve: Callable[..., FiguresService]) -> None:
    """Bytes that flip while nobody looks, or no file at all: the next answer is right."""
    file = tmp_path / "figures.duckdb"
    made = reports(300)
    first = serve(Feed(made))
    assert asked(first)[0].runs == 300
    first.close()
    with pytest.raises(FiguresUnavailable):
        asked(first)
    data = bytearray(file.read_bytes())
    for at in range(3 * 4096, len(data), 100):
        data[at] ^= 0xFF
    file.write_bytes(data)
    damaged = serve(Feed(made))
    until(lambda: asked(damaged)[0].runs == 300)
    damaged.close()
    file.unlink()
    assert asked(serve(Feed(made)))[0].runs == 300


CHILD = """
import sys, time
from pathlib import Path
from sequencer.figures import follow
from sequencer.figures.service import FiguresService
from sequencer.store.sqlite.store import SqliteStore
follow.PAGE = follow.BATCH = 7
folder = Path(sys.argv[1])
figures = FiguresService(SqliteStore(folder / "runs.sqlite3"), folder / "figures.duckdb", folder / "figures.lock")
if sys.argv[2] == "anew":
    figures.rebuild()
while figures.state().left != 0:
    time.sleep(0.001)
    print(figures.state().runs, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_at_any_instant_of_following_and_rebuilding(
    tmp_path: Path, serve: Callable[..., FiguresService]
) -> None:
    """Real processes that follow or begin again die wherever they are; the next one counts each run once."""
    store = SqliteStore(tmp_path / "runs.sqlite3")
    for report in reports(60):
        store.save(report)
    for runs, how in ((1, "on"), (30, "on"), (15, "anew")):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), how],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            for line_ in child.stdout:
                if int(line_) >= runs:
                    break
            child.kill()
    figures = serve(store)
    until(lambda: figures.state().left == 0)
    found, state = asked(figures)
    assert (found.runs, state.runs, state.unreadable) == (60, 60, 0)
    store.close()
