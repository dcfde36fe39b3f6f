"""The exit codes of ``hardseq``; scripts and CI rely on each."""

from __future__ import annotations

from enum import IntEnum


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
