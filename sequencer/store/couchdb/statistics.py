"""Yield and failures by case from CouchDB's views: sums that the server keeps, read for any time and filter."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from sequencer.store.base import JUDGED, CaseFailures, RunFilter, RunSummary, Statistics
from sequencer.store.couchdb.client import CouchClient, CouchDocument, DocumentConflict, DocumentNotFound
from sequencer.store.couchdb.design import RUNS, SLOT_UNITS, SLOTS, UNITS, YIELD, group_key, time_range
from sequencer.store.couchdb.document import summary_of
from sequencer.store.couchdb.history import BATCH, History
from sequencer.store.facts import cover
from sequencer.vocabulary.status import BAD_STATUSES, FINAL_STATUSES

_PROGRESS = ("_local", "progress")


class Units:
    """The unit documents of the runs in the database ``name``."""

    def __init__(self, couch: CouchClient, name: str, history: History) -> None:
        self.database = f"{name}_units"
        self._couch = couch
        self._name = name
        self._history = history
        self._views = History(couch, self.database)

    def firsts(self, runs: RunFilter) -> list[int]:
        """How many units passed, failed and had an error in their first judged run; verdict is not looked at."""
        self.catch_up()
        rows = self._views.view(UNITS if runs.slot is None else SLOT_UNITS, "firsts", **time_range(runs))
        return rows[0]["value"] if rows else [0, 0, 0]

    def catch_up(self) -> None:
        """Takes in the runs that arrived since last time."""
        while True:
            try:
                progress = self._couch.get(self.database, *_PROGRESS)
            except DocumentNotFound:
                progress = {"since": 0}
            changes = self._couch.get(self._name, "_changes", since=_text(progress["since"]), limit=BATCH)
            ids = [change["id"] for change in changes["results"] if not change["id"].startswith("_")]
            if ids:
                self._take_in(ids)
            if changes["last_seq"] == progress["since"] or not changes["results"]:
                return
            try:
                self._couch.put(self.database, *_PROGRESS, body={**progress, "since": changes["last_seq"]})
            except DocumentConflict:
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

    def _stored(self, ids: list[str]) -> dict[str, dict[str, object]]:
        rows = self._couch.post(self.database, "_all_docs", body={"keys": ids}, include_docs=True)["rows"]
        return {row["id"]: row["doc"] for row in rows if row.get("doc")}

    def _settled(self, unit: str, stored: CouchDocument | None, arrived: list[RunSummary]) -> dict[str, object] | None:
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
        if best.slot is not None:
            summary["slot"] = best.slot
        return {"_id": unit, **revision, "type": "unit", "first": list(_order(best)), "summary": summary}


def _order(run: RunSummary) -> tuple[float, str]:
    return run.start_time, run.id


def _unit_id(run: RunSummary) -> str:
    unit = json.dumps([run.sequence, run.part_number, run.serial_number])
    return hashlib.sha256(unit.encode()).hexdigest()


def _text(sequence: object) -> object:
    """An update sequence as a query takes it: CouchDB's is a text, other servers' a number or a list."""
    return sequence if isinstance(sequence, str | int) else json.dumps(sequence)


def statistics(couch: CouchClient, name: str, history: History, units: Units, runs: RunFilter) -> Statistics:
    """See :meth:`sequencer.store.base.Store.statistics`."""
    if runs.never:  # CouchDB refuses such a range
        return Statistics()
    if runs.serial_number is not None or runs.start is not None:
        return _of_few(history, runs)
    rows = history.view(_figures(runs), "counts", **time_range(runs))
    *counts, seconds = rows[0]["value"] if rows else [0] * 6
    firsts = units.firsts(runs)
    return _total(runs.verdict, counts, seconds, firsts, _failures(history, runs))


def _figures(runs: RunFilter) -> str:
    return YIELD if runs.slot is None else SLOTS


def _total(
    verdict: str | None, counts: Sequence[int], seconds: float, firsts: Sequence[int], failures: Counter[str]
) -> Statistics:
    """Puts the parts together; a chosen verdict leaves the others out."""
    by_status = {
        status: count for status, count in zip(FINAL_STATUSES, counts, strict=True) if verdict in (None, status)
    }
    units = {status: count for status, count in zip(FINAL_STATUSES, firsts, strict=False) if verdict in (None, status)}
    return Statistics(
        **by_status,
        units=sum(units.values()),
        first_passed=units.get("passed", 0),
        passed_seconds=float(seconds) if "passed" in by_status else 0.0,
        failures=ranked(failures),
    )


def ranked(failures: Counter[str]) -> tuple[CaseFailures, ...]:
    """Most frequent first."""
    found = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CaseFailures(case, runs) for case, runs in found if runs > 0)


def _failures(history: History, runs: RunFilter) -> Counter[str]:
    """Whole days from the sums; of a day of which only a part is meant, from its runs."""
    total: Counter[str] = Counter()
    group = group_key(runs)
    chosen = [index for index, status in enumerate(BAD_STATUSES) if runs.verdict in (None, status)]
    cut = cover(runs.since, runs.until)
    if runs.since is None and runs.until is None:
        bounds = {"startkey": [*group, "ever"], "endkey": [*group, "ever", {}]}
    else:
        # Days are numbers, which sort behind null and before any text: "" is behind the last day.
        bounds = {"startkey": [*group, cut.first_day], "endkey": [*group, "" if cut.end_day is None else cut.end_day]}
    for row in history.view(_figures(runs), "failures", group=True, **bounds):
        total[row["key"][-1]] += sum(row["value"][index] for index in chosen)
    for since, until in cut.edges:
        part = history.all(runs._replace(since=since, until=until))
        total += _failed_cases(history, [run for run in part if run.counted])
    return total


def _failed_cases(history: History, runs: list[RunSummary]) -> Counter[str]:
    ids = [run.id for run in runs if run.status != "passed"]
    rows = history.view(RUNS, "failed_cases", keys=ids) if ids else []
    return Counter(name for row in rows for name in row["value"])


def _firsts(runs: Iterable[RunSummary]) -> Iterable[RunSummary]:
    """The first judged run of each unit."""
    first: dict[tuple[str, str | None, str | None], RunSummary] = {}
    for run in sorted(runs, key=_order):
        if run.judged and run.serial_number is not None:
            first.setdefault((run.sequence, run.part_number, run.serial_number), run)
    return first.values()


def _of_few(history: History, runs: RunFilter) -> Statistics:
    """One product or one start has few runs: they are read, with all others of these products, since the first run of
    one may lie outside of what is meant."""
    few = RunFilter(serial_number=runs.serial_number, start=runs.start)
    found = [run for run in history.all(few) if run.counted]
    everything = found
    if runs.start is not None:
        products = {run.serial_number for run in found if run.serial_number is not None}
        whole = (history.all(RunFilter(serial_number=product)) for product in sorted(products))
        everything = [run for part in whole for run in part if run.counted]
    chosen = [run for run in found if runs.matches(run)]
    counts = Counter(run.status for run in chosen)
    firsts = Counter(run.status for run in _firsts(everything) if runs.matches(run))
    seconds = sum((run.stop_time or run.start_time) - run.start_time for run in chosen if run.status == "passed")
    return _total(
        None,
        [counts[status] for status in FINAL_STATUSES],
        seconds,
        [firsts[status] for status in JUDGED],
        _failed_cases(history, chosen),
    )
