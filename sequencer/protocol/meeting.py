"""What the slots that meet at a sync point have in common."""

from __future__ import annotations

from sequencer.vocabulary.dataclass import dataclass


@dataclass(slots=True)
class Meeting:
    """``chosen``: this slot does what one does for all.

    ``judged`` and ``limited`` say how often that judged the product, and how often by limits. The slot that does it
    sets them before it leaves; the others find them.
    """

    chosen: bool
    judged: int = 0
    limited: int = 0
