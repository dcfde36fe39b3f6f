"""The factory's CouchDB: made by one command, which can be given again and again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.cli import factory as factory_command
from sequencer.report.model import RunReport
from sequencer.store.base import StoreError, StoreUnavailable
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.design import READER
from sequencer.store.couchdb.factory import STAND, Account, set_up_factory
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.couchdb.written_requests import WrittenRequests

pytestmark = pytest.mark.slow

MakeReport = Callable[..., RunReport]


@pytest.fixture
def admin(couchdb_server: Any, database: str) -> Iterator[CouchClient]:
    """The administrator, whose accounts are gone afterwards."""
    couch = couchdb_server.connect()
    yield couch
    for name in ("stand", "reader"):
        with suppress(StoreUnavailable):
            stored = couch.get("_users", f"org.couchdb.user:{database}-{name}")
            couch.delete("_users", stored["_id"], rev=stored["_rev"])
    couch.close()


def call(folder: Path, *arguments: str) -> Result:
    found = CliRunner().invoke(factory_command.command, ["init", str(folder), *arguments], standalone_mode=False)
    if isinstance(found.exception, Refusal):
        raise found.exception
    return found


def test_a_stand_adds_runs_and_a_reader_reads(
    admin: CouchClient, couchdb_server: Any, database: str, report: MakeReport
) -> None:
    """With the passwords that were made; neither changes a run, and whoever was a member before still is."""
    admin.put(database)
    admin.put(database, "_security", body={"members": {"names": ["eve"], "roles": []}, "admins": {}})
    stand, reader = f"{database}-stand", f"{database}-reader"
    made = set_up_factory(admin, database, [stand], [reader])
    assert [(account.name, account.role) for account in made] == [(stand, STAND), (reader, READER)]
    assert admin.get(database, "_security")["members"] == {"names": ["eve"], "roles": [STAND, READER]}
    connected = {account.role: couchdb_server.connect(user=account.name, password=account.password) for account in made}
    run = {"type": "run", "summary": {}}
    connected[STAND].put(database, "a", body=run)
    changed = {**connected[STAND].get(database, "a"), "summary": {"status": "passed"}}
    with pytest.raises(StoreUnavailable, match="a stored run is not changed"):
        connected[STAND].put(database, "a", body=changed)
    saved = report()
    with closing(CouchStore(admin, database, version_1=f"{database}_v1")) as store:
        store.save(saved)
    with closing(CouchStore(connected[READER], database)) as store:
        assert store.get(saved["id"]) == saved
        with pytest.raises(StoreUnavailable, match="may only read"):
            connected[READER].put(database, "b", body={"type": "run"})
        with pytest.raises(StoreUnavailable, match="may only read"):
            connected[READER].put(f"{database}_live", "b", body={"type": "live"})
    connected[STAND].close()


def test_doing_it_again_changes_nothing(admin: CouchClient, database: str) -> None:
    """Accounts keep their passwords and get the role that they lack; no document is written a second time."""
    stand, reader = f"{database}-stand", f"{database}-reader"
    [first] = set_up_factory(admin, database, [stand])
    assert first.password is not None and len(first.password) == 24
    again = set_up_factory(admin, database, [stand], [reader])
    assert again[0] == Account(stand, STAND, None) and again[1].password
    revisions = [admin.get("_users", f"org.couchdb.user:{name}")["_rev"] for name in (stand, reader)]
    before = admin.get(database)["update_seq"]
    assert [account.password for account in set_up_factory(admin, database, [stand], [reader])] == [None, None]
    assert admin.get(database)["update_seq"] == before
    assert [admin.get("_users", f"org.couchdb.user:{name}")["_rev"] for name in (stand, reader)] == revisions
    set_up_factory(admin, database, [], [stand])
    assert admin.get("_users", f"org.couchdb.user:{stand}")["roles"] == [STAND, READER]


def test_the_printed_commands_do_the_same(admin: CouchClient, database: str, tmp_path: Path) -> None:
    """Each changes an empty server as the command itself would; nothing is asked of the server that is named."""
    (tmp_path / "hardseq.toml").write_text(
        f'[database]\nurl = "http://127.0.0.1:9"\nname = "{database}"\n', encoding="utf-8"
    )
    first, *commands = call(tmp_path, "--print", "--stand", f"{database}-stand").stdout.splitlines()
    assert first.startswith("# COUCHDB=")
    for command in commands:
        curl, option, method, url, *body = shlex.split(command)
        path = url.removeprefix("$COUCHDB/").split("/")
        assert (curl, option) == ("curl", "-X")
        with suppress(StoreError):  # what the server has of its own, and what the suite's own one does not know
            data = json.loads(body[-1]) if body else None
            if isinstance(data, int):
                admin.put_bytes(*path, data=b"5", media_type="application/json")
            else:
                (admin.put if method == "PUT" else admin.post)(*path, body=data)
    before = admin.get(database)["update_seq"]
    assert set_up_factory(admin, database, [f"{database}-stand"]) == [Account(f"{database}-stand", STAND, None)]
    assert admin.get(database)["update_seq"] == before


def test_whoever_is_no_administrator_is_told(
    admin: CouchClient, couchdb_server: Any, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is not taken for done."""
    [account] = set_up_factory(admin, database, [f"{database}-stand"])
    configuration = f'[database]\nurl = "{couchdb_server.url}"\nname = "{database}"\nuser = "{account.name}"\n'
    (tmp_path / "hardseq.toml").write_text(configuration, encoding="utf-8")
    monkeypatch.setenv("HARDSEQ_DATABASE_PASSWORD", account.password or "")
    with pytest.raises(Refusal) as refused:
        call(tmp_path, "--stand", "another")
    assert refused.value.code == 1


@pytest.mark.parametrize(
    ("configuration", "arguments", "told"),
    [
        ("", ("--stand", "a b"), "'a b' is not a name for an account"),
        ("", ("--stand", "a", "--reader", "a"), "'a' cannot be a stand and only read"),
        ("", (), "keeps them elsewhere"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, configuration: str, arguments: tuple[str, ...], told: str) -> None:
    """Before anything is asked of a server."""
    (tmp_path / "hardseq.toml").write_text(configuration, encoding="utf-8")
    with pytest.raises(Refusal, match=re.escape(told)):
        call(tmp_path, *arguments)


def test_an_address_in_a_printed_command_is_never_the_servers() -> None:
    """Whoever carries it out has a password of theirs; a quote in a name does not end the text."""
    written = WrittenRequests("https://central.example:6984")
    set_up_factory(written, "factory", ["o'hara"], password=lambda: "p'w")
    assert not [command for command in written.commands if "central.example" in command]
    assert json.loads(shlex.split(written.commands[-1])[-1])["password"] == "p'w"
