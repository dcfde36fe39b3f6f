"""What ``hold`` and ``sync`` do alike: wait for other slots, then run their steps, then let the others go on."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Self, TypedDict

from sequencer.steps.base import CaseContext, StepRun
from sequencer.steps.keys import DURATION, Schema
from sequencer.vocabulary.failure import StepError

TAKEN = frozenset({"name", "if", "error_code"})
"""The keys of all steps that they take. When the wait fails there is nothing to go on with, so no ``on_fail``."""

WAITING_TIMEOUT: Schema = {
    **DURATION,
    "description": "How long it may wait for other slots; the time of its own steps does not count. More is an error.",
}


class WaitingArguments(TypedDict, total=False):
    """What ``hold`` and ``sync`` can be given by name; ``timeout`` bounds the waiting alone, in seconds."""

    name: str | None
    timeout: float | None
    error_code: int | None


class AmongSlots(StepRun):
    """Enters its ``meeting`` before the steps in its body, and leaves it after them, however they end.

    ``given`` is what entering gave.
    """

    def __init__(
        self,
        case: CaseContext,
        place: str,
        *,
        name: str | None = None,
        timeout: float | None = None,
        error_code: int | None = None,
    ) -> None:
        super().__init__(case, place, name=name, error_code=error_code)
        self.longest_wait = timeout
        self.given: object = None
        self._entered: AbstractContextManager[object] | None = None

    def meeting(self) -> AbstractContextManager[object]:
        """What to enter, which takes as long as others have to be waited for."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            meeting = self.meeting()
            self.given = meeting.__enter__()
            self._entered = meeting
        except BaseException as error:
            self.case.end(self, error)
            raise
        return self

    def finish(self) -> None:
        """Lets the others go on. Raises what went wrong with that, or for all of them."""
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.__exit__(None, None, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        entered = self._entered
        if error is not None and entered is not None:
            self._entered = None
            with suppress(StepError):  # what went wrong first is what counts
                entered.__exit__(kind, error, traceback)
        return super().__exit__(kind, error, traceback)
