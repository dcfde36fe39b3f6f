"""Brings the log of actions from its file in the state folder into the store, each entry once."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from weakref import WeakSet

from sequencer.project.action_log import read_log
from sequencer.project.append_only import AppendOnlyFile
from sequencer.project.private_file import write_private
from sequencer.project.state_folder import StateFolder
from sequencer.store.base import Store

LARGEST = 8_000_000
"""Bytes from which on the file begins anew, once the store has all of it: some 20,000 actions."""
KEPT = 4
"""Such files that stay, for a store that lies in a lost one's place."""
_HEAD = 100
"""Bytes that no two files begin with, as the id of the first action is among them."""

_delivering = threading.Lock()
_looked_at: WeakSet[Store] = WeakSet()
"""Stores of which it is known that they have what went there before."""


class _Delivered(NamedTuple):
    """How many ``bytes`` of the file that ``begins`` so a store has; ``None``: of whichever file."""

    bytes: int
    begins: str | None


def deliver_log(state: StateFolder, store: Store) -> int:
    """Gives the store what it lacks of the log; how many lines of that could not be read. Raises ``StoreError``.

    How much a store has is remembered beside the file. When that is lost, another store is configured, or a new one
    lies where the old one was, all that is here goes again, which changes nothing where it is. A file that has become
    large is set aside when the store has all of it. Raises ``OSError`` when a file cannot be read.
    """
    with _delivering:
        older = _older(state)
        try:
            with state.actions.open("rb") as file:
                begins, size = file.read(_HEAD), file.seek(0, 2)
        except FileNotFoundError:
            begins, size = b"", 0
        if not size and not older:
            return 0
        known = _delivered(state, store.place)
        if known is not None and store not in _looked_at and (known.bytes or older) and not store.log(limit=1).entries:
            known = None
        damaged = 0
        if known is None:
            damaged = sum(_give(store, file.read_bytes())[1] for file in older)
            known = _Delivered(0, "")
        _looked_at.add(store)
        done = known.bytes if known.begins in (None, _text(begins)) and known.bytes <= size else 0
        if done < size:
            settled, unread = _give(store, AppendOnlyFile(state.actions).read()[done:])
            damaged += unread
            done += settled
            _remember(state, store, _Delivered(done, _text(begins)))
        if done == size >= LARGEST:
            _set_aside(state, store, size, older)
        return damaged


def _give(store: Store, data: bytes) -> tuple[int, int]:
    """How many bytes need not be read again, and how many lines could not be read."""
    reading = read_log(data, time.time())
    if reading.entries:
        store.add_to_log(reading.entries)
    return reading.settled, reading.damaged


def _set_aside(state: StateFolder, store: Store, size: int, older: list[Path]) -> None:
    """The file begins anew; the oldest ones go. Where that cannot be it is tried again."""
    number = int(older[-1].stem.rpartition("-")[2]) + 1 if older else 1
    aside = state.older_actions(number)
    with suppress(OSError):
        if AppendOnlyFile(state.actions).empty(size, aside):
            _remember(state, store, _Delivered(0, ""))
            for file in [*older, aside][:-KEPT]:
                file.unlink()


def _older(state: StateFolder) -> list[Path]:
    """What was set aside, oldest first."""
    return sorted(file for file in state.path.glob("actions-*.jsonl") if file.stem.rpartition("-")[2].isdecimal())


def _delivered(state: StateFolder, place: str) -> _Delivered | None:
    """What that store has; ``None`` when nobody knows."""
    try:
        known = json.loads(state.actions_delivered.read_bytes())
        return _Delivered(int(known["bytes"]), known.get("begins")) if known["store"] == place else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _remember(state: StateFolder, store: Store, known: _Delivered) -> None:
    write_private(state.actions_delivered, json.dumps({"store": store.place, **known._asdict()}))


def _text(begins: bytes) -> str:
    return begins.decode("latin-1")
