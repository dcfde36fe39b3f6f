"""Slots wait for each other at sync points, and for nobody that will not come."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from sequencer.stand_process.sync_points import Arrival, SyncOutcome, SyncPoints
from sequencer.vocabulary.reason import Reason
from tests.effort import examples


def arrival(slot: str, point: str = "hot", *, once: bool = False) -> Arrival:
    """The slot comes to the point."""
    return Arrival(slot, point, "seq.yaml:1:1", once)


def points(*slots: str) -> SyncPoints:
    """Those of a start in which these take part."""
    made = SyncPoints()
    made.expect(slots)
    return made


def test_all_go_on_when_the_last_has_come() -> None:
    """Nobody goes on before, also where one has not even connected yet."""
    sync = points("a", "b")
    one, other = arrival("a"), arrival("b")
    sync.arrive(one)
    assert sync.settle() == []
    assert sync.waits_for("a") == ["b"]
    sync.arrive(other)
    assert sync.settle() == [SyncOutcome(one, "go"), SyncOutcome(other, "go")]


def test_nobody_waits_for_one_that_comes_no_more() -> None:
    """It failed its way out, was stopped, or ended."""
    sync = points("a", "b", "c")
    one = arrival("a")
    sync.arrive(one)
    sync.leave("b", ["cold", "hot"])
    assert sync.settle() == []
    sync.end("c")
    assert sync.settle() == [SyncOutcome(one, "go")]


def test_one_that_was_stopped_is_waited_for_in_the_teardown() -> None:
    """A chamber is cooled when all are done, also with those that went there early."""
    sync = points("a", "b")
    sync.leave("b", ["hot"])
    early, one = arrival("b", "cooled"), arrival("a")
    sync.arrive(early)
    sync.arrive(one)
    assert sync.settle() == [SyncOutcome(one, "go")]
    assert sync.waits_for("b") == ["a"]
    last = arrival("a", "cooled")
    sync.arrive(last)
    assert {each.what for each in sync.settle()} == {"go"}


def test_another_attempt_waits_for_nobody_who_has_passed() -> None:
    """It comes to the point again, where the others have been and will not come again."""
    sync = points("a", "b")
    for slot in "ab":
        sync.arrive(arrival(slot))
    assert len(sync.settle()) == 2
    sync.leave("b", ["hot"])
    again = arrival("a")
    sync.arrive(again)
    assert sync.settle() == [SyncOutcome(again, "go")]


def test_one_does_what_is_to_be_done_once() -> None:
    """The first in the order of the slots, whoever came first; the others go on when it is done."""
    sync = points("a", "b")
    one, other = arrival("b", once=True), arrival("a", once=True)
    sync.arrive(one)
    sync.arrive(other)
    assert sync.settle() == [SyncOutcome(other, "once")]
    assert sync.waits_for("b") == ["a"]
    assert sync.waits_for("a") == []
    sync.end_once(other, None, (3, 2))
    assert sync.settle() == [SyncOutcome(one, "go", None, (3, 2))]


@pytest.mark.parametrize(("missed", "what"), [(False, "fail"), (True, "miss")])
def test_once_that_failed_failed_for_all(missed: bool, what: Literal["fail", "miss"]) -> None:
    """Whoever waited is told which slot it was and why, and whether the product missed something."""
    sync = points("a", "b")
    doer, other = arrival("a", once=True), arrival("b", once=True)
    sync.arrive(doer)
    sync.arrive(other)
    sync.settle()
    sync.end_once(doer, "too hot", missed=missed)
    reason = Reason("once_failed", slot="a", name="hot", detail="too hot")
    assert sync.settle() == [SyncOutcome(other, what, reason)]


def test_once_fails_for_all_when_the_slot_that_does_it_is_gone() -> None:
    """It was killed, or stopped in the midst of it."""
    for end in (lambda sync, doer: sync.end("a"), lambda sync, doer: sync.withdraw(doer)):
        sync = points("a", "b")
        doer, other = arrival("a", once=True), arrival("b", once=True)
        sync.arrive(doer)
        sync.arrive(other)
        sync.settle()
        end(sync, doer)
        assert [(each.arrival, each.what) for each in sync.settle()] == [(other, "fail")]


class Syncing(RuleBasedStateMachine):
    """Slots come to points, are stopped, do things for all, and end, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.sync = points(*"abcd")
        self.waiting: dict[str, Arrival] = {}
        self.doing: dict[str, Arrival] = {}
        self.ended: set[str] = set()

    def settle(self) -> None:
        """Whoever is told something waits no more; the doer is then busy."""
        for outcome in self.sync.settle():
            assert self.waiting.pop(outcome.arrival.slot) is outcome.arrival
            if outcome.what == "once":
                self.doing[outcome.arrival.slot] = outcome.arrival

    @rule(slot=st.sampled_from("abcd"), point=st.sampled_from(["hot", "cold"]), once=st.booleans())
    def arrive(self, slot: str, point: str, once: bool) -> None:
        """One that does nothing else comes to a point."""
        if slot not in self.waiting and slot not in self.doing and slot not in self.ended:
            self.waiting[slot] = arrival(slot, point, once=once)
            self.sync.arrive(self.waiting[slot])
            self.settle()

    @rule(slot=st.sampled_from("abcd"))
    def stop(self, slot: str) -> None:
        """One that waits is interrupted."""
        if slot in self.waiting:
            self.sync.withdraw(self.waiting.pop(slot))
            self.settle()

    @rule(slot=st.sampled_from("abcd"), point=st.sampled_from(["hot", "cold"]))
    def leave(self, slot: str, point: str) -> None:
        """Nobody is to wait for it there."""
        self.sync.leave(slot, [point])
        self.settle()

    @rule(slot=st.sampled_from("abcd"))
    def end(self, slot: str) -> None:
        """Its process is gone."""
        self.ended.add(slot)
        self.waiting.pop(slot, None)
        self.doing.pop(slot, None)
        self.sync.end(slot)
        self.settle()

    @rule(slot=st.sampled_from("abcd"), failure=st.none() | st.just("too hot"))
    def done(self, slot: str, failure: str | None) -> None:
        """What was to be done for all is."""
        if slot in self.doing:
            self.sync.end_once(self.doing.pop(slot), failure)
            self.settle()

    def teardown(self) -> None:
        """Nobody is left behind: when whoever can goes to its end, only those are left that are at different points."""
        while free := [slot for slot in "abcd" if slot not in self.waiting and slot in self.sync_members()]:
            for slot in free:
                self.end(slot)
        still = {self.waiting[slot].point for slot in self.sync_members()}
        assert len(still) != 1

    def sync_members(self) -> set[str]:
        """Those that take part and have not ended."""
        return set("abcd") - self.ended


TestSyncing = Syncing.TestCase
TestSyncing.settings = settings(max_examples=examples(60), stateful_step_count=20, deadline=None)
