"""What the shared drivers say whose calls go on, kept in the run of the slot that calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sequencer.runtime.spoken import SpokenStep
from sequencer.runtime.under_way import attempt_under_way
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import read_reason

if TYPE_CHECKING:
    from sequencer.protocol.stand import SaidKind
    from sequencer.runtime.driver_output import DriverOutput


class SharedSpeech:
    """``output`` keeps lines."""

    def __init__(self, output: DriverOutput) -> None:
        self._output = output

    def hear(self, what: SaidKind, arguments: Sequence[Any]) -> None:
        """See ``protocol.stand.Said``. What cannot be recorded is an error of the step, at its end."""
        if what == "line":
            self._output.line(*arguments)
            return
        attempt = attempt_under_way()
        if attempt is None:
            return
        try:
            if what == "error":
                raise StepError(read_reason(*arguments))
            getattr(SpokenStep(attempt), what)(*arguments)
        except StepError as error:
            attempt.spoken_failure = attempt.spoken_failure or error
