"""What a stand is doing right now, as one small document per stand that a wall display or another program may watch.

It is written by a thread of its own, at most five times a second: a state that was overtaken is never written, a slow
or absent CouchDB never holds up a run, and nothing depends on what stands there.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from sequencer.store.base import StoreError
from sequencer.store.couchdb_client import Conflict, Couch, NotFound
from sequencer.vocabulary import event as events
from sequencer.vocabulary.event import Stamped

INTERVAL = 0.2
"""Seconds between two updates."""

_PAUSE = 5.0  # after a failure
_REVISIONS = 5  # a live document has no history worth keeping


class LiveState:
    """Listens to a run's events and mirrors where it stands into the database ``name``. Calls never wait."""

    def __init__(self, couch: Couch, name: str) -> None:
        self._couch = couch
        self._name = name
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {}
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
        self._couch.close()

    def _write_now_and_then(self) -> None:
        while True:
            self._changed.wait()
            closing = self._closing.is_set()
            self._changed.clear()
            pause = INTERVAL
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

    def _write(self) -> None:
        with self._lock:
            state = {**self._state, "cases": dict(self._state["cases"]), "updated": time.time()}
        stand = state["stand"] or state["host"] or "stand"
        document = {"_id": f"live:{stand}", "type": "live", **state}
        self._put_in_any_case(document)
        self._take_away_former(document["_id"], state["run"])

    def _take_away_former(self, identity: str, run: str) -> None:
        """A run that is told its stand by a case began under the host's name, where it would seem to run for ever."""
        former, self._written = self._written, (identity, run)
        if former is not None and former[1] == run and former[0] != identity:
            with suppress(StoreError):
                self._couch.delete(self._name, former[0], rev=self._revisions.pop(former[0]))

    def _put_in_any_case(self, document: dict[str, Any]) -> None:
        try:
            self._put(document)
        except Conflict:  # a run of another process wrote it last
            self._revisions[document["_id"]] = self._couch.get(self._name, document["_id"])["_rev"]
            self._put(document)
        except NotFound:
            self._couch.put(self._name)
            with suppress(StoreError):
                self._couch.put_bytes(
                    self._name, "_revs_limit", data=str(_REVISIONS).encode(), media_type="application/json"
                )
            self._put(document)

    def _put(self, document: dict[str, Any]) -> None:
        revision = self._revisions.get(document["_id"])
        body = document if revision is None else {**document, "_rev": revision}
        self._revisions[document["_id"]] = self._couch.put(self._name, document["_id"], body=body)["rev"]


def _apply(state: dict[str, Any], stamped: Stamped) -> bool:
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
    elif isinstance(event, events.Recorded) and event.section in ("dut", "stand"):
        _record(state, event.section, event.data)
    elif isinstance(event, events.RunFinished):
        state.update(status=event.status, stop_time=stamped.time, case=None)
    else:
        return False
    return True


def _begun(event: events.RunStarted, time: float) -> dict[str, Any]:
    state: dict[str, Any] = {
        "run": event.run,
        "sequence": event.sequence.get("name"),
        "status": "run",
        "start_time": time,
        "stop_time": None,
        "host": event.host.get("name"),
        "stand": None,
        "serial_number": None,
        "part_number": None,
        "case": None,
        "attempt": None,
        "cases": {"total": sum(len(module.get("cases", ())) for module in event.modules)},
    }
    for section in ("dut", "stand"):
        _record(state, section, event.record.get(section))
    return state


def _record(state: dict[str, Any], section: str, data: Any) -> None:
    if not isinstance(data, dict):
        return
    fields = {"name": "stand"} if section == "stand" else {name: name for name in ("serial_number", "part_number")}
    for source, name in fields.items():
        if data.get(source) is not None:
            state[name] = str(data[source])
