"""What was measured, by tool and number of cases."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from processes import Taken

Key = tuple[str, int]


class Figures:
    """Times of first and of unchanged runs in seconds, memory in bytes."""

    def __init__(self) -> None:
        self._first: dict[Key, list[Taken]] = defaultdict(list)
        self._again: dict[Key, list[Taken]] = defaultdict(list)
        self._memory: dict[Key, Taken] = {}

    def add(self, tool: str, cases: int, first: Taken | None, again: Taken) -> None:
        """Adds one round; ``first`` is the run after everything was forgotten, where it was measured."""
        if first is not None:
            self._first[tool, cases].append(first)
        self._again[tool, cases].append(again)

    def add_memory(self, tool: str, cases: int, taken: Taken) -> None:
        """Adds the run whose memory was watched."""
        self._memory[tool, cases] = taken

    @property
    def sizes(self) -> list[int]:
        """The numbers of cases that were run."""
        return sorted({cases for _, cases in self._again})

    @property
    def tools(self) -> list[str]:
        """The tools in the order they were measured."""
        return list(dict.fromkeys(tool for tool, _ in self._again))

    def first(self, tool: str, cases: int) -> list[float]:
        """Seconds of a first run, round by round."""
        return [taken.seconds for taken in self._first[tool, cases]]

    def again(self, tool: str, cases: int) -> list[float]:
        """Seconds of a run of unchanged tests, round by round."""
        return [taken.seconds for taken in self._again[tool, cases]]

    def processor(self, tool: str, cases: int) -> list[float]:
        """Processor seconds of a run of unchanged tests, all processes together, round by round."""
        return [taken.cpu_seconds for taken in self._again[tool, cases] if taken.cpu_seconds is not None]

    def rounds(self, cases: int) -> int:
        """How many rounds a figure is the median of."""
        return max(len(takings) for (_, size), takings in self._again.items() if size == cases)

    def memory(self, tool: str, cases: int) -> tuple[int | None, ...]:
        """Peak bytes of the largest process and of all together; nothing for what was not run."""
        taken = self._memory.get((tool, cases))
        return () if taken is None else (taken.largest_bytes, taken.together_bytes)


def ratio(values: list[float], bases: list[float]) -> float | None:
    """The median of the rounds' ratios: what slowed a round slowed both. ``None`` when one of them was not run.

    Of the rounds in which both took part: those that one of them takes more of come last.
    """
    if not values or not bases:
        return None
    return median(value / base for value, base in zip(values, bases, strict=False))
