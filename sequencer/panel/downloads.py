"""Answers that a browser saves as a file. They are made while they are sent, however large they get."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import IO, TypeVar

from flask import Response

from sequencer.panel.tables import Row, csv
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.json_text import compact

Item = TypeVar("Item")

_PIECE = 65_536
"""Bytes."""


def file(name: str, media_type: str, parts: Iterable[str], *, head: bytes = b"") -> Response:
    """``parts``, one after the other, as a file that is saved as ``name``, whatever it holds."""
    waiting = iter(parts)
    # Many at once: each piece that is sent has its price.
    pieces = iter(lambda: utf8("".join(islice(waiting, 500))), b"")
    return _saved(name, Response(chain([head] if head else [], pieces), mimetype=media_type))


def pieces(name: str, media_type: str, content: Iterable[bytes]) -> Response:
    """``content``, one piece after the other, as a file that is saved as ``name``."""
    return _saved(name, Response(content, mimetype=media_type))


def opened(name: str, media_type: str, content: IO[bytes]) -> Response:
    """What is in an open file, which is closed then, as a file that is saved as ``name``."""
    response = Response(iter(lambda: content.read(_PIECE), b""), mimetype=media_type)
    response.call_on_close(content.close)
    return _saved(name, response)


def _saved(name: str, response: Response) -> Response:
    kept = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in name if letter.isascii())
    response.headers["Content-Disposition"] = f'attachment; filename="{kept.strip(" .") or "file"}"'
    return response


def table(name: str, rows: Iterable[Row]) -> Response:
    """CSV in UTF-8 with a byte order mark: without one Excel takes µ and Ω for other letters."""
    return file(f"{name}.csv", "text/csv", csv(rows), head=codecs.BOM_UTF8)


def document(name: str, content: Mapping[str, object]) -> Response:
    """JSON."""
    return file(f"{name}.json", "application/json", [compact(content)])


def long_list(name: str, key: str, entries: Iterable[Mapping[str, object]]) -> Response:
    """The JSON ``{key: entries, "next": null}``, as the last page of a list has it."""
    written = (("," if index else "") + compact(entry) for index, entry in enumerate(entries))
    return file(f"{name}.json", "application/json", chain([f'{{"{key}":['], written, ['],"next":null}']))


def begun(entries: Iterator[Item]) -> Iterator[Item]:
    """The same, with the first one there: what goes wrong with the store is then still an answer with a status."""
    return chain(list(islice(entries, 1)), entries)
