"""Who may use which shared drivers: all that one asks for at once, first come, first served. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from sequencer.vocabulary.dataclass import dataclass


class SlotOwner(NamedTuple):
    """Who asks: the test process number ``number`` of a slot, in the start in which that runs."""

    start: str
    slot: str
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class HoldRequest:
    """``owner`` wants the drivers ``names``, for a ``hold`` or for one call; ``place`` says where in the YAML.

    A ``call`` ends by itself, whatever its owner waits for by then: it was given up, or has just been answered.
    """

    owner: SlotOwner
    names: frozenset[str]
    place: str
    call: bool = False


def nobody(owner: SlotOwner) -> Collection[SlotOwner]:
    """Where nobody waits for anything but drivers."""
    return ()


class HoldQueue:
    """Requests that hold their drivers, and those that wait.

    A request waits while another owner holds one of its drivers, or asked for one of them before. Nobody starves then;
    but whoever an earlier request waits for, directly or through others, passes it, as it could never go first.
    ``waits_elsewhere`` tells whom an owner waits for otherwise, which counts for that. What an owner has it may ask for
    again: a call inside a hold goes on at once.
    """

    def __init__(self, waits_elsewhere: Callable[[SlotOwner], Collection[SlotOwner]] = nobody) -> None:
        self._waits_elsewhere = waits_elsewhere
        self._holding: list[HoldRequest] = []
        self._waiting: list[HoldRequest] = []

    @property
    def waits(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    @property
    def kept(self) -> bool:
        """Whether anybody holds something until it says otherwise: no call that goes on."""
        return not all(each.call for each in self._holding)

    def add(self, request: HoldRequest) -> None:
        """Joins the end of the queue; ``grant`` then says whether it need not wait."""
        self._waiting.append(request)

    def end(self, request: HoldRequest) -> None:
        """Gives back what it holds, or waits no more. Whatever is over already is no error."""
        for requests in (self._holding, self._waiting):
            if request in requests:
                requests.remove(request)

    def of(self, owner: SlotOwner) -> list[HoldRequest]:
        """All that ``owner`` holds and waits for."""
        return [request for request in (*self._holding, *self._waiting) if request.owner == owner]

    def waiting(self) -> list[HoldRequest]:
        """Those that wait, the first to come first."""
        return list(self._waiting)

    def held(self, owner: SlotOwner) -> frozenset[str]:
        """The drivers that ``owner`` has."""
        return frozenset[str]().union(*(request.names for request in self._holding if request.owner == owner))

    def grant(self) -> list[HoldRequest]:
        """Gives drivers to all that need not wait any more, and says to whom."""
        granted = []
        while (request := next((each for each in self._waiting if self._may_go(each)), None)) is not None:
            self._waiting.remove(request)
            self._holding.append(request)
            granted.append(request)
        return granted

    def holders(self, request: HoldRequest) -> set[SlotOwner]:
        """The others that hold what it wants."""
        return {each.owner for each in self._rivals(request, self._holding)}

    def keepers(self, request: HoldRequest) -> set[SlotOwner]:
        """Those of them that keep it until they say otherwise."""
        return {each.owner for each in self._rivals(request, self._holding) if not each.call}

    def ahead(self, request: HoldRequest) -> list[SlotOwner]:
        """The others for whom it waits: those that hold what it wants, then those that asked before."""
        return list(dict.fromkeys([*self.holders(request), *(each.owner for each in self._earlier(request))]))

    def _may_go(self, request: HoldRequest) -> bool:
        if self.holders(request):
            return False
        return all(self._reaches(each.owner, request.owner) for each in self._earlier(request))

    def _earlier(self, request: HoldRequest) -> Iterator[HoldRequest]:
        return self._rivals(request, self._waiting[: self._waiting.index(request)])

    @staticmethod
    def _rivals(request: HoldRequest, others: list[HoldRequest]) -> Iterator[HoldRequest]:
        return (each for each in others if each.owner != request.owner and not each.names.isdisjoint(request.names))

    def _reaches(self, waiter: SlotOwner, wanted: SlotOwner) -> bool:
        """Whether ``waiter`` waits for ``wanted``, directly or through others."""
        seen: set[SlotOwner] = set()
        left = [waiter]
        while left:
            owner = left.pop()
            if owner == wanted:
                return True
            if owner not in seen:
                seen.add(owner)
                left += self._waits_elsewhere(owner)
                for request in self._waiting:
                    if request.owner == owner:
                        left += self.ahead(request)
        return False
