"""Holds and sync points together: those that would wait forever are told at once, and nobody else is."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sequencer.stand_process.arbiter import Arbiter, Ruling, Wait
from sequencer.stand_process.holds import HoldRequest, SlotOwner
from sequencer.stand_process.sync_points import Arrival
from tests.effort import examples


def owner(slot: str, number: int = 1) -> SlotOwner:
    """The slot's test process."""
    return SlotOwner("start", slot, number)


def stand(*slots: str) -> Arbiter:
    """With a test process for each slot."""
    arbiter = Arbiter()
    for slot in slots:
        arbiter.enter(owner(slot), slots)
    return arbiter


def request(slot: str, *names: str, line: int = 1, call: bool = False) -> HoldRequest:
    """For these drivers, from a line of the sequence."""
    return HoldRequest(owner(slot), frozenset(names), f"seq.yaml:{line}:9", call)


def arrival(slot: str, point: str, line: int = 1) -> Arrival:
    """At a sync point, from a line of the sequence."""
    return Arrival(slot, point, f"seq.yaml:{line}:9", False)


def test_two_slots_at_different_points_both_fail_and_read_both_places() -> None:
    """The second to come makes it certain that neither will ever go on."""
    arbiter = stand("a", "b")
    hot, cold = arrival("a", "hot", 10), arrival("b", "cold", 20)
    arbiter.arrive(owner("a"), hot)
    assert arbiter.settle() == []
    arbiter.arrive(owner("b"), cold)
    outcomes = arbiter.settle()
    assert [(each.wait, each.what) for each in outcomes] == [(hot, "fail"), (cold, "fail")]
    for outcome in outcomes:
        assert "seq.yaml:10:9" in str(outcome.reason) and "seq.yaml:20:9" in str(outcome.reason)


def test_a_third_slot_that_comes_later_is_not_concerned() -> None:
    """It goes on with those that are left, once they come where it is."""
    arbiter = stand("a", "b", "c")
    arbiter.arrive(owner("a"), arrival("a", "hot"))
    arbiter.arrive(owner("b"), arrival("b", "cold"))
    assert len(arbiter.settle()) == 2
    arbiter.gone(owner("b"))
    last = arrival("c", "hot")
    arbiter.arrive(owner("c"), last)
    assert arbiter.settle() == []
    again = arrival("a", "hot")
    arbiter.arrive(owner("a"), again)
    assert {each.what for each in arbiter.settle()} == {"go"}


def test_a_slot_that_waits_at_a_point_with_what_another_needs_to_come_there() -> None:
    """A holds the meter and waits for B, which wants the meter: both fail."""
    arbiter = stand("a", "b")
    arbiter.ask(request("a", "meter"))
    arbiter.settle()
    here, wanted = arrival("a", "hot", 10), request("b", "meter", line=20)
    arbiter.arrive(owner("a"), here)
    arbiter.ask(wanted)
    outcomes = arbiter.settle()
    assert {(each.wait, each.what) for each in outcomes} == {(here, "fail"), (wanted, "fail")}
    assert str(next(each.reason for each in outcomes if each.wait is wanted)) == (
        "this slot waits for meter at seq.yaml:20:9, slot 'a' waits for sync 'hot' at seq.yaml:10:9: "
        "they would wait forever"
    )


def test_calls_of_what_the_other_one_holds() -> None:
    """Two slots call, inside their holds, what the other holds: both fail, and what they held is still theirs."""
    arbiter = stand("a", "b")
    for slot, name in (("a", "meter"), ("b", "matrix")):
        arbiter.ask(request(slot, name))
    arbiter.settle()
    arbiter.ask(request("a", "matrix"))
    assert arbiter.settle() == []
    arbiter.ask(request("b", "meter"))
    assert {each.what for each in arbiter.settle()} == {"fail"}
    assert arbiter.held(owner("a")) == {"meter"}


def test_a_call_that_still_goes_on_keeps_nobody_waiting_forever() -> None:
    """A gave up its call and waits for B, which wants the same driver: B goes on once the call is over."""
    arbiter = stand("a", "b")
    arbiter.ask(given_up := request("a", "meter", call=True))
    arbiter.settle()
    arbiter.ask(wanted := request("b", "meter", call=True))
    arbiter.arrive(owner("a"), arrival("a", "hot"))
    assert arbiter.settle() == []
    arbiter.give_back(given_up)
    assert arbiter.settle() == [Ruling(wanted, "go")]


