"""``fail``: the product failed, as the sequence knows."""

from __future__ import annotations

from sequencer.steps.reasoned import ReasonedRun, reasoned
from sequencer.vocabulary.failure import StepFailed


class FailCase(ReasonedRun):
    """Runs a ``fail``."""

    verb = "fail"

    def finish(self) -> None:
        """Raises ``StepFailed``."""
        raise StepFailed(self.text())


STEP = reasoned(
    FailCase,
    summary="Fails the case: the product is bad.",
    why="${{ board }} is not seated",
    example="- fail: ${{ board }} is not seated\n  if: gap > 0.2\n  error_code: 12\n",
    shared=frozenset({"name", "if", "on_fail", "error_code"}),
)
