"""The verdict in letters that can be read from three metres."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.report.outcome import WORDS, Outcome

_COLOURS: Mapping[Outcome, str] = {
    # Black on green and yellow, white on the others: the pairs with the strongest contrast in any theme.
    "passed": "\x1b[30;42m",
    "failed": "\x1b[97;41m",
    "error": "\x1b[97;45m",
    "stopped": "\x1b[30;43m",
    "nothing_tested": "\x1b[30;47m",
    "incomplete": "\x1b[30;47m",
}
_END = "\x1b[0m"

_LETTERS: Mapping[str, tuple[str, ...]] = {
    "A": (" ### ", "#   #", "#####", "#   #", "#   #"),
    "C": (" ####", "#    ", "#    ", "#    ", " ####"),
    "D": ("#### ", "#   #", "#   #", "#   #", "#### "),
    "E": ("#####", "#    ", "#### ", "#    ", "#####"),
    "F": ("#####", "#    ", "#### ", "#    ", "#    "),
    "G": (" ####", "#    ", "#  ##", "#   #", " ####"),
    "H": ("#   #", "#   #", "#####", "#   #", "#   #"),
    "I": ("###", " # ", " # ", " # ", "###"),
    "L": ("#    ", "#    ", "#    ", "#    ", "#####"),
    "M": ("#   #", "## ##", "# # #", "#   #", "#   #"),
    "N": ("#   #", "##  #", "# # #", "#  ##", "#   #"),
    "O": (" ### ", "#   #", "#   #", "#   #", " ### "),
    "P": ("#### ", "#   #", "#### ", "#    ", "#    "),
    "R": ("#### ", "#   #", "#### ", "#  # ", "#   #"),
    "S": (" ####", "#    ", " ### ", "    #", "#### "),
    "T": ("#####", "  #  ", "  #  ", "  #  ", "  #  "),
    " ": ("  ", "  ", "  ", "  ", "  "),
}


_DOTS = ((4, 2), (3, 2), (2, 1), (1, 1))
"""The sizes of a letter's dot to choose from, in columns and rows; a column is about half as wide as a row is high."""

TALL = 30
"""From this many rows on a terminal has room for letters of two rows a dot."""


def block_letters(word: str, *, ink: str = "█", dot: tuple[int, int] = (2, 1)) -> list[str]:
    """Rows of equal length; ``dot`` is how many columns and rows one dot of a letter takes."""
    rows = []
    for number in range(5):
        row = " ".join(_LETTERS[letter][number] for letter in word)
        rows += ["".join((ink if letter == "#" else " ") * dot[0] for letter in row)] * dot[1]
    return rows


def verdict_block(outcome: Outcome, width: int, height: int = 24, *, colour: bool, ink: str = "█") -> str:
    """The verdict as a block as wide as the terminal; in a very narrow one a single line. Ends in a newline."""
    rows = ["", *_rows(WORDS.get(outcome, "ERROR"), width, height, ink), ""]
    if not colour:
        return "\n".join(row.center(width).rstrip() for row in rows) + "\n"
    # Spaces to the last column, so that the colour covers the whole width.
    return "".join(f"{_COLOURS.get(outcome, _COLOURS['error'])}{row.center(width)}{_END}\n" for row in rows)


def _rows(text: str, width: int, height: int, ink: str) -> list[str]:
    """The text in the largest letters that fit, its words one below the other where they do not fit side by side."""
    for dot in _DOTS:
        for lines in ([text], text.split()):
            blocks = [block_letters(line, ink=ink, dot=dot) for line in lines]
            if max(len(block[0]) for block in blocks) + 4 <= width and (dot[1] == 1 or height >= TALL):
                first, *others = blocks
                return [*first, *(row for block in others for row in ("", *block))]
    return [text] if len(text) <= width else text.split()
