from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.dialog_answer import read_answer
from sequencer.runtime import deadline
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stepping import Pause, PauseChoice, RunningSteps, pause_dialog
from sequencer.vocabulary.failure import Stopped, TimedOut


def walk(count: int, choices: list[PauseChoice], *, when: dict[int, bool] | None = None) -> tuple[list[str], list[str]]:
    """Goes through a list of steps named 1, 2, ...; what ran, and at which steps there was a pause."""
    ran: list[str] = []
    asked: list[str] = []
    left = iter(choices)

    def decide(pause: Pause) -> PauseChoice:
        asked.append(pause.label)
        return next(left, "continue")

    conditions = when or {}
    steps = RunningSteps(decide, lambda pause: ran.append(f"no {pause.label}"), lambda text: conditions[int(text)], str)
    for each in steps:
        for number in range(1, count + 1):
            condition = str(number) if number in conditions else None
            if each.due(f"a.yaml:{number}:1", "message", name=str(number), when=condition):
                ran.append(str(number))
    return ran, asked


@pytest.mark.parametrize(
    ("choices", "ran", "asked"),
    [
        (["continue"], "1 2 3", "1 2 3"),
        (["skip"], "no 1 2 3", "1 2 3"),
        (["continue", "repeat"], "1 1 2 3", "1 2 2 3"),
        (["continue", "repeat", "repeat", "continue", "repeat"], "1 1 1 2 2 3", "1 2 2 2 3 3"),
        (["continue", "skip", "repeat", "continue", "continue"], "1 no 2 1 2 3", "1 2 3 2 3"),
        (["repeat"], "1 2 3", "1 2 3"),
    ],
)
def test_the_answers_decide_what_runs(choices: list[PauseChoice], ran: str, asked: str) -> None:
    """Continue runs a step, skip leaves it out, repeat goes back to the one that ran last; then it is asked again."""
    done, pauses = walk(3, choices)
    assert (" ".join(done), " ".join(pauses)) == (ran, asked)


def test_nobody_pauses_before_a_step_that_will_not_run() -> None:
    """A step whose condition is false is no place to pause, and none to come back to."""
    assert walk(3, ["continue", "repeat"], when={2: False}) == (["1", "1", "3"], ["1", "3", "3"])


@given(st.lists(st.sampled_from(["continue", "skip", "repeat", "run on"]), max_size=30), st.integers(0, 5))
def test_whatever_is_answered_each_step_is_run_or_skipped(choices: list[PauseChoice], count: int) -> None:
    """No sequence of answers loses a step without a word: each of them ran, or its skipping was told."""
    ran, _ = walk(count, choices)
    assert {entry.removeprefix("no ") for entry in ran} == {str(number) for number in range(1, count + 1)}


def test_the_question_shows_where_one_is() -> None:
    """The dialog tells place, verb, call and variables, and offers to repeat only where something ran before."""
    first = pause_dialog(Pause("a.yaml:3:5", "measure", "Rail", "meter.read", None), {"volts": 5.0, "raw": b"\x00"})
    assert first["title"] == "Paused before: Rail"
    assert first["text"].splitlines()[:2] == ["a.yaml:3:5  measure, calls meter.read", "  volts = 5.0"]
    keys = {choice["value"]: choice["key"] for choice in first["fields"][0]["choices"]}
    assert keys == {"continue": "c", "skip": "s", "run on": "g", "stop": "q"}
    later = pause_dialog(Pause("a.yaml:4:5", "wait", None, None, "Rail"), {str(n): n for n in range(99)})
    assert "repeat the previous step: Rail" in [choice["label"] for choice in later["fields"][0]["choices"]]
    assert "and 59 more variables" in later["text"]
    assert read_answer(later, "confirm", "repeat") == "repeat"


def test_a_deadline_waits_while_it_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time in a suspension is nobody's: the deadline announces itself gone, then comes as much later."""
    told: list[float | None] = []
    slept = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + slept[0], sleep=time.sleep)
    monkeypatch.setattr(deadline, "time", clock)
    interrupts = Interrupts(told.append)

    def body() -> None:
        interrupts.begin("step", "step", 60)
        with interrupts.suspended():
            slept[0] += 3600
        assert interrupts.end("step") is None
        interrupts.begin("other", "step", 0.05)
        interrupts.sleep(30)

    try:
        assert isinstance(interrupts.run(body), TimedOut)
    finally:
        interrupts.close()
    assert told[1] is None and told[2] is not None and told[2] > 0.0


def test_a_stop_comes_into_a_suspension() -> None:
    """Who pauses can still be stopped."""
    interrupts = Interrupts()

    def body() -> None:
        with interrupts.suspended():
            interrupts.stop("enough")
            interrupts.sleep(30)

    try:
        assert isinstance(interrupts.run(body), Stopped)
    finally:
        interrupts.close()
