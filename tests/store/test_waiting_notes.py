"""Notes that the store cannot have yet are safe in a file, and come into every store, each once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sequencer.project import append_only
from sequencer.report.model import RunReport
from sequencer.report.note import Note, new_note
from sequencer.store.base import Store, StoreUnavailable
from sequencer.store.waiting_notes import WaitingNotes

MakeReport = Callable[..., RunReport]


def note(run: str, comment: str = "cold joint µ") -> Note:
    return new_note(run, user="Eve", source="panel, 127.0.0.1", comment=comment, disposition="scrap")


def test_a_note_comes_after_its_run_and_once(store: Store, report: MakeReport, tmp_path: Path) -> None:
    """Not before the store has the run; one whose run never comes holds up none; the file is empty when all are in."""
    run, other = report(), report()
    file = tmp_path / "state" / "notes.jsonl"
    waiting = WaitingNotes(file)
    first, second = note(run["id"]), note(other["id"])
    waiting.add(first)
    waiting.add(second)
    assert (waiting.deliver(store), store.notes([run["id"]])) == (2, {})
    store.save(run)
    assert [WaitingNotes(file).deliver(store) for _ in range(2)] == [1, 1]
    assert store.notes([run["id"], other["id"]]) == {run["id"]: [first]}
    assert waiting.all() == [first, second]
    store.save(other)
    assert waiting.deliver(store) == 0
    assert store.notes([run["id"], other["id"]]) == {run["id"]: [first], other["id"]: [second]}
    assert (waiting.all(), file.read_bytes()) == ([], b"")
    third = note(run["id"], "again")
    waiting.add(third)
    assert (waiting.deliver(store), store.notes([run["id"]])[run["id"]]) == (0, [first, third])


def test_a_note_is_on_the_disk_or_refused(
    open_sqlite: Callable[[], Store], report: MakeReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk says so, and what it cut off costs no other note; a store that is away costs none either."""
    run, store = report(), open_sqlite()
    store.save(run)
    waiting = WaitingNotes(tmp_path / "notes.jsonl")
    kept = note(run["id"])
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(append_only.os, "write", lambda descriptor, data: write(descriptor, data[:20]))
        with pytest.raises(StoreUnavailable, match="the comment cannot be kept: the disk took a part"):
            waiting.add(note(run["id"], "torn"))
    waiting.add(kept)

    def away(_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(store, "add_note", away)
        waiting.deliver(store)
    assert waiting.all() == [kept]
    assert (waiting.deliver(store), store.notes([run["id"]])) == (0, {run["id"]: [kept]})
