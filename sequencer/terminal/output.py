"""Writing to terminals, pipes and files of any encoding without ever failing because of it."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

import click


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
