"""``skip``: the case does not apply to this product, as it finds out."""

from __future__ import annotations

from sequencer.steps.reasoned import ReasonedRun, ReasonedStep, reasoned
from sequencer.vocabulary.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipStep(ReasonedStep):
    """Leaves the rest of the case out."""

    @property
    def leaves_out(self) -> bool:
        """Always."""
        return True


class SkipCase(ReasonedRun):
    """Runs a ``skip``."""

    verb = "skip"

    def finish(self) -> None:
        """Ends the case as one whose own ``if`` is false, unless something failed in it."""
        self.case.leave_out(self.text())


STEP = reasoned(
    SkipCase,
    summary="Ends the case as not applicable, like a false `if`: the run can still pass.",
    why="Revision ${{ revision }} has no radio",
    example="- skip: Revision ${{ revision }} has no radio\n  if: revision == 'A'\n",
    shared=frozenset({"name", "if"}),
    model=SkipStep,
    only_in_case="leave out",
)
