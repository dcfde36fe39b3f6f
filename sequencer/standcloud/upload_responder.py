"""Answers the ``upload`` steps of a run: the test process asks, this side knows the key and the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from sequencer.report.event import RetryStarted, RunStarted, Stamped, UploadAsked
from sequencer.report.fold import Fold, read_journal
from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import Delivery
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.reason import Reason

BY = "hardseq"

Upload = Callable[[str, RunReport], Mapping[str, Data]]
"""Sends a report to a target: ``{delivered, status, text}``; ``Deliveries.upload``."""


class UploadResponder:
    """A listener to a run's events; ``answer`` is ``Run.answer``.

    ``journal`` gives the journal of a run id: the report is made from it, as it stands when the step asks.
    """

    def __init__(
        self,
        upload: Upload,
        answer: Callable[[str, str, Data, str | None], object],
        journal: Callable[[str], Path],
    ) -> None:
        self._upload = upload
        self._answer = answer
        self._journal = journal
        self._run = ""
        self._is_over = False

    def event(self, stamped: Stamped) -> None:
        """Takes an event; an upload is done in a thread of its own, since the events must flow on."""
        if isinstance(stamped.event, RunStarted | RetryStarted):
            self._is_over = isinstance(stamped.event, RetryStarted)
            self._run = stamped.event.run
        elif isinstance(stamped.event, UploadAsked):
            threading.Thread(target=self._serve, args=(stamped.event, stamped.time), name="upload", daemon=True).start()

    def _serve(self, asked: UploadAsked, time: float) -> None:
        try:
            answer = self._upload(asked.target, self._report(asked, time))
        except Exception as error:
            # The step waits: it gets an answer whatever happens. Only the name, as a text could hold anything.
            answer = Delivery(verdict="again", reason=Reason("report_not_sent", type=type(error).__name__)).as_answer()
        self._answer(asked.id, "answered", dict(answer), BY)

    def _report(self, asked: UploadAsked, time: float) -> RunReport:
        """The report as it will be if nothing goes wrong any more: with the verdict, ended when the step asked."""
        state = Fold(self._run)
        with self._journal(self._run).open("rb") as lines:
            for stamped in read_journal(lines):
                state.apply(stamped)
        report = state.begun()
        if not self._is_over:
            report["status"], report["stop_time"] = asked.verdict, time
        return report
