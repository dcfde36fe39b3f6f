"""The session of a single run of several slots, which ``hardseq run`` serves: it shows, stops and answers them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Unpack

from sequencer.panel.session import Session, SessionOptions
from sequencer.panel.slot_grid import SlotGrid

if TYPE_CHECKING:
    from sequencer.project.settings import SlotsSettings
    from sequencer.protocol.request import Slot


class SlotsRunSession(SlotGrid[Session]):
    """Shows the slots of ``configured`` that run. They were started together, and are over when the last one is."""

    def __init__(
        self, *, configured: SlotsSettings, running: Iterable[Slot], **options: Unpack[SessionOptions]
    ) -> None:
        super().__init__(**options)
        self._lay_out(configured, running, lambda _, own: Session(**own))
        self.live.set(slots_start="together")
        self._board.open()

    def ended(self, slot: str, problem: Exception | None) -> None:
        """The run in the slot has ended and its report is being kept, or ``problem`` kept the run from beginning."""
        if problem is None:
            self.slots[slot].saving()
        else:
            self.slots[slot].over(problem)

    def close(self) -> None:
        """Ends the live states and with them every stream."""
        self._board.close()
        super().close()
