"""Where in the structure of a sequence the cursor stands, told from the lines around it.

No parser is asked: while somebody writes, the line with the cursor seldom is YAML, and often those around it are none.
Indentation tells the block around it, brackets and braces tell what is written in one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field

from sequencer.vocabulary.dataclass import dataclass

ITEM = "-"
"""The step of a path into a list."""

MOST_LINES_OF_BRACKETS = 20
"""A value in brackets that is longer than that is read from its end only."""

LONGEST_LINE = 2000
"""Of a longer line only its beginning is looked at: no person wrote it."""

_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s:#\-\[\]{},'"][^:#]*?|[^\s:#\[\]{},'"]+)\s*:(?=\s|$)""")
_DASHES = re.compile(r"\s*((?:- +)*(?:-$)?)")
_BLOCK_TEXT = re.compile(r"[|>][-+0-9]*\s*(#.*)?$")


@dataclass(slots=True)
class Level:
    """A mapping or a list on the way to the cursor: the key (or ``ITEM``) that leads there, and what is written in it.

    ``entries`` are keys with the text behind them; of a list there are none.
    """

    key: str
    entries: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Cursor:
    """The ``levels`` from the top to the cursor's mapping or list. ``key`` is the one whose value is being written,
    ``None`` while the key itself is (or an item of a list).

    ``before`` is what of the value, or of the key, stands before the cursor. ``in_text``: it is a line of a text that
    goes over several (``|``, ``>``).
    """

    levels: list[Level]
    key: str | None
    before: str
    in_text: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The keys from the top to where the cursor is, that of its value included."""
        keys = [level.key for level in self.levels[1:]]
        return (*keys, self.key) if self.key is not None else tuple(keys)

    @property
    def entries(self) -> dict[str, str]:
        """What is written in the innermost mapping, the cursor's own line left out."""
        return self.levels[-1].entries

    @property
    def is_item(self) -> bool:
        """Whether an item of a list is being written, of which nothing is a key yet."""
        return self.key is None and self.levels[-1].key == ITEM


@dataclass(slots=True)
class _Line:
    """One line: the columns (from 0) of its dashes, the key with its column, what is behind it."""

    dashes: list[int]
    column: int
    key: str | None
    rest: str
    is_empty: bool


def _line(written: str) -> _Line:
    written = written[:LONGEST_LINE]
    dashes = _DASHES.match(written)
    assert dashes is not None  # it matches nothing as well
    columns = [dashes.start(1) + index for index, letter in enumerate(dashes[1]) if letter == "-"]
    column = dashes.end(1)
    if not columns:
        column = len(written) - len(written.lstrip())
    found = _KEY.match(written, column)
    rest = written[found.end() :] if found is not None else written[column:]
    stripped = written.strip()
    key = None if found is None else found[1].strip().strip("\"'")
    return _Line(columns, column, key, rest.strip(), not stripped or stripped.startswith("#"))


def find_cursor(lines: Sequence[str], line: int, column: int) -> Cursor:
    """What is being written at letter ``column`` of ``line``, both from 1."""
    index = min(line, len(lines)) - 1
    written = lines[index][: min(column - 1, LONGEST_LINE)] if lines else ""
    start = _start_of_brackets(lines, index, written)
    first = lines[start][:LONGEST_LINE] if start < index else written
    read = _line(first)
    levels, in_text = _around(lines, start, read, len(first) if read.is_empty else read.column)
    key = _KEY.match(first, read.column)
    before = first[read.column if key is None else key.end() :]
    between = [before, *lines[start + 1 : index], written] if start < index else [before]
    cursor = Cursor(levels, read.key, before.lstrip(), in_text=in_text)
    flow = "\n".join(between)
    if not in_text and flow.lstrip()[:1] in ("{", "["):
        _into_brackets(cursor, flow)
    return cursor


def _start_of_brackets(lines: Sequence[str], index: int, written: str) -> int:
    """The line in which the outermost bracket that is open at the cursor was opened; the cursor's own without any."""
    start = index
    closed = max(-_balance(written), 0)
    lowest = len(written) - len(written.lstrip()) if written.strip() else len(written)
    for above in range(index - 1, max(index - MOST_LINES_OF_BRACKETS, 0) - 1, -1):
        text = lines[above][:LONGEST_LINE]
        if not text.strip():
            continue
        indent, balance = len(text) - len(text.lstrip()), _balance(text)
        if indent < lowest:
            lowest = indent
            if balance > closed:
                start = above
        # What is opened in a line further in and never closed is broken, and not around the cursor.
        closed = max(closed - balance, 0)
        if indent == 0:
            break
    return start


