"""Lists from CouchDB, each a page of one view or index, in the order it is stored in."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sequencer.store.base import Neighbours, RunFilter, RunPage, RunSummary
from sequencer.store.couchdb.client import CouchClient, CouchDocument
from sequencer.store.couchdb.design import INDEXES, RUNS
from sequencer.store.couchdb.document import position_key, sort_key, summary_in, summary_of
from sequencer.store.facts import HistoryPosition, after, position

BATCH = 500
_AFTER_EVERYTHING: dict[str, object] = {}
"""Sorts behind every number and text."""


class History:
    """Reads of the runs in the database ``name``."""

    def __init__(self, couch: CouchClient, name: str) -> None:
        self._couch = couch
        self._name = name

    def view(
        self, design: str, view: str, *, keys: Sequence[object] | None = None, **query: object
    ) -> list[CouchDocument]:
        """The rows of a view; keys and the like are given as the data that they are."""
        options = {
            name: json.dumps(value) if name in ("startkey", "endkey", "key") else value for name, value in query.items()
        }
        path = (self._name, "_design", design, "_view", view)
        answer = (
            self._couch.get(*path, **options)
            if keys is None
            else self._couch.post(*path, body={"keys": keys}, **options)
        )
        rows: list[CouchDocument] = answer["rows"]
        return rows

    def find(self, runs: RunFilter, *, limit: int, cursor: str | None) -> RunPage:
        """See :meth:`sequencer.store.base.Store.find`."""
        start = None if cursor is None else position(cursor)
        if runs.never:  # CouchDB refuses such a range
            return RunPage([], None)
        wanted = runs.equalities()
        # One filter or none: the view's rows are all that is read. More: an index, and the documents it leads to.
        found = self._listed(runs, limit + 2, start) if len(wanted) < 2 else self._indexed(runs, limit + 2, start)
        if start is not None:
            found = [run for run in found if run.id != start.run_id]
        return RunPage(found[:limit], after(found[limit - 1]) if len(found) > limit else None)

    def neighbours(self, run: RunSummary, runs: RunFilter) -> Neighbours:
        """See :meth:`sequencer.store.base.Store.neighbours`."""
        start = HistoryPosition(run.start_time, run.id)
        newer: list[RunSummary] = []
        older: list[RunSummary] = []
        # CouchDB refuses a range that ends before it begins.
        if runs.until is None or run.start_time < runs.until:
            newer = self._listed_above(runs, start) if len(runs.equalities()) < 2 else self._indexed_above(runs, start)
        if runs.since is None or run.start_time >= runs.since:
            older = self.find(runs, limit=1, cursor=after(run)).runs
        return Neighbours(*(found[0].id if found else None for found in (newer, older)))

    def _listed(self, runs: RunFilter, limit: int, start: HistoryPosition | None) -> list[RunSummary]:
        group = next(iter(runs.equalities().items()), ("", ""))
        newest: object = _AFTER_EVERYTHING if runs.until is None else runs.until
        startkey = [*group, newest]
        if start is not None and (runs.until is None or start.start_time < runs.until):
            startkey = [*group, *start]
        endkey = [*group] if runs.since is None else [*group, runs.since]
        rows = self.view(RUNS, "list", startkey=startkey, endkey=endkey, descending=True, limit=limit)
        return [summary_of(row["value"]) for row in rows]

    def _indexed(self, runs: RunFilter, limit: int, start: HistoryPosition | None) -> list[RunSummary]:
        bounds: dict[str, str] = {"$gt": ""}
        if runs.since is not None:
            bounds["$gte"] = sort_key(runs.since)
        newest = [] if runs.until is None else [sort_key(runs.until)]
        newest += [] if start is None else [position_key(start)]
        if newest:
            bounds["$lt"] = min(newest)
        return self._in_order(runs, bounds, "desc", limit)

    def _in_order(self, runs: RunFilter, bounds: dict[str, str], order: str, limit: int) -> list[RunSummary]:
        wanted = runs.equalities()
        fields = max((index for index in INDEXES if set(index) <= set(wanted)), key=len)
        query = {
            "selector": {**{f"summary.{name}": value for name, value in wanted.items()}, "summary.key": bounds},
            "sort": [{f"summary.{name}": order} for name in (*fields, "key")],
            "fields": ["summary", "report.untested"],
            "limit": limit,
        }
        found = self._couch.post(self._name, "_find", body=query)["docs"]
        return [summary_in(document) for document in found]

    def _listed_above(self, runs: RunFilter, start: HistoryPosition) -> list[RunSummary]:
        group = next(iter(runs.equalities().items()), ("", ""))
        startkey = [*group, *start]
        if runs.since is not None and runs.since > start.start_time:
            startkey = [*group, runs.since]
        endkey = [*group, _AFTER_EVERYTHING if runs.until is None else runs.until]
        rows = self.view(RUNS, "list", startkey=startkey, endkey=endkey, limit=2)
        return [run for run in map(summary_of, (row["value"] for row in rows)) if run.id != start.run_id]

    def _indexed_above(self, runs: RunFilter, start: HistoryPosition) -> list[RunSummary]:
        oldest = [position_key(start)] if runs.since is None else [position_key(start), sort_key(runs.since)]
        bounds = {"$gte": max(oldest)}
        if runs.until is not None:
            bounds["$lt"] = sort_key(runs.until)
        return [run for run in self._in_order(runs, bounds, "asc", 2) if run.id != start.run_id]
