"""Runs whose reports the store lacks: they wait for it in the outbox, or have only their journals."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sequencer.project.state_folder import StateFolder
from sequencer.report.model import RunReport
from sequencer.store.base import RunSummary

if TYPE_CHECKING:
    from sequencer.standcloud.outbox import Outbox

_BATCH = 100


class UnsentRuns:
    """Finds them by serial number, and those of a start. Each report is read once, however often is asked; thread-safe.

    A run stays known here when its report was sent: whoever asks the store as well has it twice.
    """

    def __init__(self, state: StateFolder, outbox: Callable[[], Outbox], target: str) -> None:
        self._target = target
        self._state = state
        self._outbox = outbox
        self._lock = threading.Lock()
        self._runs: dict[str, list[RunSummary]] = defaultdict(list)
        self._starts: dict[str, list[str]] = defaultdict(list)
        self._newest = 0
        self._journals: set[str] = set()

    def of(self, serial_number: str) -> list[RunSummary]:
        """Those of this serial number, in no order. Raises ``OutboxUnavailable``."""
        with self._lock:
            self._read_outbox()
            self._read_journals()
            return list(self._runs.get(serial_number, ()))

    def of_start(self, start: str) -> list[str]:
        """The ids of those that were started together, in no order. Raises ``OutboxUnavailable``."""
        with self._lock:
            self._read_outbox()
            self._read_journals()
            return list(self._starts.get(start, ()))

    def report(self, run: str) -> RunReport | None:
        """The report of one that the store lacks. Raises ``OutboxUnavailable``."""
        from sequencer.report.reader import read_report
        from sequencer.store.recovery import journal_report, waiting

        if run in waiting(self._state):
            return journal_report(self._state.journal(run))
        document = self._outbox().document(self._target, run)
        return None if document is None else read_report(document)

    def newest(self) -> RunReport | None:
        """The report of this stand's newest run, if the store lacks it. Raises ``OutboxUnavailable``."""
        from sequencer.store.recovery import newest

        run = newest(self._state)
        return None if run is None else self.report(run)

    def _read_outbox(self) -> None:
        while batch := self._outbox().documents(self._target, after=self._newest, limit=_BATCH):
            for number, document in batch:
                self._newest = number
                self._add(document)

    def _read_journals(self) -> None:
        from sequencer.store.recovery import journal_report, waiting

        for run in waiting(self._state):
            if run not in self._journals:
                self._journals.add(run)
                self._add(journal_report(self._state.journal(run)))

    def _add(self, document: Mapping[str, object] | RunReport | None) -> None:
        from sequencer.report.reader import read_report
        from sequencer.store import facts

        if document is None:  # its delivery says why
            return
        found = facts.summary(read_report(document))
        if found.serial_number is not None:
            self._runs[found.serial_number].append(found)
        if found.start is not None:
            self._starts[found.start].append(found.id)
