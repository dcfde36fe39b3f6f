"""The tries of a step with ``retry``."""

from __future__ import annotations

from collections.abc import Iterator


class Tries:
    """Counts the tries of the one step inside; ``depth`` is how many steps are open around it.

    The step's failures set ``failed`` instead of counting, unless this is the ``last`` try.
    """

    def __init__(self, depth: int, times: int) -> None:
        self.depth = depth
        self.last = times <= 1
        self.failed = False
        self._times = times

    def __iter__(self) -> Iterator[int]:
        for number in range(1, self._times + 1):
            self.last = number == self._times
            self.failed = False
            yield number
            if not self.failed:
                break
        self.last = True
