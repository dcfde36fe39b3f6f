"""Questions to the operator, asked and answered in the terminal; a browser may be faster, the first answer wins."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TextIO

from sequencer.report import event as events
from sequencer.report.dialog_answer import InvalidAnswer, buttons, read_answer
from sequencer.report.dialog_description import Appearance, DialogDescription, DialogField
from sequencer.report.event import Stamped
from sequencer.terminal.lines import Line, clean, indented
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass

ANSWERED_BY = "terminal"
MOST_ENDS = 50
_WORDS = {"confirm": "Enter", "pass": "p", "fail": "f"}

SendAnswer = Callable[[str, str, Data, str], object]


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line for somebody else, the debugger: ``take`` gets what was typed, ``None`` at the end of the keyboard."""

    prompt: str
    take: Callable[[str | None], object]


Question = DialogDescription | TypedLine | None


class OpenQuestion(NamedTuple):
    """A question, who takes its answer, and the name of the slot that asks, where there are several."""

    asked: Question
    answer: SendAnswer
    slot: str


QuestionKey = tuple[str, str]
"""The slot's name, which is empty where there are none, and what the run calls the question."""


def _nobody(identity: str, result: str, value: Data, by: str) -> None:
    """There are only questions of slots, each with its own run."""


class QuestionClosed(Exception):
    """The question was answered elsewhere, or the run goes on without it."""


