"""Numbers where texts belong: ``version: 1.10`` is the text ``1.10``, not the number 1.1.

A schema that asks for a text and would take no number turns a number into the text that stands in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sequencer.steps.keys import Schema
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode, SequenceNode

Written = Callable[[Place, object], str]
"""The text that stands at a place for a number."""


class TextPlan:
    """Where in a value texts belong: in itself (``text``), in its entries, in its items."""

    __slots__ = ("entries", "items", "others", "text")

    def __init__(self) -> None:
        self.text = False
        self.entries: dict[str, TextPlan] = {}
        self.others: TextPlan | None = None
        self.items: TextPlan | None = None

    def __bool__(self) -> bool:
        return self.text or bool(self.entries) or self.others is not None or self.items is not None

    def apply(self, owner: MappingNode | SequenceNode, key: Any, written: Written) -> None:
        """Turns ``owner[key]``, or what is inside it, into texts where they belong."""
        value = owner[key]
        if type(value) in (int, float):
            if self.text:
                place = owner.value_place(key) if isinstance(owner, MappingNode) else owner.item_place(key)
                owner[key] = written(place, value)
        elif isinstance(value, MappingNode):
            if self.entries or self.others is not None:
                for name in value:
                    plan = self.entries.get(name, self.others)
                    if plan is not None:
                        plan.apply(value, name, written)
        elif isinstance(value, SequenceNode) and self.items is not None:
            for index in range(len(value)):
                self.items.apply(value, index, written)


def text_plan(schema: object) -> TextPlan | None:
    """The plan of a schema, ``None`` when nothing in it must be a text."""
    plan = _plan(schema)
    return plan or None


def _plan(schema: object) -> TextPlan:
    plan = TextPlan()
    if not isinstance(schema, Mapping):
        return plan
    branches = schema.get("anyOf") or [schema]
    kinds = [_kinds(branch) for branch in branches]
    everything = set().union(*kinds)
    plan.text = "string" in everything and not everything & {"integer", "number", "any"}
    for branch in branches:
        for name, each in branch.get("properties", {}).items():
            found = _plan(each)
            if found:
                plan.entries[name] = found
        for key, attribute in (("additionalProperties", "others"), ("items", "items")):
            found = _plan(branch.get(key))
            if found:
                setattr(plan, attribute, found)
    return plan


def _kinds(schema: Schema) -> set[str]:
    if "anyOf" in schema:
        return set().union(*(_kinds(branch) for branch in schema["anyOf"]))
    if "enum" in schema:
        # An enumeration of texts takes a number as it is: saying so helps more than turning it into a text.
        return {"any"}
    kinds = schema.get("type", "any")
    return {kinds} if isinstance(kinds, str) else set(kinds)
