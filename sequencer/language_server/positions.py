"""Places of files as an editor counts them: from 0, in the units of the encoding that both have agreed on."""

from __future__ import annotations

from lsprotocol import types

from sequencer.vocabulary.problem import Place, split_lines

_BEYOND = {"utf-8": (0x80, 0x800, 0x10000), "utf-16": (0x10000,), "utf-32": ()}
"""For each encoding the code points from which on a letter has one unit more."""


class TextPositions:
    """The positions of one text. Places count lines and letters from 1, an editor counts lines and units from 0.

    ``encoding`` is ``utf-8``, ``utf-16`` or ``utf-32``.
    """

    def __init__(self, text: str, encoding: str) -> None:
        self.lines = split_lines(text)
        self._beyond = _BEYOND[encoding]

    def range(self, place: Place) -> types.Range:
        """Where a place is; one beyond the text ends with the text."""
        return types.Range(
            self.position(place.line, place.column), self.position(place.end_line, max(place.end_column, 1))
        )

    def position(self, line: int, column: int) -> types.Position:
        """Where letter ``column`` of ``line`` begins."""
        if line > len(self.lines):
            line, column = len(self.lines), len(self.lines[-1]) + 1
        before = self.lines[line - 1][: column - 1]
        return types.Position(line - 1, len(before) + self._further(before))

    def letter(self, position: types.Position) -> tuple[int, int]:
        """The line and column, from 1, of the letter at a position; one beyond the line is that after its end."""
        if position.line >= len(self.lines):
            return len(self.lines), len(self.lines[-1]) + 1
        written = self.lines[position.line]
        units = 0
        for index, letter in enumerate(written):
            if units >= position.character:
                return position.line + 1, index + 1
            units += 1 + self._further(letter)
        return position.line + 1, len(written) + 1

    def _further(self, text: str) -> int:
        """The units beyond one a letter."""
        if not self._beyond or text.isascii():
            return 0
        return sum(ord(letter) >= first for letter in text for first in self._beyond)
