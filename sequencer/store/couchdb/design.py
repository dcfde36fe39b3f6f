"""What hardseq creates in a CouchDB before the first use: databases, views, indexes.

Names of design documents carry a version. A change of a view gets a new name, so that stands with an older hardseq
go on with theirs, and CouchDB builds the new one beside it. Creating what exists already does nothing.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TypedDict

from sequencer.store.base import RunFilter, RunSummary, StoreError, StoreUnavailable
from sequencer.store.couchdb.client import CouchClient, DocumentConflict, DocumentNotFound
from sequencer.vocabulary.reason import Reason

RUNS = "hardseq-runs-2"
YIELD = "hardseq-yield-1"
SERIES = "hardseq-series-1"
UNITS = "hardseq-units-1"
SLOTS = "hardseq-slots-1"
SLOT_UNITS = "hardseq-slot-units-1"
SYSTEM_DATABASES = ("_users", "_replicator")
LIVE_REVISIONS = 5

INDEXES: tuple[tuple[str, ...], ...] = (
    ("serial_number",),
    ("part_number",),
    ("sequence",),
    ("stand",),
    ("status",),
    ("sequence", "status"),
    ("part_number", "status"),
    ("stand", "status"),
    ("slot",),
    ("start",),
)
"""Fields of ``summary`` that Mango indexes cover, each followed by ``key``: history is sorted by it."""

# Documents of earlier versions say what a skipped run lacks in their report alone.
_UNTESTED = "s.untested !== undefined ? s.untested : (doc.report || {}).untested || null"
_SUMMARY = "[" + ", ".join(_UNTESTED if name == "untested" else f"s.{name}" for name in RunSummary._fields) + "]"
_LISTED = '["serial_number", "part_number", "sequence", "status", "stand", "slot", "start"]'

# Every subset of sequence, part number and stand is a key of its own, so that each filter reads one range of the tree.
_EACH_SUBSET = """
  for (var mask = 0; mask < 8; mask++) {
    var group = [mask, mask & 1 ? s.sequence : null, mask & 2 ? s.part_number : null, mask & 4 ? s.stand : null];
    %s
  }"""


def group_key(runs: RunFilter) -> list[object]:
    """The beginning of the keys of the runs meant, as the views' subsets make it, with the slot where that is meant."""
    parts = (runs.sequence, runs.part_number, runs.stand)
    slot = [] if runs.slot is None else [runs.slot]
    return [sum(1 << bit for bit, part in enumerate(parts) if part is not None), *parts, *slot]


class TimeRange(TypedDict):
    """The options of a view's query that leave a range of keys."""

    startkey: list[object]
    endkey: list[object]
    inclusive_end: bool


def time_range(runs: RunFilter) -> TimeRange:
    """The range of a view whose keys are a group and a start time; runs at ``until`` itself are out."""
    group = group_key(runs)
    newest: object = {} if runs.until is None else runs.until
    return {"startkey": [*group, runs.since], "endkey": [*group, newest], "inclusive_end": False}


def _map(body: str, kind: str = "run") -> str:
    return f"function (doc) {{\n  if (doc.type !== '{kind}') return;\n  var s = doc.summary;\n  {body.strip()}\n}}"


_LIST = f"""
  var line = {_SUMMARY};
  emit(["", "", s.start_time, s.id], line);
  {_LISTED}.forEach(function (field) {{
    if (s[field] != null) emit([field, s[field], s.start_time, s.id], line);
  }});"""

_COUNTS = (
    """
  if (!s.counted) return;
  var counts = ["passed", "failed", "error", "stopped", "skipped"].map(function (status) {
    return s.status === status ? 1 : 0;
  });
  counts.push(s.status === "passed" && s.stop_time !== null ? s.stop_time - s.start_time : 0);
"""
    + _EACH_SUBSET % "emit(group.concat([s.start_time]), counts);"
)

# By day for a chosen time, and once more without a time for the whole history.
_FAILURES = (
    """
  if (!s.counted) return;
  var day = Math.floor(s.start_time / 86400);
  var counts = ["failed", "error", "stopped"].map(function (status) { return s.status === status ? 1 : 0; });
"""
    + _EACH_SUBSET
    % """doc.failed_cases.forEach(function (name) {
      emit(group.concat([day, name]), counts);
      emit(group.concat(["ever", name]), counts);
    });"""
)

