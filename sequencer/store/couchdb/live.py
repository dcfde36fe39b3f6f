"""What a stand is doing right now, as one small document per stand, or per slot of it, that a wall display or another
program may watch.

It is written by a thread of its own, at most five times a second: a state that was overtaken is never written, a slow
or absent CouchDB never holds up a run, and nothing depends on what stands there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.store.base import StoreError
from sequencer.store.couchdb.client import CouchClient, CouchDocument, DocumentConflict, DocumentNotFound
from sequencer.store.couchdb.design import create_live_database
from sequencer.store.stands import stand_identity

INTERVAL = 0.2
"""Seconds between two updates."""
STILL_THERE = 15.0
"""Seconds after which a run that goes on says so again, though nothing of it has changed."""
MOST_WRITES = 20
"""Updates a second of all slots of a stand together."""

_FIELDS = {
    "stand": {"name": "stand", "number": "stand_number"},
    "dut": {"serial_number": "serial_number", "part_number": "part_number"},
}
_RECENT = 30.0  # seconds in which a run that still goes on has written something, most often
_PAUSE = 5.0  # after a failure


class LiveState:
    """Listens to a run's events and mirrors where it stands into the database ``name``. Calls never wait.

    ``tell`` is called when it is closed, with a sentence for a person, if another machine writes the same document.
    ``slots`` is how many slots the stand has, each with a document of its own: of many each is written less often.
    """

    def __init__(
        self, couch: CouchClient, name: str, tell: Callable[[str], None] = lambda text: None, *, slots: int = 1
    ) -> None:
        self._interval = max(INTERVAL, slots / MOST_WRITES)
        self._couch = couch
        self._name = name
        self._tell = tell
        self._rival: str | None = None
        self._lock = threading.Lock()
        self._state: CouchDocument = {}
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._revisions: dict[str, str] = {}
        self._written: tuple[str, str] | None = None
        self._thread: threading.Thread | None = None

    def __call__(self, stamped: Stamped) -> None:
        """Takes in an event."""
        with self._lock:
            if not _apply(self._state, stamped):
                return
        self._changed.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_now_and_then, name="live-state", daemon=True)
            self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """Writes the last state if that is possible within ``timeout`` seconds."""
        self._closing.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._rival is not None:
            self._tell(self._rival)

    def _write_now_and_then(self) -> None:
        while True:
            while not self._changed.wait(STILL_THERE) and not self._goes_on():
                pass
            closing = self._closing.is_set()
            self._changed.clear()
            pause = self._interval
            try:
                self._write()
            except StoreError:
                pause = _PAUSE
                self._changed.set()  # the state is still to be written
            if closing:
                return
            self._closing.wait(pause)
            if self._closing.is_set():
                self._changed.set()

    def _goes_on(self) -> bool:
        with self._lock:
            return bool(self._state["status"] == "run")

    def _write(self) -> None:
        with self._lock:
            state = {**self._state, "cases": dict(self._state["cases"]), "updated": time.time()}
        document = {"_id": _identity(state), "type": "live", **state}
        self._put_in_any_case(document)
        self._take_away_former(document["_id"], state["run"])

    def _take_away_former(self, identity: str, run: str) -> None:
        """A run that is told its stand by a case began under the host's name, where it would seem to run forever."""
        former, self._written = self._written, (identity, run)
        if former is not None and former[1] == run and former[0] != identity:
            with suppress(StoreError):
                self._couch.delete(self._name, former[0], rev=self._revisions.pop(former[0]))

    def _put_in_any_case(self, document: CouchDocument) -> None:
        try:
            self._put(document)
        except DocumentConflict:  # a run of another process wrote it last
            stored = self._couch.get(self._name, document["_id"])
            self._look_for_rival(stored, document)
            self._revisions[document["_id"]] = stored["_rev"]
            self._put(document)
        except DocumentNotFound:
            create_live_database(self._couch, self._name)
            self._put(document)

    def _look_for_rival(self, stored: CouchDocument, document: CouchDocument) -> None:
        """Two stands of one name take one document from each other, and their reports cannot be told apart."""
        recent = abs(document["updated"] - stored.get("updated", 0)) < _RECENT
        if recent and stored.get("status") == "run" and stored.get("host") != document["host"]:
            name = document["_id"].partition(":")[2]
            self._rival = (
                f"the machine {str(stored.get('host'))!r} also runs tests under the name of this stand ({name}): "
                "give each stand a name or number of its own in [stand]"
            )

    def _put(self, document: CouchDocument) -> None:
        revision = self._revisions.get(document["_id"])
        body = document if revision is None else {**document, "_rev": revision}
        self._revisions[document["_id"]] = self._couch.put(self._name, document["_id"], body=body)["rev"]


def _identity(state: Mapping[str, object]) -> str:
    """The document's id, which names the slot, too."""
    return stand_identity(state) + (f", slot {state['slot']}" if "slot" in state else "")


def _apply(state: CouchDocument, stamped: Stamped) -> bool:
    """Brings the state up to the event; false when nothing of it changed. Costs the same in every run."""
    event = stamped.event
    if isinstance(event, events.RunStarted):
        state.clear()
        state.update(_begun(event, stamped.time))
    elif not state:
        return False
    elif isinstance(event, events.CaseStarted):
        state.update(case=event.case, attempt=event.attempt)
    elif isinstance(event, events.CaseFinished):
        if not event.final:
            return False
        state["cases"][event.status] = state["cases"].get(event.status, 0) + 1
        state["case"] = None
    elif isinstance(event, events.FactRecorded) and event.section in ("dut", "stand"):
        _record(state, event.section, event.data)
    elif isinstance(event, events.RunFinished):
        state.update(status=event.status, stop_time=stamped.time, case=None)
    else:
        return False
    return True


def _begun(event: events.RunStarted, time: float) -> dict[str, object]:
    state: dict[str, object] = {
        "run": event.run,
        "sequence": event.sequence.get("name"),
        "sequence_version": event.sequence.get("version"),
        "hardseq": event.hardseq,
        "status": "run",
        "start_time": time,
        "stop_time": None,
        "host": event.host.get("name"),
        "stand": None,
        "stand_number": None,
        "serial_number": None,
        "part_number": None,
        "case": None,
        "attempt": None,
        "cases": {"total": sum(len(module.get("cases", ())) for module in event.modules)},
    }
    if event.slot is not None:
        state["slot"] = event.slot.get("name")
    for section in ("dut", "stand"):
        _record(state, section, event.record.get(section))
    return state


def _record(state: CouchDocument, section: str, data: object) -> None:
    if not isinstance(data, dict):
        return
    for source, name in _FIELDS[section].items():
        if data.get(source) is not None:
            state[name] = str(data[source])
