"""CSV as RFC 4180 and spreadsheets write it: cells that know their place and whether they stood in quotes.

Python's own reader forgets both. Lines may end in CR, LF or CR LF; a cell in quotes may hold separators and line
breaks, a quote in it is doubled; blanks before the opening quote do not count. Source: RFC 4180, section 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from sequencer.vocabulary.tree import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Cell(NamedTuple):
    """``text`` is what was written: between the quotes, or without the blanks around it."""

    text: str
    quoted: bool
    span: Span

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return not self.text and not self.quoted


class CsvError(ValueError):
    """Text that is no CSV, with its place."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'[ \xa0]*"((?:[^"]|"")*)"[ \xa0]*|[^{re.escape(delimiter)}\r\n]*')


def read_records(text: str, delimiter: str, start: int = 0, line: int = 1) -> Iterator[list[Cell]]:
    """The records of ``text`` from offset ``start``, where line ``line`` begins. Raises ``CsvError``."""
    pattern = _cell(delimiter)
    position = begin = start
    record: list[Cell] = []
    while position < len(text):
        found = pattern.match(text, position)
        assert found is not None  # it matches an empty cell
        inside = found[1]
        if inside is None:
            raw = found[0]
            stripped = raw.strip()
            column = position - begin + 1 + len(raw) - len(raw.lstrip())
            if stripped.startswith('"'):
                raise CsvError("this quote is never closed", (line, column, line, column + 1))
            record.append(Cell(stripped, False, (line, column, line, column + max(len(stripped), 1))))
        else:
            first = line, found.start(1) - begin
            for inner in _LINE_END.finditer(text, found.start(1), found.end(1)):
                line, begin = line + 1, inner.end()
            record.append(Cell(inside.replace('""', '"'), True, (*first, line, found.end(1) - begin + 2)))
        position = found.end()
        if text.startswith(delimiter, position):
            position += 1
            if position == len(text):
                record.append(_nothing(line, position - begin + 1))
            continue
        end = _LINE_END.match(text, position)
        if end is None and position < len(text):
            column = position - begin + 1
            raise CsvError(
                "a cell ends at its closing quote; a quote inside is written twice", (line, column, line, column + 1)
            )
        yield record
        record = []
        if end is not None:
            position = begin = end.end()
            line += 1
    if record:
        yield record


def _nothing(line: int, column: int) -> Cell:
    return Cell("", False, (line, column, line, column + 1))
