"""The slots that are over, of the starts that are not: what a stand process that takes over has to know. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sequencer.protocol.stand import EndSlot


class EndedSlots:
    """Of any number of starts at the same time. Once all slots of a start are over, nobody asks for it any more."""

    def __init__(self) -> None:
        self._by_start: dict[str, dict[str, EndSlot]] = {}

    def add(self, ended: EndSlot) -> None:
        """This one is over, too."""
        known = self._by_start.setdefault(ended.start, {})
        known[ended.slot] = ended
        if known.keys() >= set(ended.slots):
            del self._by_start[ended.start]

    def __iter__(self) -> Iterator[EndSlot]:
        """All that count, in the order in which they ended, start by start."""
        for ended in self._by_start.values():
            yield from ended.values()
