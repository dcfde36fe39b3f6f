"""Reads the live documents of all stands as they change."""

from __future__ import annotations

from sequencer.store.couchdb.client import CouchClient, DocumentNotFound
from sequencer.store.stands import StandDocuments, StandNow


class Stands:
    """Those in the database ``name`` of ``couch``. For one thread."""

    def __init__(self, couch: CouchClient, name: str) -> None:
        self._couch = couch
        self._name = name
        self._since: str | None = None
        self._documents = StandDocuments()

    def look(self, now: float) -> list[StandNow]:
        """All stands, by name; ``now`` in Unix seconds. Raises :class:`sequencer.store.base.StoreUnavailable`."""
        new = self._since is not None
        try:
            answer = self._couch.get(self._name, "_changes", since=self._since or "0", include_docs="true")
        except DocumentNotFound:  # no stand was ever copied here
            return []
        for row in answer["results"]:
            if row.get("deleted"):
                self._documents.take_away(row["id"])
            elif row.get("doc"):
                self._documents.take(row["doc"], now, new=new)
        self._since = str(answer["last_seq"])
        return self._documents.stands(now)
