"""Reports out of files and databases, whatever state those are in: every field comes out with the type it is to have.

What a report is, its JSON Schema says; this reads by that schema. So whoever shows or exports a report needs no guard,
and a field has its type at one place. A field that later versions of the format added may be missing. Anything else
that is missing, or of another JSON type, is *damage*: it is replaced, told in the report, and a damaged report is no
passed one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from sequencer.report.fields import blank, in_doubt
from sequencer.report.model import FailureReport, RunReport
from sequencer.report.schema import Schema, added_later, report_schema
from sequencer.vocabulary.reason import Reason

DEEPEST = 100
"""Levels of lists and mappings in free data; what lies deeper is left out."""

_LARGEST = 2**63 - 1  # what every store holds
_MOST_TOLD = 5
_MISSING: object = object()
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_NUMBERS = frozenset({int, float})

Damage = dict[str, int]
Read = Callable[[object, Damage], object]


def read_report(document: object) -> RunReport:
    """``document`` as a report: itself where it is one, mended in place where it is damaged. Never raises for JSON."""
    damage: Damage = {}
    report = cast(RunReport, _reader()(document, damage))
    if damage:
        doubt(report, Reason("report_mended", places=_places(damage)))
    return report


def is_whole(document: object) -> bool:
    """Whether ``document`` is a report that nothing has to be mended in; where it is none, it is mended in place."""
    damage: Damage = {}
    _reader()(document, damage)
    return not damage


def _places(damage: Damage) -> str:
    places = [f"{place} ({count} times)" if count > 1 else place for place, count in damage.items()]
    more = f" and {len(places) - _MOST_TOLD} more" if len(places) > _MOST_TOLD else ""
    return f"{', '.join(places[:_MOST_TOLD])}{more}"


def doubt(report: RunReport, why: Reason) -> None:
    """Says in the report why it cannot be relied on; it is no passed one then."""
    failure = blank(FailureReport)
    failure["kind"], failure["message"], failure["time"] = "error", str(why), report["start_time"]
    failure["coded_reason"] = why.document()
    report["failures"].append(failure)
    if report["status"] in ("passed", "skipped"):
        report["status"] = "error"


@cache
def _reader() -> Read:
    schema = report_schema()
    return _read(schema, schema["$defs"], "report", nullable=False)


def _read(schema: Schema, parts: Mapping[str, Schema], place: str, *, nullable: bool = False) -> Read:
    """The reader of what ``schema`` describes; ``place`` says where in a report that is."""
    if "$ref" in schema:
        return _read(parts[schema["$ref"].rpartition("/")[2]], parts, place, nullable=nullable)
    if "oneOf" in schema:  # the one way to say "that or null"
        return _read(schema["oneOf"][0], parts, place, nullable=True)
    if "const" in schema:
        return _scalar(lambda value: value == schema["const"], lambda _: schema["const"], place)
    if "enum" in schema:
        words = frozenset(schema["enum"])
        return _scalar(
            lambda value: (value is None or type(value) is str) and value in words, lambda _: in_doubt(words), place
        )
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else [*schema.get("type", ())]
    if not kinds:
        return _data
    nullable = nullable or "null" in kinds
    if kinds[0] == "object":
        return _mapping(schema, parts, place, nullable=nullable)
    if kinds[0] == "array":
        return _list(_read(schema["items"], parts, f"{place}[]"), place, nullable=nullable)
    return _scalar(*_fitting(schema, [kind for kind in kinds if kind != "null"], nullable), place)


def _fitting(
    schema: Schema, kinds: list[str], nullable: bool
) -> tuple[Callable[[object], bool], Callable[[object], object]]:
    """Whether a value is of one of the ``kinds``, and what stands for one that is not."""
    least, most = schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST)
    types = frozenset(each for kind in kinds for each in _TYPES[kind]) | ({type(None)} if nullable else frozenset())

    def fits(value: object) -> bool:
        kind = type(value)
        return kind in types and (kind not in _NUMBERS or least <= value <= most)  # never true of NaN

    def instead(value: object) -> object:
        if kinds == ["string"] and type(value) in (int, float, bool):
            return str(value)
        return None if nullable else {"string": "", "boolean": False}.get(kinds[0], max(0, least))

    return fits, instead


def _scalar(fits: Callable[[object], bool], instead: Callable[[object], object], place: str) -> Read:
    def scalar(value: object, damage: Damage) -> object:
        if fits(value):
            return value
        _note(place, damage)
        return instead(value)

    return scalar


def _list(read: Read, place: str, *, nullable: bool) -> Read:
    def entries(value: object, damage: Damage) -> list[object] | None:
        if type(value) is list:
            value[:] = [read(item, damage) for item in value]
            return value
        if value is None and nullable:
            return None
        _note(place, damage)
        return None if nullable else []

    return entries


def _mapping(schema: Schema, parts: Mapping[str, Schema], place: str, *, nullable: bool) -> Read:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    required = frozenset(schema.get("required", ()))
    added = added_later()
    fields = [(key, _read(part, parts, f"{place}.{key}"), key in required) for key, part in properties.items()]
    free = schema.get("additionalProperties")
    read_other = _read(free, parts, f"{place}.*") if isinstance(free, dict) else _data

    def mapping(value: object, damage: Damage) -> object:
        if type(value) is not dict:
            if value is not None or not nullable:
                _note(place, damage)
            if nullable:
                return None
            value, damage = {}, {}  # what it should have held is not told one by one
        for key in value.keys() - properties.keys():  # a later version's field, or one of free data
            value[key] = read_other(value[key], damage)
        for key, read, needed in fields:
            entry = value.get(key, _MISSING)
            if entry is not _MISSING:
                value[key] = read(entry, damage)
            elif needed:
                value[key] = read(entry, {} if key in added else damage)
        return value

    return mapping


def _data(value: object, damage: Damage) -> object:
    return None if value is _MISSING else _plain(value, DEEPEST)


def _plain(value: Any, depth: int) -> Any:
    """Free data as JSON can hold it: a number that JSON lacks is its name."""
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if kind is list:
        return [_plain(item, depth - 1) for item in value] if depth else None
    if kind is dict:
        return {key: _plain(item, depth - 1) for key, item in value.items()} if depth else None
    return value


def _note(place: str, damage: Damage) -> None:
    damage[place] = damage.get(place, 0) + 1
