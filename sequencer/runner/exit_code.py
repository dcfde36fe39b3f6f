"""What a run means to whoever started the command."""

from __future__ import annotations

from sequencer.runtime.failures import CHECK_DRIVER, JOURNAL, OPEN_DRIVER
from sequencer.vocabulary.report import RunReport

PASSED, FAILED, STOPPED, BROKEN = 0, 1, 3, 4


def exit_code(report: RunReport, *, stored: bool = True) -> int:
    """0 passed, 1 not passed, 3 stopped, 4 when a driver did not open or is the wrong one, or data were not kept."""
    if not stored or any(failure["step"] in (OPEN_DRIVER, CHECK_DRIVER, JOURNAL) for failure in report["failures"]):
        return BROKEN
    if report["status"] == "stopped":
        return STOPPED
    return PASSED if report["status"] == "passed" else FAILED
