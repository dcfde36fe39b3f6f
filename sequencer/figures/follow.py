"""Keeps the figures index up with the store: what came since the last time, or everything anew."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from sequencer.figures.condensed import read_condensed
from sequencer.figures.index import FiguresIndex, IndexDamaged, NewRun, UnreadableRun, known_digests
from sequencer.figures.rows import RunRows, rows_of
from sequencer.report.reader import read_report
from sequencer.store.base import Store, StoredRun, StoreError
from sequencer.vocabulary.reason import Reason

BATCH = 1000
"""Runs that are added at once."""

Progress = Callable[[int, int], None]
"""Is told how many runs were read since it began, and about how many are left."""


def _silent(done: int, left: int) -> None:
    """Nobody wants to know."""


def follow(index: FiguresIndex, store: Store, progress: Progress = _silent, *, at_once: int | None = None) -> None:
    """Adds what the store got since the last time; all of it where the index is of another store.

    ``at_once``: how many runs are added together; default: ``BATCH``.
    What was added stays added when this is broken off, and the next call goes on from there. A damaged index is begun
    anew. Raises :class:`sequencer.store.base.StoreUnavailable`,
    :class:`sequencer.figures.index.FiguresUnavailable`.
    """
    try:
        _follow(index, store, progress, at_once or BATCH)
    except IndexDamaged:
        rebuild(index, store, progress, at_once=at_once)


def rebuild(index: FiguresIndex, store: Store, progress: Progress = _silent, *, at_once: int | None = None) -> None:
    """Throws the index away and makes it from the store. Takes and raises as :func:`follow` does."""
    index.clear()
    _follow(index, store, progress, at_once or BATCH)


def _follow(index: FiguresIndex, store: Store, progress: Progress, at_once: int) -> None:
    place, checkpoint = index.checkpoint
    if place and place != store.place:
        index.clear()
        checkpoint = None
    done = 0
    # While DuckDB adds some, which needs no interpreter, the next ones are read.
    with ThreadPoolExecutor(1, thread_name_prefix="figures-reader") as reader:
        batch: _Batch | None = _read_batch(index, store, checkpoint, at_once)
        while batch is not None:
            following: Future[_Batch] | None = None
            if batch.left:
                following = reader.submit(_read_batch, index, store, batch.next, at_once)
            if batch.new or batch.unreadable or batch.next != checkpoint:
                index.add(store.place, batch.next, batch.new, batch.unreadable)
            checkpoint = batch.next
            done += batch.runs
            progress(done, batch.left)
            batch = None if following is None else following.result()


class _Batch(NamedTuple):
    """What was read of the store up to ``next``: ``runs`` of them, of which ``new`` and ``unreadable`` are to be added.

    ``left``: about how many follow.
    """

    next: str
    runs: int
    left: int
    new: list[NewRun]
    unreadable: list[UnreadableRun]


def _read_batch(index: FiguresIndex, store: Store, checkpoint: str | None, at_once: int) -> _Batch:
    """The runs after ``checkpoint``; a run that is here as the store has it is not read."""
    found = store.changes(checkpoint, limit=at_once)
    with index.reading() as ask:
        known = known_digests(ask, [run.id for run in found.runs])
    new, unreadable = _read(run for run in found.runs if known.get(run.id) != run.digest)
    return _Batch(found.next, len(found.runs), found.left, new, unreadable)


def read_again(index: FiguresIndex, store: Store, runs: Sequence[str]) -> None:
    """Replaces these runs by what the store has of them now, of which it did not tell; after :func:`follow`.

    Raises as that does.
    """
    place, checkpoint = index.checkpoint
    if checkpoint is not None:
        new, unreadable = _read(store.stored(runs))
        index.add(place, checkpoint, new, unreadable)


def _read(runs: Iterable[StoredRun]) -> tuple[list[NewRun], list[UnreadableRun]]:
    """Those that can be read, and those that cannot."""
    new: list[NewRun] = []
    unreadable: list[UnreadableRun] = []
    with _without_garbage_collection():
        for run in runs:
            try:
                new.append(NewRun(run.digest, _rows(run)))
            except StoreError as error:
                unreadable.append(UnreadableRun(run.id, run.digest, str(error)))
    return new, unreadable


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """A report is a thousand lists and mappings and no cycle: to look for some takes a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _rows(run: StoredRun) -> RunRows:
    """The rows of a run; of a report that is none, as it stands, those of what can be read of it."""
    if run.condensed is not None:
        try:
            return read_condensed(run.condensed)
        except (LookupError, TypeError, AttributeError, ValueError):
            raise StoreError(Reason("condensed_damaged")) from None
    report = run.read()
    try:
        return rows_of(report)
    except (LookupError, TypeError, AttributeError, ValueError):
        return rows_of(read_report(report))
