"""The length of texts in events: no message, name, label or title is longer than a report's texts are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sequencer.domain.value import MAX_TEXT, cut
from sequencer.vocabulary.event import Event, RetryStarted

_OWN_LENGTH = frozenset({"output", "html"})
"""The output of a program has a limit of its own; markup that was cut would be none."""


def bounded(event: Event) -> Event:
    """The event itself, or a copy whose texts are cut. A stored report stays what it is."""
    if type(event) is RetryStarted:
        return event
    changed: dict[str, Any] = {}
    for name in event.__slots__:
        value = getattr(event, name)
        kind = type(value)
        if (kind is str and len(value) > MAX_TEXT) or kind is dict or kind is list:
            short = _bounded(value) if name not in _OWN_LENGTH else value
            if short is not value:
                changed[name] = short
    return replace(event, **changed) if changed else event


def _bounded(value: Any) -> Any:
    """``value`` itself when nothing in it is too long."""
    kind = type(value)
    if kind is str:
        return cut(value)
    if kind is dict:
        short = {key: each if key in _OWN_LENGTH else _bounded(each) for key, each in value.items()}
        return value if all(short[key] is each for key, each in value.items()) else short
    if kind is list and value and type(value[0]) not in (int, float):  # the data of charts are long lists of numbers
        items = [_bounded(each) for each in value]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value
