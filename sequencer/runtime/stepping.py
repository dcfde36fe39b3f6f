"""Pausing before each step of a case, for whoever debugs a sequence.

The code of a stepping run asks before every step; a list of steps is a loop, so that a step can be repeated::

    for _steps1 in case.stepping():
        if _steps1.due("sequences/rail.yaml:12:9", "measure", name="5 V rail", call="meter.read_voltage"):
            with Measure(...) as step:
                step.value = meter.read_voltage()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from sequencer.expressions.value import to_data
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.dialogs import Dialogs
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import Stopped
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription

PauseChoice = Literal["continue", "skip", "repeat", "run on", "stop"]

LONGEST_VALUE = 200
MOST_VARIABLES = 40

_KEYS: Mapping[PauseChoice, str] = {"continue": "c", "skip": "s", "repeat": "r", "run on": "g", "stop": "q"}
_MEANINGS: Mapping[PauseChoice, str] = {
    "continue": "continue: run this step",
    "skip": "skip this step: the case has an error then",
    "repeat": "repeat the previous step",
    "run on": "run on without pausing",
    "stop": "stop the run",
}


@dataclass(frozen=True, slots=True)
class Pause:
    """The step that would come next; ``previous`` is the name of the one that could be repeated."""

    place: str
    verb: str
    name: str | None
    call: str | None
    previous: str | None

    @property
    def label(self) -> str:
        """What people call the step."""
        return self.name or self.call or self.verb


class Stepping:
    """Pauses every case, or those in ``cases``, until somebody lets them run on."""

    def __init__(self, interrupts: Interrupts, dialogs: Dialogs, every: bool, cases: set[str]) -> None:
        self._interrupts = interrupts
        self._dialogs = dialogs
        self._every = every
        self._cases = cases

    def decide(self, case: str, pause: Pause, variables: Callable[[], Mapping[str, object]]) -> PauseChoice:
        """What to do about a step. Raises ``Stopped``; what must always run goes on after a stop, without pauses."""
        if self._interrupts.stop_reason is not None or not (self._every or case in self._cases):
            return "continue"
        choice = self._ask(case, pause_dialog(pause, variables()))
        if choice == "run on":
            self._every = False
            self._cases.discard(case)
        elif choice == "stop":
            self._interrupts.stop(Reason("debugging"))
            with self._interrupts:
                pass  # at its end comes what is due
        return choice

    def _ask(self, case: str, dialog: DialogDescription) -> PauseChoice:
        try:
            # The time that somebody thinks is not the product's.
            with self._interrupts.suspended():
                answer = self._dialogs.ask(case, dialog, until=lambda: self._interrupts.stop_reason is not None)
        except Stopped:
            if self._interrupts.stop_reason is not None:
                raise
            return "stop"  # the dialog was closed
        return next((choice for choice in _KEYS if choice == answer.value), "continue")


class RunningSteps:
    """One list of steps while it runs.

    ``decide`` asks what to do about a step, or answers ``continue`` where nothing pauses; ``skipped`` is told of one
    that was left out by hand; ``test`` evaluates a step's condition, ``text`` its name.
    """

    def __init__(
        self,
        decide: Callable[[Pause], PauseChoice],
        skipped: Callable[[Pause], None],
        test: Callable[[str], bool],
        text: Callable[[str], str],
    ) -> None:
        self._decide = decide
        self._skipped = skipped
        self._test = test
        self._text = text
        self._number = 0
        self._ran: list[tuple[int, str]] = []
        self._target: int | None = None
        self._again = False

    def __iter__(self) -> Iterator[RunningSteps]:
        """Once through the list, and again for each time that a step is to be repeated."""
        while True:
            self._number = 0
            self._again = False
            yield self
            if not self._again:
                return

    def due(
        self, place: str, verb: str, *, name: str | None = None, call: str | None = None, when: str | None = None
    ) -> bool:
        """Whether the step that follows is to run now."""
        self._number += 1
        if self._again or (self._target is not None and self._number < self._target):
            return False  # on the way back to the step that is to be repeated
        repeating = self._number == self._target
        self._target = None
        if when is not None and not self._test(when):
            return False
        if repeating:
            return True
        previous = self._ran[-1] if self._ran and self._ran[-1][0] < self._number else None
        pause = Pause(
            place, verb, None if name is None else self._text(name), call, None if previous is None else previous[1]
        )
        choice = self._decide(pause)
        if choice == "repeat" and previous is not None:
            self._target, self._again = previous[0], True
            return False
        if choice == "skip":
            self._skipped(pause)
            return False
        self._ran.append((self._number, pause.label))
        return True


def pause_dialog(pause: Pause, variables: Mapping[str, object]) -> DialogDescription:
    """The question to whoever debugs. Its choices have a ``key`` too: the letter that a terminal takes for them."""
    # Imported here: every test process has this file, and few pause.
    from sequencer.report.dialog import describe

    called = "" if pause.call is None else f", calls {pause.call}"
    lines = [f"{pause.place}  {pause.verb}{called}"]
    lines += [f"  {name} = {_shown(value)}" for name, value in list(variables.items())[:MOST_VARIABLES]]
    if len(variables) > MOST_VARIABLES:
        lines.append(f"  and {len(variables) - MOST_VARIABLES} more variables")
    meanings = dict(_MEANINGS)
    if pause.previous is None:
        del meanings["repeat"]
    else:
        meanings["repeat"] = f"repeat the previous step: {pause.previous}"
    choices = [{"value": choice, "label": label} for choice, label in meanings.items()]
    title = f"Paused before: {pause.label}"
    dialog = describe(
        {"type": "radio", "title": title, "text": "\n".join(lines), "choices": choices, "default": "continue"}
    )
    for choice, meant in zip(dialog["fields"][0]["choices"], meanings, strict=True):
        choice["key"] = _KEYS[meant]
    return dialog


def _shown(value: object) -> str:
    text = repr(to_data(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
