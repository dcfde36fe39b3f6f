"""Messages as lines of JSON: a named tuple each, which costs a starting process a fifth of a dataclass.

Written from their fields and read by their types. What lies within one is a dataclass, or a named tuple that is small
and always read by the version that wrote it: that is a JSON array.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import (
    ForwardRef,
    Generic,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from sequencer.vocabulary.json_lines import Encoder

Message = TypeVar("Message", bound=NamedTuple)
Built = TypeVar("Built")


class Messages(Generic[Message]):
    """The messages of one direction, by the names that stand on the wire under ``key``."""

    def __init__(self, key: str, kinds: Mapping[str, type[Message]]) -> None:
        self._key = key
        self._kinds = kinds
        self._names = {kind: name for name, kind in kinds.items()}
        self.begin = f'{{"{key}":"'.encode()

    def encode(self, message: Message) -> bytes:
        """One line, newline included."""
        return _encode({self._key: self._names[type(message)], **message._asdict()}).encode() + b"\n"

    def read(self, line: bytes) -> Message | None:
        """The message in a line; ``None`` for anything else: drivers write into pipes."""
        try:
            found = json.loads(line)
            kind = self._kinds.get(found[self._key]) if isinstance(found, dict) and self._key in found else None
            return None if kind is None else _build(kind, found)
        except (ValueError, TypeError, RecursionError):
            return None


def _fields(message: object) -> dict[str, object]:
    assert is_dataclass(message)
    return {each.name: getattr(message, each.name) for each in fields(message)}


_encode = Encoder(default=_fields).encode


def _build(kind: type[Built], found: Mapping[str, object]) -> Built:
    """What stands in ``found``, as ``kind``. Raises ``ValueError``, and ``TypeError`` where a field is missing."""
    make: Callable[..., Built] = kind
    return make(**{name: _read(hint, found[name]) for name, hint in get_type_hints(kind).items() if name in found})


def _read(hint: object, value: object) -> object:
    """``value``, which must be of the type that ``hint`` says. Raises ``ValueError``."""
    if hint is object or isinstance(hint, ForwardRef):  # `Data` within `Data`: whatever JSON holds
        return value
    if isinstance(hint, type) and get_origin(hint) is None:
        if is_typeddict(hint):
            fits = isinstance(value, dict)
        elif issubclass(hint, tuple):
            if isinstance(value, list):
                return _build(hint, dict(zip(get_type_hints(hint), value, strict=True)))
            fits = False
        elif is_dataclass(hint):
            if isinstance(value, dict):
                return _build(hint, value)
            fits = False
        else:
            fits = type(value) is hint or (hint is float and type(value) is int)
        if fits:
            return value
        raise ValueError(f"{value!r} is no {hint.__name__}")
    return _read_special(hint, value)


def _read_special(hint: object, value: object) -> object:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _read_union(inner, value)
    if origin is Literal and value in inner:
        return value
    if origin in (list, Sequence) and isinstance(value, list):
        return [_read(inner[0], each) for each in value]
    if origin is Mapping and isinstance(value, dict):
        return {name: _read(inner[1], each) for name, each in value.items()}
    raise ValueError(f"{value!r} does not fit {hint}")


def _read_union(hints: Sequence[object], value: object) -> object:
    for hint in hints:
        try:
            return _read(NoneType if hint is None else hint, value)
        except (ValueError, TypeError):
            continue
    raise ValueError(f"{value!r} fits none of {hints}")
