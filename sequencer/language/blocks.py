"""``include``: files of blocks - step lists, cases and modules with parameters - used by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from sequencer.language.mentions import Mentions
from sequencer.language.paths import neighbours
from sequencer.language.problems import Problems
from sequencer.language.shapes.all import Shapes
from sequencer.language.shapes.shape import NamedShape
from sequencer.language.shapes.wording import did_you_mean, known_here, listed, show
from sequencer.language.yaml.loader import read_document
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode, SequenceNode

Kind = Literal["steps", "cases", "modules"]
SINGULAR: Mapping[str, str] = {"steps": "a list of steps", "cases": "a case", "modules": "a module"}


@dataclass(slots=True)
class BlockDefinition:
    """A block where it is defined. ``params`` maps each parameter to its default's owner, or to ``None`` when it must
    be given; ``library`` is what the block itself may use."""

    name: str
    kind: Kind
    owner: MappingNode
    node: Any
    params: Mapping[str, MappingNode | None]
    library: Library

    @property
    def place(self) -> Place:
        """Where it is named."""
        return self.owner.key_place(self.name)


@dataclass(slots=True)
class Library:
    """The blocks that one file may use, by the name they have there."""

    blocks: dict[str, BlockDefinition] = field(default_factory=dict)
    includes: dict[str, Place] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    origins: dict[str, str] = field(default_factory=dict)
    broken: bool = False

    def find(self, name: str, kind: Kind, place: Place, problems: Problems) -> BlockDefinition | None:
        """The block of this name and kind; what is wrong is reported."""
        found = self.blocks.get(name)
        if found is None:
            if not self.broken:
                same = [each for each, block in self.blocks.items() if block.kind == kind]
                hint = did_you_mean(name, self.blocks) or known_here(same)
                hint = hint or "name the file that has it under `include:`"
                problems.report("unknown-block", f"no included file has `{name}`", place, hint=hint)
            return None
        if name in self.origins:
            self.used.add(self.origins[name])
        if found.kind != kind:
            message = f"`{name}` is {SINGULAR[found.kind]}, but {SINGULAR[kind]} is needed here"
            problems.report("wrong-block", message, place)
            return None
        return found

    def unused(self) -> list[Place]:
        """Where files are included that nothing was used of."""
        return [place for include, place in self.includes.items() if include not in self.used]


class Includes:
    """Reads included files, each once. ``files`` are their bytes, for the sequence's hash."""

    def __init__(
        self,
        problems: Problems,
        sources: SourceTexts,
        project: Path,
        inputs: dict[str, str],
        *,
        shapes: Shapes,
        mentions: Mentions,
    ) -> None:
        self._mentions = mentions
        self._shapes = shapes
        self._problems = problems
        self._sources = sources
        self._project = project
        self._inputs = inputs
        self._files: dict[Path, Library] = {}
        self._stack: list[Path] = []
        self.files: dict[Path, bytes] = {}

    def library(self, root: MappingNode, path: Path) -> Library:
        """What the file ``path`` may use by its ``include``."""
        library = Library()
        self._stack.append(path.resolve())
        for alias, written, place in _written_includes(root):
            library.includes[str(place)] = place
            included = self._included(path.parent / written, written, place)
            if included is None:
                library.broken = True
                library.used.add(str(place))
                continue
            for name, block in included.blocks.items():
                self._add(library, f"{alias}.{name}" if alias else name, block, place)
        self._stack.pop()
        return library

    def _add(self, library: Library, name: str, block: BlockDefinition, place: Place) -> None:
        if name in library.blocks:
            message = f"two included files have a block named `{name}`"
            hint = "give the files names: `include: {one: one.yaml, other: other.yaml}`"
            self._problems.report("duplicate-block", message, place, hint=hint)
            return
        library.blocks[name] = block
        library.origins[name] = str(place)

    def _included(self, path: Path, written: str, place: Place) -> Library | None:
        """The blocks that a file offers: its own, by their bare names."""
        found = self._sources.existing(path)
        if found is None:
            folder = written[: len(written) - len(path.name)] if written.endswith(path.name) else ""
            hint = did_you_mean(path.name, neighbours(path, "*.y*ml"), folder + "{}")
            hint = hint or "paths are relative to the folder of this file"
            self._problems.report("missing-file", f"there is no file {show(written)}", place, hint=hint)
            return None
        self._mentions.add("file", written, place, Place(self._sources.display(found), 1, 1, 1, 1))
        if found in self._stack:
            circle = " → ".join(each.name for each in [*self._stack[self._stack.index(found) :], found])
            self._problems.report("include-circle", f"the files include each other: {circle}", place)
            return None
        if found not in self._files:
            self._files[found] = self._read(found)
        return self._files[found]

    def _read(self, path: Path) -> Library:
        document = read_document(path, self._project, unsaved=self._sources.unsaved)
        self._sources.add(document, path)
        self._problems.broken(document.problems)
        self.files[path] = document.data
        self._inputs[str(path)] = sha256(document.data).hexdigest()
        return Library(broken=True) if document.root is None else self.offered(document.root, path)

    def is_blocks_file(self, root: MappingNode) -> bool:
        """Whether a file is one of blocks: it has step lists or cases at its top, and nothing that a sequence needs."""
        return bool({"steps", "cases"} & set(root)) and not set(root) - self._shapes.blocks.keys

    def offered(self, root: MappingNode, path: Path) -> Library:
        """The blocks of a file by their bare names; what is wrong with their headers is reported."""
        offered = Library()
        self._shapes.blocks.check(root, self._sources, self._problems.report)
        inside = self.library(root, path)
        kinds: tuple[Kind, ...] = ("steps", "cases", "modules")
        for kind in kinds:
            for block in self._blocks(root, kind, inside):
                if block.name in offered.blocks:
                    message = f"there are two blocks named `{block.name}` in this file"
                    self._problems.report("duplicate-block", message, block.place)
                self._mentions.add("block", block.name, block.place, block.place)
                for parameter in block.params:
                    at = block.node["params"].key_place(parameter)
                    self._mentions.add("variable", parameter, at, at, f"block {block.name}")
                offered.blocks.setdefault(block.name, block)
        for name, block in offered.blocks.items():
            inside.blocks.setdefault(name, block)
        return offered

    def _blocks(self, root: MappingNode, kind: Kind, library: Library) -> Iterator[BlockDefinition]:
        owner = root.get(kind)
        if not isinstance(owner, MappingNode):
            return
        for name in NamedShape(f"the name of {SINGULAR[kind]}", ID_PATTERN).check(owner, self._problems.report):
            node = owner[name]
            if kind == "steps" and isinstance(node, SequenceNode):
                steps = MappingNode(owner.file, owner.value_spans[name])
                steps.add("steps", node, owner.key_spans[name], owner.value_spans[name])
                node = steps
            if isinstance(node, MappingNode):
                self._shapes.block(kind).check(node, self._sources, self._problems.report)
                params = self._params(node)
                yield BlockDefinition(name, kind, owner, node, params, library)
            else:
                message = f"`{name}` must be {SINGULAR[kind]}, not {show(node)}"
                self._problems.report("wrong-type", message, owner.key_place(name))

    def _params(self, node: MappingNode) -> dict[str, MappingNode | None]:
        written = node.get("params")
        if not isinstance(written, MappingNode):
            return {}
        params: dict[str, MappingNode | None] = {}
        for name in NamedShape("the name of a parameter", ID_PATTERN).check(written, self._problems.report):
            spec = written[name]
            params[name] = spec if isinstance(spec, MappingNode) and "default" in spec else None
        return params


