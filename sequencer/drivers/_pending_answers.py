"""What answers mean, whatever they came over."""

from __future__ import annotations

import math
from collections.abc import Iterable


class PendingAnswers:
    """How many ``answers`` a device owes, and for how many ``seconds`` one was waited for; ``question`` is the last."""

    def __init__(self) -> None:
        self.answers = 0
        self.seconds = 0.0
        self.question = ""

    def ask(self, question: str, seconds: float) -> None:
        """One more answer is owed, from before the question is sent until all of its answer was read."""
        self.question = question
        self.seconds = max(seconds, self.seconds if self.answers else 0.0)
        self.answers += 1

    def settle(self) -> None:
        """Nothing is owed any more."""
        self.answers = 0


BY_DEVICE: dict[str, PendingAnswers] = {}
"""What devices owe outlives the driver objects that asked: a late answer comes to whoever opens the port next."""


def pending_answers_of(device: str) -> PendingAnswers:
    """What the device at this port or address owes."""
    return BY_DEVICE.setdefault(device, PendingAnswers())


NO_NUMBER = 9.91e37
OVERLOADS = (9.9e37,)
"""SCPI-1999, volume 1, 7.2.1. Overloads are infinity in either direction."""


def read_number(text: str, overloads: Iterable[float] = OVERLOADS) -> float:
    """``text`` as an instrument writes numbers: infinity for one of ``overloads``, NaN for SCPI's "not a number".

    Raises ``ValueError`` for anything else, also for what only Python takes for a number (``1_000``, ``１``).
    """
    if "_" in text or not text.isascii():
        raise ValueError(f"{text!r} is not a number")
    value = float(text)
    if _is_mark(value, NO_NUMBER):
        return math.nan
    return math.copysign(math.inf, value) if any(_is_mark(value, each) for each in overloads) else value


def with_overloads(more: Iterable[float] | None) -> tuple[float, ...]:
    """SCPI's overloads and those that an instrument has besides. Raises ``ValueError`` for what cannot be one."""
    marks = tuple(map(float, more or ()))
    for mark in marks:
        if not math.isfinite(mark) or mark == 0:
            raise ValueError(f"`overload` must list the numbers that mean an overload, such as 1e9, not {mark!r}")
    return OVERLOADS + marks


def _is_mark(value: float, mark: float) -> bool:
    return math.isclose(abs(value), abs(mark), rel_tol=1e-4)
