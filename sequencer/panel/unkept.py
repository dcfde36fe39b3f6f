"""Reports that nobody has taken yet: a full disk, a store that is away. They are tried again until they are safe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sequencer.store.base import StoreError
from sequencer.sync.outbox_tables import OutboxUnavailable
from sequencer.vocabulary.report import RunReport

MOST = 100
"""Reports held in memory; what is older has only its journal until the panel is started anew."""


class Unkept:
    """``accept`` keeps one report. ``problem`` says why some still wait, ``None`` when none do. Thread-safe."""

    def __init__(self, accept: Callable[[RunReport], Any]) -> None:
        self.problem: str | None = None
        self._accept = accept
        self._waiting: list[RunReport] = []
        self._lock = threading.Lock()
        self._keeping = threading.Lock()  # a store may take its time; ``add`` does not wait for it

    def add(self, report: RunReport) -> None:
        """Takes a report that ``keep`` then tries."""
        with self._lock:
            self._waiting = [*self._waiting, report][-MOST:]

    def keep(self) -> dict[str, Any]:
        """Tries each, oldest first; what ``accept`` answered for those that are safe now, by run."""
        kept: dict[str, Any] = {}
        with self._keeping:
            with self._lock:
                waiting = list(self._waiting)
            problem = None
            for report in waiting:
                try:
                    kept[report["id"]] = self._accept(report)
                except (StoreError, OutboxUnavailable, OSError) as error:
                    problem = str(error)
            with self._lock:
                self.problem = problem
                self._waiting = [report for report in self._waiting if report["id"] not in kept]
        return kept
