"""The log of what people did: a file that only grows, and from it every store, each entry once."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.project import append_only
from sequencer.project.action_log import OUTCOME_SECONDS, ActionLog, LogEntry, LogUnwritable, read_log
from sequencer.project.state_folder import StateFolder
from sequencer.store import facts, log_delivery
from sequencer.store.base import LogFilter, Store, StoreUnavailable
from sequencer.store.log_delivery import KEPT, deliver_log
from sequencer.store.sqlite.store import SqliteStore
from tests.store.counting import statistics


def entry(number: int, *, time: float | None = None, **more: Any) -> LogEntry:
    known = LogEntry(
        f"{number:032x}", float(number) if time is None else time, "Stand 1", "Eve", "engineer", "panel, 127.0.0.1",
        "sync", {}, None, "done", None,
    )  # fmt: skip
    return known._replace(**more)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def test_what_is_in_a_store_is_there_once_and_stays(store: Store) -> None:
    """An entry that comes again changes nothing, whatever it says; pages are newest first and lose none."""
    first = entry(1, details={"only": ["a::b"], "odd": "µ"}, why="the fixture was changed", result="run 7")
    store.add_to_log([first, entry(2), entry(3)])
    store.add_to_log([entry(4, time=3.0), first._replace(why="another")])
    page = store.log(limit=2)
    assert [found.id[-1] for found in page.entries] == ["4", "3"]
    rest = store.log(limit=2, cursor=page.next)
    assert ([found.id[-1] for found in rest.entries], rest.next) == (["2", "1"], None)
    assert rest.entries[-1] == first
    assert [found.id[-1] for found in store.log(LogFilter(since=2.0, until=3.0)).entries] == ["2"]
    with pytest.raises(ValueError, match="cursor"):
        store.log(cursor="nowhere")


def test_the_log_of_one_person_or_one_action(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, whatever lies between; the name in capitals or not."""
    monkeypatch.setattr(facts, "LOOKED_THROUGH", 2)
    others = {2: {"user": "Max"}, 3: {"action": "start"}, 4: {"user": None}, 6: {"user": "Max"}}
    store.add_to_log([entry(number, **others.get(number, {})) for number in range(1, 9)])

    def pages(actions: LogFilter) -> list[list[str]]:
        found, cursor = [], None
        while True:
            page = store.log(actions, limit=2, cursor=cursor)
            found.append([one.id[-1] for one in page.entries])
            cursor = page.next
            if cursor is None:
                return found

    assert pages(LogFilter(user="eve")) == [["8", "7"], ["5", "3"], ["1"]]
    assert pages(LogFilter(user="Eve", action="sync", until=8.0)) == [["7", "5"], ["1"]]
    assert pages(LogFilter(user="MAX")) == [["6", "2"]]
    assert pages(LogFilter(action="users add")) == [[]]
    with pytest.raises(ValueError, match="cursor"):
        store.log(LogFilter(user="Eve"), cursor="nowhere")


def test_the_log_is_no_run(store: Store, report: Callable[..., Any]) -> None:
    """Lists and figures know nothing of it."""
    saved = report()
    store.save(saved)
    store.add_to_log([entry(1), entry(2, time=saved["start_time"])])
    assert [run.id for run in store.find().runs] == [saved["id"]]
    assert statistics(store).runs == 1
    assert store.latest() == saved


def test_an_action_is_on_the_disk_before_it_is_carried_out(state: StateFolder) -> None:
    """First what is about to be done, then what became of it; nobody else can read the file."""
    log = ActionLog(state.actions, "Stand 1")
    with log.action("sync", source="panel", user="Eve", role="engineer", why="now") as outcome:
        assert json.loads(state.actions.read_text())["action"] == "sync"
        outcome.result = "sent"
    with pytest.raises(KeyError), log.action("start", source="panel"):
        raise KeyError("x")
    with log.action("start", source="panel") as outcome:
        outcome.refused("role-needed")
    reading = read_log(state.actions.read_bytes(), 0.0)
    assert [(one.action, one.outcome, one.result) for one in reading.entries] == [
        ("sync", "done", "sent"),
        ("start", "failed", "KeyError"),
        ("start", "refused", "role-needed"),
    ]
    assert (reading.entries[0].user, reading.entries[0].why, reading.entries[0].stand) == ("Eve", "now", "Stand 1")
    if sys.platform != "win32":
        assert stat.S_IMODE(state.actions.stat().st_mode) == 0o600