def _written_includes(root: MappingNode) -> Iterator[tuple[str | None, str, Place]]:
    """The entries of ``include``: its name (if it has one), the path as written, the path's place."""
    written = root.get("include")
    if isinstance(written, str):
        yield None, written, root.value_place("include")
    elif isinstance(written, SequenceNode):
        for index, each in enumerate(written):
            if isinstance(each, str):
                yield None, each, written.item_place(index)
    elif isinstance(written, MappingNode):
        for name, each in written.items():
            if isinstance(each, str):
                yield name, each, written.value_place(name)


def mention_block(
    block: BlockDefinition, node: MappingNode, place: Place, sources: SourceTexts, mentions: Mentions
) -> None:
    """Notes that ``node`` uses the block at ``place``, and the parameters that it gives."""
    if not mentions.wanted:
        return
    used: str = node["use"]
    name = used.rpartition(".")[2]
    mentions.add("block", name, sources.inside(place, used, len(used) - len(name), len(name)), block.place)
    given = node.get("with")
    if not isinstance(given, MappingNode):
        return
    for parameter in given:
        if parameter in block.params:
            symbol = block.node["params"].key_place(parameter)
            mentions.add("variable", parameter, given.key_place(parameter), symbol)


def check_parameters(block: BlockDefinition, node: MappingNode, place: Place, problems: Problems) -> None:
    """Reports parameters under ``with`` that the block does not have, and those that it misses."""
    written = node.get("with")
    given = written if isinstance(written, MappingNode) else MappingNode(node.file, node.span)
    for name in given:
        if name not in block.params:
            hint = did_you_mean(name, [each for each in block.params if each not in given]) or known_here(block.params)
            hint = (hint or "it takes none").replace("known here", "it takes")
            message = f"`{node['use']}` has no parameter `{name}`"
            problems.report("unknown-argument", message, given.key_place(name), hint=hint)
    missing = [f"`{name}`" for name, default in block.params.items() if default is None and name not in given]
    if missing:
        message = f"`{node['use']}` needs {listed(missing, 'and')}"
        problems.report("missing-argument", message, place, hint="give it under `with:`")
