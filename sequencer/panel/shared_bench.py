"""The bench of several sessions: a sequence is read once for all of them, and its files are looked at once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from sequencer.panel.bench import Bench, PanelRetry, PreparedSequence, SelectableSequence
from sequencer.panel.start_form import KeptForms
from sequencer.protocol.request import JointStart
from sequencer.vocabulary.problem import InvalidInput

LOOK = 0.9
"""Seconds for which a look at the files counts: less than between two looks of one session."""


class SharedBench:
    """Thread-safe. What is chosen is remembered by whoever chooses for all sessions, so that they do not."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._marks: dict[str, tuple[float, object]] = {}
        self._loaded: tuple[tuple[str, object], PreparedSequence | Exception] | None = None

    @property
    def choices(self) -> Sequence[SelectableSequence]:
        """What can be chosen."""
        return self._bench.choices

    @property
    def first(self) -> str:
        """The choice to begin with."""
        return self._bench.first

    @property
    def forms(self) -> KeptForms:
        """What was entered in the start form for a batch."""
        return self._bench.forms

    def remember(self, choice: str) -> None:
        """Said of one session, it is not said of all."""

    def mark(self, choice: str) -> object:
        """As the bench says, at most ``LOOK`` seconds old."""
        with self._lock:
            looked, mark = self._marks.get(choice, (-LOOK, None))
            if time.monotonic() - looked >= LOOK:
                mark = self._bench.mark(choice)
                self._marks[choice] = time.monotonic(), mark
            return mark

    def load(self, choice: str) -> PreparedSequence:
        """As the bench does, once for the files as they are. Raises the same each time."""
        with self._loading:
            of = choice, self.mark(choice)
            if self._loaded is None or self._loaded[0] != of:
                self._loaded = None  # a test process that waits for its first run is not kept for nothing
                try:
                    self._loaded = of, self._bench.load(choice)
                except (InvalidInput, OSError, RuntimeError) as error:
                    self._loaded = of, error
            loaded = self._loaded[1]
            if isinstance(loaded, Exception):
                raise loaded
            return loaded

    def forget(self) -> None:
        """The next ``load`` reads anew, whatever the files say."""
        with self._loading, self._lock:
            self._loaded = None
            self._marks.clear()

    def leave(self, start: JointStart, slot: str) -> None:
        """As the bench does."""
        self._bench.leave(start, slot)

    def give_up(self) -> None:
        """As the bench does: all who share it end together."""
        self._bench.give_up()

    def close(self) -> None:
        """Whoever shares it closes the bench."""

    def retry(self, run: str, output: Callable[[str], None]) -> PanelRetry:
        """What is left to do after a stored run."""
        return self._bench.retry(run, output)
