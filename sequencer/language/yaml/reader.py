"""From PyYAML's events to nodes with places: keys, anchors, aliases, merge keys, and their bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from sequencer.language.yaml.errors import MAX_DEPTH, too_deep, yaml_problem
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.problem import Place, Problem
from sequencer.vocabulary.tree import MappingNode, SequenceNode, Span

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}  # fmt: skip
_FIRST_OF_OTHERS = frozenset("0123456789+-.~ntfNTF")
_MAX_DIGITS = 400
"""A longer row of digits is not a number that anything could measure; converting it could take minutes."""

TAG = "tag:yaml.org,2002:"


def resolve(text: str) -> Scalar:
    """The value of an untagged plain scalar."""
    if text and text[0] not in _FIRST_OF_OTHERS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _number(text)
    return text if number is None else number


def resolve_tagged(text: str, tag: str) -> Scalar:
    """The value of a scalar with one of the core schema's tags, such as ``!!float 5``.

    Raises ``ValueError`` with a plain sentence when the text is none of the kind or the tag is another one.
    """
    kind = tag.removeprefix(TAG)
    if kind == "str":
        return text
    value = resolve(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(kind)
    if expected is None:
        shown = f"!!{kind}" if tag.startswith(TAG) else tag
        raise ValueError(f"the tag {shown} is not allowed here")
    if type(value) is not expected:
        raise ValueError(f"{text!r} does not fit the tag !!{kind}")
    return value


def _number(text: str) -> int | float | None:
    if len(text) > _MAX_DIGITS:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None


_NODES = (ScalarEvent, CollectionStartEvent)

MAX_EXPANDED = 1_000_000
"""How many nodes the aliases of a file may stand for, all in all."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it, else the one in Python, ten times slower."""


