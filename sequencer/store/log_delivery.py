"""Brings the log of actions from its file in the state folder into the store, each entry once."""

from __future__ import annotations

import json
import threading
import time
from weakref import WeakSet

from sequencer.project.action_log import read_log
from sequencer.project.private_file import write_private
from sequencer.project.state_folder import StateFolder
from sequencer.store.base import Store

_delivering = threading.Lock()
_looked_at: WeakSet[Store] = WeakSet()
"""Stores of which it is known that they have what went there before."""


def deliver_log(state: StateFolder, store: Store) -> int:
    """Gives the store what it lacks of the log; how many lines of that could not be read. Raises ``StoreError``.

    How much a store has is remembered beside the file. When that is lost, another store is configured, or a new one
    lies where the old one was, all of it goes again, which changes nothing where it is. Raises ``OSError`` when the
    file cannot be read.
    """
    with _delivering:
        try:
            size = state.actions.stat().st_size
        except FileNotFoundError:
            return 0
        done = _delivered(state, store.place)
        if done and store not in _looked_at and not store.log(limit=1).entries:
            done = 0
        _looked_at.add(store)
        if done == size:
            return 0
        offset = done if done < size else 0
        with state.actions.open("rb") as file:
            file.seek(offset)
            reading = read_log(file.read(), time.time())
        if reading.entries:
            store.add_to_log(reading.entries)
        if reading.settled:
            known = {"store": store.place, "bytes": offset + reading.settled}
            write_private(state.actions_delivered, json.dumps(known))
        return reading.damaged


def _delivered(state: StateFolder, place: str) -> int:
    """How many bytes of the file that store has."""
    try:
        known = json.loads(state.actions_delivered.read_bytes())
        return int(known["bytes"]) if known["store"] == place else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