def _balance(text: str) -> int:
    """How many brackets more are opened than closed."""
    return sum((letter in "[{") - (letter in "]}") for letter, _ in _outside_quotes(text))


def _outside_quotes(text: str) -> Iterator[tuple[str, int]]:
    """The letters that are in no quoted text and no ``${{ expression }}``, each with its offset."""
    quote, index = "", 0
    while index < len(text):
        letter = text[index]
        if quote:
            if letter == "\\" and quote == '"':
                index += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'" and text[:index].rstrip()[-1:] in ("", ":", ",", "[", "{", "-"):
            quote = letter
        elif letter == "#" and text[index - 1 : index].isspace():
            end = text.find("\n", index)
            index = len(text) if end < 0 else end
            continue
        elif text.startswith("${{", index):
            end = text.find("}}", index)
            if end < 0:
                return
            index = end + 2
            continue
        else:
            yield letter, index
        index += 1


def _around(lines: Sequence[str], index: int, own: _Line, column: int) -> tuple[list[Level], bool]:
    """The levels around line ``index``, whose first key (or cursor) is at ``column``; whether that is inside a text."""
    inner = Level("")
    levels = [inner]
    indent, of_item, in_text = column, False, False
    for dash in reversed(own.dashes):
        inner.key = ITEM
        inner = Level("")
        levels.append(inner)
        indent, of_item = dash, True
    _below(lines, index, own.column if own.dashes else column, levels[0])
    for above in range(index - 1, -1, -1):
        text = lines[above]
        if text[: indent + 1].isspace():
            continue  # further in; most lines are
        line = _line(text)
        if line.is_empty:
            continue
        left = line.dashes[0] if line.dashes else line.column
        if left > indent:
            continue
        if line.key is not None and line.column == indent and not of_item:
            inner.entries.setdefault(line.key, line.rest)
        elif line.key is not None and (line.column < indent or (of_item and line.column <= indent)):
            in_text = in_text or _BLOCK_TEXT.match(line.rest) is not None
            inner.key = line.key
            inner = Level("")
            levels.append(inner)
            inner.entries[line.key] = line.rest
            indent, of_item = line.column, False
        for dash in reversed(line.dashes):
            if dash < indent and not of_item:
                inner.key = ITEM
                inner = Level("")
                levels.append(inner)
                indent, of_item = dash, True
    return levels[::-1], in_text


def _below(lines: Sequence[str], index: int, column: int, level: Level) -> None:
    """Adds what the same mapping has below the cursor."""
    for each in lines[index + 1 :]:
        line = _line(each)
        if line.is_empty:
            continue
        if (line.dashes[0] if line.dashes else line.column) < column:
            return
        if line.key is not None and line.column == column and not line.dashes:
            level.entries.setdefault(line.key, line.rest)


@dataclass(slots=True)
class _Bracket:
    kind: str
    level: Level
    key: str | None = None
    since: int = 0
    value: int = 0


def _into_brackets(cursor: Cursor, text: str) -> None:
    """Goes on from a key (or an item) into the brackets and braces that ``text``, its value, opens."""
    open_brackets: list[_Bracket] = []
    key = cursor.key
    for letter, offset in _outside_quotes(text):
        inner = open_brackets[-1] if open_brackets else None
        if letter in "[{":
            name = key if inner is None else inner.key if inner.kind == "{" else ITEM
            open_brackets.append(_Bracket(letter, Level(name or ITEM), since=offset + 1))
        elif inner is None:
            continue
        elif letter in "]}":
            open_brackets.pop()
        elif letter == "," or (letter == ":" and inner.kind == "{" and inner.key is None):
            _end_of_part(inner, text, offset, letter)
    if not open_brackets:
        return
    if key is not None or cursor.levels[-1].key != ITEM:
        cursor.levels = [*cursor.levels, *(each.level for each in open_brackets)]
    else:
        cursor.levels = [*cursor.levels[:-1], *(each.level for each in open_brackets)]
    inner = open_brackets[-1]
    if inner.kind == "[":
        cursor.levels.append(Level(ITEM))
    cursor.key = inner.key
    cursor.before = text[inner.since :].lstrip()


def _end_of_part(bracket: _Bracket, text: str, offset: int, letter: str) -> None:
    part = text[bracket.since : offset].strip()
    if letter == ":":
        bracket.key = part.strip("\"'")
    else:
        if bracket.key is not None:
            bracket.level.entries[bracket.key] = part
        bracket.key = None
    bracket.since = offset + 1
