"""Events out of the lines of a journal, whatever state the file is in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator

from sequencer.report.event import Stamped, decode, is_event_name

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of a line of a file that are read: a disk that lost its power may have left gigabytes without a line end."""


class JournalLines:
    """Iterates over the events of a journal; afterwards ``damaged`` counts the lines that could not be read.

    A torn last line, one beyond any bound, bytes that are no UTF-8, text that is no event: each counts. An empty line
    and a whole event of a kind that this version does not know (``report_stored``, or one of a later version) do not.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines = lines
        self.damaged = 0

    def __iter__(self) -> Iterator[Stamped]:
        for line in _bounded(self.lines) if isinstance(self.lines, io.BufferedIOBase) else self.lines:
            stamped = decode(line)
            if stamped is not None:
                yield stamped
            elif line.strip() and not _is_foreign(line):
                self.damaged += 1


def read_journal(lines: Iterable[bytes]) -> JournalLines:
    """The events of a journal's lines, such as an open binary file."""
    return JournalLines(lines)


def _bounded(file: io.BufferedIOBase) -> Iterator[bytes]:
    """The lines of a file; one that is too long comes as its beginning, which is no event."""
    while line := file.readline(LONGEST_LINE):
        more = line
        while len(more) == LONGEST_LINE and not more.endswith(b"\n"):
            more = file.readline(LONGEST_LINE)
        yield line


def _is_foreign(line: bytes) -> bool:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    name = document.get("event")
    return isinstance(name, str) and not is_event_name(name)
