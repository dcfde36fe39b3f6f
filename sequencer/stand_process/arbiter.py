"""Who may go on and who waits, over holds and sync points together; those that would wait forever are told. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from sequencer.stand_process.holds import HoldQueue, HoldRequest, SlotOwner
from sequencer.stand_process.sync_points import Arrival, SyncPoints
from sequencer.vocabulary.reason import Reason, ReasonOrText

Wait = HoldRequest | Arrival


class Ruling(NamedTuple):
    """What becomes of a wait: it ``go``es on, does ``once`` what one does for all, or ``fail``s for ``reason``.

    ``miss`` and ``judged`` as in ``SyncOutcome``.
    """

    wait: Wait
    what: Literal["go", "once", "fail", "miss"]
    reason: Reason | None = None
    judged: tuple[int, int] = (0, 0)


class Arbiter:
    """The slots, what they hold, and what they wait for. Whoever changes something then asks ``settle``."""

    def __init__(self) -> None:
        self._holds = HoldQueue(self._awaited_at_sync)
        self._starts: dict[str, SyncPoints] = {}
        self._owners: list[SlotOwner] = []

    def enter(self, owner: SlotOwner, slots: Iterable[str]) -> None:
        """The test process of a slot is there; ``slots`` are all that take part in the start."""
        if owner.start not in self._starts:
            there = {each.start for each in self._owners}
            self._starts = {start: each for start, each in self._starts.items() if start in there or not each.is_over}
        self._owners.append(owner)
        self._points(owner.start).expect([*slots, owner.slot])

    def gone(self, owner: SlotOwner) -> None:
        """It ended: it holds nothing, and nobody waits for its slot, unless another process took over."""
        for request in self._holds.of(owner):
            self._holds.end(request)
        if owner in self._owners:
            self._owners.remove(owner)
        if not any((each.start, each.slot) == (owner.start, owner.slot) for each in self._owners):
            self.ended(owner.start, owner.slot)

    def ended(self, start: str, slot: str, slots: Iterable[str] = ()) -> None:
        """The run of a slot is over, or never began, which may be told before the first of its start is there.

        ``slots`` are all that take part: until all of them are over, what is known of the start is kept.
        """
        points = self._points(start)
        points.expect(slots)
        points.end(slot)

    def leave(self, owner: SlotOwner, points: Iterable[str]) -> None:
        """Nobody waits for it at these sync points any more."""
        self._points(owner.start).leave(owner.slot, points)

    def ask(self, request: HoldRequest) -> None:
        """Wants shared drivers."""
        self._holds.add(request)

    def give_back(self, request: HoldRequest) -> None:
        """Needs them no more, or waits for them no more."""
        self._holds.end(request)

    def held(self, owner: SlotOwner) -> frozenset[str]:
        """The drivers that ``owner`` has."""
        return self._holds.held(owner)

    def wanted(self, driver: str) -> list[HoldRequest]:
        """The requests that wait for ``driver``, perhaps among others."""
        return [request for request in self._holds.waiting() if driver in request.names]

    def arrive(self, owner: SlotOwner, arrival: Arrival) -> None:
        """Waits at a sync point."""
        self._points(owner.start).arrive(arrival)

    def withdraw(self, owner: SlotOwner, arrival: Arrival) -> None:
        """Waits there no more."""
        self._points(owner.start).withdraw(arrival)

    def end_once(
        self,
        owner: SlotOwner,
        arrival: Arrival,
        failure: ReasonOrText | None,
        judged: tuple[int, int] = (0, 0),
        *,
        missed: bool = False,
    ) -> None:
        """What one was to do for all is done, or failed."""
        self._points(owner.start).end_once(arrival, failure, judged, missed=missed)

    def awaited(self, owner: SlotOwner) -> list[str]:
        """The slots for which ``owner`` waits."""
        ahead = [each.slot for request in self._waiting(owner) for each in self._holds.ahead(request)]
        return list(dict.fromkeys([*ahead, *self._points(owner.start).waits_for(owner.slot)]))

    def settle(self) -> list[Ruling]:
        """What became of waits since the last time, until nothing changes any more."""
        outcomes: list[Ruling] = []
        while self._holds.waits or self._syncs:
            settled = [Ruling(request, "go") for request in self._holds.grant()]
            for points in self._starts.values():
                settled += [Ruling(*decided) for decided in points.settle()]
            if not settled and (self._holds.kept or self._syncs):  # calls alone end by themselves
                settled = self._end_deadlocks()
            if not settled:
                break
            outcomes += settled
        return outcomes

    @property
    def _syncs(self) -> bool:
        """Whether anything at a sync point is not over."""
        return any(points.open for points in self._starts.values())

    def _points(self, start: str) -> SyncPoints:
        return self._starts.setdefault(start, SyncPoints())

    def _waiting(self, owner: SlotOwner) -> list[HoldRequest]:
        return [request for request in self._holds.waiting() if request.owner == owner]

    def _awaited_at_sync(self, owner: SlotOwner) -> list[SlotOwner]:
        if owner.start not in self._starts:
            return []
        slots = self._starts[owner.start].waits_for(owner.slot)
        return [each for each in self._owners if each.start == owner.start and each.slot in slots]

    def _end_deadlocks(self) -> list[Ruling]:
        """Fails each wait of a cycle, and ends it. Whoever merely waits for one of those may go on by then."""
        waits: dict[SlotOwner, Wait] = {request.owner: request for request in self._holds.waiting()}
        for owner in self._owners:
            if owner not in waits and owner.start in self._starts:
                here = (each for each in self._starts[owner.start].waiting() if each.slot == owner.slot)
                if (arrival := next(here, None)) is not None:
                    waits[owner] = arrival
        if len(waits) < 2:
            return []
        awaits = {owner: self._blockers(owner, wait) & waits.keys() for owner, wait in waits.items()}
        outcomes = []
        for owner, wait in waits.items():
            other = _next_in_cycle(owner, awaits)
            if other is not None:
                reason = Reason("deadlock", where=_told(wait), slot=other.slot, detail=_told(waits[other]))
                outcomes.append(Ruling(wait, "fail", reason))
        for outcome in outcomes:
            if isinstance(outcome.wait, HoldRequest):
                self._holds.end(outcome.wait)
            else:
                for points in self._starts.values():
                    points.withdraw(outcome.wait)
        return outcomes

    def _blockers(self, owner: SlotOwner, wait: Wait) -> set[SlotOwner]:
        return self._holds.keepers(wait) if isinstance(wait, HoldRequest) else set(self._awaited_at_sync(owner))


def _next_in_cycle(owner: SlotOwner, awaits: dict[SlotOwner, set[SlotOwner]]) -> SlotOwner | None:
    """For whom ``owner`` waits, when that one waits for ``owner`` in its turn."""
    for other in sorted(awaits[owner]):
        seen: set[SlotOwner] = set()
        left = [other]
        while left:
            each = left.pop()
            if each == owner:
                return other
            if each not in seen:
                seen.add(each)
                left += awaits[each]
    return None


def _told(wait: Wait) -> Reason:
    if isinstance(wait, HoldRequest):
        return Reason("at_shared", names=sorted(wait.names), place=wait.place)
    return Reason("at_sync", name=wait.point, place=wait.place)
