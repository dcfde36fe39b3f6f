"""Starts that overlap: each waits for its own slots alone, whatever is told late, and whoever takes over."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sequencer.protocol.request import JointStart
from sequencer.protocol.stand import EndSlot
from sequencer.runner.ended_slots import EndedSlots
from sequencer.stand_process.arbiter import Arbiter
from sequencer.stand_process.holds import SlotOwner
from sequencer.stand_process.sync_points import Arrival
from sequencer.vocabulary.failure import StepError
from tests.effort import examples
from tests.stand_process.conftest import Stand

STARTS = {"one": ("a", "b", "c"), "two": ("d", "e"), "each": ("f",), "three": ("g", "h")}
SLOTS = [(start, slot) for start, slots in STARTS.items() for slot in slots]


def test_a_slot_that_ended_before_another_start_came_is_not_waited_for() -> None:
    """It never began, and its start has nobody yet when the one of another comes."""
    arbiter = Arbiter()
    arbiter.ended("one", "a", ["a", "b"])
    arbiter.enter(other := SlotOwner("two", "d", 1), ["d"])
    arbiter.gone(other)
    arbiter.enter(SlotOwner("three", "g", 2), ["g"])
    arbiter.enter(SlotOwner("one", "b", 3), ["a", "b"])
    arbiter.arrive(SlotOwner("one", "b", 3), here := Arrival("b", "hot", "seq.yaml:1:1", False))
    assert [ruling.wait for ruling in arbiter.settle()] == [here]


def test_who_takes_over_knows_of_every_start(stand: Stand) -> None:
    """A slot of one start has ended, then one of another; the process dies, and the first start's others still meet."""
    one, two = JointStart("1", ["left", "right"]), JointStart("2", ["third", "fourth"])
    client = stand.client("right", one.slots)
    meter = stand.meter(client)
    stand.process.end_slot(one, "left")
    stand.process.end_slot(two, "third")
    with pytest.raises(StepError, match="is gone"):
        meter.crash()
    assert stand.process.address()
    with client.sync("seq.yaml:1:1", "hot") as meeting:
        assert not meeting.chosen


class Overlapping(RuleBasedStateMachine):
    """Slots of several starts come, meet and end; their owner tells so at any time, and another process takes over."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = EndedSlots()
        self.arbiter = Arbiter()
        self.number = 0
        self.there: dict[tuple[str, str], SlotOwner] = {}
        self.over: set[tuple[str, str]] = set()
        self.told: set[tuple[str, str]] = set()
        self.waiting: dict[tuple[str, str], Arrival] = {}

    def settle(self) -> None:
        """Nobody fails, as all that there is is one point."""
        for ruling in self.arbiter.settle():
            assert ruling.what == "go"
            at = next(at for at, wait in self.waiting.items() if wait is ruling.wait)
            del self.waiting[at]
            self.arbiter.leave(self.there[at], ["hot"])

    @rule(at=st.sampled_from(SLOTS))
    def come(self, at: tuple[str, str]) -> None:
        """Its test process is there."""
        if at not in self.there and at not in self.over:
            self.number += 1
            self.there[at] = SlotOwner(*at, self.number)
            self.arbiter.enter(self.there[at], STARTS[at[0]])
            self.settle()

    @rule(at=st.sampled_from(SLOTS))
    def meet(self, at: tuple[str, str]) -> None:
        """It waits for the others of its start."""
        if at in self.there and at not in self.waiting:
            self.waiting[at] = Arrival(at[1], "hot", "seq.yaml:1:1", False)
            self.arbiter.arrive(self.there[at], self.waiting[at])
            self.settle()

    @rule(at=st.sampled_from(SLOTS))
    def end(self, at: tuple[str, str]) -> None:
        """Its process ends, or it never had one."""
        self.over.add(at)
        self.waiting.pop(at, None)
        if at in self.there:
            self.arbiter.gone(self.there.pop(at))
            self.settle()

    @rule(at=st.sampled_from(SLOTS))
    def tell(self, at: tuple[str, str]) -> None:
        """The owner says that it is over, which may be long after."""
        if at in self.over and at not in self.told:
            self.told.add(at)
            self.ended.add(EndSlot(*at, STARTS[at[0]]))
            self.arbiter.ended(*at, STARTS[at[0]])
            self.settle()

    @rule()
    def take_over(self) -> None:
        """The process died: slots fail where they waited, and find another one."""
        self.arbiter = Arbiter()
        self.waiting.clear()
        for ended in self.ended:
            self.arbiter.ended(*ended)
        for at in self.there:
            self.number += 1
            self.there[at] = SlotOwner(*at, self.number)
            self.arbiter.enter(self.there[at], STARTS[at[0]])
        self.settle()

    @invariant()
    def nobody_waits_for_one_that_is_over(self) -> None:
        """Once that was told; and never for one of another start."""
        for at in self.waiting:
            start = at[0]
            awaited = self.arbiter.awaited(self.there[at])
            assert awaited
            assert set(awaited) <= {slot for slot in STARTS[start] if (start, slot) not in self.told}

    @invariant()
    def only_what_is_under_way_is_remembered(self) -> None:
        """A start of which every slot is over is forgotten."""
        left = {start for start, slots in STARTS.items() if not {(start, slot) for slot in slots} <= self.told}
        assert {(ended.start, ended.slot) for ended in self.ended} == {at for at in self.told if at[0] in left}


TestOverlapping = Overlapping.TestCase
TestOverlapping.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
