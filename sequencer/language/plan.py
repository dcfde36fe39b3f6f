"""The test plan before its steps are read: modules and cases with their headers, in the order they run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import NamedTuple

from sequencer.language.blocks import Library
from sequencer.language.context import ReadContext
from sequencer.language.shapes.wording import show
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.status import GROUPS, Group
from sequencer.vocabulary.tree import MappingNode, SequenceNode

Nodes = tuple[MappingNode, ...]
"""The mappings that say something, the first that has a key wins: what uses a block stands before the block."""


@dataclass(slots=True)
class Dependency:
    """One entry of ``depends`` as written; ``or_left_out``: what it names may not apply."""

    text: str
    place: Place
    or_left_out: bool = False


class Binding(NamedTuple):
    """A variable that a case starts with: ``owner[key]`` is its value, ``place`` where the name was given.

    ``column``: it comes from a row, not from a block's parameters.
    """

    name: str
    owner: MappingNode
    key: str
    place: Place
    column: bool = False


@dataclass(slots=True)
class CasePlan:
    """A case to be read. ``bindings`` are the columns of its row and the parameters of its block; ``library`` is what
    its steps may use. ``base_id`` is the id without the row."""

    id: str
    base_id: str
    module: ModulePlan
    nodes: Nodes
    place: Place
    group: Group
    library: Library
    bindings: list[Binding] = field(default_factory=list)
    depends: tuple[str, ...] = ()
    or_left_out: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """``module::case``."""
        return f"{self.module.id}::{self.id}"

    def dependencies(self) -> list[Dependency]:
        """What the case and its module depend on, as written."""
        return [*written_dependencies(self.module.nodes), *written_dependencies(self.nodes)]


@dataclass(slots=True)
class ModulePlan:
    """A module to be read."""

    id: str
    nodes: Nodes
    place: Place
    group: Group
    library: Library
    cases: list[CasePlan] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)


def find(nodes: Nodes, key: str) -> MappingNode | None:
    """The first of the mappings that has ``key``."""
    return next((node for node in nodes if key in node), None)


def value(nodes: Nodes, key: str, default: object = None) -> object:
    """What the first of the mappings that has ``key`` says."""
    node = find(nodes, key)
    return default if node is None else node[key]


def group_of(nodes: Nodes) -> Group:
    """The group; default: ``main``, also where it is wrong (which was reported)."""
    written = value(nodes, "group")
    return next((group for group in GROUPS if group == written), "main")


def written_dependencies(nodes: Nodes) -> list[Dependency]:
    """The entries of ``depends`` with their places."""
    node = find(nodes, "depends")
    if node is None:
        return []
    written = node["depends"]
    entries = [(written, node.value_place("depends"))]
    if isinstance(written, SequenceNode):
        entries = [(each, written.item_place(index)) for index, each in enumerate(written)]
    found = (_dependency(each, place) for each, place in entries)
    return [each for each in found if each is not None]


def _dependency(written: object, place: Place) -> Dependency | None:
    """``None`` for what is no dependency, which the check of the shape has reported."""
    if isinstance(written, MappingNode):
        name = written.get("case")
        if not isinstance(name, str) or not name:
            return None
        return Dependency(name, written.value_place("case"), written.get("or_left_out") is True)
    return Dependency(written, place) if isinstance(written, str) and written else None


def in_running_order(modules: Iterable[ModulePlan]) -> list[ModulePlan]:
    """Setup modules, then main, then teardown; within each module its cases likewise. The file's order otherwise."""
    ordered = sorted(modules, key=lambda module: GROUPS.index(module.group))
    for module in ordered:
        module.cases.sort(key=lambda case: GROUPS.index(case.group))
    return ordered


def named_mappings(owner: MappingNode, key: str, what: str, context: ReadContext) -> list[tuple[str, MappingNode]]:
    """The entries of a mapping of mappings that have a usable name; the others are reported."""
    node = owner.get(key)
    if not isinstance(node, MappingNode):
        return []
    entries = []
    for name in context.shapes.ids(f"the id of {what}").check(node, context.problems.report):
        each = node[name]
        if isinstance(each, MappingNode):
            entries.append((name, each))
        else:
            message = f"`{name}` must be {what} (a mapping), not {show(each)}"
            place = node.key_place(name) if each is None else node.value_place(name)
            context.problems.report("wrong-type", message, place)
    return entries
