"""What hardseq creates in a CouchDB before the first use: databases, views, indexes.

Names of design documents carry a version. A change of a view gets a new name, so that stands with an older hardseq
go on with theirs, and CouchDB builds the new one beside it. Creating what exists already does nothing.
"""

from __future__ import annotations

import json
from contextlib import suppress

from sequencer.store.base import RunSummary, StoreError, StoreUnavailable
from sequencer.store.couchdb.client import CouchClient, DocumentConflict, DocumentNotFound
from sequencer.vocabulary.reason import Reason

RUNS = "hardseq-runs-2"
OBSOLETE = ("hardseq-yield-1", "hardseq-series-1", "hardseq-slots-1")
"""Views that counted, until the figures had an index of their own."""
_OBSOLETE_UNITS = "hardseq-units-1"
"""A view of the database of units, from which first-pass yield was read."""
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


def _map(body: str, kind: str = "run") -> str:
    return f"function (doc) {{\n  if (doc.type !== '{kind}') return;\n  var s = doc.summary;\n  {body.strip()}\n}}"


_LIST = f"""
  var line = {_SUMMARY};
  emit(["", "", s.start_time, s.id], line);
  {_LISTED}.forEach(function (field) {{
    if (s[field] != null) emit([field, s[field], s.start_time, s.id], line);
  }});"""

VIEWS: dict[str, dict[str, object]] = {
    RUNS: {
        "list": {"map": _map(_LIST)},
        "failed_cases": {"map": _map("if (doc.failed_cases.length) emit(s.id, doc.failed_cases);")},
        "summaries": {"map": _map(f"emit(s.id, {_SUMMARY});")},
        "files": {"map": _map("for (var name in doc._attachments || {}) emit(name, null);")},
    },
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


def remove_obsolete(couch: CouchClient, database: str) -> None:
    """Removes what earlier versions made to count runs, as far as this user may; all of it is in the reports.

    A stand with an older hardseq makes it again when it is started the next time.
    """
    rows = couch.post(database, "_all_docs", body={"keys": [f"_design/{name}" for name in OBSOLETE]})["rows"]
    present = {row["id"]: row["value"]["rev"] for row in rows if "id" in row and not row["value"].get("deleted")}
    if not present:
        return
    with suppress(StoreError):  # it takes an administrator, here as below; or another stand was faster
        couch.get(f"{database}_units", "_design", _OBSOLETE_UNITS)  # else it is somebody's
        couch.delete(f"{database}_units")
    for name, revision in present.items():
        with suppress(StoreError):
            couch.delete(database, name, rev=revision)


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
