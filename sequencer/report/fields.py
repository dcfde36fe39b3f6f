"""The model of the report read as data: its fields, a part with nothing in it, and what copies an event into a part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypeVar, Union, get_args, get_origin, is_typeddict

from sequencer.report.field_types import Bounds, Mark
from sequencer.vocabulary.data import Data, Scalar


class Field(NamedTuple):
    """One field of a part: its type as annotated, what it means, whether a report must have it."""

    type: object
    description: str
    required: bool
    marks: frozenset[Mark]


class FieldShape(NamedTuple):
    """What is annotated, taken apart: the type without null, whether null may be, texts, bounds and marks."""

    type: Any
    nullable: bool
    metadata: tuple[object, ...]


def shape(annotated: Any) -> FieldShape:
    """``Annotated[Time | None, "When."]`` is a ``float`` that may be null, with bounds and a text."""
    metadata: tuple[object, ...] = ()
    nullable = False
    while True:
        origin = get_origin(annotated)
        if origin is Annotated:
            metadata += annotated.__metadata__
            annotated = annotated.__origin__
        elif origin in (Union, UnionType) and annotated not in (Data, Scalar) and NoneType in get_args(annotated):
            nullable = True
            (annotated,) = (one for one in get_args(annotated) if one is not NoneType)
        else:
            return FieldShape(annotated, nullable, metadata)


def fields(part: type[Any]) -> Mapping[str, Field]:
    """The fields of a part of the report, in order."""
    if part not in _FIELDS:
        required, annotations = part.__required_keys__, part.__annotations__
        _FIELDS[part] = {name: _field(each, name in required) for name, each in annotations.items()}
    return _FIELDS[part]


def _field(annotated: object, required: bool) -> Field:
    origin = get_origin(annotated)
    bare = get_args(annotated)[0] if origin is NotRequired else annotated
    metadata = shape(bare).metadata
    texts = " ".join(each for each in metadata if isinstance(each, str))
    return Field(bare, texts, required, frozenset(each for each in metadata if isinstance(each, Mark)))


_FIELDS: dict[type[object], Mapping[str, Field]] = {}


Part = TypeVar("Part")


def blank(part: type[Part]) -> Part:
    """The part with nothing in it: null where that may be, else what is empty; of words the first one.

    A part whose fields stand there as far as they were recorded begins as an empty mapping.
    """
    made: Any = {name: make() for name, make in _always(part).items()}
    report: Part = made
    return report


def _always(part: Any) -> Mapping[str, Callable[[], object]]:
    """What is in every such part, and what makes it."""
    if part not in _ALWAYS:
        said = fields(part).items() if part.__total__ else ()
        _ALWAYS[part] = {name: empty(field) for name, field in said if field.required or shape(field.type).nullable}
    return _ALWAYS[part]


_ALWAYS: dict[type[object], Mapping[str, Callable[[], object]]] = {}


def empty(field: Field) -> Callable[[], object]:
    """What makes the value of a field that says nothing."""
    kind, nullable, metadata = shape(field.type)
    if nullable or kind in (Data, Scalar):
        return NoneType
    least = next((each.minimum for each in metadata if isinstance(each, Bounds)), 0)
    if least and kind is int:
        return lambda: int(least)
    if is_typeddict(kind):
        return lambda: blank(kind)
    origin: Any = get_origin(kind) or kind
    if origin is Literal:
        word = get_args(kind)[0]
        return lambda: word
    make: Callable[[], object] = origin
    return make


_IN_DOUBT = ("error", "other", "main")


def in_doubt(words: Collection[str | None]) -> str | None:
    """What stands for a word that is none of ``words``: an unknown status, kind, type or group.

    Where none of them says that something is wrong, it is null, or the first of them by the alphabet.
    """
    wrong = next((word for word in _IN_DOUBT if word in words), None)
    return wrong if wrong is not None or None in words else min(filter(None, words), default=None)


def _words(field: Field) -> tuple[str | None, ...]:
    """The words that the field may have; none when it is no choice between words."""
    kind, nullable, _ = shape(field.type)
    origin = get_origin(kind)
    return (*get_args(kind), *([None] if nullable else [])) if origin is Literal else ()


Copy = Callable[[object, float], Part]


def copier(part: type[Part], event: type[Any], **renamed: str) -> Copy[Part]:
    """What makes a part of the report from an ``event`` and its time: it copies the fields that have the same name.

    ``renamed``: fields of the part that have another name in the event. A word that this version does not know is the
    one in doubt, what the event does not have is as in a blank part, and a field that is there only when it says
    something is left out where the event's is null. It is made when it is first called: few runs have every event.
    """
    made: Copy[Part] | None = None

    def copy(happened: object, time: float) -> Part:
        nonlocal made
        if made is None:
            made = _copier(part, event.__slots__, renamed)
        return made(happened, time)

    return copy


def _copier(part: type[Part], known: Collection[str], renamed: Mapping[str, str]) -> Copy[Part]:
    sources = {name: source for name in fields(part) if (source := renamed.get(name, name)) in known}
    read = attrgetter(*sources.values())
    always = _always(part)
    rest = [(name, make) for name, make in always.items() if name not in sources and name != "time"]
    names = (*sources, "time") if "time" in always else tuple(sources)  # `zip` leaves the time out where there is none
    words = [(name, frozenset(choice), in_doubt(choice)) for name in sources if (choice := _words(fields(part)[name]))]
    optional = [name for name in sources if name not in always]

    def copy(event: Any, time: float) -> Any:
        entry: dict[str, object] = dict(zip(names, (*read(event), time)))  # noqa: B905 - one may be longer
        for name, make in rest:
            entry[name] = make()
        for name, allowed, otherwise in words:
            if entry[name] not in allowed:
                entry[name] = otherwise
        for name in optional:
            if entry[name] is None:
                del entry[name]
        return entry

    return copy
