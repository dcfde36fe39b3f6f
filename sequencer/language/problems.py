"""The problems of a reading: collected, said once, sorted by place, those switched off in the file left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sequencer.vocabulary.problem import Place, Problem, Severity, split_lines

_IGNORE = re.compile(r"#\s*hardseq:\s*ignore(?:\[([a-z0-9_,\s-]*)\])?")


MAX_MESSAGE = 400


class Problems:
    """Where every part of a reading reports. ``errors`` counts those that keep the sequence from being used."""

    def __init__(self) -> None:
        self.errors = 0
        self._problems: dict[tuple[Place, str, str], Problem] = {}
        self._broken: dict[tuple[str, int, int], Problem] = {}

    def report(
        self, code: str, message: str, place: Place, *, hint: str | None = None, severity: Severity = "error"
    ) -> None:
        """Adds a problem, unless the same was said of the same place."""
        self.add(Problem(code, message, place, hint, severity))

    def add(self, problem: Problem) -> Problem:
        """Adds a problem, unless the same was said of the same place. What it quotes is made to fit one line."""
        if not problem.message.isprintable() or len(problem.message) > MAX_MESSAGE:
            problem = replace(problem, message=_one_line(problem.message))
        if problem.hint is not None and (not problem.hint.isprintable() or len(problem.hint) > MAX_MESSAGE):
            problem = replace(problem, hint=_one_line(problem.hint))
        kept = self._problems.setdefault((problem.place, problem.code, problem.message), problem)
        self.errors += kept is problem and problem.severity == "error"
        return kept

    def broken(self, problems: Iterable[Problem]) -> None:
        """Adds problems of the YAML itself: whatever else is wrong at their places follows from them."""
        for problem in problems:
            self._broken.setdefault(problem.place[:3], self.add(problem))

    def listed(self, sources: Mapping[str, str]) -> list[Problem]:
        """All problems by file, line and column. ``# hardseq: ignore[code]`` at the end of a line switches the
        warnings and notes of that line off, ``# hardseq: ignore`` all of them; errors stay."""
        ignored = {file: _ignored_lines(source) for file, source in sources.items()}
        first = next(iter(sources), "")
        kept = [problem for problem in self._problems.values() if not _is_ignored(problem, ignored)]
        kept = [problem for problem in kept if self._broken.get(problem.place[:3], problem) is problem]
        return sorted(kept, key=lambda problem: (problem.place.file != first, problem.place, problem.code))


def _one_line(text: str) -> str:
    """Line breaks and other invisible characters as escapes, the middle of a long text left out."""
    if len(text) > MAX_MESSAGE:
        text = f"{text[: MAX_MESSAGE // 2]} … {text[-MAX_MESSAGE // 2 :]}"
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _ignored_lines(source: str) -> dict[int, frozenset[str] | None]:
    if "hardseq:" not in source:
        return {}
    lines: dict[int, frozenset[str] | None] = {}
    for number, line in enumerate(split_lines(source), 1):
        found = _IGNORE.search(line)
        if found is not None:
            codes = found[1]
            lines[number] = None if codes is None else frozenset(code.strip() for code in codes.split(","))
    return lines


def _is_ignored(problem: Problem, ignored: Mapping[str, Mapping[int, frozenset[str] | None]]) -> bool:
    lines = ignored.get(problem.place.file, {})
    if problem.severity == "error" or problem.place.line not in lines:
        return False
    codes = lines[problem.place.line]
    return codes is None or problem.code in codes
