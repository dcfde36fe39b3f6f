"""Notes on runs that the store lacks, or that were made while it was away: safe in the state folder until it has them.

A note goes into the store once its run is there, each once: its id makes a second delivery do nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sequencer.project.append_only import AppendOnlyFile
from sequencer.report.note import Note, read_note
from sequencer.store.base import Store, StoreError, StoreUnavailable
from sequencer.vocabulary.reason import Reason


class WaitingNotes:
    """Those in the file at ``path``. Thread-safe; several processes may use the same file."""

    def __init__(self, path: Path) -> None:
        self._file = AppendOnlyFile(path)
        self._delivering = threading.Lock()
        self._delivered: set[str] = set()

    def add(self, note: Note) -> None:
        """Keeps a note; it is on the disk when this returns. Raises ``StoreUnavailable``."""
        try:
            self._file.append(note.document())
        except OSError as error:
            raise StoreUnavailable(Reason("note_not_kept", detail=error.strerror or str(error))) from error

    def all(self) -> list[Note]:
        """In the order in which they were made. Raises ``StoreUnavailable``."""
        return list(_notes(self._read()))

    def deliver(self, store: Store) -> int:
        """Gives the store what it can have; how many wait on. Raises ``StoreUnavailable``."""
        with self._delivering:
            data = self._read()
            here: dict[str, bool] = {}
            left = 0
            for note in _notes(data):
                if note.id in self._delivered:
                    continue
                if note.run not in here:
                    here[note.run] = store.get(note.run) is not None
                if here[note.run] and _added(store, note):
                    self._delivered.add(note.id)
                else:
                    left += 1
            if data and not left:
                with suppress(OSError):  # what is there twice does nothing
                    if self._file.empty(len(data)):
                        self._delivered.clear()
            return left

    def _read(self) -> bytes:
        try:
            return self._file.read()
        except OSError as error:
            raise StoreUnavailable(Reason("note_not_kept", detail=error.strerror or str(error))) from error


def _added(store: Store, note: Note) -> bool:
    """Whether the store took it. One that it never takes must not keep the others."""
    try:
        store.add_note(note)
    except StoreUnavailable:
        raise
    except StoreError:
        return False
    return True


def _notes(data: bytes) -> Iterator[Note]:
    for line in data.splitlines():
        with suppress(ValueError, RecursionError):
            found = json.loads(line)
            note = read_note(found) if isinstance(found, dict) else None
            if note is not None:
                yield note
