"""The figures of a process that lives long: it owns the index, follows the store, and answers from any thread.

A thread of its own opens the index once it is needed, not before: DuckDB takes a tenth of a second to import, for which
no run waits. From then on it looks every second for what the store got, by whomever: a run of another stand is counted
within two seconds. Questions read what is there, each in a transaction of its own, beside what is being added.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sequencer.figures.catalogue import Answer, Question, answer
from sequencer.figures.follow import follow, read_again, rebuild
from sequencer.figures.index import FiguresIndex, FiguresUnavailable, IndexDamaged, IndexInUse
from sequencer.figures.scope import Ask, Scope
from sequencer.store.base import Store, StoreError, StoreUnavailable
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason, ReasonOrText

Value = TypeVar("Value")

LOOK_SECONDS = 1.0
"""Seconds between two looks at the store for runs that others kept."""
TROUBLE_SECONDS = 5.0
"""Seconds until a store or an index that could not be used is tried again."""
PATIENCE = 2.0
"""Seconds that a question waits for what the store got last; a backlog that takes longer is told in the answer."""
OPENING_SECONDS = 10.0
"""Seconds that a question waits for another process that has the index open: most are done sooner."""
COUNTING_SECONDS = 10.0
"""Seconds that a question waits which is answered from all runs or not at all."""
SOON = 2_000
"""Runs that are counted within seconds: a backlog of more is not waited for."""
CLOSING_SECONDS = 10.0
"""Seconds that whoever closes the figures waits for a store that does not answer."""
CHECKED = 50
"""Reports that are held against their fingerprints at each look: a few milliseconds."""
CHECK_PAUSE = 600.0
"""Seconds from the end of a round of that through all reports to the next one."""
_PAUSE = 0.1


class _Closed(Exception):
    """It is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresState:
    """How far the index is: ``runs`` are in it, ``left`` of the store are not yet (``None``: not known).

    ``unreadable`` reports are left out, of so many runs the report was ``changed`` in the store. ``rebuilding``: it was
    begun anew and is not whole. ``problem``: why it cannot follow or answer just now.
    """

    runs: int = 0
    unreadable: int = 0
    changed: int = 0
    left: int | None = None
    rebuilding: bool = False
    problem: ReasonOrText | None = None


