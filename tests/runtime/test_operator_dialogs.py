"""Questions that are open in the test process: who answers first wins, and every ending is told."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from sequencer.report.dialog import describe
from sequencer.report.event import DialogAnswered, DialogAsked, OperatorMessageShown
from sequencer.runtime.dialogs import Dialogs
from sequencer.vocabulary.failure import StepError, Stopped, TimedOut


class Floor:
    """Collects events; ``answer`` is called with each question's id as soon as it is asked, in another thread."""

    def __init__(self, answer: Any = None, **options: Any) -> None:
        self.events: list[Any] = []
        self.results: list[bool] = []
        self._answer = answer
        self._threads: list[threading.Thread] = []
        self.dialogs = Dialogs(self.emit, options.pop("sleep", time.sleep), **options)

    def emit(self, happened: Any) -> None:
        self.events.append(happened)
        opened = isinstance(happened, DialogAsked) or getattr(happened, "blocking", False)
        if opened and self._answer is not None:
            thread = threading.Thread(target=self._run, args=(happened.id,))
            self._threads.append(thread)
            thread.start()

    def _run(self, identity: str) -> None:
        self.results = [self.dialogs.deliver(identity, *answer) for answer in self._answer]

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def test_the_first_valid_answer_wins() -> None:
    """An invalid answer leaves the dialog open, the next one closes it, later ones come too late."""
    floor = Floor([("confirm", "abc", "a"), ("confirm", "2e3", "b"), ("confirm", "7", "c")])
    answer = floor.dialogs.ask("m::c", describe({"type": "number", "text": "?"}))
    floor.join()
    assert (answer.result, answer.value, answer.by) == ("confirm", 2000.0, "b")
    assert floor.results == [False, True, False]
    asked, answered = floor.events
    assert isinstance(answered, DialogAnswered)
    assert (answered.id, answered.result, answered.value, answered.by) == (asked.id, "confirm", 2000.0, "b")


def test_closing_the_dialog_stops_the_run() -> None:
    """Close is told as the dialog's result, and the case is stopped."""
    floor = Floor([("close", None, "a")])
    with pytest.raises(Stopped, match="closed the dialog"):
        floor.dialogs.ask("m::c", describe("Ready?"))
    floor.join()
    assert floor.events[-1].result == "close"


@pytest.mark.parametrize(("raised", "result"), [(TimedOut("step", 1.0), "timeout"), (Stopped(), "stop")])
def test_an_interrupted_wait_takes_the_dialog_away(raised: BaseException, result: str) -> None:
    """A timeout and a stop end the dialog everywhere, and say so in the report."""

    def interrupted(seconds: float) -> None:
        raise raised

    floor = Floor(sleep=interrupted)
    with pytest.raises(type(raised)):
        floor.dialogs.ask("m::c", describe("Ready?"))
    assert floor.events[-1].result == result
    assert not floor.dialogs.deliver(floor.events[0].id, "confirm")


def test_without_anybody_asking_is_an_error() -> None:
    """Without anybody to ask a dialog is an error and no endless wait, and no test goes on with the lid open."""
    floor = Floor(attended=False)
    with pytest.raises(StepError, match="nobody can answer"):
        floor.dialogs.ask("m::c", describe("Ready?"))
    with pytest.raises(StepError, match="nobody can confirm"):
        floor.dialogs.show(OperatorMessageShown("m::c", "k", "Close the lid", blocking=True))
    assert not floor.events
    floor.dialogs.show(OperatorMessageShown("m::c", "k", "Warming up"))
    floor.dialogs.show(OperatorMessageShown("m::c", "k", None, blocking=True))
    assert len(floor.events) == 2


def test_a_blocking_message_waits_and_is_cleared() -> None:
    """A blocking message goes on once it is confirmed; then it is taken away for everybody."""
    floor = Floor([("confirm", None, "a")])
    floor.dialogs.show(OperatorMessageShown("m::c", "k", "Close the lid", blocking=True))
    floor.join()
    assert [(told.id, told.text) for told in floor.events] == [("k", "Close the lid"), ("k", None)]
