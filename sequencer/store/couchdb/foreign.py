"""Documents of a database that another program keeps in a CouchDB, one page after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sequencer.store.base import StoreUnavailable
from sequencer.store.couchdb.client import CouchClient, CouchDocument
from sequencer.vocabulary.reason import Reason

PAGE = 50
"""Documents that are asked for at a time."""


def documents(couch: CouchClient, database: str) -> Iterator[CouchDocument]:
    """All documents by their ids, those that define views excepted. Raises ``StoreUnavailable``."""
    last: str | None = None
    while True:
        # The last one once more: were it gone meanwhile, `skip` would leave out another.
        query = {} if last is None else {"startkey": json.dumps(last)}
        answer: object = couch.get(database, "_all_docs", include_docs="true", limit=PAGE, **query)
        rows = answer.get("rows") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            said = f"{answer!r:.100}"
            raise StoreUnavailable(Reason("couch_answered", address=couch.address, status=200, detail=said))
        before, last = last, rows[-1]["id"] if rows else last
        for row in rows:
            if row["id"] != before and not row["id"].startswith("_design/") and isinstance(row.get("doc"), dict):
                yield row["doc"]
        if len(rows) < PAGE:
            return
