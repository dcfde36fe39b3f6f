"""Sync points of one start: who takes part, who has come, who does what one does for all. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sequencer.vocabulary.reason import Reason, ReasonOrText


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """``slot`` has come to ``point``; ``place`` says where in the YAML, ``once`` whether one is to do something."""

    slot: str
    point: str
    place: str
    once: bool


class SyncOutcome(NamedTuple):
    """What becomes of an arrival: it goes on, does first what one does for all, or fails for ``reason``."""

    arrival: Arrival
    what: Literal["go", "once", "fail"]
    reason: Reason | None = None


@dataclass(slots=True)
class _Round:
    """All have come to a point: ``doer`` does something for all, the ``others`` wait for that."""

    doer: Arrival
    others: list[Arrival] = field(default_factory=list)


class SyncPoints:
    """A slot takes part from the moment it is expected. Nobody waits for one that has left.

    One that has left and comes to a point nevertheless (a teardown) waits there for those that take part, but not
    where they have already been. What is decided ``settle`` tells.
    """

    def __init__(self) -> None:
        self._taking_part: dict[str, bool] = {}
        self._here: list[Arrival] = []
        self._rounds: list[_Round] = []
        self._passed: set[str] = set()
        self._decided: list[SyncOutcome] = []

    @property
    def is_over(self) -> bool:
        """Whether nobody takes part any more."""
        return not any(self._taking_part.values())

    def expect(self, slots: Iterable[str]) -> None:
        """These take part; those that left before stay away."""
        for slot in slots:
            self._taking_part.setdefault(slot, True)

    def leave(self, slot: str) -> None:
        """Nobody waits for ``slot`` any more, which may still come to a point itself."""
        self._taking_part[slot] = False

    def drop(self, slot: str) -> None:
        """``slot`` has ended: whoever waits for what it does for all waits in vain."""
        self.leave(slot)
        self._here = [each for each in self._here if each.slot != slot]
        for each in list(self._rounds):
            each.others = [other for other in each.others if other.slot != slot]
            if each.doer.slot == slot:
                self._close(each, Reason("once_ended", slot=slot, name=each.doer.point))

    def arrive(self, arrival: Arrival) -> None:
        """A slot waits at a point."""
        self._taking_part.setdefault(arrival.slot, True)
        if arrival.point in self._passed and not self._taking_part[arrival.slot]:
            self._decided.append(SyncOutcome(arrival, "go"))
        else:
            self._here.append(arrival)

    def withdraw(self, arrival: Arrival) -> None:
        """It waits no more: it was stopped, or took too long. One that was to do something for all did not."""
        if arrival in self._here:
            self._here.remove(arrival)
        for each in list(self._rounds):
            if arrival in each.others:
                each.others.remove(arrival)
            elif each.doer is arrival:
                self._close(each, Reason("once_ended", slot=arrival.slot, name=arrival.point))

    def end_once(self, arrival: Arrival, failure: ReasonOrText | None) -> None:
        """What one does for all is done, or failed: then it failed for all."""
        for each in list(self._rounds):
            if each.doer is arrival:
                failed = Reason("once_failed", slot=arrival.slot, name=arrival.point, detail=failure)
                self._close(each, None if failure is None else failed)

    def settle(self) -> list[SyncOutcome]:
        """What has been decided since the last time."""
        for point in dict.fromkeys(arrival.point for arrival in self._here):
            here = [arrival for arrival in self._here if arrival.point == point]
            if not self._missing(here):
                self._open(here)
        decided, self._decided = self._decided, []
        return decided

    def waits_for(self, slot: str) -> list[str]:
        """The slots for which ``slot`` waits at a sync point."""
        for arrival in self._here:
            if arrival.slot == slot:
                return self._missing([each for each in self._here if each.point == arrival.point])
        return [each.doer.slot for each in self._rounds if any(other.slot == slot for other in each.others)]

    def waiting(self) -> Iterator[Arrival]:
        """All that wait."""
        yield from self._here
        for each in self._rounds:
            yield from each.others

    def _missing(self, here: list[Arrival]) -> list[str]:
        slots = {arrival.slot for arrival in here}
        return [slot for slot, takes_part in self._taking_part.items() if takes_part and slot not in slots]

    def _open(self, here: list[Arrival]) -> None:
        """All are there: they go on, once one of them, in the order of the slots, has done what is to be done once."""
        self._here = [arrival for arrival in self._here if arrival not in here]
        self._passed.add(here[0].point)
        order = list(self._taking_part)
        doer = min((each for each in here if each.once), key=lambda each: order.index(each.slot), default=None)
        if doer is None:
            self._decided += [SyncOutcome(arrival, "go") for arrival in here]
        else:
            self._rounds.append(_Round(doer, [arrival for arrival in here if arrival is not doer]))
            self._decided.append(SyncOutcome(doer, "once"))

    def _close(self, over: _Round, reason: Reason | None) -> None:
        self._rounds.remove(over)
        self._decided += [SyncOutcome(other, "go" if reason is None else "fail", reason) for other in over.others]
