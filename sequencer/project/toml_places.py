"""Where each key and value of a TOML text stands; ``tomllib`` reads the values but forgets their places.

The scanner expects a text that ``tomllib`` accepted and knows no more of TOML than where keys and values begin and end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from typing import NamedTuple

from sequencer.vocabulary.tree import Span

TomlPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'",
    re.DOTALL,
)
_PLAIN_VALUE = re.compile(r"[^\n#,\]}]*")


class TomlEntry(NamedTuple):
    """The spans of one key and of its value; a table's value is its header or its inline text."""

    key: Span
    value: Span


def toml_places(text: str) -> dict[TomlPath, TomlEntry]:
    """The places of every key of ``text`` by path; the tables of an array count from 0: ``("runs", 0, "name")``."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.entries


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.entries: dict[TomlPath, TomlEntry] = {}
        self.tables: Counter[TomlPath] = Counter()
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def document(self) -> None:
        prefix: TomlPath = ()
        self.blank()
        while self.position < len(self.text):
            before = self.position
            if self.text[self.position] == "[":
                prefix = self.header()
            else:
                self.pair(prefix)
            self.blank()
            if self.position == before:  # not TOML after all: rather no place than no end
                return

    def blank(self) -> None:
        match = _BLANK.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def header(self) -> TomlPath:
        many = self.text.startswith("[[", self.position)
        self.position += 2 if many else 1
        keys, spans = self.keys()
        span = spans[-1]
        self.position += 2 if many else 1
        path = (*self.resolved(keys[:-1]), keys[-1]) if many else self.resolved(keys)
        self.tables_above(path, spans)
        self.entries.setdefault(path, TomlEntry(span, span))
        if many:
            path = (*path, self.tables[path])
            self.tables[path[:-1]] += 1
            self.entries[path] = TomlEntry(span, span)
        return path

    def resolved(self, keys: TomlPath) -> TomlPath:
        """``keys`` with the number of the latest table after each key that names an array of tables."""
        path: TomlPath = ()
        for key in keys:
            path = (*path, key)
            if self.tables[path]:
                path = (*path, self.tables[path] - 1)
        return path

    def tables_above(self, path: TomlPath, spans: list[Span]) -> None:
        """What a dotted key alone makes stands where the key's part stands: ``[above.table]``, ``above.key = 1``."""
        for number, span in zip(range(len(path) - 1, 0, -1), reversed(spans[:-1]), strict=False):
            if isinstance(path[number - 1], str):
                self.entries.setdefault(path[:number], TomlEntry(span, span))

    def keys(self) -> tuple[TomlPath, list[Span]]:
        """A dotted key and the spans of its parts."""
        parts: list[str] = []
        spans: list[Span] = []
        while True:
            self.blank()
            start = self.position
            quoted = _STRING.match(self.text, start)
            match = quoted or _BARE_KEY.match(self.text, start)
            if match is None:
                return (tuple(parts), spans) if parts else (("",), [self.span(start, start + 1)])
            parts.append(match[0][1:-1] if quoted else match[0])
            self.position = match.end()
            spans.append(self.span(start, self.position))
            self.blank()
            if not self.text.startswith(".", self.position):
                return tuple(parts), spans
            self.position += 1

    def pair(self, prefix: TomlPath) -> None:
        keys, spans = self.keys()
        self.tables_above((*prefix, *keys), spans)
        if not self.text.startswith("=", self.position):
            return
        self.position += 1
        self.blank()
        start = self.position
        self.value((*prefix, *keys))
        end = start + len(self.text[start : self.position].rstrip())
        self.entries[(*prefix, *keys)] = TomlEntry(spans[-1], self.span(start, end))

    def value(self, path: TomlPath) -> None:
        string = _STRING.match(self.text, self.position)
        if string:
            self.position = string.end()
        elif self.text.startswith("{", self.position):
            self.items("}", path)
        elif self.text.startswith("[", self.position):
            self.items("]", path)
        else:
            match = _PLAIN_VALUE.match(self.text, self.position)
            self.position = match.end() if match else self.position

    def items(self, closing: str, path: TomlPath) -> None:
        self.position += 1
        index = 0
        self.blank()
        while self.position < len(self.text) and self.text[self.position] != closing:
            before = self.position
            if closing == "}":
                self.pair(path)
            else:
                self.value((*path, index))
                span = self.span(before, before + len(self.text[before : self.position].rstrip()))
                self.entries[(*path, index)] = TomlEntry(span, span)
                index += 1
            self.blank()
            if self.text.startswith(",", self.position):
                self.position += 1
                self.blank()
            if self.position == before:
                return
        self.position += 1

    def span(self, start: int, end: int) -> Span:
        first, last = bisect_right(self.line_starts, start), bisect_right(self.line_starts, end)
        return first, start - self.line_starts[first - 1] + 1, last, end - self.line_starts[last - 1] + 1
