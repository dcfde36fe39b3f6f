"""Journals that a dead runner left behind become reports at the next start; no journal goes before its report is safe.

A journal says itself whether its report is stored: its last line is then a ``report_stored`` event. Stored ones are
kept for a while, the newest ``KEPT`` of them. One with damaged lines is stored as far as it can be read and then set
aside in ``journals/damaged``, one whose run is stored with other content in ``journals/conflicting``; both stay there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sequencer.domain.state_folder import StateFolder
from sequencer.store.base import Store, StoreConflict, StoreError
from sequencer.vocabulary.report import RunReport

KEPT = 100
"""How many journals of stored runs stay for a second look."""

_MARK = b'{"event":"report_stored"'
_TAIL = 512  # bytes that surely hold the mark
_STALE_SECONDS = 86_400.0

Tell = Callable[[str], None]


def mark_stored(journal: Path) -> None:
    """Writes into the journal that its report is safe. Raises ``OSError``."""
    descriptor = os.open(journal, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
    try:
        _mark(descriptor)
    finally:
        os.close(descriptor)


def recover(
    state: StateFolder,
    store: Store,
    *,
    save: Callable[[RunReport], object] | None = None,
    tell: Tell = lambda text: None,
) -> list[RunReport]:
    """Stores the runs whose runner died before it could, oldest first, and removes the oldest stored journals.

    Journals that somebody still works on are left alone. ``save`` keeps a report in the place of ``store.save``, so
    that a recovered one takes the way of all others through the outbox. ``tell`` gets a sentence for a person about
    every journal that could not be stored; those are tried again at the next start. Returns what is safe now.
    """
    keep = store.save if save is None else save
    recovered = []
    stored = []
    for name in _names(state.journals):
        if is_stored(name):
            stored.append(name)
            continue
        path = Path(name)
        if _is_empty(path):
            continue
        try:
            report = _recover_one(path, store, keep, tell)
        except (StoreError, OSError) as error:
            tell(f"the report of run {path.stem} waits in its journal {path}: {error}")
            break  # what the store or the disk refused now it will refuse for the others, too
        if report is not None:
            recovered.append(report)
    _remove(stored[:-KEPT])
    return recovered


def told(report: RunReport) -> str:
    """What a person is told of a run that was recovered."""
    why = "had been cut off" if report["aborted"] else "was not stored yet"
    return f"run {report['id']} {why}; its report is stored now"


def prune(state: StateFolder) -> None:
    """Removes all but the newest ``KEPT`` journals of stored runs; cheap when there are no more than those."""
    names = _names(state.journals)
    if len(names) > KEPT:
        _remove([name for name in names if is_stored(name)][:-KEPT])


def worked_on(state: StateFolder) -> str | None:
    """The id of a run whose journal somebody still writes, if there is one."""
    from sequencer.runtime.journal_lock import hold_alone

    for name in reversed(_names(state.journals)):
        path = Path(name)
        if is_stored(name) or _is_empty(path):
            continue
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
            try:
                if not hold_alone(descriptor):
                    return path.stem
            finally:
                os.close(descriptor)
    return None


def is_stored(journal: Path | str) -> bool:
    """Whether the journal's report is safe; false for one that cannot be read."""
    try:
        descriptor = os.open(journal, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return False
    try:
        os.lseek(descriptor, max(0, os.fstat(descriptor).st_size - _TAIL), os.SEEK_SET)
        tail = os.read(descriptor, _TAIL)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return tail.endswith(b"}\n") and tail[:-1].rpartition(b"\n")[2].startswith(_MARK)


def _is_empty(path: Path) -> bool:
    """Whether nothing was written yet: then a run may just be beginning, and not even a lock may be tried.

    An empty journal that is a day old never had a run; it goes.
    """
    try:
        found = path.stat()
        if found.st_size == 0 and time.time() - found.st_mtime > _STALE_SECONDS:
            path.unlink()
    except OSError:
        return True
    return found.st_size == 0


def _names(journals: Path) -> list[str]:
    """The journals' paths, oldest run first, as the ids begin with the time. As texts: every start looks at all."""
    try:
        with os.scandir(journals) as entries:
            return sorted(entry.path for entry in entries if entry.name.endswith(".jsonl"))
    except FileNotFoundError:
        return []


def _recover_one(path: Path, store: Store, keep: Callable[[RunReport], object], tell: Tell) -> RunReport | None:
    from sequencer.runtime.journal_lock import hold_alone

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:  # another process was faster
        return None
    aside: str | None = None
    try:
        if not hold_alone(descriptor) or is_stored(path):
            return None
        report = _folded(descriptor, path.stem)
        if report is None:
            aside = "damaged"
            tell(f"nothing in the journal of run {path.stem} can be read; it is kept in {path.parent / aside}")
            return None
        try:
            keep(report)
        except StoreConflict as conflict:
            if not _is_the_stored_one(store, report):
                aside = "conflicting"
                tell(f"{conflict}; the journal is kept in {path.parent / aside}")
                return None
        _mark(descriptor)
        if report["damaged_lines"]:
            aside = "damaged"
            tell(f"the journal of run {path.stem} has damaged lines; it is kept in {path.parent / aside}")
        return report
    finally:
        os.close(descriptor)
        if aside is not None:
            _set_aside(path, aside)


def _folded(descriptor: int, run_id: str) -> RunReport | None:
    """The report of the journal's events; ``None`` when it has not a single one."""
    from sequencer.domain.fold import Fold, read_journal

    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        state = Fold(run_id)
        lines = read_journal(file)
        events = 0
        for stamped in lines:
            state.apply(stamped)
            events += 1
    if not events:
        return None
    if lines.damaged:
        state.damaged(lines.damaged)
    return state.finish()


def _is_the_stored_one(store: Store, report: RunReport) -> bool:
    """Whether only the count of damaged lines differs: a mark that was torn in half makes one more."""
    stored = store.get(report["id"])
    return stored is not None and {**stored, "damaged_lines": 0} == {**report, "damaged_lines": 0}


def _mark(descriptor: int) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    torn = b""
    if size:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        torn = b"" if os.read(descriptor, 1) == b"\n" else b"\n"
    rest = json.dumps({"seq": 0, "time": time.time()}, separators=(",", ":"))[1:]
    os.write(descriptor, torn + _MARK + b"," + rest.encode() + b"\n")


def _set_aside(path: Path, folder: str) -> None:
    with suppress(OSError):  # it stays where it is, then, and is looked at again
        (path.parent / folder).mkdir(exist_ok=True)
        path.replace(path.parent / folder / path.name)


def _remove(journals: list[str]) -> None:
    for path in journals:
        with suppress(OSError):
            Path(path).unlink()
