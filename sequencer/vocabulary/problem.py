"""What is wrong with a file, as data: where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Severity = Literal["error", "warning", "note"]


class Place(NamedTuple):
    """A span of a text file; lines and columns count from 1, the end is exclusive.

    ``file`` is the path as people see it: relative to the project folder where it lies inside, with ``/``.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place; ``code`` is a stable kebab-case name such as ``unknown-key``."""

    code: str
    message: str
    place: Place
    hint: str | None = None
    severity: Severity = "error"


class Report(Protocol):
    """Takes a problem."""

    def __call__(
        self, code: str, message: str, place: Place, *, hint: str | None = None, severity: Severity = "error"
    ) -> None: ...


class InvalidInput(Exception):
    """A sequence, configuration or other file that cannot be used; ``problems`` has at least one error."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{problem.place}: {problem.message}" for problem in problems))
