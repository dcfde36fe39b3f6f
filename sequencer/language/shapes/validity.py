"""Whether a value meets a JSON Schema, for the keywords that hardseq's own schemas are made of.

``jsonschema`` knows all of JSON Schema and says what is wrong; it takes longer to load than a file of a thousand lines
takes to check. So it is asked where something is wrong, and where a schema says more than is known here. What is valid
is what ``jsonschema`` calls valid (2020-12, as ``shape`` uses it): tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sequencer.vocabulary.regex import compile_pattern

Json = Any
"""A value, or what a keyword says: plain data, whose kind is looked at before anything is done with it."""
Check = Callable[[Json], bool]


class _UnknownKeyword(Exception):
    """The schema says more than is known here."""


def compiled(schema: Json) -> Check | None:
    """The check of ``schema``; ``None`` where it says more than is known here."""
    try:
        return _check(schema)
    except _UnknownKeyword:
        return None


def _check(schema: Json) -> Check:
    if schema is True:
        return lambda value: True
    if not isinstance(schema, Mapping) or not schema.keys() <= _KEYWORDS.keys() | _OTHERS:
        raise _UnknownKeyword
    checks = [_KEYWORDS[key](said) for key, said in schema.items() if key in _KEYWORDS]
    if "additionalProperties" in schema:
        checks.append(_additional(schema["additionalProperties"], frozenset(schema.get("properties", ()))))
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Mapping[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _type(said: Json) -> Check:
    kinds = [_TYPES[kind] for kind in ([said] if isinstance(said, str) else said)]
    return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)


def _enum(said: Json) -> Check:
    if not all(isinstance(one, str) for one in said):
        raise _UnknownKeyword  # where 1 is true, and 1.0 is 1
    choices = frozenset(said)
    return lambda value: isinstance(value, str) and value in choices


def _of(applies: Check, holds: Callable[[Json, Json], bool], said: Json) -> Check:
    """A keyword that says something of values of one kind alone."""
    return lambda value: not applies(value) or holds(value, said)


def _keyword(kind: str, holds: Callable[[Json, Json], bool]) -> Callable[[Json], Check]:
    return partial(_of, _TYPES[kind], holds)


def _pattern(said: str) -> Check:
    search = compile_pattern(said).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _items(said: Json) -> Check:
    check = _check(said)
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _properties(said: Json) -> Check:
    checks = {name: _check(schema) for name, schema in said.items()}

    def check(value: Json) -> bool:
        return not isinstance(value, dict) or all(each(value[name]) for name, each in checks.items() if name in value)

    return check


def _additional(said: Json, known: frozenset[str]) -> Check:
    if said is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= known
    check = _check(said)

    def others(value: Json) -> bool:
        return not isinstance(value, dict) or all(check(each) for name, each in value.items() if name not in known)

    return others


def _property_names(said: Json) -> Check:
    check = _check(said)
    return lambda value: not isinstance(value, dict) or all(map(check, value))


def _any_of(said: Json) -> Check:
    checks = [_check(schema) for schema in said]
    return lambda value: any(check(value) for check in checks)


def _one_of(said: Json) -> Check:
    checks = [_check(schema) for schema in said]
    return lambda value: sum(check(value) for check in checks) == 1


_OTHERS = frozenset({"additionalProperties", "examples"})
"""One whose meaning hangs on the ``properties`` beside it, and one that says nothing of a value."""
_KEYWORDS: Mapping[str, Callable[[Json], Check]] = {
    "type": _type,
    "enum": _enum,
    # As ``jsonschema`` compares, so that NaN is beyond no bound.
    "minimum": _keyword("number", lambda value, least: not value < least),
    "maximum": _keyword("number", lambda value, most: not value > most),
    "exclusiveMinimum": _keyword("number", lambda value, least: not value <= least),
    "exclusiveMaximum": _keyword("number", lambda value, most: not value >= most),
    "minLength": _keyword("string", lambda value, least: len(value) >= least),
    "maxLength": _keyword("string", lambda value, most: len(value) <= most),
    "pattern": _pattern,
    "items": _items,
    "minItems": _keyword("array", lambda value, least: len(value) >= least),
    "maxItems": _keyword("array", lambda value, most: len(value) <= most),
    "properties": _properties,
    "required": _keyword("object", lambda value, names: all(name in value for name in names)),
    "minProperties": _keyword("object", lambda value, least: len(value) >= least),
    "maxProperties": _keyword("object", lambda value, most: len(value) <= most),
    "propertyNames": _property_names,
    "anyOf": _any_of,
    "oneOf": _one_of,
}