class YamlRefused(Exception):
    """Reading cannot go on; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Anchor:
    """What an anchor names; ``complete`` only after its end, so that an alias inside it is seen to be recursive."""

    __slots__ = ("complete", "nodes", "value", "written")

    def __init__(self) -> None:
        self.complete = False
        self.nodes = 0
        self.value: object = None
        self.written: str | None = None


class EventReader:
    """Reads one document. ``span`` is that of the value read last; ``written`` and ``problems`` are filled."""

    def __init__(
        self, source: str, file: str, problems: list[Problem], written: dict[Span, str], restore: dict[int, str]
    ) -> None:
        self.span: Span = (1, 1, 1, 2)
        self._source = source
        self._file = file
        self._problems = problems
        self._written = written
        self._restore = restore
        self._anchors: dict[str, _Anchor] = {}
        self._resolved: dict[str, Scalar] = {}
        self._nodes = 0
        self._expanded = 0
        self._next: Callable[[], Event] = LOADER(source).get_event

    def document(self) -> object:
        """The root of the only document, ``None`` when there is none. Raises ``YamlRefused``."""
        self._event(StreamStartEvent)
        event = self._read()
        if type(event) is StreamEndEvent:
            return None
        root = self._value(self._read(), 0)
        span = self.span
        self._event(DocumentEndEvent)
        event = self._read()
        if type(event) is DocumentStartEvent:
            self._report("second-document", "only one document is allowed per file", _span(event), "remove this `---`")
        self.span = span
        return root

    def _event(self, expected: type) -> None:
        event = self._read()
        assert type(event) is expected, event

    def _read(self) -> Event:
        try:
            return self._next()
        except yaml.MarkedYAMLError as error:
            raise YamlRefused(yaml_problem(error, self._file, self._source)) from None
        except RecursionError:
            raise YamlRefused(too_deep(Place(self._file, *self.span))) from None
        except (yaml.YAMLError, ValueError) as error:
            place = Place(self._file, *self.span)
            raise YamlRefused(Problem("yaml-syntax", f"this is not valid YAML: {error}", place)) from None

    def _report(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self._problems.append(Problem(code, message, Place(self._file, *span), hint))

    def _refuse(self, code: str, message: str, span: Span) -> YamlRefused:
        return YamlRefused(Problem(code, message, Place(self._file, *span)))

    def _value(self, event: Event, depth: int) -> object:
        """The value that ``event`` begins; ``self.span`` is its span afterwards."""
        if isinstance(event, AliasEvent):
            return self._alias(event)
        assert isinstance(event, _NODES)
        self._nodes += 1
        if event.anchor is None:
            return self._unnamed(event, depth)
        anchor = self._anchors[event.anchor] = _Anchor()
        before = self._nodes + self._expanded
        anchor.value = self._unnamed(event, depth)
        anchor.written = self._written.get(self.span)
        anchor.nodes = self._nodes + self._expanded - before + 1
        anchor.complete = True
        return anchor.value

    def _unnamed(self, event: ScalarEvent | CollectionStartEvent, depth: int) -> object:
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if depth >= MAX_DEPTH:
            raise YamlRefused(too_deep(Place(self._file, *_span(event))))
        if event.tag is not None and event.tag not in (TAG + "map", TAG + "seq", "!"):
            self._refuse_tag(event, event.tag)
        return self._mapping(event, depth) if type(event) is MappingStartEvent else self._sequence(event, depth)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        self.span = span = _span(event)
        text = event.value
        if self._restore:
            text = text.translate(self._restore)
        if event.tag is not None:
            return text if event.tag == "!" else self._tagged(event, event.tag, text)
        if not event.implicit[0]:
            return text
        if text in self._resolved:
            value = self._resolved[text]
        else:
            value = self._resolved[text] = resolve(text)
        if value is not text and type(value) in (int, float) and str(value) != text:
            self._written[span] = text
        return value

    def _tagged(self, event: ScalarEvent, tag: str, text: str) -> Scalar:
        try:
            return resolve_tagged(text, tag)
        except ValueError as error:
            if tag.startswith(TAG):
                self._report("bad-tag", str(error), _span(event))
            else:
                self._refuse_tag(event, tag)
            return text

    def _refuse_tag(self, event: ScalarEvent | CollectionStartEvent, tag: str) -> None:
        hint = "quote the string if it begins with `!`" if type(event) is ScalarEvent else None
        shown = tag if tag.startswith("!") else "!!" + tag.removeprefix(TAG)
        self._report("bad-tag", f"the tag {shown} is not allowed here", _span(event), hint)

    def _alias(self, event: AliasEvent) -> object:
        self.span = span = _span(event)
        assert event.anchor is not None  # else it is none
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            close = get_close_matches(event.anchor, self._anchors, n=1)
            hint = f"did you mean `*{close[0]}`?" if close else "quote the string if it begins with `*`"
            self._report("unknown-alias", f"there is no anchor `&{event.anchor}` above", span, hint)
            return None
        if not anchor.complete:
            raise self._refuse("recursive-alias", f"`*{event.anchor}` is used inside the value that it names", span)
        self._expanded += anchor.nodes
        if self._expanded > MAX_EXPANDED:
            message = f"the aliases of this file expand to more than {MAX_EXPANDED:,} values"
            raise self._refuse("too-many-aliases", message, span)
        if anchor.written is not None:
            self._written[span] = anchor.written
        return anchor.value

    def _sequence(self, event: CollectionStartEvent, depth: int) -> SequenceNode:
        node = SequenceNode(self._file, _span(event))
        start = node.span[:2]
        item = self._read()
        while type(item) is not SequenceEndEvent:
            value = self._value(item, depth + 1)
            node.add(value, self.span)
            item = self._read()
        node.span = self.span = (*start, *self._end(item, event, node.spans))
        return node

    def _mapping(self, event: CollectionStartEvent, depth: int) -> MappingNode:
        node = MappingNode(self._file, _span(event))
        start = node.span[:2]
        merged: list[MappingNode] = []
        spans: list[Span] = []
        item = self._read()
        while type(item) is not MappingEndEvent:
            merges = isinstance(item, ScalarEvent) and item.value == "<<" and item.implicit[0]
            key = self._key(item, depth)
            key_span = self.span
            value = self._value(self._read(), depth + 1)
            spans.append(self.span)
            if merges:
                merged += self._sources(value)
            elif key is not None and key in node:
                first = node.key_spans[key]
                message = f"the key `{key}` is given twice; the first is on line {first[0]}, column {first[1]}"
                self._report("duplicate-key", message, key_span)
            elif key is not None:
                node.add(key, value, key_span, self.span)
            item = self._read()
        node.span = self.span = (*start, *self._end(item, event, spans))
        if merged:
            node = _merge(node, merged)
        return node

    def _key(self, event: Event, depth: int) -> str | None:
        value = self._value(event, depth + 1)
        if type(value) is str:
            return value
        if isinstance(value, MappingNode | SequenceNode):
            self._report("key-not-text", "a key must be a string, not a list or a mapping", self.span)
        else:
            written = event.value if isinstance(event, ScalarEvent) else str(value)
            hint = f'quote it: "{written}"' if written else "write a key before the `:`"
            self._report("key-not-text", "a key must be a string", self.span, hint)
        return None

    def _sources(self, value: object) -> list[MappingNode]:
        """The mappings that a ``<<`` names."""
        sources = value if isinstance(value, SequenceNode) else [value]
        if all(isinstance(source, MappingNode) for source in sources):
            return list(sources)
        self._report("bad-merge", "`<<` merges mappings", self.span, "write `<<: *name` or `<<: [*one, *other]`")
        return []

    def _end(self, event: Event, start: CollectionStartEvent, spans: list[Span]) -> tuple[int, int]:
        """Where a collection ends: a block collection with its last value, for libyaml sees its end a line later."""
        if start.flow_style or not spans:
            return _span(event)[2:]
        return spans[-1][2:]


def _span(event: Event) -> Span:
    start, end = event.start_mark, event.end_mark
    assert start is not None and end is not None  # as those of a reader are
    return start.line + 1, start.column + 1, end.line + 1, end.column + 1


def _merge(node: MappingNode, sources: list[MappingNode]) -> MappingNode:
    """The entries of ``sources``, earlier ones winning, then the node's own, which win over all."""
    whole = MappingNode(node.file, node.span)
    for source in sources:
        for key, value in source.items():
            if key not in whole:
                whole.add(key, value, source.key_spans[key], source.value_spans[key])
    for key, value in node.items():
        whole.add(key, value, node.key_spans[key], node.value_spans[key])
    return whole
