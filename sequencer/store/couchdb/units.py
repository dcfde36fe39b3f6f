"""First-pass yield in CouchDB: one small document per unit that names its first judged run.

A view cannot say which of a unit's runs was the first and be a sum at the same time. So whoever asks brings the unit
documents up to date first, with the runs that arrived since somebody did so last, from whichever stand and in whatever
order. They stand in a database of their own, ``NAME_units``, are never replicated, and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sequencer.store.base import RunFilter, RunSummary
from sequencer.store.couchdb.client import Conflict, Couch, NotFound
from sequencer.store.couchdb.design import RUNS, UNITS, time_range
from sequencer.store.couchdb.document import summary_of
from sequencer.store.couchdb.history import BATCH, History

_PROGRESS = ("_local", "progress")


class Units:
    """The unit documents of the runs in the database ``name``."""

    def __init__(self, couch: Couch, name: str, history: History) -> None:
        self.database = f"{name}_units"
        self._couch = couch
        self._name = name
        self._history = history
        self._views = History(couch, self.database)

    def firsts(self, runs: RunFilter) -> list[int]:
        """How many units passed, failed and had an error in their first judged run; verdict is not looked at."""
        self.catch_up()
        rows = self._views.view(UNITS, "firsts", **time_range(runs))
        return rows[0]["value"] if rows else [0, 0, 0]

    def catch_up(self) -> None:
        """Takes in the runs that arrived since last time."""
        while True:
            try:
                progress = self._couch.get(self.database, *_PROGRESS)
            except NotFound:
                progress = {"since": 0}
            changes = self._couch.get(self._name, "_changes", since=_text(progress["since"]), limit=BATCH)
            ids = [change["id"] for change in changes["results"] if not change["id"].startswith("_")]
            if ids:
                self._take_in(ids)
            if changes["last_seq"] == progress["since"] or not changes["results"]:
                return
            try:
                self._couch.put(self.database, *_PROGRESS, body={**progress, "since": changes["last_seq"]})
            except Conflict:
                continue  # somebody else does the same: go on from where they are

    def _take_in(self, ids: list[str]) -> None:
        rows = self._history.view(RUNS, "summaries", keys=ids)
        runs = [summary_of(row["value"]) for row in rows]
        pending: dict[str, list[RunSummary]] = {_unit_id(run): [] for run in runs if run.serial_number is not None}
        for run in runs:
            if run.serial_number is not None:
                pending[_unit_id(run)].append(run)
        while pending:
            stored = self._stored(list(pending))
            changed = [
                document
                for unit, arrived in pending.items()
                if (document := self._settled(unit, stored.get(unit), arrived)) != stored.get(unit)
            ]
            if not changed:
                return
            answers = self._couch.post(self.database, "_bulk_docs", body={"docs": changed})
            refused = {answer["id"] for answer in answers if answer.get("error") == "conflict"}
            pending = {unit: arrived for unit, arrived in pending.items() if unit in refused}

    def _stored(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        rows = self._couch.post(self.database, "_all_docs", body={"keys": ids}, include_docs=True)["rows"]
        return {row["id"]: row["doc"] for row in rows if row.get("doc")}

    def _settled(self, unit: str, stored: dict[str, Any] | None, arrived: list[RunSummary]) -> dict[str, Any] | None:
        """The unit's document once the runs that arrived are known."""
        first = None if stored is None else stored["first"]
        if any(first is not None and first[1] == run.id for run in arrived):
            # The first run itself was replaced by a fuller report, whose verdict may be none: look at all of them.
            sample = arrived[0]
            arrived = [
                run for run in self._history.all(RunFilter(serial_number=sample.serial_number)) if _unit_id(run) == unit
            ]
            first = None
        best = min((run for run in arrived if run.judged), key=_order, default=None)
        if best is None or (first is not None and tuple(first) <= _order(best)):
            return stored if first is not None or stored is None else {**stored, "_deleted": True}
        revision = {} if stored is None else {"_rev": stored["_rev"]}
        summary = {name: getattr(best, name) for name in ("sequence", "part_number", "stand", "status", "start_time")}
        return {"_id": unit, **revision, "type": "unit", "first": list(_order(best)), "summary": summary}


def _order(run: RunSummary) -> tuple[float, str]:
    return run.start_time, run.id


def _unit_id(run: RunSummary) -> str:
    unit = json.dumps([run.sequence, run.part_number, run.serial_number])
    return hashlib.sha256(unit.encode()).hexdigest()


def _text(sequence: Any) -> Any:
    """An update sequence as a query takes it: CouchDB's is a text, other servers' a number or a list."""
    return sequence if isinstance(sequence, str | int) else json.dumps(sequence)
