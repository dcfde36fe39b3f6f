"""Answers that are still owed, by the serial device that owes them.

A new connection to an instrument in a network knows nothing of questions that were asked before. A serial device does:
it answers whoever opened its port meanwhile. So this is remembered for the device, whichever object spoke to it, as
long as the process lives.
"""

from __future__ import annotations


class Owed:
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


_BY_DEVICE: dict[str, Owed] = {}


def owed_by(device: str) -> Owed:
    """What the device at this port or address owes."""
    return _BY_DEVICE.setdefault(device, Owed())
