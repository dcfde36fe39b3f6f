"""What the test process tells the runner beside events. On the wire: ``{"notice": "ready", ...}``, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sequencer.protocol.request import StartProblem
from sequencer.protocol.wire import Messages
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.reason import WrittenReason


@dataclass(frozen=True, slots=True)
class Ready:
    """The tests are collected, and a start may come; ``keeps``: there are drivers of scope ``stand``."""

    keeps: bool = False


@dataclass(frozen=True, slots=True)
class NotCollected:
    """The generated tests cannot be loaded."""

    error: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``sequence`` and ``modules`` as ``RunStarted`` will have them."""

    sequence: Mapping[str, Data]
    modules: Sequence[Mapping[str, Data]]


@dataclass(frozen=True, slots=True)
class StartRefused:
    """There is no run; ``possible``: asked for otherwise there could be one. For the rest see ``RunRefused``."""

    reason: WrittenReason
    possible: bool = True
    code: str = "refused"
    problems: Sequence[StartProblem] = ()


@dataclass(frozen=True, slots=True)
class DeadlineNotice:
    """Something must be done in so many seconds; ``None``: nothing any more."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class DebuggerSaid:
    """A line that the debugger writes."""

    text: str


@dataclass(frozen=True, slots=True)
class DebuggerAsks:
    """The debugger waits for a line."""

    prompt: str


@dataclass(frozen=True, slots=True)
class DebuggerLeft:
    """The debugger waits for lines no more."""


DebuggerNotice = DebuggerSaid | DebuggerAsks | DebuggerLeft
Notice = Ready | NotCollected | Plan | StartRefused | DeadlineNotice | DebuggerNotice

NOTICES: Messages[Notice] = Messages(
    "notice",
    {
        "ready": Ready,
        "not_collected": NotCollected,
        "plan": Plan,
        "refused": StartRefused,
        "deadline": DeadlineNotice,
        "debugger_said": DebuggerSaid,
        "debugger_asks": DebuggerAsks,
        "debugger_left": DebuggerLeft,
    },
)
