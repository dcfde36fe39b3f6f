"""Where expressions stand in a text, the names that they use, and the error of a text that is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from sequencer.vocabulary.data import Data

OPENING = "${{"
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_BRACKETS = {")": "(", "]": "[", "}": "{"}


class ExpressionSyntaxError(ValueError):
    """A text that is no expression; ``offset`` counts its characters from 0, ``hint`` may say what was meant."""

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class NameUse(NamedTuple):
    """A name in an expression at character ``offset``; ``attribute`` is what is read of it, at its own offset."""

    name: str
    offset: int
    attribute: str | None = None
    attribute_offset: int = 0


class PatternUse(NamedTuple):
    """A regular expression that stands in an expression as a text, quotes included at ``offset``."""

    pattern: str
    offset: int
    length: int


def quoted_length(text: str, offset: int) -> int:
    """The characters of the quoted text that begins there; 1 where none does."""
    quoted = _QUOTED.match(text, offset)
    return 1 if quoted is None else quoted.end() - offset


class LiteralText(NamedTuple):
    """Text that stands for itself."""

    text: str


class ExpressionPart(NamedTuple):
    """The inside of a ``${{ }}``, at character ``offset`` of the whole text."""

    source: str
    offset: int


def has_expression(data: Data) -> bool:
    """Whether any text in ``data``, keys of mappings included, holds ``${{``."""
    if isinstance(data, str):
        return OPENING in data
    if data is None or isinstance(data, int | float):
        return False
    if isinstance(data, list | tuple):
        return any(has_expression(value) for value in data)
    if isinstance(data, Mapping):
        return any(has_expression(key) or has_expression(value) for key, value in data.items())
    return False


def literal_text(text: str) -> str:
    """The template that gives ``text`` as it is, whatever it holds."""
    return text.replace(OPENING, "${{ '${{' }}")


def split(text: str) -> list[LiteralText | ExpressionPart]:
    """The parts of a text. Quotes and nested braces inside an expression are respected.

    Raises ``ExpressionSyntaxError`` for a ``${{`` that nothing closes. A literal ``${{`` is written ``${{ '${{' }}``.
    """
    return list(pieces(text))


@lru_cache(maxsize=8192)
def pieces(text: str) -> tuple[LiteralText | ExpressionPart, ...]:
    """As ``split``, remembered."""
    parts: list[LiteralText | ExpressionPart] = []
    position = 0
    while (opening := text.find(OPENING, position)) >= 0:
        if opening > position:
            parts.append(LiteralText(text[position:opening]))
        start = opening + len(OPENING)
        end = _closing(text, start)
        if end < 0:
            raise ExpressionSyntaxError("this `${{` is never closed", opening, "close it with `}}`")
        parts.append(ExpressionPart(text[start:end], start))
        position = end + 2
    if position < len(text):
        parts.append(LiteralText(text[position:]))
    return tuple(parts)


def _closing(text: str, position: int) -> int:
    """The index of the ``}}`` that closes an expression begun before ``position``, or -1."""
    open_brackets: list[str] = []
    while position < len(text):
        letter = text[position]
        if letter in "'\"":
            quoted = _QUOTED.match(text, position)
            if quoted is None:
                return -1
            position = quoted.end()
            continue
        if letter in "([{":
            open_brackets.append(letter)
        elif letter == "}" and "{" not in open_brackets:
            if text.startswith("}}", position):
                return position
        elif letter in _BRACKETS and open_brackets and open_brackets[-1] == _BRACKETS[letter]:
            open_brackets.pop()
        position += 1
    return -1
