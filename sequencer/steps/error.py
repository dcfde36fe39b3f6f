"""``error``: the test could not be carried out, as the sequence knows."""

from __future__ import annotations

from sequencer.steps.reasoned import ReasonedRun, reasoned
from sequencer.vocabulary.failure import StepError


class CaseError(ReasonedRun):
    """Runs an ``error``."""

    verb = "error"

    def finish(self) -> None:
        """Raises ``StepError``."""
        raise StepError(self.text())


STEP = reasoned(
    CaseError,
    summary="Ends the case with an error: the test could not be carried out, and says nothing of the product.",
    why="The interlock is open",
    example="- error: The interlock is open\n  if: not closed\n",
    shared=frozenset({"name", "if", "on_fail", "error_code"}),
)
