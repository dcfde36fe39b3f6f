"""Events on their way: numbered, encodable whatever they hold, and safe from a journal that fails."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.event import FactRecorded, MessageShown, decode
from sequencer.runtime.stream import EventStream
from sequencer.vocabulary.clock import SteadyClock


class Lines:
    """Keeps lines; refuses after ``room`` of them."""

    def __init__(self, room: int = 100) -> None:
        self.lines: list[bytes] = []
        self.room = room

    def write(self, line: bytes) -> None:
        """Keeps one line."""
        if len(self.lines) >= self.room:
            raise OSError(28, "No space left on device")
        self.lines.append(line)


def test_events_are_numbered_and_reach_journal_then_link() -> None:
    """The same bytes in both, numbers from where the stream begins."""
    journal, link = Lines(), Lines()
    stream = EventStream(journal, link, seq=7)
    stream.emit(MessageShown("m::c", "", "a"))
    stream.emit(MessageShown("m::c", "", "b"))
    assert journal.lines == link.lines
    assert [decoded.seq for line in link.lines if (decoded := decode(line)) is not None] == [8, 9]


def test_a_journal_that_fails_is_left_alone_from_then_on() -> None:
    """A journal with a hole would tell a story that did not happen; the link gets everything."""
    journal, link = Lines(room=1), Lines()
    stream = EventStream(journal, link)
    for text in "abc":
        stream.emit(MessageShown("m::c", "", text))
        journal.room = 100 if text == "b" else journal.room
    assert len(journal.lines) == 1
    assert len(link.lines) == 3
    assert stream.lost is not None


def test_a_clock_that_is_set_changes_no_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of a run go on evenly while the machine's clock jumps, and processes with the same epoch agree."""
    link = Lines()
    stream = EventStream(None, link)
    stream.emit(MessageShown("m::c", "", "before"))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    stream.emit(MessageShown("m::c", "", "after"))
    EventStream(None, link, clock=SteadyClock(stream.clock.epoch)).emit(MessageShown("m::c", "", "elsewhere"))
    first, second, third = (decoded.time for line in link.lines if (decoded := decode(line)) is not None)
    assert 0 <= second - first < 60 and 0 <= third - second < 60
    assert SteadyClock().now() < 60 + time.perf_counter()


class Odd:
    """Has no JSON form and no repr either."""

    def __repr__(self) -> str:
        raise ValueError("no")


@given(st.recursive(st.none() | st.floats() | st.binary() | st.text() | st.builds(Odd), st.lists))
def test_whatever_an_event_holds_gets_through(data: Any) -> None:
    """What JSON cannot hold is made into something that it can."""
    link = Lines()
    EventStream(None, link).emit(FactRecorded("m::c", "artifact", {"case": {"x": data}}))
    assert link.lines[0].count(b"\n") == 1
    assert decode(link.lines[0]) is not None
