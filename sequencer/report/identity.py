"""Facts that say what was tested, where and with what, as they are recorded: clean texts, or an error.

A serial number with a line end behind it would be another unit, one that is blank or null no unit at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from sequencer.expressions.value import to_data
from sequencer.report.record import INFO, INSTRUMENT_FIELDS, SECTIONS, SUB_UNIT_FIELDS, TEXT, UNITS
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, ReasonOrText
from sequencer.vocabulary.text_values import stripped

# Control characters, what breaks a line, what nobody can see or what turns the writing's direction, and half a
# character: as such or as its escape. The joiners U+200C and U+200D are in names of people.
_REFUSED = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]|\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_REMARKS = frozenset({"comment"})
"""Fields that people write sentences into, line breaks among them."""


def identity_text(value: object, name: ReasonOrText) -> str:
    """``value`` without white space around it; a number is taken as its text.

    Raises ``StepError`` for null, a blank text, other types, and characters that nobody can see or type.
    """
    text = stripped(value if type(value) is str else _number_text(value, name))
    if not text:
        raise StepError(Reason("blank", subject=name))
    # A first look, at a fraction of the cost: printable ASCII without an escape has none of them.
    is_plain = text.isascii() and text.isprintable() and "\\" not in text
    if not is_plain and re.search(_REFUSED, text) is not None:
        raise StepError(Reason("invisible", subject=name, found=f"{text!r:.100}"))
    return text


def _number_text(value: object, name: ReasonOrText) -> str:
    if value is None:
        raise StepError(Reason("is_null", subject=name))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise StepError(Reason("not_string", subject=name, found=f"{to_data(value)!r:.100}"))
    if isinstance(value, float) and not math.isfinite(value):
        raise StepError(Reason("must_not_be", subject=name, found=str(to_data(value))))
    return str(value)


def identity_facts(section: str, data: object) -> object:
    """The facts of a section of the report as they are to be recorded. Raises ``StepError``.

    What is of the wrong form altogether is left to ``record.absorb``, which says so.
    """
    if section == "user":
        return identity_text(data, "user")
    if section == "instruments":
        return _entries(data, INSTRUMENT_FIELDS, section)
    if section in SECTIONS:
        return _fields(data, SECTIONS[section], section)
    return data


def _fields(data: object, known: Mapping[str, str], name: str) -> object:
    if not isinstance(data, Mapping):
        return data
    return {key: _field(value, known.get(key), f"{name}.{key}", key) for key, value in data.items()}


def _field(value: object, kind: str | None, name: str, key: str) -> object:
    if kind == UNITS:
        return _entries(value, SUB_UNIT_FIELDS, name)
    if kind == INFO:
        return _info(value, name)
    if value is None:
        raise StepError(Reason("is_null", subject=name))
    return identity_text(value, name) if kind == TEXT and key not in _REMARKS else value


def _entries(data: object, known: Mapping[str, str], name: str) -> object:
    if isinstance(data, str) or not isinstance(data, Sequence):
        return _fields(data, known, name)
    return [_fields(entry, known, f"{name}[{index}]") for index, entry in enumerate(data)]


def _info(value: object, name: str) -> object:
    """Free entries; only their names must be names."""
    if not isinstance(value, Mapping):
        return value
    subject = Reason("name_in", subject=name)
    return {identity_text(key, subject): entry for key, entry in value.items()}
