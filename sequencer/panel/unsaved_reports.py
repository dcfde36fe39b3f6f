"""Reports that nobody has taken yet: a full disk, a store that is away. They are tried again until they are safe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import OutboxUnavailable
from sequencer.store.base import StoreError
from sequencer.vocabulary.failure import why
from sequencer.vocabulary.reason import Reason, ReasonOrText

MOST = 100
"""Reports held in memory; what is older has only its journal until the panel is restarted."""


Kept = TypeVar("Kept")
"""What is known of a report once it is safe."""


class UnsavedReports(Generic[Kept]):
    """``accept`` keeps one report, ``lacking`` says how much of one would be lost with this process.

    ``problem`` says why some still wait, ``at_risk`` what their journals lack, both ``None`` when nothing does.
    Thread-safe.
    """

    def __init__(self, accept: Callable[[RunReport], Kept], lacking: Callable[[RunReport], Reason | None]) -> None:
        self.problem: ReasonOrText | None = None
        self._accept = accept
        self._lacking = lacking
        self._lacks: dict[str, Reason | None] = {}
        self._waiting: list[RunReport] = []
        self._lock = threading.Lock()
        self._saving = threading.Lock()  # a store may take its time; ``add`` does not wait for it

    @property
    def at_risk(self) -> Reason | None:
        """What the journal of one that waits lacks."""
        return next((lacks for lacks in self._lacks.values() if lacks is not None), None)

    @property
    def waiting(self) -> list[RunReport]:
        """Those that are not safe yet, oldest first."""
        with self._lock:
            return list(self._waiting)

    def add(self, report: RunReport) -> None:
        """Takes a report that ``keep`` then tries."""
        with self._lock:
            self._waiting = [*self._waiting, report][-MOST:]

    def keep(self) -> dict[str, Kept]:
        """Tries each, oldest first; what ``accept`` answered for those that are safe now, by run."""
        kept: dict[str, Kept] = {}
        with self._saving:
            problem: ReasonOrText | None = None
            for report in self.waiting:
                try:
                    kept[report["id"]] = self._accept(report)
                except (StoreError, OutboxUnavailable, OSError) as error:
                    problem = why(error)
                    if report["id"] not in self._lacks:  # nobody writes the journal any more
                        self._lacks[report["id"]] = self._lacking(report)
            with self._lock:
                self.problem = problem
                self._waiting = [report for report in self._waiting if report["id"] not in kept]
                still = {report["id"] for report in self._waiting}
                self._lacks = {run: lacks for run, lacks in self._lacks.items() if run in still}
        return kept
