"""Deadlines and stops, with the alarm of POSIX and with the one for systems without it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sequencer.runtime import deadline
from sequencer.runtime.deadline import Interrupts, SilentAlarm, ThreadAlarm, make_alarm
from sequencer.vocabulary.failure import Stopped, TimedOut

NUMBER = signal.SIGALRM if sys.platform != "win32" else signal.SIGBREAK


def thread_alarm(wake: Callable[[], None]) -> ThreadAlarm:
    """The alarm of systems without SIGALRM."""
    return ThreadAlarm(wake, NUMBER)


@pytest.fixture(params=[make_alarm, thread_alarm], ids=["native", "thread"])
def interrupts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Interrupts]:
    """Interrupts of each kind."""
    monkeypatch.setattr(deadline, "make_alarm", request.param)
    made = Interrupts()
    yield made
    made.close()


def work(interrupts: Interrupts) -> None:
    """A driver that takes too long."""
    interrupts.sleep(30)


def test_a_deadline_ends_what_takes_too_long(interrupts: Interrupts) -> None:
    """The exception says how long it was allowed to take; done, nothing is left of it."""
    interrupts.begin("owner", "step", 0.05)
    error = interrupts.run(lambda: work(interrupts))
    assert isinstance(error, TimedOut)
    assert (error.subject, error.seconds) == ("step", 0.05)
    assert interrupts.end("owner") is error
    assert interrupts.run(lambda: interrupts.sleep(0.1)) is None


def test_what_is_shielded_is_not_struck(interrupts: Interrupts) -> None:
    """The exception waits for the end of the block."""
    done = []

    def body() -> None:
        with interrupts:
            interrupts.begin("owner", "step", 0.05)
            interrupts.sleep(0.15)
            done.append("whole")
        done.append("never")

    assert isinstance(interrupts.run(body), TimedOut)
    assert done == ["whole"]


def test_outside_of_a_body_nothing_is_raised(interrupts: Interrupts) -> None:
    """What is due meanwhile is raised when the next body begins."""
    interrupts.begin("owner", "case", 0.05)
    time.sleep(0.15)
    assert isinstance(interrupts.run(lambda: None), TimedOut)


def test_a_swallowed_timeout_is_known_in_the_end(interrupts: Interrupts) -> None:
    """Whoever catches everything gains nothing."""

    def deaf() -> None:
        try:
            interrupts.begin("owner", "step", 0.05)
            interrupts.sleep(30)
        except BaseException:
            return

    assert interrupts.run(deaf) is None
    assert isinstance(interrupts.end("owner"), TimedOut)


def test_the_first_of_several_deadlines_is_the_one_raised(interrupts: Interrupts) -> None:
    """And the others go on."""
    interrupts.begin("case", "case", 2.0)
    interrupts.begin("step", "step", 0.05)
    first = interrupts.run(lambda: work(interrupts))
    assert isinstance(first, TimedOut)
    assert first.subject == "step"
    assert interrupts.is_open(first)
    assert interrupts.end("step") is first
    assert not interrupts.is_open(first)
    second = interrupts.run(lambda: work(interrupts))
    assert isinstance(second, TimedOut)
    assert second.subject == "case"


def test_a_stop_comes_from_any_thread_and_stays(interrupts: Interrupts) -> None:
    """Every body that follows is stopped at once, except where stops have to wait."""
    timer = threading.Timer(0.05, interrupts.stop, ["enough"])
    timer.start()
    error = interrupts.run(lambda: work(interrupts))
    timer.join()
    assert isinstance(error, Stopped)
    assert error.reason == "enough"
    assert isinstance(interrupts.run(lambda: None), Stopped)
    interrupts.stoppable = False
    assert interrupts.run(lambda: interrupts.sleep(0.05)) is None
    interrupts.stop("later")
    assert interrupts.stop_reason == "enough"


def test_an_exception_of_the_body_is_given_back(interrupts: Interrupts) -> None:
    """Whatever it is."""
    for error in (ValueError("x"), SystemExit(3), KeyboardInterrupt()):

        def fail(error: BaseException = error) -> None:
            raise error

        assert interrupts.run(fail) is error


def test_who_watches_from_outside_is_told_the_nearest_deadline() -> None:
    """When it changes, and when there is none any more."""
    told: list[Any] = []
    interrupts = Interrupts(lambda seconds: told.append(seconds and round(seconds)))
    owners = [object(), object(), object()]
    for owner, seconds in zip(owners, [10, 5, 20], strict=True):
        interrupts.begin(owner, "step", seconds)
    for owner in reversed(owners):
        interrupts.end(owner)
    interrupts.close()
    assert told == [10, 5, 10, None]


def test_another_than_the_main_thread_has_no_alarm() -> None:
    """Python runs signal handlers in the main thread alone."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(make_alarm(lambda: None)))
    thread.start()
    thread.join()
    assert isinstance(found[0], SilentAlarm)
