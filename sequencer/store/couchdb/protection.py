"""What keeps stored runs as they are: CouchDB itself refuses to change or delete them.

A member of a database may otherwise write and delete every document of it. The function below is a design document's
``validate_doc_update``; CouchDB calls it before each write, also before one that comes by replication. It is the rule
of the store itself (``base.change``): a complete report takes the place of the aborted one of the same run, steps that
follow the run may be tried again, for which ``amendment.after_run`` grows, files may be added, and nothing else ever
changes. Administrators of the server are not bound by it. Users with the role ``hardseq-reader``
write nothing.

One thing CouchDB does not let a rule see: a copy that comes by replication with a history of its own is a revision in
conflict with the stored one.
"""

from __future__ import annotations

from contextlib import suppress

from sequencer.store.base import StoreError
from sequencer.store.couchdb.client import Couch, NotFound

PROTECTION = "hardseq-protection"
READER = "hardseq-reader"
"""The role of users who may read runs and write nothing."""

VERSION = 2
"""Of the rule; a stand with an older hardseq leaves a newer rule alone."""

RULE = """\
function (next, before, user) {
  if (user.roles.indexOf('_admin') !== -1) return;
  if (user.roles.indexOf('READER') !== -1) throw({forbidden: user.name + ' may only read'});
  if (!before || before._deleted || before.type !== 'run') return;
  if (next._deleted) throw({forbidden: 'a run is deleted by administrators only'});
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
}""".replace("READER", READER)


def protect(couch: Couch, database: str) -> None:
    """Puts the rule in place where it is missing or older, as far as this user may: it takes an administrator."""
    try:
        stored = couch.get(database, "_design", PROTECTION)
    except NotFound:
        stored = {}
    if stored.get("version", 0) > VERSION or stored.get("validate_doc_update") == RULE:
        return
    wanted = {"language": "javascript", "version": VERSION, "validate_doc_update": RULE}
    revision = {"_rev": stored["_rev"]} if stored else {}
    # Another one was faster, or this user may not: a database without the rule is used all the same.
    with suppress(StoreError):
        couch.put(database, "_design", PROTECTION, body={**wanted, **revision})
