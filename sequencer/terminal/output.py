"""Writing to terminals, pipes and files of any encoding without ever failing because of it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import click

from sequencer.terminal.lines import Line, Style, clean, columns
from sequencer.vocabulary.dataclass import dataclass


def prepare_streams() -> None:
    """Lets both streams take any text: what their encoding lacks (Windows code pages) is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def wants_colour(stream: TextIO) -> bool:
    """Whether to write colours: a terminal has them, ``NO_COLOR`` forbids and ``FORCE_COLOR`` demands them.

    See https://no-color.org and https://force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at ``stream``; a closed stream is none."""
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False


def can_write(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has every letter of ``text``."""
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(text: str = "", *, err: bool = False, end: str = "\n", **style: Any) -> None:
    """Writes a line, styled as by ``click.style`` where colours are wanted."""
    stream = sys.stderr if err else sys.stdout
    colour = wants_colour(stream)
    click.echo(click.style(text, **style) if style and colour else text, err=err, nl=end == "\n", color=colour)


def say_json(document: object) -> None:
    """Writes JSON that stays valid in any encoding."""
    import json

    plain = "utf" not in (sys.stdout.encoding or "").lower()
    click.echo(json.dumps(document, indent=2, ensure_ascii=plain, allow_nan=False))


def silence(stream: TextIO) -> None:
    """Points a stream whose reader went away to nowhere, so that the interpreter's last flush does not complain."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
    except (OSError, ValueError, io.UnsupportedOperation):
        return


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
