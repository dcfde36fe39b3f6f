"""The exit codes of ``hardseq``; scripts and CI rely on each."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.report.model import RunReport


class ExitCode(IntEnum):
    """What the number means. For a command that runs nothing, 0 is success and 1 that something is wrong."""

    PASSED = 0
    FAILED = 1
    INVALID = 2
    """The sequence, the configuration or the command line cannot be used; nothing ran."""
    STOPPED = 3
    BROKEN = 4
    """The run could not be carried out, or its report could not be stored."""


class Refusal(Exception):
    """What a person asked for cannot be done; shown as one sentence and a hint, never as a traceback."""

    def __init__(self, message: str, *, hint: str | None = None, code: ExitCode = ExitCode.INVALID) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


def exit_code(report: RunReport, *, stored: bool = True) -> ExitCode:
    """What a finished run means to whoever started the command; ``stored``: its report is safe."""
    from sequencer.report.event import CHECK_DRIVER, JOURNAL, OPEN_DRIVER

    if not stored or any(failure["step"] in (OPEN_DRIVER, CHECK_DRIVER, JOURNAL) for failure in report["failures"]):
        return ExitCode.BROKEN
    if report["status"] == "stopped":
        return ExitCode.STOPPED
    return ExitCode.PASSED if report["status"] == "passed" else ExitCode.FAILED
