"""What is wrong with a file, as data: where, what, and what to do about it."""

from __future__ import annotations

import unicodedata
from typing import Literal, NamedTuple, Protocol

from sequencer.vocabulary.dataclass import dataclass

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


class ProblemReporter(Protocol):
    """Takes a problem."""

    def __call__(
        self, code: str, message: str, place: Place, *, hint: str | None = None, severity: Severity = "error"
    ) -> None: ...


class InvalidInput(Exception):
    """A sequence, configuration or other file that cannot be used; ``problems`` has at least one error."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{problem.place}: {problem.message}" for problem in problems))


TAB_WIDTH = 4
MAX_WIDTH = 110
"""Terminal columns of a source line that are shown; a longer one is cut around the caret."""


def render(problem: Problem, source_line: str | None) -> str:
    """The problem in up to four lines. ``source_line`` is the line ``problem.place.line`` of its file, if known.

    Tabs are expanded, and the caret stands under the right letters also after wide (East Asian) and combining ones.
    """
    place = problem.place
    lines = [f"{place}: {problem.severity}: {problem.message} [{problem.code}]"]
    gutter = max(len(str(place.line)), 4)
    if source_line is not None:
        start = place.column - 1
        end = place.end_column - 1 if place.end_line == place.line else len(source_line.rstrip("\r\n"))
        shown, before, width = _window(source_line.rstrip("\r\n"), start, end)
        lines.append(f"{place.line:>{gutter}} | {shown}".rstrip())
        lines.append(f"{'':>{gutter}} | {' ' * before}{'^' * max(width, 1)}")
    if problem.hint:
        lines.append(f"{'':>{gutter}} = hint: {problem.hint}")
    return "\n".join(lines)


def source_line(source: str | None, line: int) -> str | None:
    """Line ``line`` (from 1) of a source text, as YAML and Python count lines, or ``None`` when it has no such line."""
    if source is None or line < 1:
        return None
    lines = split_lines(source)
    return lines[line - 1] if line <= len(lines) else None


def split_lines(source: str) -> list[str]:
    """The lines of a source text without their ends, as YAML 1.2, Python and editors count them."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cells(letter: str, column: int) -> str:
    """How ``letter`` is shown when it stands at terminal column ``column``."""
    if letter == "\t":
        return " " * (TAB_WIDTH - column % TAB_WIDTH)
    if unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
        return "\N{REPLACEMENT CHARACTER}"
    return letter


def _width(cells: str) -> int:
    """Terminal columns of what ``_cells`` gave for one letter."""
    if len(cells) != 1:
        return len(cells)
    if unicodedata.combining(cells) or unicodedata.category(cells) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(cells) in ("W", "F") else 1


def _window(line: str, start: int, end: int) -> tuple[str, int, int]:
    """The part of ``line`` to show, the columns before the caret, and the caret's width in columns."""
    first = max(0, start - MAX_WIDTH // 2) if len(line) > MAX_WIDTH else 0
    shown = "…" if first else ""
    column = before = len(shown)
    width = 0
    for index in range(first, min(len(line), first + MAX_WIDTH)):
        cells = _cells(line[index], column)
        if index == start:
            before = column
        if start <= index < end:
            width += _width(cells)
        column += _width(cells)
        shown += cells
    if start >= min(len(line), first + MAX_WIDTH):
        before = column + max(0, start - len(line))
    if first + MAX_WIDTH < len(line):
        shown += "…"
    return shown, before, width
