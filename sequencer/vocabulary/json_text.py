"""JSON that people, pages and other programs get: compact, on one line or indented, and in each form always valid.

Letters stand as they are, a lone surrogate (a driver's undecodable byte) as its escape. A number that JSON lacks, which
only damage can bring here, is its name as everywhere in a report: ``"NaN"``, ``"Infinity"``, ``"-Infinity"``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import islice

from sequencer.vocabulary.data import utf8

_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_one_line = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)
_CHUNKS = 4096
"""The encoder gives a few letters at a time."""
_indented = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, indent=2)


def compact(document: object) -> str:
    """Without a space; ``</`` cannot occur in it, wherever a page puts it."""
    return _written(_compact, document).replace("</", "<\\/")


def one_line(document: object) -> str:
    """With a space behind each comma and colon, as a cell of a table or a sentence shows a value."""
    return _written(_one_line, document)


def as_text(value: object) -> str:
    """A value by itself: a text as it is, anything else as JSON on one line."""
    return value if isinstance(value, str) else one_line(value)


def indented(document: object) -> str:
    """By two spaces a level, with a line end after the last."""
    return "".join(indented_parts(document))


def indented_parts(document: object) -> Iterator[str]:
    """The same in pieces of some kilobytes: what is written or sent like this need never be in memory as a whole."""
    chunks = _indented.iterencode(document if _is_json(document) else _named(document))
    while part := "".join(islice(chunks, _CHUNKS)):
        yield part if part.isascii() else utf8(part).decode()
    yield "\n"


def _is_json(value: object) -> bool:
    """Whether JSON has every number in it."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_json, value.values())) and all(map(_is_json, value))
    return all(map(_is_json, value)) if isinstance(value, list | tuple) else True


def _written(encoder: json.JSONEncoder, document: object) -> str:
    try:
        text = encoder.encode(document)
    except ValueError:
        text = encoder.encode(_named(document))
    return text if text.isascii() else utf8(text).decode()


def _named(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {_named(key): _named(each) for key, each in value.items()}
    return [_named(each) for each in value] if isinstance(value, list | tuple) else value