_SERIES = """
  if (s.simulated) return;
  doc.measurements.forEach(function (m, position) {
    emit([m[0], m[1], s.start_time, s.id, position],
         [s.sequence, s.part_number, s.stand, s.serial_number, s.status, m[2], m[3], m[4], m[5], m[6]]);
  });"""

_SERIES_NAMES = "doc.measurements.forEach(function (m) { emit([s.sequence, m[0], m[1], m[2]], null); });"

_SPREAD = """
  if (s.simulated) return;
  doc.measurements.forEach(function (m) { if (m[3] !== null) emit([m[0], m[1], s.start_time], m[3]); });"""

_FIRSTS = (
    _EACH_SUBSET.strip()
    % """emit(group.concat([s.start_time]), ["passed", "failed", "error"].map(
      function (status) { return s.status === status ? 1 : 0; }));"""
)

_OF_A_SLOT = "if (!s.slot) return;"


def _by_slot(body: str, kind: str = "run") -> str:
    """The same of the runs in slots, with the slot behind each group."""
    return _map(f"{_OF_A_SLOT}\n{body.replace('group.concat([', 'group.concat([s.slot, ')}", kind)


VIEWS: dict[str, dict[str, object]] = {
    RUNS: {
        "list": {"map": _map(_LIST)},
        "failed_cases": {"map": _map("if (doc.failed_cases.length) emit(s.id, doc.failed_cases);")},
        "summaries": {"map": _map(f"emit(s.id, {_SUMMARY});")},
        "files": {"map": _map("for (var name in doc._attachments || {}) emit(name, null);")},
    },
    YIELD: {
        "counts": {"map": _map(_COUNTS), "reduce": "_sum"},
        "failures": {"map": _map(_FAILURES), "reduce": "_sum"},
    },
    SLOTS: {
        "counts": {"map": _by_slot(_COUNTS), "reduce": "_sum"},
        "failures": {"map": _by_slot(_FAILURES), "reduce": "_sum"},
    },
    SERIES: {
        "values": {"map": _map(_SERIES)},
        "names": {"map": _map(_SERIES_NAMES), "reduce": "_count"},
        "spread": {"map": _map(_SPREAD), "reduce": "_stats"},
    },
}
UNIT_VIEWS: dict[str, dict[str, object]] = {
    UNITS: {"firsts": {"map": _map(_FIRSTS, "unit"), "reduce": "_sum"}},
    SLOT_UNITS: {"firsts": {"map": _by_slot(_FIRSTS, "unit"), "reduce": "_sum"}},
}


def create_database(couch: CouchClient, name: str) -> None:
    """Creates the database when there is none; a user who may not create one needs none to be missing."""
    try:
        couch.put(name)
    except DocumentConflict:
        return  # it exists
    except StoreError as refusal:
        try:
            couch.get(name)
        except DocumentNotFound:
            raise StoreUnavailable(Reason("couch_no_database", name=name, detail=refusal.reason)) from None


def create_live_database(couch: CouchClient, name: str) -> None:
    """Creates the database of live documents, which have no history worth keeping."""
    create_database(couch, name)
    with suppress(StoreError):  # takes an administrator
        couch.put_bytes(name, "_revs_limit", data=str(LIVE_REVISIONS).encode(), media_type="application/json")


def create_system_databases(couch: CouchClient) -> None:
    """A fresh single node lacks these and fills its log with errors until they exist. Needs an administrator."""
    for name in SYSTEM_DATABASES:
        with suppress(StoreError):
            couch.put(name)


def create_views(couch: CouchClient, database: str, views: dict[str, dict[str, object]]) -> None:
    """Puts design documents in place where they are missing or were changed by hand."""
    for name, wanted in views.items():
        stored = _stored(couch, database, name)
        if stored.get("views") != wanted:
            revision = {"_rev": stored["_rev"]} if stored else {}
            with suppress(DocumentConflict):  # another stand was faster
                couch.put(database, "_design", name, body={**revision, "language": "javascript", "views": wanted})


