"""What is added beside the runs, each a document of its own that never changes: what people did, and notes on runs.

``{_id: "action:" + sort key of time and id, type: "action", ...}`` and ``{_id: "note:" + id of the run + ":" + sort key
of time and id, type: "note", ...}``. The ids sort as lists are read, so that CouchDB's
own index of ids serves them and no view is built over the runs for their sake.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from sequencer.project.action_log import LogEntry, read_entry
from sequencer.report.note import Note
from sequencer.store.base import LogFilter, LogPage, StoreUnavailable
from sequencer.store.couchdb.client import CouchClient, CouchDocument, DocumentConflict
from sequencer.store.couchdb.document import sort_key
from sequencer.store.facts import by_run, log_page, position
from sequencer.vocabulary.reason import Reason

_ACTION = "action:"
_NOTE = "note:"
_BATCH = 200
_AFTER = "\ufff0"


class Additions:
    """Those in the database ``name``."""

    def __init__(self, couch: CouchClient, name: str) -> None:
        self._couch = couch
        self._name = name

    def add_to_log(self, entries: Sequence[LogEntry]) -> None:
        """See :meth:`sequencer.store.base.Store.add_to_log`."""
        documents = [
            {"_id": _ACTION + sort_key(entry.time, entry.id), "type": "action", **entry.document()} for entry in entries
        ]
        for start in range(0, len(documents), _BATCH):
            answers = self._couch.post(self._name, "_bulk_docs", body={"docs": documents[start : start + _BATCH]})
            for answer in answers:
                # In a conflict is what was there already, and stays.
                if answer.get("error", "conflict") != "conflict":
                    detail = f"{answer['error']}: {answer.get('reason')}"
                    raise StoreUnavailable(Reason("couch_conflict", address=self._couch.address, detail=detail))

    def log(self, actions: LogFilter, limit: int, cursor: str | None) -> LogPage:
        """See :meth:`sequencer.store.base.Store.log`."""
        return log_page(partial(self._log, actions), actions, limit, cursor, sort_key)

    def _log(self, actions: LogFilter, limit: int, cursor: str | None) -> LogPage:
        since, until = actions.since, actions.until
        newest = _ACTION + (_AFTER if until is None else sort_key(until))
        if cursor is not None:
            position(cursor)
            newest = min(newest, _ACTION + cursor)
        oldest = _ACTION + ("" if since is None else sort_key(since))
        # What the cursor names, or lies right at ``until``, is in the range and not meant.
        rows = self._rows(newest, oldest, limit + 2)
        found = [row for row in rows if row["id"] != newest]
        entries = [entry for row in found[:limit] if (entry := read_entry(row["doc"])) is not None]
        return LogPage(entries, found[limit - 1]["id"].removeprefix(_ACTION) if len(found) > limit else None)

    def add_note(self, note: Note) -> None:
        """See :meth:`sequencer.store.base.Store.add_note`."""
        identity = f"{_NOTE}{note.run}:{sort_key(note.time, note.id)}"
        with suppress(DocumentConflict):  # it is there already
            self._couch.put(self._name, identity, body={"type": "note", **note.document()})

    def notes(self, runs: Sequence[str]) -> dict[str, list[Note]]:
        """See :meth:`sequencer.store.base.Store.notes`.

        The runs of a page mostly lie side by side, as their ids begin with the time: one range holds their notes. Of a
        page whose runs lie years apart, those of all others between them are passed over, a batch at most each time.
        """
        newest_first = sorted(runs, reverse=True)
        oldest = f"{_NOTE}{newest_first[-1]}:"
        last = f"{_NOTE}{newest_first[0]}:{_AFTER}"
        found: dict[str, CouchDocument] = {}
        while True:
            rows = self._rows(last, oldest, _BATCH)
            found |= {row["id"]: row["doc"] for row in rows if row["doc"].get("run") in runs}
            if len(rows) < _BATCH:
                return by_run(found[identity] for identity in sorted(found))
            last = rows[-1]["id"]
            following = next(run for run in newest_first if f"{_NOTE}{run}:" <= last)
            last = min(last, f"{_NOTE}{following}:{_AFTER}")

    def _rows(self, startkey: str, endkey: str, limit: int) -> list[CouchDocument]:
        """Newest first."""
        rows: list[CouchDocument] = self._couch.get(
            self._name,
            "_all_docs",
            startkey=json.dumps(startkey),
            endkey=json.dumps(endkey),
            descending="true",
            include_docs="true",
            limit=limit,
        )["rows"]
        return rows
