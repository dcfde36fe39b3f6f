"""The structure of a file: its sections, modules, cases and attempts, as a tree and as lines that can be folded."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from sequencer.language.yaml.loader import Document, parse_document
from sequencer.language_server.positions import TextPositions
from sequencer.language_server.recovery import recovered
from sequencer.vocabulary.tree import MappingNode, SequenceNode

_KINDS = {
    "modules": types.SymbolKind.Module,
    "cases": types.SymbolKind.Function,
    "steps": types.SymbolKind.Function,
    "drivers": types.SymbolKind.Interface,
    "params": types.SymbolKind.Field,
    "vars": types.SymbolKind.Variable,
    "tables": types.SymbolKind.Struct,
    "variants": types.SymbolKind.EnumMember,
}
"""What the entries of a section are."""


class Outline:
    """The structure of one text, also of one that is not YAML at the moment."""

    def __init__(self, text: str, positions: TextPositions) -> None:
        self._positions = positions
        readable = recovered(text)
        self._root: MappingNode | None = None
        if readable is not None:
            document = parse_document(Document("", "", data=readable.encode("utf-8", "surrogatepass")))
            self._root = document.root

    def symbols(self) -> list[types.DocumentSymbol]:
        """The sections with what they name."""
        if self._root is None:
            return []
        return [self._section(self._root, key) for key in self._root]

    def _section(self, owner: MappingNode, key: str) -> types.DocumentSymbol:
        value, inner = owner[key], []
        if isinstance(value, MappingNode) and key in _KINDS:
            inner = [self._entry(value, name, key) for name in value]
        return self._symbol(owner, key, types.SymbolKind.Namespace, inner)

    def _entry(self, owner: MappingNode, name: str, section: str) -> types.DocumentSymbol:
        value, inner = owner[name], []
        if isinstance(value, MappingNode) and isinstance(value.get("cases"), MappingNode):
            inner = [self._entry(value["cases"], case, "cases") for case in value["cases"]]
        elif isinstance(value, MappingNode) and isinstance(value.get("steps"), SequenceNode):
            inner = [self._step(value["steps"], index) for index in range(len(value["steps"]))]
        return self._symbol(owner, name, _KINDS[section], inner)

    def _symbol(
        self, owner: MappingNode, key: str, kind: types.SymbolKind, inner: list[types.DocumentSymbol]
    ) -> types.DocumentSymbol:
        value, name = owner[key], owner.key_place(key)
        whole = name._replace(end_line=owner.value_spans[key][2], end_column=owner.value_spans[key][3])
        if (whole.end_line, whole.end_column) < (name.end_line, name.end_column) or whole.end_line < name.line:
            whole = name  # an alias of something above, or nothing
        shown = value.get("name") if isinstance(value, MappingNode) else value if isinstance(value, str) else None
        return types.DocumentSymbol(
            name=key or "…",
            kind=kind,
            range=self._positions.range(whole),
            selection_range=self._positions.range(name),
            detail=shown if isinstance(shown, str) else None,
            children=inner,
        )

    def _step(self, steps: SequenceNode, index: int) -> types.DocumentSymbol:
        step, place = steps[index], steps.item_place(index)
        verb = next(iter(step), "") if isinstance(step, MappingNode) else str(step)
        said = step[verb] if isinstance(step, MappingNode) and verb else None
        name = f"{verb}: {said}" if isinstance(said, str | int | float) else verb
        where = self._positions.range(place)
        return types.DocumentSymbol(name=name or "…", kind=types.SymbolKind.Event, range=where, selection_range=where)

    def folds(self) -> list[types.FoldingRange]:
        """Everything of more than one line: sections, modules, cases, their attempts and steps."""
        if self._root is None:
            return []
        lines = dict.fromkeys(_folds(self._root))
        return [types.FoldingRange(start_line=first - 1, end_line=last - 1) for first, last in lines if first < last]


def _folds(node: object) -> Iterator[tuple[int, int]]:
    """The first and last line of each value that ends below the key or dash that it stands behind."""
    if isinstance(node, MappingNode):
        for key, value in node.items():
            yield node.key_spans[key][0], _end(node.value_spans[key])
            yield from _folds(value)
    elif isinstance(node, SequenceNode):
        for value, span in zip(node, node.spans, strict=True):
            yield span[0], _end(span)
            yield from _folds(value)


def _end(span: tuple[int, int, int, int]) -> int:
    """The last line with something of the value: a block text ends at the beginning of the next line."""
    return span[2] - 1 if span[3] == 1 and span[2] > span[0] else span[2]
