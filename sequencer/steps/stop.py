"""``stop``: the run ends without a verdict on the product."""

from __future__ import annotations

from sequencer.steps.reasoned import ReasonedRun, reasoned
from sequencer.vocabulary.failure import Stopped


class StopRun(ReasonedRun):
    """Runs a ``stop``; teardown still runs."""

    verb = "stop"

    def finish(self) -> None:
        """Raises ``Stopped``, as an operator's stop does."""
        raise Stopped(self.text())


STEP = reasoned(
    StopRun,
    summary="Ends the run without a verdict on the product; teardown runs.",
    why="The MES does not release ${{ serial_number }}",
    example="- stop: The MES does not release ${{ serial_number }}\n  if: not released\n",
    shared=frozenset({"name", "if"}),
    only_in_case="stop",
)
