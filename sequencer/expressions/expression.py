"""Expressions: ``${{ voltage * 2 }}`` inside texts, bare after ``if``, ``check`` and ``until``.

They are Jinja2 expressions in an immutable sandbox. Jinja2 is imported when the first expression that is more than a
name is parsed, so that a sequence without any does not pay for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from sequencer.expressions.budget import Budget, TooLarge, TooMuchWork, text_of
from sequencer.expressions.functions import CONSTANTS, FUNCTIONS
from sequencer.expressions.syntax import (
    OPENING,
    ExpressionPart,
    ExpressionSyntaxError,
    LiteralText,
    NameUse,
    PatternUse,
    has_expression,
    literal_text,
    pieces,
    split,
)
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, why
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import nodes

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "OPENING",
    "Budget",
    "Expression",
    "ExpressionPart",
    "ExpressionSyntaxError",
    "LiteralText",
    "NameUse",
    "PatternUse",
    "TooLarge",
    "TooMuchWork",
    "compile_expression",
    "evaluate_template",
    "evaluate_text",
    "has_expression",
    "literal_text",
    "split",
]

_NAME = re.compile(r"\s*([a-z][A-Za-z0-9_]*)(?:\.([a-z][A-Za-z0-9_]*))?\s*", re.ASCII)
_WORDS = frozenset(["and", "else", "false", "if", "in", "is", "none", "not", "or", "true"])


@dataclass(frozen=True)
class Expression:
    """A parsed expression. ``uses`` are its names in order of appearance, those of functions left out."""

    text: str
    uses: tuple[NameUse, ...]
    _tree: nodes.Expr | None = field(default=None, repr=False, compare=False)
    _builds: bool = field(default=False, repr=False, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The variables that the expression reads."""
        return frozenset(use.name for use in self.uses)

    @property
    def attributes(self) -> frozenset[tuple[str, str]]:
        """What it reads of them, like ``("params", "serial")``."""
        return frozenset((use.name, use.attribute) for use in self.uses if use.attribute is not None)

    @property
    def patterns(self) -> tuple[PatternUse, ...]:
        """The regular expressions that stand in it as texts."""
        if self._tree is None or "match" not in self.text:
            return ()
        from sequencer.expressions.parser import patterns

        return patterns(self._tree, self.text)

    def evaluate(self, scope: Mapping[str, object], budget: Budget | None = None) -> object:
        """The value with the names of ``scope``. Raises ``StepError`` with a plain sentence, whatever goes wrong.

        With a ``budget`` of the caller's, ``TooLarge`` and ``TooMuchWork`` are raised as they are.
        """
        if self._tree is None:
            return self._look_up(scope, budget)
        variables = {name: scope[name] for name in self._needed if name in scope}
        return self._run(variables, budget)

    @cached_property
    def _needed(self) -> frozenset[str]:
        return self.names

    @cached_property
    def _function(self) -> Callable[[dict[str, object], Budget], object]:
        from sequencer.expressions.engine import parse
        from sequencer.expressions.evaluation import executable

        return executable(self._tree or parse(self.text)[0])

    def _look_up(self, scope: Mapping[str, object], budget: Budget | None) -> object:
        """A name, or a name and an attribute: no need of Jinja2 in the common cases."""
        name, _, attribute, _ = self.uses[0]
        if name not in scope:
            raise StepError(self._failed(Reason("undefined", name=name)))
        value = scope[name]
        if attribute is None:
            return value
        if isinstance(value, Mapping) and attribute in value:
            return value[attribute]
        return self._run({name: value}, budget)

    def _run(self, variables: dict[str, object], budget: Budget | None = None) -> object:
        from sequencer.expressions.engine import undefined_in

        try:
            value = self._function(variables, budget or Budget())
            missing = undefined_in(value, inside=self._builds)
            if missing is not None:
                raise StepError(missing)
        except Exception as error:
            if budget is not None and isinstance(error, TooLarge | TooMuchWork):
                raise
            raise StepError(self._failed(_plain(error))) from error
        return value

    def _failed(self, detail: ReasonOrText) -> Reason:
        return Reason("expression_failed", expression=self.text.strip()[:200], detail=detail)