def test_without_a_line_on_the_disk_nothing_is_done(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk refuses the action; what it cut off damages no later line."""
    log = ActionLog(state.actions)
    with log.action("sync", source="panel"):
        pass
    write = os.write
    monkeypatch.setattr(append_only.os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    done = []
    with pytest.raises(LogUnwritable, match="part"), log.action("start", source="panel"):
        done.append("it")
    assert done == []
    monkeypatch.undo()
    with log.action("users add", source="command line"):
        pass
    reading = read_log(state.actions.read_bytes(), 0.0)
    assert [one.action for one in reading.entries] == ["sync", "users add"]
    assert reading.damaged == 1


def test_many_write_at_once(state: StateFolder) -> None:
    """Every entry is there whole."""

    def work() -> None:
        log = ActionLog(state.actions)
        for _ in range(20):
            with log.action("sync", source="panel"):
                pass

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reading = read_log(state.actions.read_bytes(), 0.0)
    assert (len({one.id for one in reading.entries}), reading.damaged) == (80, 0)


def test_what_has_not_ended_waits_and_is_unknown_in_the_end(state: StateFolder, store: Store) -> None:
    """While an action goes on its entry is not delivered; of one whose end never came nobody knows what became."""
    log = ActionLog(state.actions)
    with log.action("start", source="panel"):
        with log.action("sync", source="panel"):
            pass
        deliver_log(state, store)
        assert [one.action for one in store.log().entries] == ["sync"]
    deliver_log(state, store)
    assert [(one.action, one.outcome) for one in store.log().entries] == [("sync", "done"), ("start", "done")]
    first = state.actions.read_bytes().splitlines(keepends=True)[0]
    begun = json.loads(first)["time"]
    assert read_log(first, begun + 1).settled == 0
    (late,) = read_log(first, begun + OUTCOME_SECONDS).entries
    assert late.outcome == "unknown"


def test_nothing_is_lost_while_the_store_is_away(
    state: StateFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes once the store is back, each entry once, also when nobody remembers how much went before."""
    log = ActionLog(state.actions)
    with log.action("sync", source="panel"):
        pass

    def away(_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(store, "add_to_log", away)
        deliver_log(state, store)
    assert deliver_log(state, store) == 0
    state.actions_delivered.write_text("[]")
    with log.action("start", source="panel"):
        pass
    deliver_log(state, store)
    deliver_log(state, store)
    assert [one.action for one in store.log().entries] == ["start", "sync"]


def test_a_new_database_in_the_old_ones_place_has_the_log_as_well(state: StateFolder, tmp_path: Path) -> None:
    """Whoever moves a damaged database away loses nothing of the log: the file in the state folder has all of it."""
    log = ActionLog(state.actions)
    with log.action("sync", source="panel"):
        pass
    for _ in range(2):
        (tmp_path / "runs.sqlite3").unlink(missing_ok=True)
        with closing(SqliteStore(tmp_path / "runs.sqlite3")) as store:
            deliver_log(state, store)
            assert [one.action for one in store.log().entries] == ["sync"]


LINES = st.one_of(
    st.binary(max_size=30),
    st.builds(
        lambda number, when: json.dumps({**entry(number).document(), "outcome": None, "time": when}).encode(),
        st.integers(0, 3),
        st.one_of(st.floats(), st.none(), st.integers(0, 10)),
    ),
    st.builds(
        lambda number, outcome: json.dumps({"id": entry(number).id, "outcome": outcome, "result": None}).encode(),
        st.integers(0, 3),
        st.sampled_from(["done", "refused", "odd", None, 7]),
    ),
)


@given(st.lists(LINES, max_size=8), st.binary(max_size=10))
def test_whatever_the_file_holds_the_rest_of_it_is_read(lines: list[bytes], torn: bytes) -> None:
    """Lines that are cut, mixed up or nonsense cost no other line; a good action behind them is there."""
    good = {key: value for key, value in entry(9, time=5.0).document().items() if key not in ("outcome", "result")}
    end = {"id": entry(9).id, "outcome": "done", "result": None}
    damaged = b"\n".join([*lines, torn])
    reading = read_log(damaged + b"\n" + json.dumps(good).encode() + b"\n" + json.dumps(end).encode() + b"\n", 1e12)
    assert entry(9, time=5.0) in reading.entries
    assert 0 <= read_log(damaged, 5.0).settled <= len(damaged)
    assert all(one.id and one.time >= 0 for one in reading.entries)


def test_a_database_of_before_takes_the_log_in(tmp_path: Path) -> None:
    """It is brought up to date when it is opened, and every run is there as it was."""
    before = Path(__file__).parents[1] / "fixtures" / "before_rooms" / "hardseq.sqlite3"
    path = tmp_path / "hardseq.sqlite3"
    path.write_bytes(before.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        bodies = connection.execute("SELECT id, body FROM runs JOIN documents ON run = number").fetchall()
    with closing(SqliteStore(path)) as store:
        store.add_to_log([entry(1)])
        assert store.log().entries == [entry(1)]
        assert sorted(run.id for run in store.find(limit=100).runs) == sorted(identity for identity, _ in bodies)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, body FROM runs JOIN documents ON run = number").fetchall() == bodies


def act(state: StateFolder, *names: str) -> None:
    for name in names:
        with ActionLog(state.actions).action(name, source="panel"):
            pass


def test_a_large_file_begins_anew_once_the_store_has_it(
    state: StateFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while the store is away or an action goes on; a few are kept; each entry is in the store, once."""
    monkeypatch.setattr(log_delivery, "LARGEST", 900)
    names = [f"action {number}" for number in range(30)]
    act(state, *names[:8])

    def away(_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(store, "add_to_log", away)
        deliver_log(state, store)
    with ActionLog(state.actions).action("meanwhile", source="panel"):
        deliver_log(state, store)
        assert state.actions.stat().st_size > 900
    deliver_log(state, store)
    assert state.actions.read_bytes() == b""
    assert deliver_log(state, store) == 0
    for name in names[8:]:
        act(state, name)
        deliver_log(state, store)
    assert sorted(one.action for one in store.log(limit=500).entries) == sorted(["meanwhile", *names])
    kept = sorted(state.path.glob("actions-*.jsonl"))
    assert len(kept) == KEPT and kept[-1] > state.older_actions(KEPT)
    assert read_log(kept[-1].read_bytes(), 0.0).damaged == 0
    if sys.platform != "win32":
        assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600


def test_what_was_set_aside_goes_to_a_new_store_as_well(
    state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one, and one in a lost one's place; a machine that died while it was set aside doubles nothing."""
    monkeypatch.setattr(log_delivery, "LARGEST", 900)
    path = tmp_path / "runs.sqlite3"
    names = [f"action {number}" for number in range(8)]
    with closing(SqliteStore(path)) as store:
        act(state, *names)
        before = state.actions.read_bytes()
        deliver_log(state, store)
        assert state.actions.read_bytes() == b""
        state.actions.write_bytes(before)  # as if it had not been emptied any more
        act(state, "the last")
        deliver_log(state, store)
    for file in (path, path, tmp_path / "other.sqlite3"):
        with closing(SqliteStore(file)) as store:
            deliver_log(state, store)
            assert [one.action for one in store.log(limit=99).entries] == ["the last", *reversed(names)]
        path.unlink(missing_ok=True)


def test_what_others_wrote_into_the_emptied_file_is_not_taken_for_known(
    state: StateFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process remembers how much of the file of before the store has, while this one is as long again."""
    act(state, *(f"action {number}" for number in range(8)))
    deliver_log(state, store)
    remembered = state.actions_delivered.read_bytes()
    monkeypatch.setattr(log_delivery, "LARGEST", 900)
    deliver_log(state, store)
    assert state.actions.read_bytes() == b""
    monkeypatch.undo()
    act(state, *(f"later {number}" for number in range(9)))
    state.actions_delivered.write_bytes(remembered)
    deliver_log(state, store)
    assert len({one.action for one in store.log(limit=99).entries}) == 17
