"""What a run has to itself: its journal, and the stand, unless the runs of its owner's other slots share that."""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic, sleep

from sequencer.project.locks import ProcessLock, described
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import RunNotPossible, StandInUse
from sequencer.runtime.journal import Journal
from sequencer.store.kept_journals import unpack
from sequencer.store.recovery import worked_on
from sequencer.vocabulary.reason import Reason

PATIENCE = 5.0
"""Seconds that a start waits for what a run before it left behind."""


class StandClaim:
    """One owner's claim on the stand, for as many runs of its slots at once as it likes.

    The first run takes the stand, and the last that is over gives it back. It ends with the owner's process.
    """

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._stand = ProcessLock(state.run_lock)
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._open: set[str] = set()

    def take(self, run_id: str) -> None:
        """The run uses the stand from now on. Raises ``StandInUse``, ``OSError``; then it does not."""
        with self._lock:
            if not self._running:
                self._take_stand(run_id)
            self._running.add(run_id)
            self._open.add(run_id)

    def _take_stand(self, run_id: str) -> None:
        holder = self._stand.take(run=run_id)
        if holder is not None:
            raise StandInUse(Reason("stand_in_use", holder=described(holder)))
        try:
            self._wait_for_the_last()
        except (OSError, StandInUse):
            self._stand.release()
            raise

    def _wait_for_the_last(self) -> None:
        """A runner that was killed leaves a test process that stops by itself, but not before its teardown."""
        end = monotonic() + PATIENCE
        while left := worked_on(self._state, but=self._open):
            if monotonic() > end:
                raise StandInUse(Reason("stand_closing", run=left))
            sleep(0.1)

    def free(self, run_id: str) -> None:
        """The run is over, though its journal may still be open. Said twice it is harmless."""
        with self._lock:
            self._running.discard(run_id)
            if not self._running:
                self._stand.release()

    def forget(self, run_id: str) -> None:
        """The run is over, and so is all that this owner does with its journal."""
        self.free(run_id)
        with self._lock:
            self._open.discard(run_id)


class RunClaim:
    """Of one run. ``journal`` is where its events go, ``None`` before ``take``.

    ``stand`` is the claim that it shares with the runs of other slots; by default it has one of its own.
    """

    def __init__(self, state: StateFolder, stand: StandClaim | None = None) -> None:
        self.journal: Path | None = None
        self._state = state
        self._stand = StandClaim(state) if stand is None else stand
        self._run = ""
        self._held: Journal | None = None

    def take(self, run_id: str) -> Path:
        """Takes the stand and opens the journal; its path. Raises ``StandInUse`` or ``RunNotPossible``."""
        path = self._state.journal(run_id)
        self._run = run_id
        try:
            self._stand.take(run_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._held = _opened(path)
        except OSError as error:
            self._stand.forget(run_id)
            detail = error.strerror or str(error)
            raise RunNotPossible(Reason("journal_not_opened", file=str(path), detail=detail)) from None
        self.journal = path
        return path

    def give_up(self) -> None:
        """The run did not begin. A journal without a single whole line is none."""
        self.close()
        path, self.journal = self.journal, None
        if path is not None and path.exists() and b"\n" not in path.read_bytes():
            path.unlink()

    def free_stand(self) -> None:
        """The run is over: another one may use the stand."""
        self._stand.free(self._run)

    def close(self) -> None:
        """Lets everything go. Closing twice is harmless."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
        self._stand.forget(self._run)


def _opened(path: Path) -> Journal:
    """The run's journal. Where the run is stored already, another process may be compressing or removing it."""
    while True:
        unpack(path)
        journal = Journal(path, "runner")
        if journal.stays_at(path):
            return journal
        journal.close()
