"""Where ``${{ expressions }}`` may stand in a value: its schema says so, and everywhere else they are a problem.

A schema marked ``TEMPLATE`` (``steps.keys``) allows them in every text under it, one marked ``CONDITION`` is an
expression by itself, and what has no mark is fixed: a forgotten mark is refused when it is first used, and no text is
accepted that nobody would evaluate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import reduce
from typing import Any, NamedTuple

from sequencer.expressions.expression import OPENING
from sequencer.language.yaml.sources import SourceTexts
from sequencer.steps.keys import MARK, Schema
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode, SequenceNode


@dataclass(slots=True)
class ExpressionPlaces:
    """Where expressions may stand in a value: in itself when it is a text, in the keys and values of a mapping
    (``others``: of those without an entry; ``None`` when there can be none), in the items of a list."""

    texts: bool = False
    keys: bool = False
    entries: dict[str, ExpressionPlaces] = field(default_factory=dict)
    others: ExpressionPlaces | None = None
    items: ExpressionPlaces | None = None


class RefusedExpression(NamedTuple):
    """An expression that nobody would evaluate: in the key or the value ``key`` of ``owner``."""

    owner: MappingNode | SequenceNode
    key: Any
    in_key: bool = False

    @property
    def whole(self) -> Place:
        """The place of the whole key or value."""
        if isinstance(self.owner, SequenceNode):
            return self.owner.item_place(self.key)
        return self.owner.key_place(self.key) if self.in_key else self.owner.value_place(self.key)

    def place(self, sources: SourceTexts) -> Place:
        """The place of the expression in it."""
        if self.in_key:
            return self.whole
        text = self.owner[self.key]
        return sources.inside(self.whole, text, text.index(OPENING), len(OPENING))


EVERYWHERE = ExpressionPlaces(texts=True, keys=True)
EVERYWHERE.others = EVERYWHERE.items = EVERYWHERE
NOWHERE = ExpressionPlaces()
NOWHERE.others = NOWHERE.items = NOWHERE


def expression_places(schema: object) -> ExpressionPlaces:
    """Where a schema allows expressions; what it refers to (``$ref``) is looked at by those who read it."""
    if not isinstance(schema, Mapping):
        return NOWHERE
    if "$ref" in schema:
        return EVERYWHERE
    if MARK in schema:
        holds_more = {"object", "array"} & set(_types(schema)) or "anyOf" in schema
        return EVERYWHERE if holds_more else ExpressionPlaces(texts=True)
    if "anyOf" in schema:
        return reduce(_merged, map(expression_places, schema["anyOf"]))
    parts = {"properties", "additionalProperties", "items"} & set(schema)
    if not parts:
        return NOWHERE
    others = schema.get("additionalProperties")
    return ExpressionPlaces(
        entries={name: expression_places(each) for name, each in schema.get("properties", {}).items()},
        others=None if others is False else expression_places(others),
        items=expression_places(schema.get("items")),
    )


def _types(schema: Schema) -> Iterable[str]:
    kinds = schema.get("type", ("object", "array", "string"))
    return (kinds,) if isinstance(kinds, str) else kinds


def _merged(one: ExpressionPlaces | None, other: ExpressionPlaces | None) -> ExpressionPlaces:
    """What two forms of one value allow together."""
    if one is None or one is NOWHERE or other is EVERYWHERE:
        return other or NOWHERE
    if other is None or other is NOWHERE or one is EVERYWHERE:
        return one
    names = [*one.entries, *(name for name in other.entries if name not in one.entries)]
    return ExpressionPlaces(
        texts=one.texts or other.texts,
        keys=one.keys or other.keys,
        entries={
            name: _merged(one.entries.get(name, one.others), other.entries.get(name, other.others)) for name in names
        },
        others=None if one.others is None and other.others is None else _merged(one.others, other.others),
        items=_merged(one.items, other.items),
    )


def refused(places: ExpressionPlaces, owner: MappingNode | SequenceNode, key: Any) -> Iterator[RefusedExpression]:
    """The expressions in ``owner[key]`` that nobody would evaluate."""
    if places is EVERYWHERE:
        return
    value = owner[key]
    if type(value) is str:
        if OPENING in value and not places.texts:
            yield RefusedExpression(owner, key)
    elif isinstance(value, MappingNode):
        if not places.keys:
            yield from (RefusedExpression(value, name, in_key=True) for name in value if OPENING in name)
        for name in value:
            inner = places.entries.get(name, places.others)
            if inner is not None:  # an unknown key: that is said elsewhere
                yield from refused(inner, value, name)
    elif isinstance(value, SequenceNode):
        items = places.items or NOWHERE
        for index in range(len(value)):
            yield from refused(items, value, index)
