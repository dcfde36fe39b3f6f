"""The names that templates and expressions read. What is wrong with one is told where it is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sequencer.expressions.expression import NameUse, compile_expression
from sequencer.expressions.syntax import ExpressionPart, ExpressionSyntaxError, pieces
from sequencer.vocabulary.data import Data


def template_uses(template: Data) -> Iterator[NameUse]:
    """Those in all texts of ``template``, keys of mappings included; in one text with their offset in it."""
    if isinstance(template, str):
        for part in _parts(template):
            for use in expression_uses(part.source):
                yield use._replace(offset=part.offset + use.offset)
    elif isinstance(template, Mapping):
        for key, value in template.items():
            yield from template_uses(key)
            yield from template_uses(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from template_uses(value)


def expression_uses(expression: str) -> tuple[NameUse, ...]:
    """Those in a bare expression."""
    try:
        return compile_expression(expression).uses
    except ExpressionSyntaxError:
        return ()


def _parts(text: str) -> Iterator[ExpressionPart]:
    try:
        parts = pieces(text)
    except ExpressionSyntaxError:
        return
    yield from (part for part in parts if isinstance(part, ExpressionPart))
