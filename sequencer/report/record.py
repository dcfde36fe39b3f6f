"""Facts about process, batch, DUT, stand, instruments and user: how what is recorded adds up over a run.

A field is written once: the same value again is fine, another one is a ``StepError``. ``info`` and ``artifact`` merge,
under the same rule for each of their entries. Sub units and instruments add up; recorded again (by a second
attempt of a case, say), an identical one does not count twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, get_origin

from sequencer.expressions.value import plain, to_data
from sequencer.report.fact_sections import (
    BatchReport,
    DutReport,
    InstrumentReport,
    ProcessReport,
    StandReport,
    SubUnitReport,
)
from sequencer.report.fields import fields, shape
from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason

TEXT, INTEGER, INFO, UNITS = "text", "integer", "info", "sub_units"
_KINDS: Mapping[object, str] = {str: TEXT, int: INTEGER, dict: INFO, list: UNITS}


def _recorded(part: type[object]) -> Mapping[str, str]:
    """What each field of the part holds."""
    kinds = {name: shape(field.type).type for name, field in fields(part).items()}
    return {name: _KINDS[get_origin(kind) or kind] for name, kind in kinds.items()}


SUB_UNIT_FIELDS = _recorded(SubUnitReport)
INSTRUMENT_FIELDS = _recorded(InstrumentReport)
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "process": _recorded(ProcessReport),
    "batch": _recorded(BatchReport),
    "dut": _recorded(DutReport),
    "stand": _recorded(StandReport),
}
"""The fields of the sections that are mappings, and what each field holds."""

Undo = list[Callable[[], object]]

ARTIFACT_LEVELS = ("run", "module", "case")


def merge(current: object, section: str, data: object) -> object:
    """``current`` (``None`` at first) with ``data`` added; ``current`` itself stays as it is.

    Mappings for ``process``, ``batch``, ``dut`` and ``stand``; a list for ``instruments``; a text for ``user``;
    ``{"run": {}, "module": {}, "case": {}}`` for ``artifact``. Raises ``StepError`` for a second, different value, an
    unknown field or section, and a value of the wrong kind.
    """
    return absorb(_copy(current), section, data)


def absorb(current: Any, section: str, data: object, undo: Undo | None = None) -> object:
    """Like ``merge``, but changes and returns ``current`` where it is a container. All of ``data`` or nothing of it.

    ``undo`` collects what takes the changes back, to be called in reverse order.
    """
    steps: Undo = [] if undo is None else undo
    if section in SECTIONS:
        return _absorb_mapping(current, _fields(data, SECTIONS[section], section), section, steps)
    if section == "instruments":
        known = [] if current is None else current
        _append(known, _units(data, INSTRUMENT_FIELDS, "instruments"), steps)
        return known
    if section == "user":
        user = _text(data, "user")
        if user is not None and current is not None and user != current:
            raise _second("user", current, user)
        return current if user is None else user
    if section == "artifact":
        return _absorb_mapping(current, artifact_levels(data), "artifact", steps)
    raise StepError(Reason("no_section", name=section))


def artifact_levels(data: object) -> dict[str, dict[str, object]]:
    """Checked ``artifact`` data, JSON-safe: level -> mapping. Raises ``StepError``."""
    levels = {level: _info(content, f"artifact.{level}") for level, content in _mapping(data, "artifact").items()}
    for level in levels:
        if level not in ARTIFACT_LEVELS:
            raise StepError(Reason("artifact_level", name=str(level)))
    return {level: content for level, content in levels.items() if content is not None}


def absorb_info(current: Mapping[str, object], data: Mapping[str, object], name: str, undo: Undo | None = None) -> None:
    """Merges free entries into ``current``. Raises ``StepError`` for an entry that is there with another value."""
    _absorb_mapping(current, data, name, [] if undo is None else undo)


def _absorb_mapping(current: Any, data: Mapping[str, object], name: str, undo: Undo) -> dict[str, object]:
    known: dict[str, object] = {} if current is None else current
    _check(known, data, name)
    _update(known, data, undo)
    return known


def _check(current: Mapping[str, object], data: Mapping[str, object], name: str) -> None:
    for key, value in data.items():
        before = current.get(key)
        if before is None or (key == "sub_units" and name == "dut"):
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            _check(before, value, f"{name}.{key}")
        elif before != value or isinstance(before, bool) is not isinstance(value, bool):
            raise _second(f"{name}.{key}", before, value)


def _update(current: dict[str, object], data: Mapping[str, object], undo: Undo) -> None:
    for key, value in data.items():
        before = current.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _update(before, value, undo)
        elif isinstance(before, list) and isinstance(value, list) and key == "sub_units":
            _append(before, value, undo)
        elif before is None:
            current[key] = _copy(value)
            undo.append(partial(current.pop, key, None))


def _append(known: list[dict[str, object]], new: list[dict[str, object]], undo: Undo) -> None:
    """Adds what is not there yet: of equal entries, as many remain as the side that has more of them."""
    taken = list(known)
    undo.append(partial(known.__delitem__, slice(len(known), None)))
    for entry in new:
        if entry in taken:
            taken.remove(entry)
        else:
            known.append(entry)


def _fields(data: object, allowed: Mapping[str, str], name: str) -> dict[str, object]:
    """``data`` with every field checked and in its proper type; fields that are null are left out."""
    result: dict[str, object] = {}
    for key, value in _mapping(data, name).items():
        if key not in allowed:
            raise StepError(Reason("unknown_field", subject=name, name=str(key), fields=list(allowed)))
        read = _READERS[allowed[key]](value, f"{name}.{key}")
        if read is not None:
            result[key] = read
    return result


def _units(data: object, allowed: Mapping[str, str], name: str) -> list[dict[str, object]]:
    data = plain(data)
    entries = [data] if isinstance(data, Mapping) else data
    if not isinstance(entries, Sequence) or isinstance(entries, (str, bytes)):
        raise StepError(Reason("not_mappings", subject=name, type=type(data).__name__))
    return [_fields(entry, allowed, f"{name}[{index}]") for index, entry in enumerate(entries)]


def _mapping(data: object, name: str) -> Mapping[str, object]:
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise StepError(Reason("not_mapping", subject=name, type=type(data).__name__))
    return data


def _text(value: object, name: str) -> str | None:
    value = plain(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise StepError(Reason("not_string", subject=name, found=type(value).__name__))
    return str(to_data(value))


def _integer(value: object, name: str) -> int | None:
    value = plain(value)
    if value is None:
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_WHOLE:
        raise StepError(Reason("not_whole", subject=name, most=MAX_WHOLE, found=f"{to_data(value)!r:.80}"))
    return value


def _info(value: object, name: str) -> dict[str, object] | None:
    if value is None:
        return None
    data = to_data(_mapping(value, name))
    assert isinstance(data, dict)
    return data


def _sub_units(value: object, name: str) -> list[dict[str, object]] | None:
    return None if value is None else _units(value, SUB_UNIT_FIELDS, name)


_READERS: Mapping[str, Callable[[object, str], object]] = {
    TEXT: _text,
    INTEGER: _integer,
    INFO: _info,
    UNITS: _sub_units,
}


def _second(name: str, before: object, value: object) -> StepError:
    return StepError(Reason("recorded_before", subject=name, before=_short(before), found=_short(value)))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(entry) for key, entry in value.items()}
    return [_copy(entry) for entry in value] if isinstance(value, list) else value
