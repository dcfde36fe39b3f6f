"""The stores of the contract suite, for the figures."""

from __future__ import annotations

from tests.store.conftest import (
    couchdb_server,
    database,
    files,
    open_couchdb,
    open_sqlite,
    store,
)

__all__ = ["couchdb_server", "database", "files", "open_couchdb", "open_sqlite", "store"]
