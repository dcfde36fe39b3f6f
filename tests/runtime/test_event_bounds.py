"""No text of an event is longer than a report's texts."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import pytest

from sequencer.expressions.value import MAX_TEXT
from sequencer.report import event as events
from sequencer.report.event import Event, MessageShown, ProgramFinished, Stamped, bounded
from sequencer.runtime.stream import EventStream

LONG = "x" * (MAX_TEXT + 5)
CUT = "x" * MAX_TEXT + "… (5 more characters)"
KINDS = get_args(Event)


def filled(kind: Any) -> Any:
    """An event whose every text is too long."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        written = str(field.type)
        if written.startswith("str"):
            values[field.name] = LONG
        elif written.startswith("dict[str, Any]"):
            values[field.name] = {"title": LONG, "steps": [{"text": LONG}], "html": {"code": LONG}}
        elif written.startswith(("list[str]", "list[dict")):
            values[field.name] = [LONG]
        elif field.name in ("value", "limits", "data"):
            values[field.name] = {"a": [LONG]}
        else:
            values[field.name] = 0
    return kind(**values)


def longest(value: Any) -> int:
    """The length of the longest text in it, markup left out."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return max((longest(each) for key, each in value.items() if key != "html"), default=0)
    return max(map(longest, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_text_of_every_event_is_cut(kind: Any) -> None:
    """Messages, names, labels, titles, reasons: whatever an event says, at any depth, and the cut shows."""
    event = bounded(filled(kind))
    for field in fields(event):
        if (kind, field.name) != (ProgramFinished, "output"):
            assert longest(getattr(event, field.name)) <= len(CUT), field.name


def test_what_is_short_is_left_alone() -> None:
    """An event with nothing to cut is the same object: nobody pays for the care."""
    event = events.ChartAdded("m::c", {"title": "T", "x_data": [[1.0, 2.0]], "marker_name": ["a"]})
    assert bounded(event) is event
    assert bounded(MessageShown("m::c", "", "x" * MAX_TEXT)).text == "x" * MAX_TEXT  # type: ignore[union-attr]


def test_markup_is_whole_or_nothing() -> None:
    """A picture inside the HTML of a dialog may be long; half of it would be no picture."""
    asked = events.DialogAsked("m::c", "1", {"text": LONG, "html": {"code": LONG}})
    event = bounded(asked)
    assert isinstance(event, events.DialogAsked)
    assert (event.dialog["text"], event.dialog["html"]["code"]) == (CUT, LONG)
    assert asked.dialog["text"] == LONG


def test_the_stream_hands_on_what_is_cut() -> None:
    """Journal, terminal and pages get the same text."""
    heard: list[Stamped] = []
    stream = EventStream(None, None)
    stream.listeners.append(heard.append)
    stream.emit(MessageShown("m::c", "", LONG))
    (stamped,) = heard
    assert isinstance(stamped.event, MessageShown)
    assert stamped.event.text == CUT
