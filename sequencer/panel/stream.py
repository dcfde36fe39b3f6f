"""Server-sent events: the live state's changes as bytes for readers."""

from __future__ import annotations

from collections.abc import Iterator

from sequencer.panel.live import Change, Live
from sequencer.vocabulary.data import utf8

HEARTBEAT = 5.0
"""Seconds after which a silent stream says that it is alive; by this a reader that has gone is noticed, too."""
MOST_PENDING = 1_000_000
"""Bytes that may come to wait behind what a slow reader is taking; past them it is dropped, and comes back with the id
it saw last."""
GREETING = b"retry: 1000\n\n"
"""Milliseconds until a reader that lost the connection tries again."""


def alive(live: Live) -> bytes:
    """Says that there is nothing new, and what time it is."""
    return b"event: alive\ndata: %.3f\n\n" % live.clock.now()


def encode(change: Change) -> bytes:
    """One event of the stream. JSON has no line breaks, so that one data line is enough."""
    return utf8(f"id: {change.id}\nevent: {change.kind}\ndata: {change.data}\n\n")


def follow(live: Live, last: str | None, heartbeat: float = HEARTBEAT) -> Iterator[bytes]:
    """The stream from id ``last`` on, until the panel closes: for a server that takes no sockets over."""
    live.followed(+1)
    try:
        yield GREETING
        while not live.closed:
            changes = live.after(last, heartbeat)
            if changes is None:
                changes = [live.snapshot()]
            yield b"".join(map(encode, changes)) or alive(live)
            last = changes[-1].id if changes else last
    finally:
        live.followed(-1)
