"""What asks a run to stop: Ctrl-C, a kill, a terminal that was closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_REASONS = {
    "SIGINT": "Ctrl-C",
    "SIGTERM": "the program was asked to end",
    "SIGHUP": "the terminal was closed",
    "SIGBREAK": "Ctrl-Break",
}


@contextmanager
def stopping_on_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Within it each of these signals calls ``stop`` with a reason instead of ending the program."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop(_REASONS.get(signal.Signals(number).name, "a signal"))

    present = [getattr(signal, name) for name in _REASONS if hasattr(signal, name)]
    before = {each: signal.signal(each, handle) for each in present}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
