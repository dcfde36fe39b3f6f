"""Questions and blocking messages that are open in the test process; answers come in from the link's thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING
from uuid import uuid4

from sequencer.expressions.value import plain
from sequencer.report.event import DialogAnswered, DialogAsked, Event, OperatorMessageShown
from sequencer.steps.base import DialogAnswer
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import Interruption, StepError, Stopped, TimedOut
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription

ANSWERS_FILE = "answers file"
"""Who answered, where the answer was prepared."""
POLL = 0.02
"""Seconds between two looks for an answer; a wait on a lock could not be interrupted by a timeout or a stop."""


@dataclass(slots=True)
class _OpenDialog:
    dialog: Mapping[str, object] | None
    by_program: bool = False
    answered: threading.Event = field(default_factory=threading.Event)
    answer: tuple[str, Data, str | None] = ("", None, None)


class Dialogs:
    """Asks through ``emit`` and waits with ``sleep``, which a stop or a timeout cuts short.

    ``attended`` is false when there is nobody who could answer: then asking is a ``StepError``. ``answers`` are
    prepared ones by case, in the order in which its dialogs are asked: nobody else is asked then.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        sleep: Callable[[float], None],
        *,
        attended: bool = True,
        answers: Mapping[str, Sequence[Data]] | None = None,
    ) -> None:
        self._emit = emit
        self._sleep = sleep
        self._attended = attended
        self._answers = None if answers is None else {case: deque(prepared) for case, prepared in answers.items()}
        self._open: dict[str, _OpenDialog] = {}
        self._lock = threading.Lock()

    def beside(self, emit: Callable[[Event], None], sleep: Callable[[float], None]) -> Dialogs:
        """The same questions and answers for another thread, which asks through its own ``emit`` and ``sleep``."""
        other = Dialogs(emit, sleep, attended=self._attended)
        other._share(self._open, self._lock, self._answers)
        return other

    def _share(
        self, opened: dict[str, _OpenDialog], lock: threading.Lock, answers: dict[str, deque[Data]] | None
    ) -> None:
        self._open, self._lock, self._answers = opened, lock, answers

    def ask(self, case: str, dialog: DialogDescription, *, until: Callable[[], bool] | None = None) -> DialogAnswer:
        """Asks and waits. Raises ``Stopped`` when the dialog was closed, ``StepError`` when nobody can answer.

        Once ``until`` says so the question is withdrawn; the answer then has the result ``stop``.
        """
        if self._answers is not None:
            return self._prepared(case, dialog, self._answers.get(case) or deque())
        self._require_somebody(Reason("nobody_answers"))
        # Never used again, so that a late answer of a sleepy browser cannot answer another question.
        identity = uuid4().hex
        asked = time.monotonic()

        def tell(result: str, value: Data = None, by: str | None = None) -> float:
            seconds = round(time.monotonic() - asked, 3)
            self._emit(DialogAnswered(case, identity, result, value, by, seconds))
            return seconds

        try:
            # Inside: what strikes just behind it must not leave the question open.
            self._emit_opening(identity, dialog, DialogAsked(case, identity, {**dialog}))
            result, value, by = self._wait(identity, until)
        except TimedOut:
            tell("timeout")
            raise
        except Interruption:
            tell("stop")
            raise
        seconds = tell(result, value, by)
        if result == "close":
            raise Stopped(Reason("dialog_closed"))
        return DialogAnswer(result, value, by, seconds)

    def show(self, message: OperatorMessageShown) -> None:
        """Shows a message or takes it away; waits for a blocking one until it is confirmed.

        Raises ``Stopped`` and ``StepError`` as ``ask`` does.
        """
        if not message.blocking or message.text is None:
            self._emit(message)
            return
        if self._answers is not None:  # nobody waits in front of it
            self._emit(message)
            self._emit(OperatorMessageShown(message.case, message.id, None))
            return
        self._require_somebody(Reason("nobody_confirms"))
        self._emit_opening(message.id, None, message)
        try:
            result, _, _ = self._wait(message.id)
        finally:
            self._emit(OperatorMessageShown(message.case, message.id, None))
        if result == "close":
            raise Stopped(Reason("dialog_closed"))

    def request(self, asked: Callable[[str], Event]) -> Data:
        """Emits the event that ``asked`` makes of an id, and waits for what the runner, not a person, answers."""
        identity = uuid4().hex
        with self._lock:
            self._open[identity] = _OpenDialog(None, by_program=True)
        self._emit(asked(identity))
        return self._wait(identity)[1]

    def deliver(self, identity: str, result: str, value: Data = None, by: str | None = None) -> bool:
        """Takes an answer; false when it comes too late or is none. Called from any thread."""
        # Imported here, as where it is read: most runs ask nobody.
        from sequencer.report.dialog_answer import InvalidAnswer

        with self._lock:
            question = self._open.get(identity)
            if question is None or question.answered.is_set():
                return False
            try:
                accepted = value if question.by_program else plain(_accepted(question.dialog, result, value))
            except InvalidAnswer:
                return False
            question.answer = (result, accepted, by)
            question.answered.set()
            return True

    def _prepared(self, case: str, dialog: DialogDescription, answers: deque[Data]) -> DialogAnswer:
        """Takes the next prepared answer; an invalid one, or none, is a ``StepError``."""
        from sequencer.report.dialog_answer import InvalidAnswer, prepared_answer

        identity = uuid4().hex
        self._emit(DialogAsked(case, identity, {**dialog}))
        if not answers:
            raise StepError(Reason("no_prepared_answer"))
        try:
            result, given = prepared_answer(dialog, answers.popleft())
            value = plain(_accepted(dialog, result, given))
        except (InvalidAnswer, ValueError) as invalid:
            raise StepError(Reason("prepared_answer", detail=str(invalid))) from None
        self._emit(DialogAnswered(case, identity, result, value, ANSWERS_FILE))
        if result == "close":
            raise Stopped(Reason("dialog_closed"))
        return DialogAnswer(result, value, ANSWERS_FILE, 0.0)

    def _require_somebody(self, lacking: Reason) -> None:
        if not self._attended:
            raise StepError(lacking)

    def _emit_opening(self, identity: str, dialog: Mapping[str, object] | None, event: Event) -> None:
        # Known before it is announced: an answer may come before ``emit`` returns.
        with self._lock:
            self._open[identity] = _OpenDialog(dialog)
        self._emit(event)

    def _wait(self, identity: str, until: Callable[[], bool] | None = None) -> tuple[str, Data, str | None]:
        with self._lock:
            question = self._open[identity]
        try:
            while not question.answered.is_set():
                if until is not None and until():
                    return "stop", None, None
                self._sleep(POLL)
            return question.answer
        except TimedOut as late:
            late.unanswered = not question.by_program
            raise
        finally:
            with self._lock:
                self._open.pop(identity, None)


def _accepted(dialog: Mapping[str, object] | None, result: str, value: object) -> Data:
    if result == "close" or dialog is None:
        return None
    from sequencer.report.dialog_answer import read_answer

    return read_answer(dialog, result, value)
