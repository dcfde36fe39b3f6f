"""Revisions of one run that stand in conflict: two databases that had it each for itself were copied into one.

CouchDB shows one of them by a rule of its own. Here the complete report counts, as it does where one is saved over the
other; the aborted one is taken away where this user may. Of one report the revision with the most tries of the steps
after the run counts. Two complete reports that differ are for people to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from sequencer.store.base import RunSummary, StoreError
from sequencer.store.couchdb.client import CouchClient, CouchDocument
from sequencer.store.couchdb.document import summary_in


class ConflictResolver:
    """Settles those in the database ``name``."""

    def __init__(self, couch: CouchClient, name: str) -> None:
        self._couch = couch
        self._name = name

    def settled(self, run_id: str) -> tuple[CouchDocument, list[str]]:
        """The document that counts, and the revisions of other complete reports. Raises ``DocumentNotFound``."""
        shown = self._couch.get(self._name, run_id, conflicts="true")
        revisions = shown.pop("_conflicts", [])
        if not revisions:
            return shown, []
        found = [shown, *(self._couch.get(self._name, run_id, rev=revision) for revision in revisions)]
        complete = [one for one in found if not summary_in(one).aborted]
        if not complete:
            return shown, []
        for aborted in (one for one in found if one not in complete):
            with suppress(StoreError):  # another one was faster, or this user may not
                self._couch.delete(self._name, run_id, rev=aborted["_rev"])
        first, *others = sorted(complete, key=_tries, reverse=True)
        return first, [one["_rev"] for one in others if one.get("fingerprint") != first.get("fingerprint")]

    def settled_summaries(self, runs: list[RunSummary]) -> list[RunSummary]:
        """The same lines, an aborted one in the form of its complete report where there is one."""
        aborted = [run.id for run in runs if run.aborted]
        if not aborted:
            return runs
        answer = self._couch.post(
            self._name, "_changes", body={"doc_ids": aborted}, filter="_doc_ids", style="all_docs"
        )
        doubtful = {change["id"] for change in answer["results"] if len(change["changes"]) > 1}
        return [summary_in(self.settled(run.id)[0]) if run.id in doubtful else run for run in runs]


def _tries(stored: Mapping[str, object]) -> int:
    amendment = stored.get("amendment")
    entries = amendment.get("after_run") if isinstance(amendment, dict) else None
    if not isinstance(entries, list):
        return 0
    return len(entries) + sum(isinstance(entry, dict) and "retried" in entry for entry in entries)
