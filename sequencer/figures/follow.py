"""Keeps the figures index up with the store: what came since the last time, or everything anew."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event
from typing import NamedTuple, TypeVar

from sequencer.figures.condensed import read_condensed
from sequencer.figures.index import FiguresIndex, IndexDamaged, NewRun, UnreadableRun, known_digests
from sequencer.figures.rows import RunRows, rows_of
from sequencer.report.reader import read_report
from sequencer.store.base import Store, StoreChanges, StoredRun, StoreError
from sequencer.vocabulary.reason import Reason

Item = TypeVar("Item")

PAGE = 200
"""Runs that the store is asked for at a time."""
BATCH = 1000
"""Runs that are added at once, or some more."""
PAGES = 10
"""Pages that are added at once at most: a store may have little else than notes in them."""
VALUES = 200_000
"""Cases and measurements that are not kept waiting for more to be added with them."""
AHEAD = 4
"""Pages that are read while others are added."""

Progress = Callable[[int, int], None]
"""Is told after each page how many runs were added since it began, and about how many are left. What it raises ends it:
what was read by then is added first."""


def _silent(done: int, left: int) -> None:
    """Nobody wants to know."""


def follow(index: FiguresIndex, store: Store, progress: Progress = _silent) -> None:
    """Adds what the store got since the last time; all of it where the index is of another store.

    What was added stays added when this is broken off, and the next call goes on from there. A damaged index is begun
    anew. Raises :class:`sequencer.store.base.StoreUnavailable`,
    :class:`sequencer.figures.index.FiguresUnavailable`.
    """
    try:
        _follow(index, store, progress)
    except IndexDamaged:
        rebuild(index, store, progress)


def rebuild(index: FiguresIndex, store: Store, progress: Progress = _silent) -> None:
    """Throws the index away and makes it from the store. Takes and raises as :func:`follow` does."""
    index.clear()
    _follow(index, store, progress)


def _follow(index: FiguresIndex, store: Store, progress: Progress) -> None:
    place, checkpoint = index.checkpoint
    if place and place != store.place:
        index.clear()
        checkpoint = None
    done = 0
    waiting: _Batch | None = None
    over = Event()
    with closing(_ahead(_read_pages(index, store, checkpoint, over), AHEAD)) as pages:
        try:
            for page in pages:
                waiting = page if waiting is None else waiting.followed_by(page)
                if waiting.is_enough(first=not done):
                    batch, waiting = waiting, None
                    _add(index, store, batch, checkpoint)
                    checkpoint = batch.next
                    done += batch.runs
                progress(done, page.left + (0 if waiting is None else waiting.runs))
        finally:
            over.set()
            if waiting is not None:  # what was read before the store failed, or before nobody wanted more
                _add(index, store, waiting, checkpoint)


def _add(index: FiguresIndex, store: Store, batch: _Batch, checkpoint: str | None) -> None:
    """To the index, which goes up to ``checkpoint`` by now; a look that found nothing writes nothing."""
    if batch.new or batch.unreadable or batch.next != checkpoint:
        index.add(store.place, batch.next, batch.new, batch.unreadable)


def _ahead(items: Generator[Item], most: int) -> Generator[Item]:
    """The same ones, of which a thread makes as many as ``most`` while whoever asks works on the one before.

    DuckDB, and the waiting for a server, need no interpreter: one thread asks the store, another one reads reports,
    and the one that follows adds them. What nobody asks for any more is not begun.
    """
    with closing(items), ThreadPoolExecutor(1, thread_name_prefix="figures-reader") as reader:
        following = deque(reader.submit(next, items, None) for _ in range(most))
        try:
            while (item := following.popleft().result()) is not None:
                following.append(reader.submit(next, items, None))
                yield item
        finally:
            reader.shutdown(cancel_futures=True)


class _Batch(NamedTuple):
    """What was read of the store up to ``next``: ``runs`` of them, of which ``new`` and ``unreadable`` are to be added.

    ``left``: about how many follow. ``pages``: how often the store was asked for it.
    """

    next: str
    runs: int
    left: int
    new: list[NewRun]
    unreadable: list[UnreadableRun]
    pages: int = 1

    def is_enough(self, *, first: bool) -> bool:
        """Whether it is to be added by now: the ``first`` runs alone, so that there is soon something to be asked for,
        then several pages together, as each time costs as much as some hundred runs. What holds many values is enough,
        too, for the sake of memory.
        """
        values = sum(len(new.rows.cases) + len(new.rows.measurements) for new in self.new)
        return first or not self.left or self.runs >= BATCH or self.pages >= PAGES or values >= VALUES

    def followed_by(self, later: _Batch) -> _Batch:
        """Both; what is said later of a run counts, but that :meth:`FiguresIndex.add` sees whether it was aborted."""
        gone = {one.id for one in later.unreadable}
        said = gone | {one.rows.run.id for one in later.new}
        new = [one for one in self.new if one.rows.run.id not in gone]
        unreadable = [one for one in self.unreadable if one.id not in said]
        both = new + later.new, unreadable + later.unreadable
        return _Batch(later.next, self.runs + later.runs, later.left, *both, pages=self.pages + later.pages)


def _read_pages(index: FiguresIndex, store: Store, checkpoint: str | None, over: Event) -> Generator[_Batch]:
    """What is to be added after ``checkpoint``, page by page, so that whoever follows can end between any two."""
    with closing(_ahead(_pages(store, checkpoint, over), 1)) as pages:
        for page in pages:
            yield _read_page(index, page)


def _pages(store: Store, place: str | None, over: Event) -> Generator[StoreChanges]:
    """All that the store has after ``place``; it is not asked for more once it is ``over``."""
    left = True
    while left and not over.is_set():
        page = store.changes(place, limit=PAGE)
        yield page
        place, left = page.next, page.left > 0


def _read_page(index: FiguresIndex, page: StoreChanges) -> _Batch:
    """Its runs; one that is here as the store has it is not read."""
    with index.reading() as ask:
        known = known_digests(ask, [run.id for run in page.runs])
    new, unreadable = _read(run for run in page.runs if known.get(run.id) != run.digest)
    return _Batch(page.next, len(page.runs), page.left, new, unreadable)


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
