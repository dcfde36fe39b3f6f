"""The pipes between a child process and its owner, in place of standard input and output; drivers find other ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from sequencer.vocabulary.json_lines import LineSplitter

_CHUNK = 1 << 16


def take_pipes() -> tuple[int, int]:
    """The descriptors on which the owner is heard, and on which it is told something.

    From here on standard input is empty, and what is printed goes to standard error.
    """
    said = os.dup(1)
    os.dup2(2, 1)
    told = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(said, os.O_BINARY)
        msvcrt.setmode(told, os.O_BINARY)
    return told, said


def print_nowhere() -> None:
    """Nobody reads any more: a driver that prints while it switches the bench off is not to fail for that."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)


def read_lines(descriptor: int) -> Iterator[bytes]:
    """The lines that come in, until the other end is closed."""
    lines = LineSplitter()
    while chunk := _read(descriptor):
        yield from lines.feed(chunk)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""