class FiguresService:
    """Of one store; without ``file`` the index is in memory. ``lock`` says who has the file open. Thread-safe."""

    def __init__(self, store: Store, file: Path | None = None, lock: Path | None = None) -> None:
        self._store = store
        self._file = file
        self._lock = lock
        self._index: FiguresIndex | None = None
        self._state = FiguresState()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._close_by = 0.0
        self._anew = False
        self._again: set[str] = set()
        self._store_problem: ReasonOrText | None = None
        self._wanted = self._served = 0
        self._checked_to: str | None = None
        self._check_after = 0.0

    @property
    def is_open(self) -> bool:
        """Whether anybody needed it yet."""
        return self._thread is not None

    def follow(self) -> None:
        """The store got a run: it is to be counted soon. Returns at once."""
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
                self._thread.start()
            self._wanted += 1
            self._changed.notify_all()

    def rebuild(self) -> None:
        """The index is thrown away and made anew from the store. Returns at once."""
        with self._changed:
            self._anew = True
            self._state = FiguresState(rebuilding=True)
        self.follow()

    def read_again(self, run: str) -> None:
        """The stored report of this run turned out to be another one than was counted. Returns at once."""
        with self._changed:
            self._again.add(run)
        self.follow()

    def state(self) -> FiguresState:
        """How far it is; whoever asks wants it to go on."""
        if not self.is_open:
            self.follow()
        return self._state

    def ask(self, question: Question, scope: Scope, given: Mapping[str, str]) -> tuple[Answer, FiguresState]:
        """Answers a question of the catalogue. Raises as :meth:`read` does, and
        :class:`sequencer.figures.catalogue.QuestionRefused`."""
        return self.read(lambda ask: answer(ask, question, scope, given))

    def read(self, work: Callable[[Ask], Value]) -> tuple[Value, FiguresState]:
        """What ``work`` reads of all that the store has, or of what is counted so far (``left``, ``problem``).

        It may be done twice. Raises what ``work`` does, :class:`sequencer.figures.index.FiguresUnavailable`, and
        :class:`sequencer.store.base.StoreUnavailable` where there is nothing yet to answer from.
        """
        found, state, _ = self._tried(work, whole=False)
        return found, state

    def complete(self, work: Callable[[Ask], Value]) -> Value:
        """What ``work`` reads of all that the store has, and of nothing less: it waits for what is counted soon.

        Raises as :meth:`read` does, and where a backlog is still being counted, or the store cannot be read.
        """
        found, state, latest = self._tried(work, whole=True)
        if self._store_problem is not None:
            raise StoreUnavailable(self._store_problem)
        if not latest:
            behind = f"{state.left or 'the newest'} runs are still being counted"
            raise FiguresUnavailable(behind if state.problem is None else str(state.problem))
        return found

    def _tried(self, work: Callable[[Ask], Value], *, whole: bool) -> tuple[Value, FiguresState, bool]:
        try:
            return self._read(work, whole=whole)
        except IndexDamaged:
            self.rebuild()
            return self._read(work, whole=whole)

    def _read(self, work: Callable[[Ask], Value], *, whole: bool) -> tuple[Value, FiguresState, bool]:
        """The answer, how far it goes, and whether all is in it that the store had when it was asked."""
        latest = self._wait_for_latest(whole=whole)
        state = self._state
        if not (latest or state.left):  # what came last is not counted yet, and nobody knows how much it is
            state = replace(state, left=None)
        if self._store_problem is not None and not state.runs:
            raise StoreUnavailable(self._store_problem)
        with self._reading() as ask:
            return work(ask), state, latest and not state.rebuilding

    def close(self) -> None:
        """Ends, whatever it is at: the index is whole, and goes on from there the next time.

        It waits for a page of the store or two, not longer than ``CLOSING_SECONDS``, however often it is closed.
        """
        with self._changed:
            if not self._closed:
                self._close_by = time.monotonic() + CLOSING_SECONDS
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=max(0.0, self._close_by - time.monotonic()))

    @contextmanager
    def _reading(self) -> Iterator[Ask]:
        index = self._index
        if index is None:
            raise FiguresUnavailable("the figures are closed" if self._closed else str(self._state.problem))
        with index.reading() as ask:
            yield ask

    def _wait_for_latest(self, *, whole: bool) -> bool:
        """Until all is counted that the store has now; shorter, and false, where that takes long or cannot be.

        ``whole``: nobody can use less.
        """
        self.follow()
        most, seconds = (SOON, COUNTING_SECONDS) if whole else (0, PATIENCE)
        with self._changed:
            wanted = self._wanted
            opened = self._changed.wait_for(lambda: self._index is not None or self._closed, OPENING_SECONDS)
            if opened:
                self._changed.wait_for(lambda: self._served >= wanted or self._is_behind(most), seconds)
            return self._served >= wanted and self._state.problem is None

    def _is_behind(self, most: int) -> bool:
        """Whether more than ``most`` runs are left, or it cannot go on just now."""
        in_trouble = self._state.problem is not None and self._state.runs > 0
        return self._closed or in_trouble or (self._state.left or 0) > most

    # What the thread does.

    def _run(self) -> None:
        with ExitStack() as opened:
            while not self._closed:
                wanted = self._wanted
                pause = self._look(opened)
                with self._changed:
                    self._served = max(self._served, wanted)
                    self._changed.notify_all()
                    self._changed.wait_for(partial(self._is_due, wanted), pause)
            with self._changed:
                self._index = None

    def _is_due(self, served: int) -> bool:
        return self._closed or self._wanted > served

    def _look(self, opened: ExitStack) -> float:
        """Adds what the store got; the seconds until the next time."""
        try:
            self._bring_up_to_date(self._index or self._open(opened))
        except _Closed:
            return 0.0
        except IndexInUse as error:
            self._say(problem=_unavailable(error))
            return _PAUSE
        except StoreError as error:
            self._store_problem = error.reason
            self._say(problem=error.reason)
            return TROUBLE_SECONDS
        except Exception as error:
            if not isinstance(error, FiguresUnavailable):  # a defect of hardseq: told, and the panel goes on
                traceback.print_exception(error)
            self._say(problem=_unavailable(error))
            return TROUBLE_SECONDS
        self._store_problem = None
        return LOOK_SECONDS

    def _open(self, opened: ExitStack) -> FiguresIndex:
        """In its file; in memory where there can be no file."""
        try:
            index = opened.enter_context(FiguresIndex(self._file, self._lock))
        except IndexInUse:
            raise
        except FiguresUnavailable:
            index = opened.enter_context(FiguresIndex(None))
        runs, unreadable = index.counts()
        self._say(runs=runs, unreadable=unreadable, changed=index.changed_reports())
        with self._changed:
            self._index = index
            self._changed.notify_all()
        return index

    def _bring_up_to_date(self, index: FiguresIndex) -> None:
        with self._changed:
            anew, self._anew = self._anew, False
            again, self._again = self._again, set()

        def progress(done: int, left: int) -> None:
            if self._closed:
                raise _Closed
            runs, unreadable = index.counts()
            # It was begun anew where all that is in it came just now.
            rebuilding = left > 0 and runs + unreadable <= done
            changed = index.changed_reports()
            self._say(runs=runs, unreadable=unreadable, changed=changed, left=left, rebuilding=rebuilding)

        bring = rebuild if anew else follow
        bring(index, self._store, progress)
        if again := again | self._found_changed(index):
            read_again(index, self._store, sorted(again))
            self._say(changed=index.changed_reports(), left=self._state.left)

    def _found_changed(self, index: FiguresIndex) -> set[str]:
        """Looks at the next reports, of whose changes the store does not tell: those that are known otherwise."""
        if time.monotonic() < self._check_after:
            return set()
        unchanged, self._checked_to = self._store.checked(self._checked_to, limit=CHECKED)
        if self._checked_to is None:
            self._check_after = time.monotonic() + CHECK_PAUSE
        return set(index.known_otherwise(unchanged)) if unchanged else set()

    def _say(
        self,
        *,
        runs: int | None = None,
        unreadable: int | None = None,
        changed: int | None = None,
        left: int | None = None,
        rebuilding: bool = False,
        problem: ReasonOrText | None = None,
    ) -> None:
        with self._changed:
            known = self._state
            self._state = FiguresState(
                runs=known.runs if runs is None else runs,
                unreadable=known.unreadable if unreadable is None else unreadable,
                changed=known.changed if changed is None else changed,
                left=left,
                rebuilding=rebuilding,
                problem=problem,
            )
            self._changed.notify_all()


def _unavailable(error: Exception) -> Reason:
    return Reason("figures_unavailable", detail=str(error))