_PLAIN_ERRORS = frozenset(
    ["SecurityError", "TemplateRuntimeError", "TypeError", "UndefinedError", "ValueError", "ZeroDivisionError"]
)


def _plain(error: Exception) -> ReasonOrText:
    if isinstance(reason := why(error), Reason):
        return reason
    message = " ".join(reason.split())[:300]
    if isinstance(error, StepError):
        return message
    kind = type(error).__name__
    if not message or kind in _PLAIN_ERRORS:
        return message or kind
    return Reason("exception", type=kind, message=message)


@lru_cache(maxsize=8192)
def compile_expression(text: str) -> Expression:
    """Parses the bare text of an expression. Raises ``ExpressionSyntaxError``."""
    simple = _NAME.fullmatch(text)
    if simple is not None:
        name, attribute = simple.groups()
        if name not in _WORDS and name not in FUNCTIONS and name not in CONSTANTS:
            return Expression(text, (NameUse(name, simple.start(1), attribute, max(simple.start(2), 0)),))
    from sequencer.expressions.parser import parse_expression

    tree, uses, builds = parse_expression(text)
    return Expression(text, uses, tree, builds)


def _whole(text: str) -> ExpressionPart | None:
    """The expression when ``text`` is one whole ``${{ }}``, spaces around it not counted."""
    parts = [part for part in pieces(text) if isinstance(part, ExpressionPart) or part.text.strip()]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], ExpressionPart) else None


def evaluate_template(data: object, scope: Mapping[str, object], budget: Budget | None = None) -> Any:
    """``data`` with its expressions evaluated; a text that is one whole ``${{ }}`` becomes the value itself,
    save as the key of a mapping: that is a text.

    Raises ``StepError``; for ``budget`` see ``Expression.evaluate``.
    """
    if isinstance(data, str):
        if OPENING not in data:
            return data
        try:
            whole = _whole(data)
            if whole is None:
                return evaluate_text(data, scope, budget)
            return compile_expression(whole.source).evaluate(scope, budget)
        except ExpressionSyntaxError as error:
            raise StepError(Reason("template_failed", found=repr(data[:200]), detail=str(error))) from None
    if isinstance(data, Mapping):
        return _mapping(data, scope, budget)
    if isinstance(data, list | tuple):
        return [evaluate_template(value, scope, budget) for value in data]
    return data


def _mapping(data: Mapping[object, object], scope: Mapping[str, object], budget: Budget | None) -> dict[object, object]:
    """Keys are texts; two that become one are a ``StepError``, since one of the values would be lost."""
    evaluated: dict[object, object] = {}
    for written, value in data.items():
        key = evaluate_text(written, scope, budget) if isinstance(written, str) else written
        if key in evaluated:
            raise StepError(Reason("same_key", found=f"{key!r:.100}"))
        evaluated[key] = evaluate_template(value, scope, budget)
    return evaluated


def evaluate_text(text: str, scope: Mapping[str, object], budget: Budget | None = None) -> str:
    """``text`` with its expressions as text: booleans and null as in YAML, everything else as Python's ``str``.

    Raises ``StepError``; for ``budget`` see ``Expression.evaluate``.
    """
    if OPENING not in text:
        return text
    try:
        return "".join(
            part.text
            if isinstance(part, LiteralText)
            else as_text(compile_expression(part.source).evaluate(scope, budget))
            for part in pieces(text)
        )
    except ExpressionSyntaxError as error:
        raise StepError(Reason("template_failed", found=repr(text[:200]), detail=str(error))) from None


def as_text(value: object) -> str:
    """A value as it stands inside a text. Raises ``StepError`` when it cannot be written as text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return text_of(value)
    except Exception as error:
        raise StepError(Reason("not_writable", type=type(value).__name__, detail=why(error))) from error
