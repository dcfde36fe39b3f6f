"""From the configuration to a store: which one, without surprises at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest

from sequencer.project.settings import DatabaseSettings, Secret, Settings, StorageType
from sequencer.project.state_folder import StateFolder
from sequencer.standcloud.deliveries import Deliveries
from sequencer.store.base import StoreUnavailable
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.open import open_live_states, open_store, replicate_to_factory
from sequencer.store.sqlite.store import SqliteStore


def test_no_configuration_means_embedded(tmp_path: Path) -> None:
    """Reports go to the state folder, which is not touched before the first one."""
    state = StateFolder(tmp_path / "state")
    store = open_store(Settings(), state)
    assert isinstance(store, SqliteStore)
    assert store.place == str(state.database)
    store.close()
    assert not state.path.exists()
    assert open_live_states(Settings(), store, [""], print) == {}


def test_a_store_of_another_kind_is_not_taken_for_couchdb(tmp_path: Path) -> None:
    """Whoever adds one has no live document, no replication and no outbox for it unless they say so."""
    settings = Settings(database=DatabaseSettings(storage_type=cast(StorageType, "memory")))
    store = SqliteStore(tmp_path / "any.sqlite3")
    assert open_live_states(settings, store, [""], print) == {}
    with pytest.raises(ValueError, match="keeps them elsewhere"):
        replicate_to_factory(settings)
    deliveries = Deliveries(settings, StateFolder(tmp_path), store, folder=tmp_path)
    assert deliveries.stores_here and deliveries.factory_copy() is None
    deliveries.close()
    store.close()


def test_a_couchdb_that_is_away_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """Opening sends nothing unless CouchDB is required."""
    database = DatabaseSettings(storage_type="couchdb", host="127.0.0.1", port=1)
    open_store(Settings(database=database), StateFolder(tmp_path)).close()


def test_a_required_couchdb_that_is_away_refuses_the_start(tmp_path: Path) -> None:
    """With required = true the error comes before anything runs."""
    database = DatabaseSettings(storage_type="couchdb", host="127.0.0.1", port=1, required=True)
    with pytest.raises(StoreUnavailable, match=r"CouchDB at http://127\.0\.0\.1:1 cannot be reached"):
        open_store(Settings(database=database), StateFolder(tmp_path))


def test_a_required_couchdb_is_made_ready(tmp_path: Path, couchdb_server: Any, database: str) -> None:
    """A server that answers is taken, also before its first database exists; a wrong password is refused."""
    good = DatabaseSettings(
        storage_type="couchdb",
        url=couchdb_server.url,
        user=couchdb_server.user,
        password=Secret(couchdb_server.password),
        name=database,
        required=True,
    )
    open_store(Settings(database=good), StateFolder(tmp_path)).close()
    bad = DatabaseSettings(
        storage_type="couchdb",
        url=couchdb_server.url,
        user=couchdb_server.user,
        password=Secret("wrong"),
        name=f"{database}x",
        required=True,
    )
    with pytest.raises(StoreUnavailable, match="refused user"):
        open_store(Settings(database=bad), StateFolder(tmp_path))


def test_user_and_password_in_the_url_are_used_and_not_shown(
    tmp_path: Path, couchdb_server: Any, database: str
) -> None:
    """A url as people paste it works, and where reports go is told without it."""
    scheme, _, host = couchdb_server.url.partition("://")
    url = f"{scheme}://{couchdb_server.user}:{quote(couchdb_server.password, safe='')}@{host}"
    settings = Settings(database=DatabaseSettings(storage_type="couchdb", url=url, name=database, required=True))
    store = open_store(settings, StateFolder(tmp_path))
    assert isinstance(store, CouchStore)
    assert store.place == f"{couchdb_server.url}/{database}"
    store.close()


def test_a_missing_certificate_file_is_told(tmp_path: Path) -> None:
    """An own authority whose file does not exist is an error that says so, not a traceback."""
    database = DatabaseSettings(
        storage_type="couchdb", url="https://127.0.0.1:1", ca_bundle="missing.pem", required=True
    )
    with pytest.raises(StoreUnavailable, match="cannot be reached: No such file"):
        open_store(Settings(database=database), StateFolder(tmp_path), folder=tmp_path)
