"""The length of texts in events: no message, name, label or title is longer than a report's texts are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sequencer.expressions.value import MAX_TEXT, cut
from sequencer.report.event import Event, RetryStarted

_OWN_LENGTH = frozenset({"output", "html"})
"""The output of a program has a limit of its own; markup that was cut would be none."""
_HOLDERS = frozenset([str, dict, list])
"""The types of what can hold a text that is too long."""


def bounded(event: Event) -> Event:
    """The event itself, or a copy whose texts are cut. A stored report stays what it is."""
    if type(event) is RetryStarted:
        return event
    changed: dict[str, Any] = {}
    for name in event.__slots__:
        value = getattr(event, name)
        if type(value) in _HOLDERS and name not in _OWN_LENGTH and (short := _bounded(value)) is not value:
            changed[name] = short
    return replace(event, **changed) if changed else event


def _bounded(value: Any) -> Any:
    """``value`` itself when nothing in it is too long."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= MAX_TEXT else cut(value)
    if kind is dict:
        changed = {}
        for key, each in value.items():
            if type(each) in _HOLDERS and key not in _OWN_LENGTH and (short := _bounded(each)) is not each:
                changed[key] = short
        return value | changed if changed else value
    if kind is list and value and type(value[0]) not in (int, float):  # the data of charts are long lists of numbers
        items = [_bounded(each) for each in value]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value
