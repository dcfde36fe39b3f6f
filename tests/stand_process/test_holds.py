"""Shared drivers are handed out all at once, first come, first served, and to nobody twice."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sequencer.stand_process.holds import HoldQueue, HoldRequest, SlotOwner
from tests.effort import examples

DRIVERS = ["chamber", "matrix", "meter"]


def owner(name: str) -> SlotOwner:
    """A slot's test process."""
    return SlotOwner("start", name, 1)


def request(slot: str, *names: str) -> HoldRequest:
    """Of the slot for these drivers."""
    return HoldRequest(owner(slot), frozenset(names), "seq.yaml:1:1")


def test_whoever_asked_first_gets_it_first() -> None:
    """The next in the queue has the driver as soon as it is given back."""
    queue = HoldQueue()
    first, second, third = (request(slot, "meter") for slot in "abc")
    for each in (first, second, third):
        queue.add(each)
    assert queue.grant() == [first]
    assert queue.ahead(third) == [owner("a"), owner("b")]
    queue.end(first)
    assert queue.grant() == [second]


def test_all_that_is_named_is_taken_at_once() -> None:
    """Nobody has a part of what it wants while it waits for the rest, and nobody passes it meanwhile."""
    queue = HoldQueue()
    held, both, late = request("a", "meter"), request("b", "meter", "matrix"), request("c", "matrix")
    for each in (held, both, late):
        queue.add(each)
    assert queue.grant() == [held]
    assert queue.held(owner("b")) == frozenset()
    queue.end(held)
    assert queue.grant() == [both]
    queue.end(both)
    assert queue.grant() == [late]


def test_a_call_inside_a_hold_goes_on_at_once() -> None:
    """What a slot has it need not wait for, whoever else waits."""
    queue = HoldQueue()
    hold, other, call = request("a", "meter"), request("b", "meter"), request("a", "meter")
    for each in (hold, other, call):
        queue.add(each)
    assert queue.grant() == [hold, call]


def test_whom_an_earlier_one_waits_for_passes_it() -> None:
    """B wants the meter and the matrix, which A has: A gets the meter although B asked for it first."""
    queue = HoldQueue()
    matrix, both, meter = request("a", "matrix"), request("b", "matrix", "meter"), request("a", "meter")
    for each in (matrix, both, meter):
        queue.add(each)
    assert queue.grant() == [matrix, meter]


def test_what_is_over_gives_way() -> None:
    """One that waits no more holds up nobody, and ending it twice is harmless."""
    queue = HoldQueue()
    first, second, third = request("a", "meter"), request("b", "meter", "matrix"), request("c", "matrix")
    for each in (first, second, third):
        queue.add(each)
    assert queue.grant() == [first]
    queue.end(second)
    queue.end(second)
    assert queue.grant() == [third]
    assert queue.waiting() == []


class Holding(RuleBasedStateMachine):
    """Slots that ask for drivers, one request at a time each while they have none, and give them back."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = HoldQueue()
        self.holding: list[HoldRequest] = []
        self.waiting: list[HoldRequest] = []

    def settle(self) -> None:
        """What is granted is held from now on."""
        for each in self.queue.grant():
            self.waiting.remove(each)
            self.holding.append(each)

    @rule(slot=st.sampled_from("abcde"), names=st.sets(st.sampled_from(DRIVERS), min_size=1))
    def ask(self, slot: str, names: set[str]) -> None:
        """A slot that has nothing and waits for nothing asks."""
        if any(each.owner == owner(slot) for each in (*self.holding, *self.waiting)):
            return
        asked = request(slot, *names)
        self.waiting.append(asked)
        self.queue.add(asked)
        self.settle()

    @precondition(lambda self: self.holding)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """Somebody needs its drivers no more."""
        self.end(data.draw(st.sampled_from(self.holding)), self.holding)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """Somebody waits no more."""
        self.end(data.draw(st.sampled_from(self.waiting)), self.waiting)

    def end(self, each: HoldRequest, of: list[HoldRequest]) -> None:
        """Takes it off."""
        of.remove(each)
        self.queue.end(each)
        self.settle()

    @invariant()
    def nobody_shares(self) -> None:
        """A driver has at most one holder."""
        names = [name for each in self.holding for name in each.names]
        assert len(names) == len(set(names))

    @invariant()
    def waiting_has_a_reason(self) -> None:
        """Whoever waits, waits for somebody else; the first of the queue only for those that hold."""
        for each in self.waiting:
            assert self.queue.ahead(each)
        if self.waiting:
            assert self.queue.holders(self.waiting[0])

    def teardown(self) -> None:
        """Nobody starves: when each gives back what it has, all get what they asked for, in the order of asking."""
        order = list(self.waiting)
        while self.holding:
            self.end(self.holding[0], self.holding)
        assert not self.waiting, order


TestHolding = Holding.TestCase
TestHolding.settings = settings(max_examples=examples(60), stateful_step_count=20, deadline=None)
