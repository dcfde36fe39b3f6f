"""What asks a run to stop: Ctrl-C, a kill, a terminal that was closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sequencer.vocabulary.reason import Reason

_REASONS = {
    "SIGINT": Reason("key_pressed", key="Ctrl-C"),
    "SIGTERM": Reason("program_ended"),
    "SIGHUP": Reason("terminal_closed"),
    "SIGBREAK": Reason("key_pressed", key="Ctrl-Break"),
}


@contextmanager
def stopping_on_signals(stop: Callable[[Reason], None]) -> Iterator[None]:
    """Within it each of these signals calls ``stop`` with a reason instead of ending the program."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop(_REASONS.get(signal.Signals(number).name, Reason("signal")))

    present = [getattr(signal, name) for name in _REASONS if hasattr(signal, name)]
    before = {each: signal.signal(each, handle) for each in present}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
