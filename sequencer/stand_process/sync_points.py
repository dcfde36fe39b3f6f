"""Sync points of one start: who comes there, who has come, who does what one does for all. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Literal, NamedTuple

from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason, ReasonOrText


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """``slot`` has come to ``point``; ``place`` says where in the YAML, ``once`` whether one is to do something."""

    slot: str
    point: str
    place: str
    once: bool


class SyncOutcome(NamedTuple):
    """What becomes of an arrival: it goes on, does first what one does for all, or fails for ``reason``.

    ``miss``: what one did for all failed as the product missed something. ``judged`` says how often that which was done
    for all judged the product, and how often by limits.
    """

    arrival: Arrival
    what: Literal["go", "once", "fail", "miss"]
    reason: Reason | None = None
    judged: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Round:
    """All have come to a point: ``doer`` does something for all, the ``others`` wait for that."""

    doer: Arrival
    others: list[Arrival] = field(default_factory=list)


class SyncPoints:
    """A slot takes part from the moment it is expected until it ends, and at each point until it has passed that.

    Whoever has passed a point may come again (another attempt of its case), and then waits for those that have not.
    What is decided ``settle`` tells.
    """

    def __init__(self) -> None:
        self._runs: dict[str, bool] = {}
        self._passed: dict[str, set[str]] = {}
        self._here: list[Arrival] = []
        self._rounds: list[_Round] = []
        self._decided: list[SyncOutcome] = []

    @property
    def is_over(self) -> bool:
        """Whether nobody takes part any more."""
        return not any(self._runs.values())

    @property
    def open(self) -> bool:
        """Whether anybody is at a point, or is to be told what became of that."""
        return bool(self._here or self._rounds or self._decided)

    def expect(self, slots: Iterable[str]) -> None:
        """These take part; those that ended before stay away."""
        for slot in slots:
            self._runs.setdefault(slot, True)

    def end(self, slot: str) -> None:
        """``slot`` is there no more: nobody waits for it, nor for what it was to do for all, which fails."""
        self._runs[slot] = False
        self._here = [each for each in self._here if each.slot != slot]
        for each in list(self._rounds):
            each.others = [other for other in each.others if other.slot != slot]
            if each.doer.slot == slot:
                self._close(each, Reason("once_ended", slot=slot, name=each.doer.point))

    def leave(self, slot: str, points: Iterable[str]) -> None:
        """``slot`` comes to ``points`` no more: it has been there, failed before, or was stopped."""
        for point in points:
            self._passed.setdefault(point, set()).add(slot)

    def arrive(self, arrival: Arrival) -> None:
        """A slot waits at a point."""
        self._runs.setdefault(arrival.slot, True)
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

    def end_once(
        self,
        arrival: Arrival,
        failure: ReasonOrText | None,
        judged: tuple[int, int] = (0, 0),
        *,
        missed: bool = False,
    ) -> None:
        """What one does for all is done, or failed: then it failed for all, in the same way."""
        for each in list(self._rounds):
            if each.doer is arrival:
                failed = Reason("once_failed", slot=arrival.slot, name=arrival.point, detail=failure)
                self._close(each, None if failure is None else failed, judged, missed=missed)

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
        come = {arrival.slot for arrival in here} | self._passed.get(here[0].point, set())
        return [slot for slot, runs in self._runs.items() if runs and slot not in come]

    def _open(self, here: list[Arrival]) -> None:
        """All are there: they go on, once one of them, in the order of the slots, has done what is to be done once."""
        self._here = [arrival for arrival in self._here if arrival not in here]
        order = list(self._runs)
        doer = min((each for each in here if each.once), key=lambda each: order.index(each.slot), default=None)
        if doer is None:
            self._decided += [SyncOutcome(arrival, "go") for arrival in here]
        else:
            self._rounds.append(_Round(doer, [arrival for arrival in here if arrival is not doer]))
            self._decided.append(SyncOutcome(doer, "once"))

    def _close(
        self, over: _Round, reason: Reason | None, judged: tuple[int, int] = (0, 0), *, missed: bool = False
    ) -> None:
        self._rounds.remove(over)
        what: Literal["go", "fail", "miss"] = "go" if reason is None else "miss" if missed else "fail"
        self._decided += [SyncOutcome(other, what, reason, judged) for other in over.others]
