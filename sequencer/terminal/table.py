"""A table of text columns for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sequencer.terminal.lines import Line, Style, clean, columns

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """``dropped``: which columns go first when the table is too wide; 0 stays always."""

    title: str
    dropped: int = 0


def table(heads: Sequence[Column], rows: Sequence[Sequence[tuple[str, Style]]], width: int | None) -> list[Line]:
    """Aligned lines below a heading. With ``width``, columns are left out until the table fits."""
    cells = [[(clean(text).replace("\n", " "), style) for text, style in row] for row in rows]
    widths = [max([columns(head.title), *(columns(row[at][0]) for row in cells)]) for at, head in enumerate(heads)]
    shown = [at for at in range(len(heads)) if any(row[at][0] for row in cells) or not heads[at].dropped]
    while width is not None and sum(widths[at] + len(_GAP) for at in shown) - len(_GAP) > width:
        spare = max(shown, key=lambda at: heads[at].dropped)
        if heads[spare].dropped == 0:
            break
        shown.remove(spare)
    heading: Line = [(_padded(heads[at].title, widths[at], at == shown[-1]), "dim") for at in shown]
    return [
        heading,
        *([(_padded(row[at][0], widths[at], at == shown[-1]), row[at][1]) for at in shown] for row in cells),
    ]


def _padded(text: str, width: int, last: bool) -> str:
    return text if last else text + " " * (width - columns(text)) + _GAP
