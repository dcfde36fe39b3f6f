"""What the import has to say of a project: nothing is left out without a word."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from sequencer.migration.python_source import PythonFile
from sequencer.vocabulary.problem import Place, Problem, Severity, render, source_line

NOT_IMPORTED = "not-imported"
"""Somebody has to write it: where it stood, the sequence ends its case with an error."""
CHANGED = "imported-differently"
"""It is there, and is not quite what it was."""
IN_PYTHON = "kept-in-python"
"""It stayed Python, in a function that a step calls."""
LEFT_OUT = "left-out"
"""hardseq does it by itself, or has no use for it."""

_SEVERITIES: Mapping[str, Severity] = {NOT_IMPORTED: "error", CHANGED: "warning"}
_TITLES: Mapping[str, str] = {
    NOT_IMPORTED: "Not imported: write these yourself",
    CHANGED: "Imported differently: read these",
    IN_PYTHON: "Kept in Python, in `drivers/`",
    LEFT_OUT: "Left out",
}


class Findings:
    """Collects what there is to say, as problems with their places; each is said once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.texts: dict[str, str] = {}

    def tell(self, code: str, file: PythonFile, node: ast.AST, message: str, hint: str | None = None) -> None:
        """Adds a finding at a piece of Python."""
        self.texts[file.name] = file.text
        self.add(code, file.place(node), message, hint)

    def add(self, code: str, place: Place, message: str, hint: str | None = None) -> None:
        """Adds a finding at a place."""
        problem = Problem(code, message, place, hint, _SEVERITIES.get(code, "note"))
        if problem not in self.problems:
            self.problems.append(problem)

    def at_line(self, code: str, file: str, message: str, line: int = 1, column: int = 1) -> None:
        """Adds a finding at a line of any file."""
        self.add(code, Place(file, line, column, line, column + 1), message)

    @property
    def complete(self) -> bool:
        """Whether everything was imported."""
        return all(problem.code != NOT_IMPORTED for problem in self.problems)

    def page(self, title: str) -> str:
        """The findings as ``import-notes.md``."""
        lines = [f"# Import of {_markdown(title)}", ""]
        lines += ["Places are those of the project that was imported."]
        for code, heading in _TITLES.items():
            found = [problem for problem in self.problems if problem.code == code]
            if found:
                lines += ["", f"## {heading}"]
                lines += [line for problem in found for line in ("", *self._entry(problem))]
        if not self.problems:
            lines += ["", "Everything was imported."]
        return "\n".join(lines) + "\n"

    def _entry(self, problem: Problem) -> list[str]:
        line = source_line(self.texts.get(problem.place.file), problem.place.line)
        return [f"    {each}" for each in render(problem, line).split("\n")]


def _markdown(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#&" else letter for letter in text.replace("\n", " "))
