"""The files of a reading: their text, and where inside a scalar a character stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sequencer.language.paths import existing_file
from sequencer.language.shapes.wording import show_plain
from sequencer.language.yaml.loader import Document, display_path
from sequencer.vocabulary.problem import Place, split_lines

_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|[\s\S])")


class SourceTexts:
    """The text of every file that was read, by the name people see.

    ``unsaved`` is what an editor has of files, by their resolved paths: it counts instead of what the disk has.
    """

    def __init__(self, project: Path, unsaved: Mapping[Path, bytes] | None = None) -> None:
        self.texts: dict[str, str] = {}
        self.project = project
        self.unsaved = unsaved or {}
        self._folders: dict[str, Path] = {}
        self._written: dict[str, dict[tuple[int, int, int, int], str]] = {}
        self._lines: dict[str, list[str]] = {}

    def display(self, path: Path) -> str:
        """The name of a file as people see it."""
        return display_path(path, self.project)

    def existing(self, path: Path) -> Path | None:
        """The resolved path when it leads to a file."""
        return existing_file(path, self.unsaved)

    def read(self, path: Path) -> bytes:
        """What a file holds. Raises ``OSError``."""
        unsaved = self.unsaved.get(path)
        return path.read_bytes() if unsaved is None else unsaved

    def folder(self, file: str) -> Path:
        """The folder of a YAML file that was read."""
        return self._folders[file]

    def add(self, document: Document, path: Path) -> None:
        """Keeps a YAML file."""
        self._folders[document.file] = path.parent
        self.texts[document.file] = document.source
        self._written[document.file] = document.written

    def add_cell(self, place: Place, text: str) -> None:
        """Keeps what stands in a table for a value that is no text."""
        self._written.setdefault(place.file, {})[place[1:]] = text

    def written(self, place: Place, value: object) -> str:
        """The text that stands in the file for a scalar that was read as ``value``."""
        return self._written.get(place.file, {}).get(place[1:]) or show_plain(value)

    def inside(self, place: Place, text: str, offset: int, length: int = 1) -> Place:
        """The place of ``text[offset:offset + length]`` in the scalar ``text`` that stands at ``place``.

        Quotes, escapes, folded lines and block scalars are taken into account; where that is impossible (an alias
        stands there), the answer is ``place``.
        """
        raw = self._raw(place)
        start = _raw_index(raw, text, offset)
        if start is None:
            return place
        line, column = place.line + raw.count("\n", 0, start), start - raw.rfind("\n", 0, start)
        if line == place.line:
            column += place.column - 1
        return Place(place.file, line, column, line, column + max(length, 1))

    def _raw(self, place: Place) -> str:
        """What stands in the file from the place's start to its end."""
        lines = self._lines.get(place.file)
        if lines is None:
            lines = self._lines[place.file] = split_lines(self.texts.get(place.file, ""))
        if place.line == place.end_line:
            return lines[place.line - 1][place.column - 1 : place.end_column - 1] if place.line <= len(lines) else ""
        parts = [lines[place.line - 1][place.column - 1 :], *lines[place.line : place.end_line - 1]]
        if place.end_line <= len(lines):
            parts.append(lines[place.end_line - 1][: place.end_column - 1])
        return "\n".join(parts)


def _raw_index(raw: str, text: str, offset: int) -> int | None:
    """The index in ``raw`` of character ``offset`` of the scalar's value, found by counting what is not white space.

    White space is what folding and indentation change; everything else stands in the file as in the value.
    """
    start = _content_start(raw)
    if start is None:
        return None
    quote = raw[start - 1] if start and raw[start - 1] in "'\"" else ""
    wanted = sum(not letter.isspace() for letter in text[:offset])
    at_end = offset >= len(text.rstrip())
    index, seen = start, 0
    while index < len(raw):
        width, letter = _unit(raw, index, quote)
        if seen == wanted and (at_end or not letter.isspace()):
            return index
        seen += not letter.isspace()
        index += width
    return min(index, max(len(raw) - 1, 0)) if at_end else None


def _content_start(raw: str) -> int | None:
    """Where the text of a scalar begins: after anchor and tag, quote, or block indicator."""
    prefix = re.match(r"(?:[&!]\S*\s+)*", raw)
    start = prefix.end() if prefix else 0
    first = raw[start : start + 1]
    if first in ("'", '"'):
        return start + 1
    if first in ("|", ">") and "\n" in raw:
        return raw.index("\n", start) + 1
    return None if first == "*" else start


def _unit(raw: str, index: int, quote: str) -> tuple[int, str]:
    """How many characters of the file make the next character of the value, and a stand-in for it."""
    if quote == "'" and raw.startswith("''", index):
        return 2, "'"
    if quote == '"' and raw[index] == "\\":
        escape = _ESCAPE.match(raw, index)
        if escape is not None:
            return len(escape[0]), " " if escape[0][1] in "tn r_\n\r\tLPNvf" else "x"
    return 1, raw[index]
