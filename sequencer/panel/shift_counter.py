"""Keeps the counters of the shift on the pages up to date, in a thread of its own: a store may take its time."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sequencer.figures.index import FiguresUnavailable
from sequencer.report.model import RunReport
from sequencer.store.base import RunFilter, Store, StoreError, StoreUnavailable
from sequencer.store.shift import Shift, ShiftCounts, counts_of, last_hour, per_hour, shift_at
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.project.settings import FrontendSettings

COUNT_SECONDS = 60.0
"""Seconds between two counts when nothing was tested: the pace falls, and the clock may have been set."""
AGAIN_SECONDS = 10.0
"""Seconds until a store that could not be read is asked again."""
_TRIES = 3


class ShiftCounter:
    """Tells ``tell`` what pages show::

        {since, until, known, tested, passed, units, first_passed, per_hour, target}

    Times in Unix seconds. ``known`` is false, and the numbers are ``None``, while the store cannot be read: rather no
    number than a wrong one. ``waiting`` are the reports that the store lacks.
    """

    def __init__(
        self,
        store: Store,
        settings: FrontendSettings,
        stand: str | None,
        *,
        stored: Callable[[RunFilter], ShiftCounts],
        waiting: Callable[[], Sequence[RunReport]],
        tell: Callable[[Mapping[str, object]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._settings = settings
        self._stand = stand
        self._stored = stored
        self._waiting = waiting
        self._tell = tell
        self._clock = clock
        self._told: Shift | None = None
        self._closed = False
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shift", daemon=True)

    def start(self) -> None:
        """Counts at once, and from now on."""
        self._thread.start()

    def wake(self) -> None:
        """A run has ended."""
        self._due.set()

    def close(self) -> None:
        """Ends; a store that does not answer is not waited for."""
        self._closed = True
        self._due.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while True:
            self._due.clear()
            if self._closed:  # not before: what ``close`` sets would be cleared
                return
            self._due.wait(self.count())

    def count(self) -> float:
        """Counts once; the seconds until the next time."""
        now = self._clock()
        shift = shift_at(now, self._settings.shifts)
        if self._told is not None and shift != self._told:
            # What was counted is over, however long the store takes to say what is now.
            self._say(shift)
        try:
            counts, pace = self._counted(now, shift)
        except Exception as error:
            if not isinstance(
                error, StoreError | FiguresUnavailable
            ):  # a defect of hardseq: told, and the panel goes on
                traceback.print_exception(error)
            self._say(shift)
            return AGAIN_SECONDS
        self._say(shift, counts, pace)
        return min(COUNT_SECONDS, max(0.0, shift.until - self._clock()) + 0.01)

    def _counted(self, now: float, shift: Shift) -> tuple[ShiftCounts, float | None]:
        since = last_hour(now, shift)
        whole = RunFilter(stand=self._stand, since=shift.since, until=shift.until)
        lately = whole._replace(since=since, verdict="passed")
        self._store.find(limit=1)  # while it is away, hundreds of reports may wait: they are not read in vain
        for _ in range(_TRIES):
            waiting = self._waiting()
            counts = counts_of(self._store, self._stored, whole, waiting)
            passed = counts_of(self._store, self._stored, lately, waiting).passed
            # One that the store took meanwhile may have been counted twice, or not at all.
            if not waiting or _ids(waiting) == _ids(self._waiting()):
                return counts, per_hour(passed, now - since)
        raise StoreUnavailable(Reason("being_stored"))

    def _say(self, shift: Shift, counts: ShiftCounts | None = None, pace: float | None = None) -> None:
        self._told = shift
        numbers = dict.fromkeys(ShiftCounts._fields) if counts is None else counts._asdict()
        known = {"known": counts is not None, **numbers, "per_hour": pace, "target": self._settings.target}
        self._tell({**shift._asdict(), **known})


def _ids(reports: Sequence[RunReport]) -> set[str]:
    return {report["id"] for report in reports}
