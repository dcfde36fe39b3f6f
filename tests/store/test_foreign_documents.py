"""The documents of another program's database, read page by page."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from sequencer.store.couchdb.foreign import PAGE, documents


def test_a_document_that_goes_meanwhile_takes_no_other_with_it(couchdb_server: Any, database: str) -> None:
    """The last one of a page is deleted before the next is asked for: all others come, each once."""
    names = [f"d{number:03}" for number in range(PAGE + 5)]
    with closing(couchdb_server.connect()) as couch:
        couch.put(database)
        for name in names:
            couch.put(database, name, body={"_id": name})
        found = documents(couch, database)
        first = [next(found) for _ in range(PAGE)]
        couch.delete(database, first[-1]["_id"], rev=first[-1]["_rev"])
        assert [one["_id"] for one in (*first, *found)] == names
