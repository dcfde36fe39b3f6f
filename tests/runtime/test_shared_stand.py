"""What a run tells of waiting for other slots, and which of its time that is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sequencer.protocol.request import Slot, StandAddress, StartRequest
from sequencer.report.event import Event, WaitFinished, WaitStarted
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.plan import PlannedCase, PlannedModule
from sequencer.runtime.shared_stand import SharedStand

told: list[Event] = []


@pytest.fixture
def stand() -> Iterator[SharedStand]:
    """Of a slot that has asked for nothing yet."""
    told.clear()
    interrupts = Interrupts()
    request = StartRequest(slot=Slot(name="left", count=2))
    address = StandAddress(address="nowhere", key="00")
    yield SharedStand(address, request, "run", interrupts, told.append, hear=lambda what, arguments: None)
    interrupts.close()


def case(*, counts: bool) -> PlannedCase:
    """One with or without a timeout that counts waiting."""
    module = PlannedModule("main", "main")
    return PlannedCase("rail", module, "rail", place="s.yaml:3:7", timeout=1.0, timeout_counts_waiting=counts)


def test_a_wait_is_told_with_the_step_that_is_under_way(stand: SharedStand) -> None:
    """Its beginning when it lasts, and its end; a call that took its ordinary time is none."""
    stand.begin_case(case(counts=False))
    stand.wait_finished("call", ["meter"], 0.0002)
    stand.at("main::rail", "s.yaml:5:9")
    stand.wait_started("hold", ["meter"])
    stand.wait_finished("hold", ["meter"], 1.5)
    stand.wait_finished("call", ["meter"], 0.01)
    assert told == [
        WaitStarted("main::rail", "s.yaml:5:9", "hold", ["meter"]),
        WaitFinished("main::rail", "s.yaml:5:9", "hold", ["meter"], 1.5),
        WaitFinished("main::rail", "s.yaml:5:9", "call", ["meter"], 0.01),
    ]


def test_before_the_first_case_nothing_is_told(stand: SharedStand) -> None:
    """Instruments are looked at then, and no case has the time."""
    stand.wait_started("call", ["meter"])
    stand.wait_finished("call", ["meter"], 5.0)
    assert told == []


@pytest.mark.parametrize("counts", [False, True])
def test_a_case_says_whether_its_timeout_counts_waiting(stand: SharedStand, counts: bool) -> None:
    """The next case says it for itself."""
    for each in (counts, False):
        stand.begin_case(case(counts=each))
        assert stand.client.counts_waiting is each
