"""What the test process must know to try the steps again that a stored run left to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sequencer.protocol.commands import RetryRequest
from sequencer.protocol.request import RunRefused
from sequencer.report.after_run import left_to_do
from sequencer.report.journal_lines import read_journal
from sequencer.report.model import RunReport
from sequencer.runner.progress import RunProgress
from sequencer.store.kept_journals import is_stored
from sequencer.vocabulary.reason import Reason


def retry_of(report: RunReport, journal: Path) -> RetryRequest:
    """The steps that are left to do. ``journal`` is that of the run, empty when it is not there any more.

    Raises ``RunRefused`` when there is nothing to do, or when the journal knows of something that no report says.
    """
    numbers = left_to_do(report)
    if not numbers:
        raise RunRefused(Reason("nothing_left"), "nothing-left")
    progress = RunProgress()
    with suppress(OSError), journal.open("rb") as file:
        for stamped in read_journal(file):
            progress.apply(stamped)
    if progress.seq and not is_stored(journal):
        raise RunRefused(Reason("journal_not_stored"))
    return RetryRequest(report=report, numbers=numbers, seq=progress.seq, variables=progress.variables)
