"""A question to the operator as it travels to pages and terminals.

A *dialog* is plain data: ``{type, title, text, font_size, image, html, buttons, pass_fail, timeout, fields, steps}``.
``type`` is one of ``dialog.TYPES``; ``fields`` has one entry named ``value`` for the types that ask for one thing,
several for a ``form``, none else; ``steps`` are the pages of ``type: steps``.
A *field* is ``{name, type, label, required, default, unit, placeholder, min, max, step, min_length, max_length,
pattern, hint, example, help, remove_prefix, remove_suffix, choices}`` with ``choices`` as ``[{value, label, image}]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from sequencer.vocabulary.data import Data


class Choice(TypedDict):
    """What can be chosen in a field; ``key`` is the letter that a terminal takes for it."""

    value: Data
    label: str
    image: Mapping[str, object] | None
    key: NotRequired[str]


class DialogField(TypedDict):
    """A field as ``dialog.describe_field`` makes it: a constraint that was not written is null."""

    name: str
    type: str
    label: str | None
    required: bool
    default: Data
    unit: object
    placeholder: object
    min: float | None
    max: float | None
    step: float | None
    min_length: int | None
    max_length: int | None
    pattern: str | None
    hint: str | None
    example: str | None
    help: NotRequired[str | None]
    remove_prefix: NotRequired[str | None]
    remove_suffix: NotRequired[str | None]
    choices: list[Choice]


class Appearance(TypedDict):
    """The part of a dialog or operator message that is only shown."""

    title: str | None
    text: str | None
    font_size: object
    image: Mapping[str, object] | None
    html: Mapping[str, object] | None


class DialogDescription(Appearance):
    """A dialog as ``dialog.describe`` makes it."""

    type: str
    buttons: dict[str, str]
    pass_fail: bool
    timeout: float | None
    fields: list[DialogField]
    steps: list[Appearance]


Said = Mapping[str, Any]
"""A dialog, or a part of it, as a sequence says it: expressions can give anything."""
