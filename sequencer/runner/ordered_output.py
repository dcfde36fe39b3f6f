"""What drivers print, in the order of the events: the two come through different pipes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from sequencer.vocabulary.json_lines import MARK

PATIENCE = 1.0
"""Seconds. A mark is in its pipe before its event is sent, and comes unless a driver closed standard error."""


class OrderedOutput:
    """Passes lines on to ``say`` no sooner than the event that was sent before them.

    The test process writes the number of each event at which a case begins or ends among the lines, ahead of the event.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ahead: deque[tuple[int, str]] = deque()
        self._mark = self._seen = 0
        self._over = False

    def take(self, lines: Iterable[bytes]) -> None:
        """Lines as they come from the pipe."""
        with self._lock:
            for line in lines:
                text, mark, number = line.partition(MARK)
                if text or not mark:
                    self._add(text.decode("utf-8", "replace").rstrip("\r"))
                if mark and number.isdigit():
                    self._mark = int(number)
            self._changed.notify_all()

    def before(self, seq: int) -> None:
        """Event number ``seq`` is about to be told: waits until all that was printed before it has been."""
        if self._mark >= seq:
            return
        with self._lock:
            if not self._over and not self._changed.wait_for(lambda: self._over or self._mark >= seq, PATIENCE):
                self._over = True

    def after(self, seq: int) -> None:
        """It was told: what was printed after it may follow."""
        with self._lock:
            self._seen = seq
            while self._ahead and self._ahead[0][0] <= seq:
                self._say(self._ahead.popleft()[1])

    def end(self) -> None:
        """Nothing more will come; nobody need wait."""
        with self._lock:
            self._over = True
            self._changed.notify_all()
            while self._ahead:
                self._say(self._ahead.popleft()[1])

    def _add(self, text: str) -> None:
        if self._mark <= self._seen or self._over:
            self._say(text)
        else:
            self._ahead.append((self._mark, text))
