"""Events as journal lines: one JSON object each, ``{"event": "case_finished", "seq": 12, "time": ..., ...fields}``."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sequencer.report.event import Event, Stamped
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.json_lines import Encoder


def _snake_case(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


_NAMES: dict[type[Any], str] = {kind: _snake_case(kind.__name__) for kind in Event.__args__}
_TYPES: dict[str, type[Any]] = {name: kind for kind, name in _NAMES.items()}
_FIELDS: dict[type[Any], tuple[str, ...]] = {kind: tuple(f.name for f in fields(kind)) for kind in _NAMES}
_FIELD_SETS: dict[type[Any], frozenset[str]] = {kind: frozenset(names) for kind, names in _FIELDS.items()}
_dumps = Encoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode


def event_name(event: Event) -> str:
    """``case_finished`` for a ``CaseFinished``."""
    return _NAMES[type(event)]


def is_event_name(name: str) -> bool:
    """Whether this version knows events of that name."""
    return name in _TYPES


def encode(stamped: Stamped) -> bytes:
    """One journal line, newline included. Raises ``ValueError`` or ``TypeError`` for data that JSON cannot hold."""
    event = stamped.event
    kind = type(event)
    line: dict[str, Any] = {"event": _NAMES[kind], "seq": stamped.seq, "time": stamped.time}
    for name in _FIELDS[kind]:
        line[name] = getattr(event, name)
    return utf8(_dumps(line) + "\n")


def decode(line: bytes | str) -> Stamped | None:
    """The event of one journal line, or ``None`` for a line that is damaged or of an unknown kind."""
    try:
        document = json.loads(line if isinstance(line, str) else str(line, "utf-8"))
        kind = _TYPES[document.pop("event")]
        seq, time = int(document.pop("seq")), float(document.pop("time"))
        known = _FIELD_SETS[kind]
        if not document.keys() <= known:  # a later version's line says more
            document = {name: value for name, value in document.items() if name in known}
        return Stamped(seq, time, kind(**document))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
