"""Shared drivers: what is opened once for all slots cannot depend on one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sequencer.language.name_uses import template_uses
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.problem import Place, ProblemReporter
from sequencer.vocabulary.tree import MappingNode, SequenceNode


def check_shared_driver(
    node: MappingNode, constants: frozenset[str], sources: SourceTexts, report: ProblemReporter
) -> None:
    """Reports what of the declaration ``node`` does not go with its ``shared: true``.

    ``constants`` are the variables that its arguments may use.
    """
    if "scope" in node:
        message = "a shared driver lives with the stand: `scope` cannot be used with `shared`"
        report("useless-key", message, node.key_place("scope"), hint="leave `scope` out")
    simulate = node.get("simulate")
    for owner in (node, simulate):
        if isinstance(owner, MappingNode) and isinstance(owner.get("with"), MappingNode):
            _check_arguments(owner["with"], constants, sources, report)


def constants(variables: Mapping[str, Data]) -> frozenset[str]:
    """Those of the sequence's ``variables`` that are the same in all slots: made of each other and of `stand`."""
    reads = {name: {use.name for use in template_uses(value)} for name, value in variables.items()}
    same = set(variables)
    while others := {name for name in same if not reads[name] <= same | {"stand"}}:
        same -= others
    return frozenset(same)


def _check_arguments(
    arguments: MappingNode, constants: frozenset[str], sources: SourceTexts, report: ProblemReporter
) -> None:
    for text, place in _texts(arguments):
        for use in template_uses(text):
            if use.name == "stand" or use.name in constants:
                continue
            name = use.name if use.attribute is None else f"{use.name}.{use.attribute}"
            message = f"a shared driver is opened once for all slots: its arguments cannot use `{name}`"
            hint = "constants and `stand` can be used; what a stand alone knows belongs in its configuration"
            where = sources.inside(place, text, use.offset, len(name))
            report("shared-arguments", message, where, hint=hint)


def _texts(node: MappingNode | SequenceNode) -> Iterator[tuple[str, Place]]:
    """Every text in it with its place, the keys too."""
    entries: list[tuple[object, Place]] = []
    if isinstance(node, MappingNode):
        entries += [(key, node.key_place(key)) for key in node]
        entries += [(value, node.value_place(key)) for key, value in node.items()]
    else:
        entries += [(value, node.item_place(index)) for index, value in enumerate(node)]
    for value, place in entries:
        if isinstance(value, str):
            yield value, place
        elif isinstance(value, MappingNode | SequenceNode):
            yield from _texts(value)
