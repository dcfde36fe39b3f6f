"""Numbers events, gives them their time, and hands each on: first to the journal, then to whoever listens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields
from typing import Protocol

from sequencer.expressions.value import MAX_TEXT, to_data
from sequencer.report.event import (
    CaseFinished,
    CaseStarted,
    Event,
    RetryFinished,
    RetryStarted,
    RunFinished,
    RunStarted,
    Stamped,
    bounded,
    encode,
)
from sequencer.vocabulary.clock import SteadyClock

MARKED = frozenset([RunStarted, CaseStarted, CaseFinished, RunFinished, RetryStarted, RetryFinished])
"""The types of events before which is marked how far what drivers print has come."""


class LineWriter(Protocol):
    """Takes one encoded event, newline included."""

    def write(self, line: bytes) -> None:
        """May raise ``OSError``."""


class EventStream:
    """``lost`` is the error that ended the journal; from then on events reach the listeners alone.

    ``first`` is the number of the event without which there is nothing. ``redact`` takes out of a line what nobody
    shall read.
    """

    def __init__(
        self,
        journal: LineWriter | None,
        link: LineWriter | None,
        *,
        seq: int = 0,
        first: int = 1,
        clock: SteadyClock | None = None,
        redact: Callable[[bytes], bytes] = bytes,
        mark: Callable[[int], object] | None = None,
    ) -> None:
        self.lost: OSError | None = None
        self.clock = clock or SteadyClock()
        self.listeners: list[Callable[[Stamped], object]] = []
        self._journal = journal
        self._link = link
        self._seq = seq
        self._redact = redact
        self._first = first
        self._mark = mark
        self._lock = threading.RLock()

    def emit(self, event: Event) -> int:
        """See ``_emit``; one after the other, whatever thread they come from."""
        with self._lock:
            return self._emit(event)

    def _emit(self, event: Event) -> int:
        """Stamps and hands on, its texts cut at the length of a report's; returns the event's number.

        Never raises for what the event holds, nor for a journal that cannot be written, unless it is the first event:
        then nobody hears of it, and ``OSError`` says why there can be no run.
        """
        self._seq += 1
        stamped = Stamped(self._seq, round(self.clock.now(), 6), event)
        line = _line(stamped)
        # In a shorter line no text can be too long.
        if len(line) > MAX_TEXT and (short := bounded(event)) is not event:
            stamped = stamped._replace(event=short)
            line = _line(stamped)
        if self._mark is not None and type(event) in MARKED:
            self._mark(self._seq)
        if self._journal is not None or self._link is not None:
            self._write(self._redact(line))
        for listener in self.listeners:
            listener(stamped)
        return self._seq

    def _write(self, line: bytes) -> None:
        if self._journal is not None:
            try:
                self._journal.write(line)
            except OSError as error:
                if self._seq == self._first:
                    raise
                # No second try: a journal with a hole would tell a story that did not happen.
                self.lost = error
                self._journal = None
        if self._link is not None:
            self._link.write(line)


def _line(stamped: Stamped) -> bytes:
    try:
        return encode(stamped)
    except (TypeError, ValueError, RecursionError):
        event = stamped.event
        safe = {field.name: to_data(getattr(event, field.name)) for field in fields(event)}
        return encode(stamped._replace(event=type(event)(**safe)))  # type: ignore[arg-type]  # as safe as data gets
