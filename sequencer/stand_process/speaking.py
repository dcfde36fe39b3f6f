"""What a shared driver says goes to the slot whose call it is: by ``sequencer.api.step()``, by ``print``, ``logging``.

It is sent by a thread of its own: an exception that ends a call which nobody waits for any more must not cut a message.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from sequencer.expressions.value import measured
from sequencer.protocol.shared_values import NotShareable, dump_value
from sequencer.protocol.stand import Said, SaidKind, StandAnswer
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, written
from sequencer.vocabulary.status import LogLevel, log_level

MOST_WAITING = 1000
"""Messages that wait to be sent, before a driver that says more waits for them."""
PATIENCE_SECONDS = 5.0
"""In which a slot takes what is said to it; an answer waits no longer for one that does not."""


class SpeakingAsker(Protocol):
    """The slot that called."""

    def send(self, answer: StandAnswer) -> None:
        """Hears it, unless it is gone."""


class SpeakingTurn(Protocol):
    """A call that goes on."""

    @property
    def asker(self) -> SpeakingAsker:
        """Whose it is."""

    @property
    def number(self) -> int:
        """What the slot knows it by."""

    @property
    def withdrawn(self) -> bool:
        """Nobody waits for it any more."""


ends_of_calls: list[Callable[[], None]] = []
"""What is done in a driver's thread when a call of it is over: what was printed without an end of its line is told."""


class Voice:
    """That of one shared driver, the ``name`` of which is what it prints under."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn: SpeakingTurn | None = None
        self._spoke = False
        self._said: SimpleQueue[tuple[SpeakingTurn, Said] | threading.Event] = SimpleQueue()
        threading.Thread(target=self._send, name="voice", daemon=True).start()

    def begin(self, turn: SpeakingTurn) -> None:
        """From now on what is said belongs to it."""
        self._turn, self._spoke = turn, False

    def end(self) -> None:
        """It is over. What was said is on its way when this returns: the answer comes behind it."""
        for end in ends_of_calls:
            end()
        self._turn = None
        if self._spoke:
            sent = threading.Event()
            self._said.put(sent)
            sent.wait(PATIENCE_SECONDS)

    def line(self, level: LogLevel, text: str, source: str | None = None) -> bool:
        """Says a line; false where no call goes on. ``source`` is the name of a logger."""
        turn = self._turn
        return turn is not None and self.say(turn, "line", level, text, source or self._name)

    def step(self) -> SharedStep | None:
        """The step whose call goes on."""
        return None if self._turn is None else SharedStep(self, self._turn)

    def say(self, turn: SpeakingTurn, what: SaidKind, *arguments: object) -> bool:
        """Says it of ``turn``, from any thread; false once that is over. Raises ``NotShareable``."""
        said = Said(turn.number, what, dump_value(arguments, _refuse))
        while self._said.qsize() >= MOST_WAITING and not turn.withdrawn and self._turn is turn:
            time.sleep(0.001)
        if self._turn is not turn or turn.withdrawn:
            return False
        self._spoke = True
        self._said.put((turn, said))
        return True

    def _send(self) -> None:
        while True:
            match self._said.get():
                case threading.Event() as sent:
                    sent.set()
                case turn, said:
                    if not turn.withdrawn:
                        turn.asker.send(said)


class DriverThread(threading.Thread):
    """The thread of a driver, whose name it has: what is printed in it is that driver's, and said by ``voice``."""

    voice: Voice | None = None


def voice_here() -> Voice | None:
    """That of the driver in whose thread this is asked."""
    thread = threading.current_thread()
    return thread.voice if isinstance(thread, DriverThread) else None


class SharedStep:
    """The step of a slot that calls a shared driver; what is said of it is recorded there, as ``SpokenStep`` does.

    What cannot be recorded there is an error of the step, and raises nothing here, where nobody knows of it.
    """

    def __init__(self, voice: Voice, turn: SpeakingTurn) -> None:
        self._voice = voice
        self._turn = turn

    def progress(self, value: float, maximum: float, label: str | None) -> None:
        """Raises ``ValueError`` for what is not such a number."""
        from sequencer.runtime.spoken import check_progress

        check_progress(value, maximum)
        self._say("progress", float(value), float(maximum), label)

    def message(self, text: str, key: str) -> None:
        """As the step ``message``."""
        self._say("message", str(text), str(key))

    def measure(self, name: str, value: object, unit: str | None, limits: object) -> None:
        """As the step ``measure``. Raises ``StepError`` for a value that cannot be recorded, and once it is over."""
        try:
            known = self._say("measure", str(name), measured(value), unit, limits)
        except (StepError, NotShareable) as error:
            refused = error
            if isinstance(error, NotShareable):
                refused = StepError(Reason("bad_limits", measurement=str(name), detail=str(error)))
            assert isinstance(refused, StepError)
            self._say("error", written(refused.reason))
            raise refused from None
        if not known:
            raise StepError(Reason("no_step", measurement=str(name)))

    def attach(self, name: str, data: bytes, media_type: str | None) -> None:
        """As the step ``attach``. Raises ``StepError`` once it is over."""
        if not self._say("attach", str(name), data, media_type):
            raise StepError(Reason("no_step_file", name=str(name)))

    def _say(self, what: SaidKind, *arguments: object) -> bool:
        return self._voice.say(self._turn, what, *arguments)


def shared_step() -> SharedStep | None:
    """The step that calls the shared driver in whose thread this is asked."""
    voice = voice_here()
    return None if voice is None else voice.step()


class SpokenLog(logging.Handler):
    """What is logged in a driver's thread; the rest, from warnings on, is in the terminal as Python would have it."""

    def emit(self, record: logging.LogRecord) -> None:
        """As of any handler."""
        try:
            text = self.format(record)
        except Exception:  # a driver's own arguments
            self.handleError(record)
            return
        voice = voice_here()
        if voice is not None and voice.line(log_level(record.levelno), text, record.name):
            return
        if record.levelno >= logging.WARNING:
            with suppress(Exception):
                print(text, file=sys.stderr)


def listen_to_logs() -> None:
    """From now on what is logged, from ``INFO`` on, goes where it belongs."""
    logging.root.setLevel(logging.INFO)
    logging.root.addHandler(SpokenLog())


def _refuse(value: object) -> dict[str, object]:
    raise NotShareable(f"an object of the class {type(value).__name__}")
