"""``hold`` and ``sync``: what is waited for is left again, however the steps in it end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sequencer.steps.base import StepRun
from sequencer.steps.hold import Hold
from sequencer.steps.sync import Sync
from sequencer.vocabulary.failure import StepError, StepFailed, Stopped


class Case:
    """A case that keeps a diary. ``first``: whether it does what one slot does for all."""

    def __init__(self, *, first: bool = True, late: bool = False, lost: bool = False) -> None:
        self.diary: list[str] = []
        self.ended: list[BaseException | None] = []
        self.first = first
        self.late = late
        self.lost = lost

    def begin(self, step: StepRun) -> None:
        assert step.timeout is None, "its time-out bounds the waiting, not the steps"
        self.diary.append(f"begin {step.name}")

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        self.diary.append("end")
        self.ended.append(error)
        return False

    @contextmanager
    def hold(self, place: str, names: list[str], timeout: float | None = None) -> Iterator[None]:
        with self._waiting(f"{place} {names} {timeout}"):
            yield

    @contextmanager
    def sync(self, place: str, point: str, timeout: float | None = None, *, once: bool = False) -> Iterator[bool]:
        with self._waiting(f"{place} {point} {timeout} {once}"):
            yield once and self.first

    @contextmanager
    def _waiting(self, what: str) -> Iterator[None]:
        if self.late:
            raise StepError("nobody came")
        self.diary.append(what)
        try:
            yield
        except BaseException as error:
            self.diary.append(f"left by {type(error).__name__}")
            if self.lost:
                raise StepError("lost meanwhile") from None
            raise
        self.diary.append("left")
        if self.lost:
            raise StepError("failed for all")


def hold(case: Case) -> Hold:
    """Of two drivers, for 30 seconds at most."""
    return Hold(case, "a:1:1", ["meter", "matrix"], name="Both", timeout=30.0)  # type: ignore[arg-type]


def sync(case: Case, *, once: bool = False) -> Sync:
    """At the point ``hot``."""
    return Sync(case, "a:1:1", "hot", once=once)  # type: ignore[arg-type]


def test_a_hold_is_given_back_after_its_steps() -> None:
    """It is taken once the step has begun, and given back before it ends."""
    case = Case()
    with hold(case):
        case.diary.append("steps")
    assert case.diary == ["begin Both", "a:1:1 ['meter', 'matrix'] 30.0", "steps", "left", "end"]
    assert case.ended == [None]


@pytest.mark.parametrize("error", [StepFailed("too low"), Stopped(), ValueError("of a driver")])
@pytest.mark.parametrize("lost", [False, True])
def test_a_hold_is_given_back_when_its_steps_fail(error: BaseException, lost: bool) -> None:
    """Whatever ended them is what ended the step, also when giving back goes wrong in its turn."""
    case = Case(lost=lost)
    with pytest.raises(type(error)) as raised, hold(case):
        raise error
    assert raised.value is error
    assert case.diary[-2:] == [f"left by {type(error).__name__}", "end"]
    assert case.ended == [error]


def test_what_was_waited_for_in_vain_fails_the_step_and_runs_nothing() -> None:
    """The steps inside are not for somebody who holds nothing."""
    case = Case(late=True)
    with pytest.raises(StepError, match="nobody came"), hold(case):
        pytest.fail("it holds nothing")
    assert case.diary == ["begin Both", "end"]
    assert [str(error) for error in case.ended] == ["nobody came"]


@pytest.mark.parametrize(("first", "once", "does"), [(True, True, True), (False, True, False), (True, False, False)])
def test_one_slot_does_what_is_done_once(first: bool, once: bool, does: bool) -> None:
    """A sync is true in the slot that was chosen, and never where there is nothing to do."""
    case = Case(first=first)
    with sync(case, once=once) as chosen:
        assert bool(chosen) is does
    assert case.diary == ["begin sync", f"a:1:1 hot None {once}", "left", "end"]


def test_a_sync_without_steps_waits_and_goes_on() -> None:
    """It is entered and left like one with steps."""
    case = Case()
    sync(case).run()
    assert case.diary == ["begin sync", "a:1:1 hot None False", "left", "end"]


def test_what_failed_for_all_fails_the_step() -> None:
    """The slots that wait for what one does are told of its failure when they leave."""
    case = Case(first=False, lost=True)

    with pytest.raises(StepError, match="failed for all"), sync(case, once=True):
        pass
    assert [str(error) for error in case.ended] == ["failed for all"]
