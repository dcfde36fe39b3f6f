"""YAML read into plain mappings and lists whose every key and value remembers its place.

The nodes *are* ``dict`` and ``list``, so that a JSON Schema validator takes them as they come; the places stand
beside the entries, as bare ``(line, column, end_line, end_column)`` tuples because a large file has a million of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sequencer.vocabulary.problem import Place

Span = tuple[int, int, int, int]


class MappingNode(dict[str, Any]):
    """A YAML mapping: ``key_spans[key]`` and ``value_spans[key]`` are the spans of its parts, ``span`` its own."""

    __slots__ = ("file", "key_spans", "span", "value_spans")

    def __init__(self, file: str, span: Span) -> None:
        super().__init__()
        self.file = file
        self.span = span
        self.key_spans: dict[str, Span] = {}
        self.value_spans: dict[str, Span] = {}

    def add(self, key: str, value: object, key_span: Span, value_span: Span) -> None:
        """Adds an entry with its places."""
        self[key] = value
        self.key_spans[key] = key_span
        self.value_spans[key] = value_span

    @property
    def place(self) -> Place:
        """Where the mapping stands."""
        return Place(self.file, *self.span)

    def key_place(self, key: str) -> Place:
        """Where the key stands."""
        return Place(self.file, *self.key_spans[key])

    def value_place(self, key: str) -> Place:
        """Where the value stands."""
        return Place(self.file, *self.value_spans[key])


class SequenceNode(list[Any]):
    """A YAML sequence: ``spans[i]`` is the span of element ``i``, ``span`` its own."""

    __slots__ = ("file", "span", "spans")

    def __init__(self, file: str, span: Span) -> None:
        super().__init__()
        self.file = file
        self.span = span
        self.spans: list[Span] = []

    def add(self, value: object, span: Span) -> None:
        """Adds an element with its place."""
        self.append(value)
        self.spans.append(span)

    @property
    def place(self) -> Place:
        """Where the sequence stands."""
        return Place(self.file, *self.span)

    def item_place(self, index: int) -> Place:
        """Where element ``index`` stands."""
        return Place(self.file, *self.spans[index])


def place_at(root: MappingNode | SequenceNode, path: Iterable[str | int], *, of_key: bool = False) -> Place:
    """The place of the value (or, ``of_key``, of the key) that ``path`` leads to from ``root``."""
    node: object = root
    place = root.place
    for step in path:
        if isinstance(node, MappingNode) and isinstance(step, str) and step in node:
            place = node.key_place(step) if of_key else node.value_place(step)
            node = node[step]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node):
            place = node.item_place(step)
            node = node[step]
        else:
            break
    return place


def plain(node: object) -> object:
    """The same data as ordinary dictionaries and lists, without places."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node
