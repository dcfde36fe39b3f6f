from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import pytest

from sequencer.report import event as events
from sequencer.report.dialog import describe
from sequencer.report.event import Event, Stamped
from sequencer.terminal.dialogs import TerminalDialogs
from sequencer.terminal.lines import Line, plain


class Screen:
    """A display that keeps what it was told, and whether its moving part is away."""

    def __init__(self) -> None:
        self.text = ""
        self.paused = False
        self.prompted = threading.Semaphore(0)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def write(self, lines: Sequence[Line]) -> None:
        self.text += "".join(plain(line) + "\n" for line in lines)

    def prompt(self, text: str) -> None:
        assert self.paused
        self.text += text
        self.prompted.release()


class Desk:
    """An operator at a terminal, who can `hear` what happens, and `type` a line once there is a prompt."""

    def __init__(self, typed: TextIO, keyboard: TextIO) -> None:
        self.screen = Screen()
        self.answers: list[tuple[str, str, Any]] = []
        self.answered = threading.Semaphore(0)
        self.keyboard = keyboard
        self.dialogs = TerminalDialogs(self.screen, self._take, typed)

    def hear(self, event: Event) -> None:
        self.dialogs.event(Stamped(1, 1.0, event))

    def type(self, line: str) -> None:
        assert self.screen.prompted.acquire(timeout=20)
        self.keyboard.write(line + "\n")
        self.keyboard.flush()

    def answer(self) -> tuple[str, str, Any]:
        assert self.answered.acquire(timeout=20), self.screen.text
        return self.answers[-1]

    def _take(self, identity: str, result: str, value: Any, by: str) -> None:
        assert by == "terminal"
        self.answers.append((identity, result, value))
        self.answered.release()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk with a keyboard."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "r", encoding="utf-8") as typed, os.fdopen(writing, "w", encoding="utf-8") as keyboard:
        made = Desk(typed, keyboard)
        yield made
        keyboard.close()


CHOICES = ["red", "green", {"value": 3, "label": "blue"}]


@pytest.mark.parametrize(
    ("dialog", "typed", "result", "value"),
    [
        ("Is the board in?", [""], "confirm", None),
        ({"type": "text", "text": "Serial?", "pattern": "^SN"}, ["12", "SN12"], "confirm", "SN12"),
        ({"type": "text", "text": "Who?", "default": "Ann"}, [""], "confirm", "Ann"),
        (
            {"type": "number", "text": "Volts?", "unit": "V", "max": 10},
            ["abc", "2e3", "1,000", "-4.5"],
            "confirm",
            -4.5,
        ),
        ({"type": "radio", "text": "Colour?", "choices": CHOICES}, ["9", "3"], "confirm", 3),
        ({"type": "radio", "text": "Colour?", "choices": CHOICES}, ["Green"], "confirm", "green"),
        ({"type": "checkbox", "text": "Which?", "choices": CHOICES}, ["1, blue"], "confirm", ["red", 3]),
        ({"type": "confirm", "text": "LED on?", "pass_fail": True}, ["maybe", "f"], "fail", None),
        (
            {"type": "confirm", "text": "LED on?", "pass_fail": True, "buttons": {"pass": "It is"}},
            ["it is"],
            "pass",
            None,
        ),
        ({"type": "steps", "steps": [{"text": "One"}, {"text": "Two"}]}, ["", ""], "confirm", None),
    ],
)
def test_each_kind_of_dialog_is_answered_by_typing(
    desk: Desk, dialog: Any, typed: list[str], result: str, value: Any
) -> None:
    """What is typed becomes the answer; what the dialog does not take is asked for again."""
    desk.hear(events.DialogAsked("main::a", "7", describe(dialog)))
    for line in typed:
        desk.type(line)
    assert desk.answer() == ("7", result, value)


def test_a_form_asks_field_by_field(desk: Desk) -> None:
    """Each field of a form has its own line that says how it is answered; all that is wrong is told at once."""
    fields = [
        {"name": "who", "type": "text", "label": "Operator"},
        {"name": "fan", "type": "switch", "label": "Fan on"},
        {"name": "level", "type": "slider", "label": "Level", "min": 0, "max": 10},
    ]
    desk.hear(events.DialogAsked("main::a", "8", describe({"type": "form", "title": "Set up", "fields": fields})))
    for line in ("", "maybe", "11", "Ann", "y", "7"):
        desk.type(line)
    assert desk.answer() == ("8", "confirm", {"who": "Ann", "fan": True, "level": 7})
    wrong = ("Operator is required", "Fan on must be on or off", "Level must be at most 10")
    for said in ("Set up", "Fan on (y or n): ", *wrong):
        assert said in desk.screen.text


def test_a_faster_browser_wins(desk: Desk) -> None:
    """A question answered elsewhere is given up here, and the next one is asked."""
    desk.hear(events.DialogAsked("main::a", "1", describe("First?")))
    assert desk.screen.prompted.acquire(timeout=20)
    desk.hear(events.DialogAnswered("main::a", "1", "confirm", by="browser"))
    desk.hear(events.DialogAsked("main::a", "2", describe("Second?")))
    desk.type("")
    assert desk.answer()[0] == "2"
    assert "answered elsewhere" in desk.screen.text


def test_a_blocking_message_waits_for_enter(desk: Desk) -> None:
    """An operator message that blocks is confirmed by Enter, one that does not asks nothing."""
    desk.hear(events.OperatorMessageShown("main::a", "4", "just so you know"))
    desk.hear(events.OperatorMessageShown("main::a", "5", "close the lid", blocking=True))
    desk.type("")
    assert desk.answer() == ("5", "confirm", None)


def test_the_end_of_the_keyboard_is_no_answer() -> None:
    """When standard input ends, a question stays open for others to answer."""
    desk = Desk(io.StringIO(""), io.StringIO())
    desk.hear(events.DialogAsked("main::a", "1", describe("Anybody?")))
    assert desk.screen.prompted.acquire(timeout=20)
    desk.hear(events.RunFinished("stopped"))
    assert desk.answers == []


def test_questions_of_several_slots_come_one_after_the_other(desk: Desk) -> None:
    """The oldest first, each with its slot's name; the answer goes to that slot's run, whose end closes its own."""
    heard: list[tuple[str, str, str]] = []
    done = threading.Semaphore(0)

    def of(slot: str) -> Any:
        def take(identity: str, result: str, value: Any, by: str) -> None:
            heard.append((slot, identity, result))
            done.release()

        return desk.dialogs.of_slot(slot, take)

    left, right = of("left"), of("right")
    for hear in (left, right):
        hear(Stamped(1, 1.0, events.DialogAsked("main::a", "1", describe({"title": "LED", "type": "confirm"}))))
    left(Stamped(2, 1.0, events.OperatorMessageShown("main::a", "note", "Look", None, True)))
    for _ in range(2):
        desk.type("")
        assert done.acquire(timeout=20)
        (left if heard[-1][0] == "left" else right)(
            Stamped(3, 1.0, events.DialogAnswered("main::a", "1", "confirm", None, "terminal"))
        )
    right(Stamped(4, 1.0, events.RunFinished("passed")))
    desk.type("")
    assert done.acquire(timeout=20)
    assert heard == [("left", "1", "confirm"), ("right", "1", "confirm"), ("left", "note", "confirm")]
    assert desk.screen.text.index("? left: LED") < desk.screen.text.index("? right: LED")
    assert "left: press Enter to continue: " in desk.screen.text
