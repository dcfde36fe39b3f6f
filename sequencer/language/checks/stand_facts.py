"""Facts about the stand that sequence and configuration both name: with two values, no run could begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sequencer.expressions.expression import has_expression
from sequencer.language.shapes.wording import show
from sequencer.vocabulary.problem import ProblemReporter
from sequencer.vocabulary.text_values import stripped
from sequencer.vocabulary.tree import MappingNode


def check_stand_facts(written: object, configured: Mapping[str, object], report: ProblemReporter) -> None:
    """Reports the facts of ``written`` (a ``stand`` section) that are ``configured`` with another value."""
    for node, key, other in _second_values(written, configured):
        message = f"the stand's configuration says {show(other)}: a fact is written once"
        hint = f"leave `{key}` out here, or in the configuration's `[stand]`"
        report("second-value", message, node.value_place(key), hint=hint)


def _second_values(written: object, configured: object) -> Iterator[tuple[MappingNode, str, object]]:
    if not isinstance(written, MappingNode) or not isinstance(configured, Mapping):
        return
    for key, value in written.items():
        other = configured.get(key)
        if isinstance(value, MappingNode):
            yield from _second_values(value, other)
        elif other is not None and value is not None and not has_expression(value) and not _same(value, other):
            yield written, key, other


def _same(value: object, other: object) -> bool:
    if isinstance(value, str) and isinstance(other, str):
        return stripped(value) == stripped(other)
    return bool(value == other) and isinstance(value, bool) is isinstance(other, bool)
