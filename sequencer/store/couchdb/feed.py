"""What CouchDB's feed of changes tells, with reports as the text that they came in.

Each of them is read by itself then, and what no figure needs of the document is not read at all: hundreds of reports at
once, as lists and mappings, are many megabytes, which Python looks through for cycles again and again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from sequencer.store.couchdb.client import CouchDocument

Value = TypeVar("Value")

_READ = ("_id", "_rev", "_conflicts", "type", "fingerprint", "sha256", "amendment", "digest", "condensed")
"""Fields of a document that are decoded at once."""


class Told(NamedTuple):
    """The documents of so many ``rows``; changes that follow begin at ``next``, and the server may say how many are
    ``left``.

    The ``report`` of a document is its JSON (``bytes``), but decoded where JSON in its strict form it is not.
    """

    documents: list[CouchDocument]
    rows: int
    next: str
    left: int | None


class _Row(msgspec.Struct, Generic[Value]):
    doc: dict[str, Value] | None = None


class _Answer(msgspec.Struct, Generic[Value]):
    results: list[_Row[Value]]
    last_seq: object
    pending: object = None


def told(body: bytes) -> Told:
    """The answer of ``_changes`` with ``include_docs``. Raises ``ValueError`` for what is none."""
    try:
        return _told(msgspec.json.decode(body, type=_Answer[msgspec.Raw]), _document)
    except (msgspec.MsgspecError, ValueError):  # lone surrogates, NaN and infinities; or no such answer at all
        plain = json.loads(body)
    try:
        return _told(msgspec.convert(plain, type=_Answer[object]), dict)
    except msgspec.MsgspecError as error:  # a ValueError in later versions of msgspec
        raise ValueError(str(error)) from None


def _told(answer: _Answer[Value], document: Callable[[dict[str, Value]], CouchDocument]) -> Told:
    documents = [document(row.doc) for row in answer.results if row.doc is not None]
    left = answer.pending if isinstance(answer.pending, int) else None
    return Told(documents, len(answer.results), str(answer.last_seq), left)


def _document(fields: dict[str, msgspec.Raw]) -> CouchDocument:
    found: CouchDocument = {name: msgspec.json.decode(fields[name]) for name in _READ if name in fields}
    if "report" in fields:
        found["report"] = bytes(fields["report"])
    return found
