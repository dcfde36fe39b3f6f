"""What a run has to itself: the stand, which one run at a time may use, and its journal."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep

from sequencer.project.locks import ProcessLock, described
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import RunNotPossible, StandInUse
from sequencer.runtime.journal import Journal
from sequencer.store.recovery import worked_on
from sequencer.vocabulary.reason import Reason

PATIENCE = 5.0
"""Seconds that a start waits for what a run before it left behind."""


class RunClaim:
    """Of one run. ``journal`` is where its events go, ``None`` before ``take``."""

    def __init__(self, state: StateFolder) -> None:
        self.journal: Path | None = None
        self._state = state
        self._stand = ProcessLock(state.run_lock)
        self._held: Journal | None = None

    def take(self, run_id: str) -> Path:
        """Takes the stand and opens the journal; its path. Raises ``StandInUse`` or ``RunNotPossible``."""
        path = self._state.journal(run_id)
        try:
            holder = self._stand.take(run=run_id)
            if holder is not None:
                raise StandInUse(Reason("stand_in_use", holder=described(holder)))
            self._wait_for_the_last()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._held = Journal(path, "runner")
        except OSError as error:
            self._stand.release()
            detail = error.strerror or str(error)
            raise RunNotPossible(Reason("journal_not_opened", file=str(path), detail=detail)) from None
        except StandInUse:
            self._stand.release()
            raise
        self.journal = path
        return path

    def _wait_for_the_last(self) -> None:
        """A runner that was killed leaves a test process that stops by itself, but not before its teardown."""
        end = monotonic() + PATIENCE
        while left := worked_on(self._state):
            if monotonic() > end:
                raise StandInUse(Reason("stand_closing", run=left))
            sleep(0.1)

    def give_up(self) -> None:
        """The run did not begin. A journal without a single whole line is none."""
        self.close()
        path, self.journal = self.journal, None
        if path is not None and path.exists() and b"\n" not in path.read_bytes():
            path.unlink()

    def free_stand(self) -> None:
        """The run is over: another one may use the stand."""
        self._stand.release()

    def close(self) -> None:
        """Lets everything go. Closing twice is harmless."""
        self._stand.release()
        held, self._held = self._held, None
        if held is not None:
            held.close()
