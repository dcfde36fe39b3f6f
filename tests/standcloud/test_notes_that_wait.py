"""What is added to a run that the store lacks, or while it is away, is shown at once and comes to the store once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import Refusal
from sequencer.cli import runs, sync
from sequencer.project.settings import DatabaseSettings, Settings
from sequencer.project.state_folder import StateFolder
from sequencer.report.model import RunReport
from sequencer.report.note import Note, new_note
from sequencer.report.run_id import new_run_id
from sequencer.standcloud.deliveries import Deliveries
from sequencer.standcloud.delivery import COUCHDB
from sequencer.standcloud.outbox import Outbox
from sequencer.store.base import StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from tests.standcloud.conftest import make_report

MakeReport = Callable[..., RunReport]


class Distant:
    """A store on a server that is away, or back, as the test wants."""

    def __init__(self, store: SqliteStore) -> None:
        self.away = True
        self.store = store

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise StoreUnavailable("CouchDB cannot be reached: connection refused")
        return getattr(self.store, name)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / ".hardseq")


@pytest.fixture
def distant(tmp_path: Path) -> Iterator[Distant]:
    store = SqliteStore(tmp_path / "server.sqlite3")
    yield Distant(store)
    store.close()


@pytest.fixture
def deliveries(state: StateFolder, distant: Any, tmp_path: Path) -> Iterator[Deliveries]:
    settings = Settings(database=DatabaseSettings(storage_type="couchdb"))
    opened = Deliveries(settings, state, distant, folder=tmp_path)
    yield opened
    opened.close()


def add(deliveries: Deliveries, run: str, comment: str) -> Note:
    located = deliveries.locate(run)
    assert located is not None
    note = new_note(located.id, user="Eve", source="panel", comment=comment, disposition=None)
    deliveries.add_note(note, located)
    return note


def test_a_run_that_waits_in_the_outbox_is_commented(
    deliveries: Deliveries, distant: Distant, report: MakeReport
) -> None:
    """It is found and shown with its notes; they reach the store with it, each once, and not before."""
    run = report()
    identity = run["id"]
    assert not deliveries.accept(run).stored
    notes = [add(deliveries, identity, "cold"), add(deliveries, identity, "odd")]
    assert deliveries.report(identity) == run
    assert deliveries.notes([identity]) == {identity: notes}
    distant.away = False
    assert distant.store.get(identity) is None
    notes.append(add(deliveries, identity, "while it still waits"))
    assert deliveries.deliver_notes() == 3
    assert distant.store.notes([identity]) == {}
    result = deliveries.sync()
    assert (result.clean, result.notes) == (True, 0)
    assert distant.store.notes([identity]) == deliveries.notes([identity]) == {identity: notes}
    notes.append(add(deliveries, "latest", "stored"))
    assert distant.store.notes([identity]) == {identity: notes}
    assert deliveries.locate(new_run_id()) is None


def test_a_stored_run_is_commented_while_the_store_is_away(
    deliveries: Deliveries, distant: Distant, state: StateFolder, report: MakeReport
) -> None:
    """One of this stand, whose journal is here; of others nobody knows. `sync` does not call that done."""
    run = report()
    identity = run["id"]
    distant.away = False
    deliveries.accept(run)
    distant.away = True
    with pytest.raises(StoreUnavailable):
        deliveries.locate(identity)
    state.journals.mkdir(parents=True)
    state.journal(identity).write_bytes(b'{"event":"report_stored"}\n')
    note = add(deliveries, identity, "cold")
    with pytest.raises(StoreUnavailable):  # it may have others
        deliveries.notes([identity])
    result = deliveries.sync()
    assert (result.clean, result.notes) == (False, 1)
    distant.away = False
    assert deliveries.notes([identity]) == {identity: [note]}
    assert deliveries.sync().clean
    assert distant.store.notes([identity]) == {identity: [note]}


def test_the_commands_take_a_comment_while_the_store_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`hardseq runs comment` keeps it, `runs show` shows it, `sync` says that it waits."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    (tmp_path / "hardseq.toml").write_text('[database]\nstorage_type = "couchdb"\nurl = "http://127.0.0.1:9"\n')
    run = make_report()
    outbox = Outbox(StateFolder(tmp_path / ".hardseq").database)
    outbox.put(run["id"], COUCHDB, run)
    outbox.close()

    def hardseq(command: Any, *arguments: str) -> Any:
        return CliRunner().invoke(command, [*arguments], standalone_mode=False)

    project = ("--project", str(tmp_path))
    done = hardseq(runs.command, "comment", run["id"], "cold joint", *project)
    assert (done.exception, done.stdout) == (None, f"added to run {run['id']}\n")
    assert "comment: cold joint" in hardseq(runs.command, "show", run["id"], *project).stdout
    refused = hardseq(runs.command, "comment", new_run_id(), "cold joint", *project)
    assert isinstance(refused.exception, Refusal) and "cannot be reached" in str(refused.exception)
    waits = hardseq(sync.command, str(tmp_path))
    assert "1 comment waiting for the store" in waits.stdout and waits.return_value == 1
