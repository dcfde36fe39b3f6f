"""Problems as an editor shows them, each at its own file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types

from sequencer.language_server.documents import OpenDocuments
from sequencer.language_server.positions import TextPositions
from sequencer.language_server.readings import Reading
from sequencer.vocabulary.problem import Problem

SOURCE = "hardseq"
HINT = "\nhint: "
"""What stands between a message and its hint."""

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}


class Diagnostics:
    """What is wrong with each file. ``encoding`` is the one of the editor's positions."""

    def __init__(self, documents: OpenDocuments, encoding: str) -> None:
        self._documents = documents
        self._encoding = encoding
        self._positions: dict[Path, TextPositions] = {}

    def by_file(self, readings: Iterable[Reading]) -> dict[Path, list[types.Diagnostic]]:
        """The problems by resolved path, each once, whichever sequences it is a problem of."""
        found: dict[Path, dict[Problem, types.Diagnostic]] = {}
        for reading in readings:
            for problem, project in reading.problems:
                path = resolved(project.folder / problem.place.file)
                if path is None:
                    continue
                of_file = found.setdefault(path, {})
                if problem not in of_file:
                    positions = self._of(path, reading.result.sources.get(problem.place.file))
                    of_file[problem] = diagnostic(problem, positions)
        return {path: list(each.values()) for path, each in found.items()}

    def _of(self, path: Path, text: str | None) -> TextPositions:
        if path not in self._positions:
            document = self._documents.get(path)
            text = document.text if document is not None else text
            self._positions[path] = TextPositions(_on_disk(path) if text is None else text, self._encoding)
        return self._positions[path]


def diagnostic(problem: Problem, positions: TextPositions) -> types.Diagnostic:
    """One problem; its hint is a line of its own."""
    hint = f"{HINT}{problem.hint}" if problem.hint else ""
    return types.Diagnostic(
        range=positions.range(problem.place),
        message=problem.message + hint,
        severity=_SEVERITIES[problem.severity],
        code=problem.code,
        source=SOURCE,
    )


def resolved(path: Path) -> Path | None:
    """The path as files are known by; ``None`` where there can be no such file."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def _on_disk(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""
