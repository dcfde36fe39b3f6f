"""The thread that shows on the page of all slots what has happened in each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

PAUSE = 0.1
"""Seconds between two looks at the slots at least; a look takes no more than a twentieth of one processor."""
_SHARE = 20.0


class SlotBoard:
    """Calls ``show`` with the names of the slots in which something has happened, never twice at a time."""

    def __init__(self, show: Callable[[Collection[str]], None]) -> None:
        self._show = show
        self._changed: set[str] = set()
        self._noting = threading.Lock()
        self._looking = threading.Lock()
        self._to_look = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._look_on, name="slots", daemon=True)

    def open(self) -> None:
        """Begins to look."""
        self._thread.start()

    def note(self, slot: str) -> None:
        """Something has happened there; from any thread."""
        with self._noting:
            self._changed.add(slot)
            self._to_look.set()

    def look(self) -> None:
        """Shows what has happened since the last look."""
        with self._looking:
            with self._noting:
                self._to_look.clear()
                changed, self._changed = self._changed, set()
            if changed:
                self._show(changed)

    def close(self) -> None:
        """Looks no more."""
        self._closed = True
        self._to_look.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _look_on(self) -> None:
        while not self._closed:
            self._to_look.wait()
            begun = time.monotonic()
            self.look()
            time.sleep(max(PAUSE, _SHARE * (time.monotonic() - begun)))
