"""Server-sent events: the live state's changes as bytes for one reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sequencer.panel.live import Change, Live

HEARTBEAT = 5.0
"""Seconds after which a silent stream says that it is alive; by this a reader that has gone is noticed, too."""
MOST_PENDING = 1_000_000
"""Bytes that may wait for a slow reader; past them it is dropped, and comes back with the id it saw last."""
RETRY = 1000
"""Milliseconds until a reader that lost the connection tries again."""


def encode(change: Change) -> bytes:
    """One event of the stream. JSON has no line breaks, so that one data line is enough."""
    # Half of a surrogate pair, from a driver's undecodable text, has no UTF-8 form but is a valid JSON escape.
    return f"id: {change.id}\nevent: {change.kind}\ndata: {change.data}\n\n".encode("utf-8", "backslashreplace")


def follow(
    live: Live, last: str | None, pending: Callable[[], int] = lambda: 0, heartbeat: float = HEARTBEAT
) -> Iterator[bytes]:
    """The stream from id ``last`` on, until the panel closes or ``pending()`` bytes show a reader that is too slow."""
    yield f"retry: {RETRY}\n\n".encode()
    while pending() <= MOST_PENDING:
        changes = live.after(last, heartbeat)
        if changes is None:
            changes = [live.snapshot()]
        if changes:
            yield b"".join(map(encode, changes))
            last = changes[-1].id
        elif live.closed:
            return
        else:
            yield b"event: alive\ndata: 1\n\n"
