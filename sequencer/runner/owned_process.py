"""What an owner needs of a process, whoever started it."""

from __future__ import annotations

from typing import IO, Protocol


class OwnedProcess(Protocol):
    """The part of ``subprocess.Popen`` that is used: of a process that was started, or was forked by a fork server."""

    @property
    def pid(self) -> int:
        """The system's number of the process, also once that has ended."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """The owner's end of its standard input."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """The owner's end of its standard output."""

    @property
    def stderr(self) -> IO[bytes] | None:
        """The owner's end of its standard error."""

    def poll(self) -> int | None:
        """Its exit code, that of a signal negative, or ``UNKNOWN_END``; ``None`` while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """As ``poll``, once it has ended. Raises ``subprocess.TimeoutExpired`` after so many seconds."""

    def kill(self) -> None:
        """Ends the process itself, at once."""
