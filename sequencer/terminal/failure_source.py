"""The code behind a failure: the line of the sequence, the generated statement, the driver's frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sequencer.report.model import FailureReport
from sequencer.terminal.lines import Line, clean
from sequencer.vocabulary.problem import source_line

_PLACE = r"(.+):(\d+):(\d+)"
_STATEMENT = r"([^/\\]+)/([^/\\]+\.py):(\d+)"
_FRAME = r'(?m)^  File "(.+)", line (\d+), in (.+)$'
_LONGEST = 110


class FailureSource:
    """Reads the files of ``project`` and the generated ones in ``compiled`` as they are now, each once."""

    def __init__(self, project: Path, compiled: Path) -> None:
        self._project = project
        self._compiled = compiled
        self._text = cache(_read)

    def lines(self, failure: FailureReport) -> Iterator[Line]:
        """What there is to show; what is not there any more is left out."""
        yield from self._sequence(failure["place"] or "")
        yield from self._statement(failure["generated"] or "")
        frames = re.findall(_FRAME, failure["traceback"] or "")
        if frames:
            file, number, function = frames[-1]
            yield _named("driver", f"{self._shown(Path(file))}:{number} in {function}")

    def _sequence(self, place: str) -> Iterator[Line]:
        found = re.fullmatch(_PLACE, place)
        if found is None:
            return
        line = source_line(self._text(self._project / found[1]), int(found[2]))
        if line is None:
            return
        yield _named("sequence", place)
        before = len(line) - len(line.lstrip())
        column = int(found[3]) - 1
        shown = line[before:]
        yield _code(shown)
        # Wide letters before the column would move it: then the place alone has to do.
        if before <= column < before + min(len(shown), _LONGEST) and line[before:column].isascii():
            yield [(f"      {'':{column - before}}^", "notice")]

    def _statement(self, generated: str) -> Iterator[Line]:
        found = re.fullmatch(_STATEMENT, generated)
        if found is None:
            return
        file = self._compiled / found[1] / found[2]
        line = source_line(self._text(file), int(found[3]))
        if line is not None:
            yield _named("generated", f"{self._shown(file)}:{found[3]}")
            yield _code(line.strip())

    def _shown(self, file: Path) -> str:
        try:
            return str(file.relative_to(self._project))
        except ValueError:
            return str(file)


def _named(what: str, place: str) -> Line:
    return [(f"    {what:<9} ", "dim"), (clean(place), "")]


def _code(line: str) -> Line:
    return [(f"      {clean(line if len(line) <= _LONGEST else line[:_LONGEST] + '…')}", "bold")]


def _read(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        return None
