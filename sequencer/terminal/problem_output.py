"""Shows problems with their source lines, and as the JSON that editors and CI read."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import click

from sequencer.terminal.output import say
from sequencer.vocabulary.problem import Problem, render, source_line

_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}
_SECRET = re.compile(
    r"^(\s*(?:\w+\.)*(?:password|api_key|token)\s*=\s*).*|(?<=://)[^\s\"']*@|[^\s\"'/=]*@", re.IGNORECASE
)


class SourceFiles:
    """Finds the files that problems name, for their lines and for a path that leads there from the working folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = cache(self._read)

    def line(self, problem: Problem) -> str | None:
        """The line the problem stands on; a secret of a configuration is not shown."""
        if problem.place.file.endswith(".env"):
            return None  # every line of it may be a secret
        line = source_line(self.text(problem.place.file), problem.place.line)
        if line is not None and problem.place.file.endswith(".toml"):
            return _SECRET.sub(lambda match: (match[1] or "") + "…", line)
        return line

    def located(self, problem: Problem) -> Problem:
        """The problem with a file name that is right from the working folder."""
        return replace(problem, place=problem.place._replace(file=self.path(problem.place.file)))

    def path(self, file: str) -> str:
        """The name that leads to ``file`` from the working folder; a whole path when it lies outside."""
        whole = self.folder / file
        if not whole.exists():
            return file
        try:
            return whole.resolve().relative_to(Path.cwd().resolve()).as_posix()
        except ValueError:
            return whole.as_posix()

    def _read(self, file: str) -> str | None:
        try:
            data = (self.folder / file).read_bytes()
        except OSError:
            return None
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16", "replace")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:  # a table, most likely of Windows
            return data.decode("cp1252", "replace")


def show_problems(problems: Iterable[Problem], folder: Path, *, err: bool = True) -> None:
    """Writes each problem with its source line, a caret and its hint."""
    sources = SourceFiles(folder)
    for problem in problems:
        text = render(sources.located(problem), sources.line(problem))
        say(_coloured(text, problem.severity), err=err)


def problem_document(problem: Problem, folder: Path) -> dict[str, object]:
    """The problem for ``check --format json``; lines and columns count from 1, the end is exclusive."""
    place = problem.place
    return {
        "file": SourceFiles(folder).path(place.file),
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
    }


def counted(problems: Iterable[Problem]) -> str:
    """``2 errors, 1 warning``; ``no problems`` when there are none."""
    counts: Counter[str] = Counter(problem.severity for problem in problems)
    parts = [f"{count} {word}{'' if count == 1 else 's'}" for word in _COLOURS if (count := counts[word])]
    return ", ".join(parts) or "no problems"


def _coloured(text: str, severity: str) -> str:
    colour = _COLOURS[severity]
    shown = []
    for number, line in enumerate(text.split("\n")):
        place, mark, rest = line.partition(f": {severity}: ")
        if number == 0 and mark:
            shown.append(f"{click.style(place, bold=True)}: {click.style(severity, fg=colour, bold=True)}: {rest}")
        elif line.lstrip(" |").strip("^") == "" and "^" in line:
            shown.append(click.style(line, fg=colour, bold=True))
        else:
            shown.append(click.style(line, fg="cyan") if line.lstrip().startswith("= hint:") else line)
    return "\n".join(shown)