def _stored(couch: CouchClient, database: str, name: str) -> dict[str, object]:
    """The design document, empty when there is none. Raises :class:`DocumentNotFound` without the database."""
    try:
        document: dict[str, object] = couch.get(database, "_design", name)
    except DocumentNotFound:
        couch.get(database)
        return {}
    return document


def create_indexes(couch: CouchClient, database: str) -> None:
    """The Mango indexes behind lists that combine filters; they serve any other Mango query, too."""
    wanted = {"hardseq-by-" + "-".join(fields).replace("_", "-"): fields for fields in INDEXES}
    rows = couch.post(database, "_all_docs", body={"keys": [f"_design/{name}" for name in wanted]})["rows"]
    present = {row["id"].partition("/")[2] for row in rows if "id" in row and not row["value"].get("deleted")}
    for name, fields in wanted.items():
        if name not in present:
            index = {"fields": [f"summary.{field}" for field in (*fields, "key")]}
            with suppress(DocumentConflict):  # another one makes the same just now
                couch.post(database, "_index", body={"index": index, "ddoc": name, "name": name, "type": "json"})


KINDS = ("run", "action", "note")
"""The types of the documents that never change, but for how a run's report may grow, and that go to the factory."""

PROTECTION = "hardseq-protection"
READER = "hardseq-reader"
"""The role of users who may read runs and write nothing."""

VERSION = 3
"""Of the rule; a stand with an older hardseq leaves a newer rule alone."""

RULE = """\
function (next, before, user) {
  if (user.roles.indexOf('_admin') !== -1) return;
  if (user.roles.indexOf('READER') !== -1) throw({forbidden: user.name + ' may only read'});
  if (!before || before._deleted || KINDS.indexOf(before.type) === -1) return;
  if (next._deleted) throw({forbidden: 'a ' + before.type + ' is deleted by administrators only'});
  function rest(document, but) {
    var kept = {};
    Object.keys(document).sort().forEach(function (name) {
      if (name.charAt(0) !== '_' && name !== but) kept[name] = document[name];
    });
    return JSON.stringify(kept);
  }
  function grows(known, found) {
    return Array.isArray(found) && found.length >= known.length && known.every(function (entry, index) {
      var now = found[index] || {};
      return rest(now, 'retried') === rest(entry, 'retried') && (!entry.retried || now.retried === entry.retried);
    });
  }
  if (before.type !== 'run') {
    if (rest(next) !== rest(before)) throw({forbidden: 'what was added beside the runs is not changed'});
    return;
  }
  var files = next._attachments || {}, present = before._attachments || {};
  var completed = (before.summary || {}).aborted && next.type === 'run' && next.summary && !next.summary.aborted;
  var known = (before.amendment || before.report || {}).after_run || [], amendment = next.amendment;
  var amended = amendment ? grows(known, amendment.after_run) : !before.amendment;
  if (!completed && !(amended && rest(next, 'amendment') === rest(before, 'amendment')))
    throw({forbidden: 'a stored run is not changed'});
  Object.keys(present).forEach(function (name) {
    if (completed && name === 'report.json.gz') return;
    var file = files[name] || {};
    if (file.revpos !== present[name].revpos && file.digest !== present[name].digest)
      throw({forbidden: 'a file of a stored run is not changed'});
  });
}""".replace("READER", READER).replace("KINDS", json.dumps(KINDS))


def protect(couch: CouchClient, database: str) -> None:
    """Puts the rule in place where it is missing or older, as far as this user may: it takes an administrator."""
    try:
        stored = couch.get(database, "_design", PROTECTION)
    except DocumentNotFound:
        stored = {}
    if stored.get("version", 0) > VERSION or stored.get("validate_doc_update") == RULE:
        return
    wanted = {"language": "javascript", "version": VERSION, "validate_doc_update": RULE}
    revision = {"_rev": stored["_rev"]} if stored else {}
    # Another one was faster, or this user may not: a database without the rule is used all the same.
    with suppress(StoreError):
        couch.put(database, "_design", PROTECTION, body={**wanted, **revision})
