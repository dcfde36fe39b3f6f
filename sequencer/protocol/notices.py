"""What the test process tells the runner beside events. On the wire: ``{"notice": "ready", ...}``, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sequencer.protocol.request import StartProblem
from sequencer.protocol.wire import Messages
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.reason import WrittenReason


class Ready(NamedTuple):
    """The tests are collected, and a start may come; ``keeps``: there are drivers of scope ``stand``."""

    keeps: bool = False


class NotCollected(NamedTuple):
    """The generated tests cannot be loaded."""

    error: WrittenReason


class Plan(NamedTuple):
    """``sequence`` and ``modules`` as ``RunStarted`` will have them."""

    sequence: Mapping[str, Data]
    modules: Sequence[Mapping[str, Data]]


class StartRefused(NamedTuple):
    """There is no run; ``possible``: asked for otherwise there could be one. For the rest see ``RunRefused``."""

    reason: WrittenReason
    possible: bool = True
    code: str = "refused"
    problems: Sequence[StartProblem] = ()


class DeadlineNotice(NamedTuple):
    """Something must be done in so many seconds; ``None``: nothing any more."""

    seconds: float | None


class DebuggerSaid(NamedTuple):
    """A line that the debugger writes."""

    text: str


class DebuggerAsks(NamedTuple):
    """The debugger waits for a line."""

    prompt: str


class DebuggerLeft(NamedTuple):
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