class Display(Protocol):
    """The live display, which steps aside while somebody types."""

    def pause(self) -> None:
        """Takes the moving part of the display away."""

    def resume(self) -> None:
        """Brings it back."""

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines at once."""

    def prompt(self, text: str) -> None:
        """Writes what stands before the typed answer."""


class TerminalDialogs:
    """Listens to the events of a run; asks in a thread of its own. ``answer`` is the run's.

    Questions of several slots (``of_slot``) come one after the other, the oldest first.

    ``script``: what is typed is no keyboard but prepared lines, each of which answers something. ``alone``: nobody else
    could answer, so that a question that is left when they have ended is closed. ``decimal_comma``: a comma in a number
    is a decimal sign.
    """

    def __init__(
        self,
        display: Display,
        answer: SendAnswer | None,
        typed: TextIO,
        *,
        script: bool = False,
        alone: bool = False,
        decimal_comma: bool = False,
    ) -> None:
        self._display = display
        self._answer = answer or _nobody
        self._typed = typed
        self._script = script
        self._alone = alone
        self._decimal_comma = decimal_comma
        self._questions: dict[QuestionKey, OpenQuestion] = {}
        self._lines: deque[str | None] = deque()
        self._lines_asked = 0
        self._ended = False
        self._changed = threading.Condition()
        self._started = False

    def event(self, stamped: Stamped) -> None:
        """Opens and closes questions."""
        self._hear("", self._answer, stamped)

    def of_slot(self, name: str, answer: SendAnswer) -> Callable[[Stamped], None]:
        """Listens to the events of one slot's run; ``answer`` is that run's."""
        return partial(self._hear, name, answer)

    def _hear(self, slot: str, answer: SendAnswer, stamped: Stamped) -> None:
        event = stamped.event
        if isinstance(event, events.DialogAsked):
            self._open((slot, event.id), OpenQuestion(event.dialog, answer, slot))
        elif isinstance(event, events.OperatorMessageShown) and event.blocking and event.text is not None:
            self._open((slot, event.id), OpenQuestion(None, answer, slot))
        elif isinstance(event, events.DialogAnswered | events.OperatorMessageShown):
            self._close([(slot, event.id)])
        elif isinstance(event, events.RunFinished):
            self._close([key for key in list(self._questions) if key[0] == slot])

    def type_for(self, prompt: str, take: Callable[[str | None], object]) -> None:
        """Asks for a line; ``take`` is called in another thread, unless ``withdraw`` comes first."""
        self._lines_asked += 1
        self._open(("", f"line {self._lines_asked}"), OpenQuestion(TypedLine(prompt, take), self._answer, ""))

    def withdraw(self) -> None:
        """The line that ``type_for`` asked for is not wanted any more."""
        self._close([key for key, question in list(self._questions.items()) if isinstance(question.asked, TypedLine)])

    def _open(self, key: QuestionKey, question: OpenQuestion) -> None:
        with self._changed:
            self._questions[key] = question
            self._changed.notify_all()
            if not self._started:
                self._started = True
                threading.Thread(target=self._read, name="typed", daemon=True).start()
                threading.Thread(target=self._work, name="dialogs", daemon=True).start()

    def _close(self, keys: list[QuestionKey]) -> None:
        with self._changed:
            for key in keys:
                self._questions.pop(key, None)
            self._changed.notify_all()

    def _read(self) -> None:
        ends = 0
        # Ctrl-D ends one answer, not the keyboard; but a terminal that is gone says nothing else any more.
        while ends < (1 if self._script else MOST_ENDS):
            try:
                line = self._typed.readline()
            except (OSError, ValueError):
                break
            ends = 0 if line else ends + 1
            self._take_line(line.rstrip("\r\n") if line else None)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take_line(self, line: str | None) -> None:
        with self._changed:
            # What is typed while nothing is asked answers nothing.
            if (self._questions or self._script) and not (line is None and self._script):
                self._lines.append(line)
                self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._questions:
                    self._changed.wait()
                key, question = next(iter(self._questions.items()))
                if not self._script:
                    self._lines.clear()
            self._display.pause()
            try:
                self._ask(key, question)
            except QuestionClosed:
                if not isinstance(question.asked, TypedLine):
                    self._display.write([[("  answered elsewhere", "dim")]])
            except EOFError:
                self._give_up(key, question)
            finally:
                self._close([key])
                self._display.resume()

    def _give_up(self, key: QuestionKey, question: OpenQuestion) -> None:
        """Nobody will type any more."""
        if isinstance(question.asked, TypedLine):
            question.asked.take(None)
        elif self._alone:
            self._display.write([[("  the input has ended: nobody can answer", "stopped")]])
            question.answer(key[1], "close", None, ANSWERED_BY)
        else:
            with self._changed:
                while key in self._questions:
                    self._changed.wait()

    def _ask(self, key: QuestionKey, question: OpenQuestion) -> None:
        dialog = question.asked
        if isinstance(dialog, TypedLine):
            self._display.prompt(dialog.prompt)
            dialog.take(self._next_line(key))
            return
        if dialog is None:
            whose = f"{question.slot}: " if question.slot else ""
            self._typed_line(key, f"{whose}press Enter to continue: ")
            question.answer(key[1], "confirm", None, ANSWERED_BY)
            return
        self._display.write(question_lines(dialog, question.slot))
        for number, page in enumerate(dialog["steps"], 1):
            self._display.write([[(f"  {number} of {len(dialog['steps'])}", "dim")], *appearance_lines(page)])
            self._typed_line(key, "  Enter: ")
        while True:
            value = self._value(key, dialog)
            result = self._result(key, dialog)
            try:
                accepted = read_answer(dialog, result, value, decimal_comma=self._decimal_comma)
            except InvalidAnswer as invalid:
                self._display.write([[(f"  {problem.message}", "failed")] for problem in invalid.problems])
                continue
            question.answer(key[1], result, accepted, ANSWERED_BY)
            return

    def _value(self, key: QuestionKey, dialog: DialogDescription) -> object:
        answers = {}
        for field in dialog["fields"]:
            self._display.write([*indented(field.get("help") or "", "dim", by=2), *choice_lines(field)])
            answers[field["name"]] = typed_value(field, self._typed_line(key, field_prompt(field)))
        return answers if dialog["type"] == "form" else answers.get("value")

    def _result(self, key: QuestionKey, dialog: DialogDescription) -> str:
        results = buttons(dialog)
        if results == ("confirm",):
            if not dialog["fields"] and not dialog["steps"]:
                self._typed_line(key, f"  {clean(dialog['buttons'].get('confirm') or 'confirm')}: press Enter ")
            return "confirm"
        labels = " or ".join(f"{_WORDS[name]} = {clean(dialog['buttons'].get(name) or name)}" for name in results)
        while True:
            typed = self._typed_line(key, f"  {labels}: ").strip().lower()
            chosen = [
                name for name in results if typed in (_WORDS[name], name, str(dialog["buttons"].get(name)).lower())
            ]
            if chosen:
                return chosen[0]

    def _typed_line(self, key: QuestionKey, prompt: str) -> str:
        """The next line somebody types. Raises ``QuestionClosed`` when that is gone, ``EOFError`` when nobody types."""
        self._display.prompt(prompt)
        while (line := self._next_line(key)) is None:
            pass  # Ctrl-D answers nothing
        return line

    def _next_line(self, key: QuestionKey) -> str | None:
        with self._changed:
            while not self._lines:
                if key not in self._questions:
                    raise QuestionClosed
                if self._ended:
                    raise EOFError
                self._changed.wait()
            return self._lines.popleft()


def question_lines(dialog: DialogDescription, slot: str = "") -> list[Line]:
    """What the dialog says, and which slot asks."""
    whose = f"{slot}: " if slot else ""
    title = clean(dialog.get("title") or "Operator")
    return [[], [("? ", "notice"), (f"{whose}{title}", "bold")], *appearance_lines(dialog)]


def appearance_lines(said: Appearance) -> list[Line]:
    """The text of a dialog or of one of its pages; of pictures and HTML only that they are there."""
    lines: list[Line] = indented(text, by=2) if (text := said.get("text")) else []
    if image := said.get("image"):
        lines.append([(f"  picture: {clean(str(image.get('file')))}", "dim")])
    if said.get("html"):
        lines.append([("  the panel shows more", "dim")])
    return lines


def choice_lines(field: DialogField) -> list[Line]:
    """The numbered choices of a field."""
    return [
        [(f"  {choice.get('key', number)}) ", "notice"), (clean(choice["label"]), "")]
        for number, choice in enumerate(field["choices"], 1)
    ]


def field_prompt(field: DialogField) -> str:
    """What stands before the typed answer to a field."""
    how = {"checkbox": "which, separated by commas", "switch": "y or n"}.get(field["type"])
    label = clean(f"{field['label']} ({how})" if field["label"] and how else field["label"] or how or "answer")
    unit = f" [{clean(str(field['unit']))}]" if field["unit"] else ""
    default = f" (Enter = {clean(str(field['default']))})" if field["default"] is not None else ""
    return f"  {label}{unit}{default}: "


def typed_value(field: DialogField, typed: str) -> object:
    """The value that a typed line means; what it cannot mean is left for ``read_answer`` to refuse."""
    if typed.strip() == "" and field["default"] is not None:
        return field["default"]
    if field["type"] == "checkbox":
        return [_choice(field, part) for part in typed.split(",") if part.strip()]
    return _choice(field, typed) if field["type"] in ("radio", "list") and typed.strip() else typed


def _choice(field: DialogField, typed: str) -> object:
    choices = field["choices"]
    for choice in choices:
        if typed.strip().lower() in (str(choice["label"]).lower(), choice.get("key")):
            return choice["value"]
    if typed.strip().isdecimal() and 1 <= int(typed) <= len(choices):
        return choices[int(typed) - 1]["value"]
    return typed