def test_a_slot_that_died_holds_nothing_and_is_waited_for_by_nobody() -> None:
    """What it held goes to the next, and the others go on from the sync point."""
    arbiter = stand("a", "b", "c")
    arbiter.ask(request("a", "meter"))
    arbiter.settle()
    wanted = request("b", "meter")
    arbiter.ask(wanted)
    arbiter.arrive(owner("c"), there := arrival("c", "hot"))
    assert arbiter.settle() == []
    arbiter.gone(owner("a"))
    assert arbiter.settle() == [Ruling(wanted, "go")]
    arbiter.arrive(owner("b"), other := arrival("b", "hot"))
    assert arbiter.settle() == [Ruling(there, "go"), Ruling(other, "go")]


def test_a_process_that_takes_over_is_still_its_slot() -> None:
    """The end of the one before, heard late, does not make the slot leave."""
    arbiter = stand("a", "b")
    arbiter.enter(owner("a", 2), ["a", "b"])
    arbiter.gone(owner("a", 1))
    arbiter.arrive(owner("b"), arrival("b", "hot"))
    assert arbiter.settle() == []


def test_a_slot_that_never_came_is_not_waited_for_once_its_run_is_over() -> None:
    """Its start was refused: whoever started it says so."""
    arbiter = Arbiter()
    arbiter.enter(owner("a"), ["a", "b"])
    arbiter.arrive(owner("a"), here := arrival("a", "hot"))
    assert arbiter.settle() == []
    arbiter.ended("start", "b")
    assert arbiter.settle() == [Ruling(here, "go")]


def test_the_end_of_a_slot_is_known_also_when_it_is_told_first() -> None:
    """The others of its start may still be connecting."""
    arbiter = Arbiter()
    arbiter.ended("start", "b")
    assert arbiter.settle() == []
    arbiter.enter(owner("a"), ["a", "b"])
    arbiter.arrive(owner("a"), here := arrival("a", "hot"))
    assert arbiter.settle() == [Ruling(here, "go")]


class Working(RuleBasedStateMachine):
    """Slots hold, call inside and outside of holds, sync and end, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.arbiter = stand(*"abcd")
        self.held: dict[str, list[HoldRequest]] = {slot: [] for slot in "abcd"}
        self.waiting: dict[str, Wait] = {}
        self.gone: set[str] = set()
        self.lines = itertools.count(1)

    def settle(self) -> None:
        """Takes what is told; a slot that failed gives all back, as its steps end."""
        outcomes = self.arbiter.settle()
        failed = []
        for wait, what, *_ in outcomes:
            slot = next(slot for slot, each in self.waiting.items() if each is wait)
            del self.waiting[slot]
            if what == "fail":
                failed.append(slot)
            elif isinstance(wait, HoldRequest):
                self.held[slot].append(wait)
        for slot in failed:
            self.give_all_back(slot)
        if failed:
            self.settle()

    def give_all_back(self, slot: str) -> None:
        """Its holds end."""
        for each in self.held[slot]:
            self.arbiter.give_back(each)
        self.held[slot].clear()

    def is_free(self, slot: str) -> bool:
        """Whether it can do something."""
        return slot not in self.waiting and slot not in self.gone

    @rule(slot=st.sampled_from("abcd"), names=st.sets(st.sampled_from(["meter", "matrix", "chamber"]), min_size=1))
    def ask(self, slot: str, names: set[str]) -> None:
        """A hold, or inside of one a call."""
        if self.is_free(slot):
            self.waiting[slot] = request(slot, *names, line=next(self.lines))
            self.arbiter.ask(self.waiting[slot])
            self.settle()

    @rule(slot=st.sampled_from("abcd"))
    def give_back(self, slot: str) -> None:
        """The end of a hold."""
        if self.is_free(slot):
            self.give_all_back(slot)
            self.settle()

    @rule(slot=st.sampled_from("abcd"), point=st.sampled_from(["hot", "cold"]))
    def sync(self, slot: str, point: str) -> None:
        """Waits for the others."""
        if self.is_free(slot):
            self.waiting[slot] = arrival(slot, point, next(self.lines))
            self.arbiter.arrive(owner(slot), self.waiting[slot])
            self.settle()

    @rule(slot=st.sampled_from("abcd"))
    def end(self, slot: str) -> None:
        """Its process is killed."""
        if slot not in self.gone:
            self.gone.add(slot)
            self.waiting.pop(slot, None)
            self.held[slot].clear()
            self.arbiter.gone(owner(slot))
            self.settle()

    @invariant()
    def nobody_shares(self) -> None:
        """What one slot has no other has."""
        for one, other in itertools.combinations("abcd", 2):
            assert self.arbiter.held(owner(one)).isdisjoint(self.arbiter.held(owner(other)))

    @invariant()
    def somebody_can_go_on(self) -> None:
        """Never does everybody wait."""
        alive = set("abcd") - self.gone
        assert not alive or alive - self.waiting.keys()


TestWorking = Working.TestCase
TestWorking.settings = settings(max_examples=examples(80), stateful_step_count=25, deadline=None)
