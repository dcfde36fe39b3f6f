"""The session of ``hardseq factory``: all stands at once, and what they have stored. Nothing is tested here."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Protocol, Unpack

from sequencer.panel.session import Session, SessionOptions
from sequencer.store.base import StoreError
from sequencer.store.stands import StandNow

LOOK = 2.0
"""Seconds between two looks at the stands."""


class WatchedStands(Protocol):
    """Where the stands say what they do."""

    def look(self, now: float, /) -> list[StandNow]:
        """All of them, by name. Raises ``StoreUnavailable``."""


class FactorySession(Session):
    """Shows what ``watched`` has. ``tell`` takes a sentence for whoever started it."""

    tests = False

    def __init__(
        self,
        *,
        watched: WatchedStands,
        tell: Callable[[str], None] = lambda text: None,
        **session_options: Unpack[SessionOptions],
    ) -> None:
        super().__init__(**session_options)
        self.live.set(stands=[])
        self._watched_stands = watched
        self._tell = tell
        self._away: StoreError | None = None
        self._stands: Sequence[StandNow] = ()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stands", daemon=True)
        self._enter("watching")

    def stands(self) -> Sequence[StandNow]:
        """All stands as they were last seen."""
        return self._stands

    def open(self) -> None:
        """Begins to watch, and to count what the stands have stored, in threads of their own."""
        self._thread.start()
        self.figures.follow()

    def close(self) -> None:
        """Ends; a server that does not answer is not waited for."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)
        super().close()

    def _watch(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except Exception as error:  # a defect of hardseq: told, and the service goes on
                traceback.print_exception(error)
            self._closing.wait(LOOK)

    def look(self) -> None:
        """Looks at the stands once, and says so on the pages and to whoever started it while that is not possible."""
        try:
            self._stands = self._watched_stands.look(time.time())
        except StoreError as error:
            if self._away is None:
                self._tell(f"{error}; waiting for it")
            self._away = error
        else:
            if self._away is not None:
                self._tell(f"{self.store.place} answers again")
            self._away = None
        self.alert("store", None if self._away is None else self._away.reason)
        self.show(stands=[asdict(stand) for stand in self._stands])
